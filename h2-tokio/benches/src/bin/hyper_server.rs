//! hyper's HTTP/2 server: `hyper_server PORT [THREADS [STREAMS]]`. It answers what `bench_server` answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>().expect("a number"));
    let port = args.next().expect("a port") as u16;
    let threads = args.next().unwrap_or(1);
    let streams = args.next().unwrap_or(1_000);
    let mut runtime = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    runtime.worker_threads(threads as usize).enable_all();
    runtime.build().expect("a runtime").block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let _ = socket.set_nodelay(true);
            let connection = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(16 << 20)
                .max_concurrent_streams(streams)
                .auto_date_header(false)
                .serve_connection(TokioIo::new(socket), service_fn(answer));
            tokio::spawn(connection);
        }
    });
}

async fn answer(request: Request<Incoming>) -> Result<Response<Blocks>, Infallible> {
    if request.method() == Method::POST {
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
        }
        return Ok(Response::new(Blocks::of(Bytes::from(length.to_string()))));
    }
    if let Some(count) = request.uri().path().strip_prefix("/mb/") {
        let left = count.parse::<u64>().unwrap_or(0) << 20;
        return Ok(Response::new(Blocks { block: Bytes::from_static(&[b'x'; 64 * 1024]), left }));
    }
    let response = Response::builder()
        .header("content-type", "text/plain")
        .header("server", "bench")
        .body(Blocks::of(Bytes::from_static(b"Hello, World!")));
    Ok(response.expect("well formed"))
}

/// A body that repeats one block until `left` bytes were sent.
struct Blocks {
    block: Bytes,
    left: u64,
}

impl Blocks {
    fn of(block: Bytes) -> Self {
        Self { left: block.len() as u64, block }
    }
}

impl Body for Blocks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let take = self.block.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= take as u64;
        Poll::Ready((take > 0).then(|| Ok(Frame::data(self.block.slice(..take)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
