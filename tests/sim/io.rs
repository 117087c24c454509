//! A pipe in memory that a seed makes awkward: a few octets a call, no room, wakes for nothing,
//! octets kept until they are flushed; and that breaks at one octet of one direction.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use h2_tests::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets that an end may keep until it is flushed.
const KEPT: usize = 2_000;

/// How a direction breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends, as if the writer had closed it.
    Cut,
    /// Both directions fail.
    Reset,
    /// Nothing arrives any more.
    Stall,
}

/// Where something breaks: after so many octets in this direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    pub(crate) fault: Fault,
    pub(crate) of_client: bool,
    pub(crate) at: usize,
}

/// Both directions.
#[derive(Debug, Default)]
struct Pipe {
    /// What a client says, and what a server says.
    ways: [Way; 2],
    /// Everything fails.
    dead: bool,
}

#[derive(Debug, Default)]
struct Way {
    waiting: VecDeque<u8>,
    /// What the reader has been given.
    given: Vec<u8>,
    room: usize,
    breaks: Option<(usize, Fault)>,
    /// The writer says no more.
    closed: bool,
    /// The reader is gone.
    deaf: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Way {
    fn is_broken(&self) -> Option<Fault> {
        self.breaks.filter(|(at, _)| self.given.len() >= *at).map(|(_, fault)| fault)
    }

    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

/// Looks at what went through a pipe.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<Mutex<Pipe>>);

impl Log {
    /// The octets that the reader of one direction was given.
    pub(crate) fn given(&self, of_client: bool) -> Vec<u8> {
        self.0.lock().unwrap().ways[usize::from(!of_client)].given.clone()
    }
}

/// One end.
#[derive(Debug)]
pub(crate) struct SimIo {
    pipe: Arc<Mutex<Pipe>>,
    /// The way that this end writes to; it reads the other.
    out: usize,
    rng: Rng,
    /// Most octets of a read and of a write.
    most: [usize; 2],
    /// One call in so many is told to come again.
    balks: usize,
    vectored: bool,
    keeps: bool,
    kept: Vec<u8>,
}

/// The end of a client and that of a server.
pub(crate) fn pair(seed: u64, breaks: Option<Break>) -> (SimIo, SimIo, Log) {
    let mut rng = Rng::new(seed);
    let mut pipe = Pipe::default();
    for (way, of_client) in pipe.ways.iter_mut().zip([true, false]) {
        way.room = [300, 2_000, 64 * 1024][rng.below(3)];
        let here = breaks.filter(|breaks| breaks.of_client == of_client);
        way.breaks = here.map(|breaks| (breaks.at, breaks.fault));
    }
    let pipe = Arc::new(Mutex::new(pipe));
    let mut end = |out| {
        let mut most = || [1, 50, 1_000, 64 * 1024][rng.below(4)];
        let most = [most(), most()];
        let (balks, vectored, keeps) = (2 + rng.below(8), rng.one_in(2), rng.one_in(2));
        let rng = Rng::new(rng.any());
        let pipe = Arc::clone(&pipe);
        SimIo { pipe, out, rng, most, balks, vectored, keeps, kept: Vec::new() }
    };
    let ends = (end(0), end(1));
    (ends.0, ends.1, Log(pipe))
}

impl SimIo {
    fn balks(&mut self, cx: &Context<'_>) -> bool {
        let balks = self.rng.one_in(self.balks);
        if balks {
            cx.waker().wake_by_ref();
        }
        balks
    }

    fn lock(&self) -> MutexGuard<'_, Pipe> {
        self.pipe.lock().unwrap()
    }

    /// Moves octets into the pipe; says how many.
    fn give(&self, cx: &Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.lock();
        let dead = pipe.dead;
        let way = &mut pipe.ways[self.out];
        let fault = way.is_broken();
        if dead || way.deaf || fault == Some(Fault::Reset) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if fault == Some(Fault::Cut) {
            return Poll::Ready(Ok(octets.len()));
        }
        let count = octets.len().min(way.room - way.waiting.len());
        if count == 0 {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        way.waiting.extend(&octets[..count]);
        if let Some(reader) = way.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn flush(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            let Poll::Ready(count) = self.give(cx, &self.kept)? else { return Poll::Pending };
            self.kept.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, cx: &Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        if self.balks(cx) {
            return Poll::Pending;
        }
        let most = self.most[1];
        let most = 1 + self.rng.below(most);
        let mut octets = slices.concat();
        octets.truncate(most);
        if !self.keeps {
            return self.give(cx, &octets);
        }
        if self.kept.len() >= KEPT && self.flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        self.kept.extend_from_slice(&octets);
        Poll::Ready(Ok(octets.len()))
    }
}

impl AsyncRead for SimIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.balks(cx) {
            return Poll::Pending;
        }
        let most = self.most[0];
        let most = 1 + self.rng.below(most).min(buf.remaining() - 1);
        let mut pipe = self.lock();
        let dead = pipe.dead;
        let way = &mut pipe.ways[1 - self.out];
        match way.is_broken() {
            _ if dead => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Some(Fault::Cut) => return Poll::Ready(Ok(())),
            Some(Fault::Stall) => return Poll::Pending,
            Some(Fault::Reset) => {
                pipe.dead = true;
                pipe.ways.iter_mut().for_each(Way::wake);
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            None => {}
        }
        let left = way.breaks.map_or(usize::MAX, |(at, _)| at - way.given.len());
        let count = way.waiting.len().min(most).min(left);
        if count == 0 {
            if way.closed {
                return Poll::Ready(Ok(()));
            }
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let octets: Vec<u8> = way.waiting.drain(..count).collect();
        buf.put_slice(&octets);
        way.given.extend_from_slice(&octets);
        if let Some(writer) = way.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SimIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, &[buf])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let slices: Vec<&[u8]> = bufs.iter().map(|slice| &**slice).collect();
        self.write(cx, &slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.balks(cx) { Poll::Pending } else { self.flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.balks(cx) || self.flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        let mut pipe = self.lock();
        let way = &mut pipe.ways[self.out];
        way.closed = true;
        way.wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimIo {
    fn drop(&mut self) {
        let mut pipe = self.pipe.lock().unwrap();
        let out = self.out;
        pipe.ways[out].closed = true;
        pipe.ways[1 - out].deaf = true;
        pipe.ways.iter_mut().for_each(Way::wake);
    }
}
