//! The socket: what it did not take stays in the outbox, what it gave is lent to the protocol.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use h2_core::{Connection, Outbox, Received};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

use super::Engine;

/// Octets of a read on the stack; a connection that fills it reads in blocks.
const SIP: usize = 8 * 1024;
/// Octets of a full frame, unless the configuration allows larger ones.
const FRAME: usize = 9 + 16 * 1024;
/// Octets of a block: whole frames, so that a read of bodies seldom ends inside of one, which would
/// have to move to the next block.
const BLOCK: usize = 4 * FRAME;
/// Slices of one vectored write.
const SLICES: usize = 64;
/// Octets gathered for one write to a transport that is not vectored.
const GATHER: usize = 64 * 1024;
/// Batches written before reading gets its turn.
const WRITES: usize = 16;

/// A socket and what has come from it.
pub(super) struct Transport<IO> {
    io: IO,
    /// What the protocol has not consumed: a part of a frame, unless it is paused.
    inbox: BytesMut,
    /// The last read filled all it could.
    bulk: bool,
    /// The protocol must be drained before it takes more.
    paused: bool,
    eof: bool,
    broken: bool,
    /// Octets were written since the last flush.
    unflushed: bool,
    shut: bool,
    /// What is gathered for a transport that is not vectored; empty otherwise.
    scratch: Vec<u8>,
    /// The inbox keeps its memory while it rests.
    keeps: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport<IO> {
    pub(super) fn new(io: IO) -> Self {
        Self {
            io,
            inbox: BytesMut::new(),
            bulk: false,
            paused: false,
            eof: false,
            broken: false,
            unflushed: false,
            shut: false,
            scratch: Vec::new(),
            keeps: false,
        }
    }

    pub(super) fn inbox(&self) -> &[u8] {
        &self.inbox
    }

    /// Whether nothing can be written any more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Reads once; zero is the end.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.eof || self.paused {
            return Poll::Pending;
        }
        let read = match ready!(self.read_some(cx)) {
            Ok(read) => read,
            // A TLS session that ended without a goodbye ended all the same; whether something was
            // cut off is for the protocol to say.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => {
                self.broken = true;
                return Poll::Ready(Err(error));
            }
        };
        self.bulk = read >= SIP;
        self.eof = read == 0;
        Poll::Ready(Ok(read))
    }

    fn read_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.bulk {
            self.make_room();
            return poll_read_buf(Pin::new(&mut self.io), cx, &mut self.inbox);
        }
        let mut sip = [const { MaybeUninit::uninit() }; SIP];
        let mut sip = ReadBuf::uninit(&mut sip);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut sip))?;
        self.inbox.extend_from_slice(sip.filled());
        Poll::Ready(Ok(sip.filled().len()))
    }

    /// Makes room for a block. One that nobody else holds any more is used again: of uploads of 1 MiB,
    /// eight at once, each took 15 blocks, of which twenty were alive; so three of them take one, and
    /// the page faults of fresh memory, 10 to 70 a mebibyte, are gone, and a fifth of the CPU time.
    fn make_room(&mut self) {
        let (begun, inbox) = (self.inbox.len(), &mut self.inbox);
        if begun == 0 && inbox.try_reclaim(BLOCK) {
            return;
        }
        // A frame that fits where it began is not moved.
        let frame = match inbox.first_chunk() {
            Some(&[a, b, c]) => 9 + u32::from_be_bytes([0, a, b, c]) as usize,
            None => 9,
        };
        let missing = frame.saturating_sub(begun);
        if inbox.capacity() - begun < missing.max(FRAME) {
            inbox.reserve(if frame > BLOCK { BLOCK } else { BLOCK.saturating_sub(begun) });
        }
    }

    /// Lends the protocol what has come; says whether it took any, or would take more by now.
    ///
    /// Nothing is read while the protocol is paused. So it is asked again even if there is nothing
    /// left to lend, and going on counts as movement, lest nobody wait for the next octets.
    pub(super) fn feed(&mut self, conn: &mut Connection, now: Instant, fresh: bool) -> bool {
        if !self.paused && (self.inbox.is_empty() || !fresh) {
            return false;
        }
        let before = (self.inbox.len(), self.paused);
        let received = conn.receive_data(&mut self.inbox, now);
        self.paused = received == Received::DrainFirst;
        if received == Received::Ended {
            self.inbox.clear();
        }
        (self.inbox.len(), self.paused) != before
    }

    /// Lets the inbox keep what memory it needs for a read that is no block, until it is idle.
    pub(super) fn keep_memory(&mut self) {
        self.keeps = true;
    }

    /// Gives back memory that a connection does not need that is idle.
    pub(super) fn trim(&mut self) {
        self.keeps = false;
    }

    /// Gives back memory that a connection without traffic does not need.
    pub(super) fn rest(&mut self) {
        if self.inbox.is_empty() && !(self.keeps && self.inbox.capacity() <= SIP) {
            self.inbox = BytesMut::new();
        }
        if !self.scratch.is_empty() {
            self.scratch = Vec::new();
        }
    }

    /// Cuts and writes what is ready; says whether anything moved.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, engine: &mut Engine) -> io::Result<bool> {
        let result = self.write_some(cx, engine);
        self.broken |= result.is_err();
        result
    }

    fn write_some(&mut self, cx: &mut Context<'_>, engine: &mut Engine) -> io::Result<bool> {
        let mut moved = false;
        for _ in 0..WRITES {
            let outbox = engine.conn.data_to_send(engine.now);
            if outbox.is_empty() {
                if self.unflushed {
                    // A transport that encrypts keeps octets back until it is flushed.
                    if Pin::new(&mut self.io).poll_flush(cx)?.is_pending() {
                        return Ok(moved);
                    }
                    self.unflushed = false;
                    moved = true;
                    engine.conn.handle_flushed(engine.now);
                }
                return Ok(engine.flushed() || moved);
            }
            let Poll::Ready(taken) = push(&mut self.io, &mut self.scratch, cx, outbox)? else {
                return Ok(moved);
            };
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            outbox.advance(taken);
            engine.taken();
            self.unflushed = true;
            moved = true;
        }
        Ok(moved)
    }

    /// Writes all that is left, then says that nothing more will come.
    pub(super) fn leave(
        &mut self,
        cx: &mut Context<'_>,
        engine: &mut Engine,
    ) -> Poll<io::Result<()>> {
        if self.shut {
            return Poll::Ready(Ok(()));
        }
        while self.write(cx, engine)? {}
        if self.unflushed || !engine.conn.data_to_send(engine.now).is_empty() {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        self.shut = true;
        Poll::Ready(Ok(()))
    }

    /// Discards what the peer sends, so that it gets to read our last words: closing a socket with
    /// unread octets in it would destroy them on their way.
    pub(super) fn linger(&mut self, cx: &mut Context<'_>, engine: &mut Engine) -> Poll<()> {
        while !self.eof && !engine.conn.is_finished() {
            let mut sip = [const { MaybeUninit::uninit() }; SIP];
            let mut sip = ReadBuf::uninit(&mut sip);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut sip));
            engine.conn.handle_discarded(sip.filled().len(), engine.now);
            self.eof = read.is_err() || sip.filled().is_empty();
        }
        Poll::Ready(())
    }
}

/// Offers the transport as much as one call takes.
fn push<IO: AsyncWrite + Unpin>(
    io: &mut IO,
    scratch: &mut Vec<u8>,
    cx: &mut Context<'_>,
    outbox: &Outbox,
) -> Poll<io::Result<usize>> {
    let io = Pin::new(io);
    let first = outbox.chunk();
    if first.len() == outbox.len() {
        return io.poll_write(cx, first);
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let count = outbox.chunks_vectored(&mut slices);
    let slices = slices.get(..count).unwrap_or_default();
    if io.is_write_vectored() {
        return io.poll_write_vectored(cx, slices);
    }
    if first.len() >= GATHER {
        return io.poll_write(cx, first);
    }
    // What is gathered is a copy: whatever the transport does not take is still in the outbox.
    scratch.clear();
    for slice in slices {
        let room = GATHER.saturating_sub(scratch.len());
        scratch.extend_from_slice(slice.get(..room).unwrap_or(slice));
    }
    io.poll_write(cx, scratch)
}
