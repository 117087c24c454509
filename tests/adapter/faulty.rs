//! A transport that breaks when it is told to.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// What is wrong with a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every read fails.
    Read,
    /// Every write fails.
    Write,
    /// No write is ever taken again.
    Stall,
    /// Every read panics, and so does the task that reads.
    Panic,
}

/// One end of a pipe that may break.
pub(crate) struct Faulty {
    io: DuplexStream,
    switch: Switch,
}

/// Breaks a transport from outside.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<Mutex<(Option<Fault>, Option<Waker>)>>);

impl Switch {
    pub(crate) fn on(&self, io: DuplexStream) -> Faulty {
        Faulty { io, switch: self.clone() }
    }

    pub(crate) fn turn(&self, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        state.0 = Some(fault);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.0.lock().unwrap().0 == Some(fault)
    }
}

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.switch.is(Fault::Read) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        assert!(!self.switch.is(Fault::Panic), "on purpose");
        self.switch.0.lock().unwrap().1 = Some(cx.waker().clone());
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.switch.is(Fault::Write) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.switch.is(Fault::Stall) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
