//! A transport that always has more to give: the connection never rests, and keeps its deadlines.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use h2_core::Timer;
use h2_tests::wire::{self, Wire};
use h2_tokio::{Config, Reason, client};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::support::{get, head_of};

const WIDE: u32 = i32::MAX as u32;

/// A server that gives the body of stream 1 for ever, once it is told to.
struct Torrent {
    /// What it says next.
    waiting: Vec<u8>,
    /// What it says first when it is told to.
    head: Vec<u8>,
    gate: Gate,
}

#[derive(Clone, Default)]
struct Gate(Arc<Mutex<(bool, Option<Waker>)>>);

impl Gate {
    fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        gate.1.take().into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut gate = self.0.lock().unwrap();
        gate.1 = Some(cx.waker().clone());
        if gate.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl AsyncRead for Torrent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            if self.gate.poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.waiting = match std::mem::take(&mut self.head) {
                head if head.is_empty() => wire::data_of(1, 16_000).octets(),
                head => head,
            };
        }
        let count = buf.remaining().min(self.waiting.len());
        buf.put_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Torrent {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_rests_keeps_its_deadlines() {
    let gate = Gate::default();
    let mut config = Config::client().request_timeout(Duration::from_secs(1));
    config.core.isolation = false;
    (config.core.stream_window, config.core.connection_window) = (WIDE, WIDE);
    let head = (wire::settings_ack(), wire::ok(1)).octets();
    let torrent = Torrent { waiting: wire::settings(&[]).octets(), head, gate: gate.clone() };
    let client = client::spawn_connection(torrent, config);
    let (_send, response) = client.send_request(head_of("/torrent")).await.unwrap();
    let unanswered = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/unanswered")).await.map(|_| ()) }
    });
    turns(32).await;
    // Both have been sent. From here on there is always more to be read.
    gate.open();
    let mut body = response.await.unwrap().into_body();
    let reading = tokio::spawn(async move { while let Some(Ok(_)) = body.data().await {} });
    turns(32).await;
    assert!(!unanswered.is_finished());
    tokio::time::advance(Duration::from_secs(2)).await;
    turns(32).await;
    assert!(unanswered.is_finished(), "it is late");
    let error = unanswered.await.unwrap().unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    assert!(!reading.is_finished(), "the torrent goes on");
}
