//! Transports that make it hard: a few octets at a time, not vectored, kept until flushed, dead.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2_tokio::{Config, Reason, client, server};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PIPE, echo, get, hello, octets, post, read, serve_on};

/// Reads and writes at most so many octets a call, and another number next time.
struct Narrow {
    io: DuplexStream,
    step: usize,
}

impl Narrow {
    fn next_step(&mut self) -> usize {
        self.step = self.step % 7 + 1;
        self.step
    }
}

impl AsyncRead for Narrow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let step = self.next_step().min(buf.remaining());
        let mut small = vec![0; step];
        let mut part = ReadBuf::new(&mut small);
        let read = Pin::new(&mut self.io).poll_read(cx, &mut part);
        buf.put_slice(part.filled());
        read
    }
}

impl AsyncWrite for Narrow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let step = self.next_step().min(buf.len());
        Pin::new(&mut self.io).poll_write(cx, &buf[..step])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Keeps what is written until it is flushed, as TLS does, and counts the writes.
struct Keeping {
    io: DuplexStream,
    kept: Vec<u8>,
    writes: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl AsyncRead for Keeping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Keeping {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.kept.len() > 64 * 1024 && self.as_mut().poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        self.writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.kept.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while !this.kept.is_empty() {
            match Pin::new(&mut this.io).poll_write(cx, &this.kept)? {
                Poll::Ready(count) => drop(this.kept.drain(..count)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.as_mut().poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Takes nothing, and says so.
struct Full(DuplexStream);

impl AsyncRead for Full {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_of_a_few_octets_a_call_carries_everything() {
    let (ours, theirs) = duplex(100);
    serve_on(Narrow { io: theirs, step: 0 }, Config::server(), echo);
    let client = client::spawn_connection(Narrow { io: ours, step: 3 }, Config::client());
    for size in [0, 1, 1_000, 70_000] {
        let body = octets(size);
        let response = client.request(post(body.clone())).await.unwrap();
        assert!(read(response.into_body()).await.unwrap() == body, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_keeps_octets_is_flushed() {
    let (ours, theirs) = duplex(PIPE);
    let writes = std::sync::Arc::default();
    let keeping = |io| Keeping { io, kept: Vec::new(), writes: std::sync::Arc::clone(&writes) };
    serve_on(keeping(theirs), Config::server(), echo);
    let client = client::spawn_connection(keeping(ours), Config::client());
    for size in [0, 1, 1_000, 300_000] {
        let body = octets(size);
        let response = client.request(post(body.clone())).await.unwrap();
        assert!(read(response.into_body()).await.unwrap() == body, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_are_gathered_for_a_transport_that_is_not_vectored() {
    let (ours, theirs) = duplex(PIPE);
    let writes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let io = Keeping { io: theirs, kept: Vec::new(), writes: std::sync::Arc::clone(&writes) };
    let body = Bytes::from(vec![7; 4 * 1024 * 1024]);
    serve_on(io, Config::server(), move |_| {
        let body = body.clone();
        async move { Ok(http::Response::new(http_body_util::Full::new(body))) }
    });
    let client = client::spawn_connection(ours, Config::client());
    let response = client.request(get("/")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap().len(), 4 * 1024 * 1024);
    // 256 frames, each of a head and a payload; not a write for each of them.
    let writes = writes.load(std::sync::atomic::Ordering::Relaxed);
    assert!(writes < 256, "{writes}");
}

#[tokio::test(start_paused = true)]
async fn trap_64_a_transport_that_takes_nothing_is_an_error_and_not_a_spin() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(Full(ours), Config::client());
    let reason = client.closed().await;
    assert_eq!(*reason.reason(), Reason::Io);
    assert_eq!(reason.io().map(io::Error::kind), Some(io::ErrorKind::WriteZero));
    drop(theirs);
}

#[tokio::test]
async fn a_connection_over_tcp_carries_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        server::serve(io, Config::server(), server::service_fn(echo)).await
    });
    let client = client::connect(addr, Config::client()).await.unwrap();
    for size in [0, 1, 65_536, 10 * 1024 * 1024] {
        let body = octets(size);
        let response = client.request(post(body.clone())).await.unwrap();
        assert!(read(response.into_body()).await.unwrap() == body, "{size}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_from_two_threads_are_all_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        server::serve(io, Config::server(), server::service_fn(hello)).await
    });
    let client = client::connect(addr, Config::client()).await.unwrap();
    let requests = (0..1_000).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let response = client.request(get("/")).await.unwrap();
            read(response.into_body()).await.unwrap() == "Hello, World!"
        })
    });
    assert!(futures::future::join_all(requests).await.into_iter().all(Result::unwrap));
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_an_io_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let error = client::connect(addr, Config::client()).await.unwrap_err();
    assert_eq!(error.io().map(io::Error::kind), Some(io::ErrorKind::ConnectionRefused));
    assert!(error.is_unprocessed());
}

#[tokio::test]
async fn a_tcp_client_that_resets_its_connection_ends_it_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let io = TcpStream::connect(addr).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let (handle, mut incoming) = server::spawn_connection(accepted, Config::server());
    io.set_zero_linger().unwrap();
    drop(io);
    assert!(incoming.next().await.is_none());
    assert!(handle.is_closed());
}
