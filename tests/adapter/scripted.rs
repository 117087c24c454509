//! Peers without a protocol of their own: they say octets written by hand, count what is said to
//! them, and cost the same whatever they talk to. So what is measured over them is the other side.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const HEADERS: u8 = 1;
const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS_INITIAL_WINDOW_SIZE: as large as it can be.
const OPEN_STREAMS: &[u8] = &[0, 4, 0x7f, 0xff, 0xff, 0xff];
/// What brings the window of a connection to 2^31-1.
const OPEN_CONNECTION: u32 = (1 << 31) - 1 - 65_535;

/// `GET http://127.0.0.1:8080/` with a `user-agent`: both tables learn it from the first block, and
/// the following ones are indices.
const FIRST_REQUEST: &[u8] = b"\x82\x86\x84\x41\x0e127.0.0.1:8080\x7a\x15h2load nghttp2/1.52.0";
const NEXT_REQUEST: &[u8] = b"\x82\x86\x84\xbf\xbe";

/// 200 with `content-type`, `content-length` and `server`, and its body.
const FIRST_RESPONSE: &[u8] = b"\x88\x5f\x0atext/plain\x5c\x0213\x76\x05bench";
const NEXT_RESPONSE: &[u8] = b"\x88\xc0\xbf\xbe";
const BODY: &[u8] = b"Hello, World!";

/// What passed between a scripted peer and the other side.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Reads that gave octets, and writes: what would be calls of the system.
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    /// Octets written.
    pub(crate) octets: AtomicUsize,
    /// Messages that the other side has said to their end.
    pub(crate) complete: AtomicUsize,
}

impl Tally {
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Relaxed)
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Relaxed)
    }

    pub(crate) fn octets(&self) -> usize {
        self.octets.load(Relaxed)
    }

    pub(crate) fn complete(&self) -> usize {
        self.complete.load(Relaxed)
    }
}

/// A client: `together` requests in one piece, and the next ones when all are answered; at its
/// `total` it ends the transport.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) tally: Arc<Tally>,
    together: usize,
    total: usize,
    asked: usize,
    wire: Wire,
}

impl Asker {
    pub(crate) fn new(together: usize, total: usize) -> Self {
        let mut wire = Wire::default();
        wire.say.extend_from_slice(PREFACE);
        wire.greet();
        Self { tally: Arc::default(), together, total, asked: 0, wire }
    }

    fn ask(&mut self) {
        for _ in 0..self.together.min(self.total - self.asked) {
            let block = if self.asked == 0 { FIRST_REQUEST } else { NEXT_REQUEST };
            let stream = 2 * self.asked as u32 + 1;
            self.wire.frame(HEADERS, END_HEADERS | END_STREAM, stream, block);
            self.asked += 1;
        }
    }
}

impl Script for Asker {
    fn wire(&mut self) -> (&mut Wire, &Tally) {
        (&mut self.wire, &self.tally)
    }

    fn go_on(&self) -> Turn {
        if self.tally.complete() < self.asked {
            Turn::Wait
        } else if self.asked < self.total {
            Turn::Say
        } else {
            Turn::End
        }
    }

    fn say(&mut self) {
        self.ask();
    }

    fn heard(&mut self, head: Head) {
        self.tally.complete.fetch_add(usize::from(head.ends_a_message()), Relaxed);
    }
}

/// A server that answers every request, once it has been read to its end.
#[derive(Debug, Default)]
pub(crate) struct Answerer {
    pub(crate) tally: Arc<Tally>,
    /// Streams that are to be answered.
    waiting: Vec<u32>,
    answered: usize,
    wire: Wire,
}

impl Answerer {
    pub(crate) fn new() -> Self {
        let mut answerer = Self::default();
        answerer.wire.preface = PREFACE.len();
        answerer.wire.greet();
        answerer
    }
}

impl Script for Answerer {
    fn wire(&mut self) -> (&mut Wire, &Tally) {
        (&mut self.wire, &self.tally)
    }

    fn go_on(&self) -> Turn {
        if self.waiting.is_empty() { Turn::Wait } else { Turn::Say }
    }

    fn say(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for stream in waiting.drain(..) {
            let block = if self.answered == 0 { FIRST_RESPONSE } else { NEXT_RESPONSE };
            self.wire.frame(HEADERS, END_HEADERS, stream, block);
            self.wire.frame(DATA, END_STREAM, stream, BODY);
            self.answered += 1;
        }
        self.waiting = waiting;
    }

    fn heard(&mut self, head: Head) {
        if head.ends_a_message() {
            self.waiting.push(head.stream);
            self.tally.complete.fetch_add(1, Relaxed);
        }
    }
}

enum Turn {
    Say,
    Wait,
    End,
}

/// A peer that knows what to say next.
trait Script {
    fn wire(&mut self) -> (&mut Wire, &Tally);

    /// What it does when everything it had to say is said.
    fn go_on(&self) -> Turn;

    /// Puts into words what it says next.
    fn say(&mut self);

    /// A frame of the other side has been read.
    fn heard(&mut self, head: Head);
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Head {
    fn ends_a_message(self) -> bool {
        matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0
    }
}

/// What is yet to be said, and how far the other side has come in what it says.
#[derive(Debug, Default)]
struct Wire {
    say: Vec<u8>,
    said: usize,
    /// Octets of the preface that are due.
    preface: usize,
    head: [u8; 9],
    head_octets: usize,
    payload_octets: usize,
    waker: Option<Waker>,
}

impl Wire {
    fn greet(&mut self) {
        self.frame(SETTINGS, 0, 0, OPEN_STREAMS);
        self.frame(WINDOW_UPDATE, 0, 0, &OPEN_CONNECTION.to_be_bytes());
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        if self.said == self.say.len() {
            self.say.clear();
            self.said = 0;
        }
        let length = (payload.len() as u32).to_be_bytes();
        self.say.extend_from_slice(&length[1..]);
        self.say.extend_from_slice(&[kind, flags]);
        self.say.extend_from_slice(&stream.to_be_bytes());
        self.say.extend_from_slice(payload);
    }

    /// Reads on in `octets`, at most to the end of one frame; gives it, and how many were read.
    fn hear(&mut self, octets: &[u8]) -> (Option<Head>, usize) {
        if self.preface > 0 {
            let count = self.preface.min(octets.len());
            self.preface -= count;
            return (None, count);
        }
        let mut count = (9 - self.head_octets).min(octets.len());
        self.head[self.head_octets..][..count].copy_from_slice(&octets[..count]);
        self.head_octets += count;
        if self.head_octets < 9 {
            return (None, count);
        }
        let [a, b, c, kind, flags, stream @ ..] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let more = (length - self.payload_octets).min(octets.len() - count);
        self.payload_octets += more;
        count += more;
        if self.payload_octets < length {
            return (None, count);
        }
        (self.head_octets, self.payload_octets) = (0, 0);
        (Some(Head { kind, flags, stream: u32::from_be_bytes(stream) }), count)
    }
}

fn read(script: &mut impl Script, cx: &Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
    let (wire, _) = script.wire();
    if wire.said == wire.say.len() {
        match script.go_on() {
            Turn::Say => script.say(),
            Turn::Wait => {
                script.wire().0.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Turn::End => return Poll::Ready(()),
        }
    }
    let (wire, tally) = script.wire();
    let rest = &wire.say[wire.said..];
    let count = rest.len().min(buf.remaining());
    buf.put_slice(&rest[..count]);
    wire.said += count;
    tally.reads.fetch_add(1, Relaxed);
    Poll::Ready(())
}

fn write<S: std::ops::Deref<Target = [u8]>>(script: &mut impl Script, slices: &[S]) -> usize {
    let mut written = 0;
    for slice in slices {
        let mut rest: &[u8] = slice;
        while !rest.is_empty() {
            let (head, count) = script.wire().0.hear(rest);
            rest = &rest[count..];
            match head {
                Some(Head { kind: SETTINGS, flags: 0, .. }) => {
                    script.wire().0.frame(SETTINGS, ACK, 0, &[]);
                }
                Some(head) => script.heard(head),
                None => {}
            }
        }
        written += slice.len();
    }
    let nothing = matches!(script.go_on(), Turn::Wait);
    let (wire, tally) = script.wire();
    tally.writes.fetch_add(1, Relaxed);
    tally.octets.fetch_add(written, Relaxed);
    let waits = nothing && wire.said == wire.say.len();
    if !waits && let Some(waker) = wire.waker.take() {
        waker.wake();
    }
    written
}

macro_rules! transport {
    ($($peer:ty)*) => {$(
        impl AsyncRead for $peer {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                read(&mut *self, cx, buf).map(Ok)
            }
        }

        impl AsyncWrite for $peer {
            fn poll_write(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
                octets: &[u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(write(&mut *self, &[octets])))
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(write(&mut *self, slices)))
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
        }
    )*};
}
transport! { Asker Answerer }
