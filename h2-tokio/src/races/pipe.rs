//! A pipe in memory with little room, whose every step is one that `shuttle` may put others before.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sync::Mutex;

/// Octets that wait in one direction at most.
const ROOM: usize = 256;

/// One direction.
#[derive(Default)]
struct Way {
    waiting: VecDeque<u8>,
    /// Nobody writes any more, or nobody reads.
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end.
pub(super) struct End {
    inward: Arc<Mutex<Way>>,
    outward: Arc<Mutex<Way>>,
}

/// Ends both directions at once.
pub(super) struct Cut([Arc<Mutex<Way>>; 2]);

/// Two ends, and what cuts them off each other.
pub(super) fn pipe() -> (End, End, Cut) {
    let ways = [Arc::default(), Arc::default()];
    let [there, back] = ways.clone();
    let ours = End { inward: Arc::clone(&back), outward: Arc::clone(&there) };
    let theirs = End { inward: there, outward: back };
    (ours, theirs, Cut(ways))
}

fn end(way: &Mutex<Way>) {
    let mut way = way.lock().unwrap();
    way.ended = true;
    let wakers = [way.reader.take(), way.writer.take()];
    drop(way);
    wakers.into_iter().flatten().for_each(Waker::wake);
}

impl Cut {
    pub(super) fn cut(self) {
        self.0.iter().for_each(|way| end(way));
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut way = self.inward.lock().unwrap();
        if way.waiting.is_empty() && !way.ended {
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = way.waiting.len().min(buf.remaining());
        let octets: Vec<u8> = way.waiting.drain(..count).collect();
        let writer = way.writer.take();
        drop(way);
        buf.put_slice(&octets);
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut way = self.outward.lock().unwrap();
        if way.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let count = octets.len().min(ROOM - way.waiting.len());
        if count == 0 {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        way.waiting.extend(octets.iter().take(count));
        let reader = way.reader.take();
        drop(way);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        end(&self.outward);
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        end(&self.outward);
        end(&self.inward);
    }
}
