//! hyperium/h2 bare, one task a request: `hyperium_server PORT [THREADS [STREAMS]]`. It answers what
//! `bench_server` answers.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{self, SendResponse};
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>().expect("a number"));
    let port = args.next().expect("a port") as u16;
    let threads = args.next().unwrap_or(1);
    let streams = args.next().unwrap_or(1_000);
    let runtime = if threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads as usize)
            .enable_all()
            .build()
    };
    runtime.expect("a runtime").block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let _ = socket.set_nodelay(true);
            tokio::spawn(serve(socket, streams));
        }
    });
}

async fn serve(socket: TcpStream, streams: u32) {
    let Ok(mut connection) = server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(16 << 20)
        .max_concurrent_streams(streams)
        .handshake::<_, Bytes>(socket)
        .await
    else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(async move {
            let _ = answer(request, respond).await;
        });
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    if request.method() == http::Method::POST {
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            length += chunk.len();
            body.flow_control().release_capacity(chunk.len())?;
        }
        let mut stream = respond.send_response(Response::new(()), false)?;
        return stream.send_data(Bytes::from(length.to_string()), true);
    }
    if let Some(count) = request.uri().path().strip_prefix("/mb/") {
        let count: usize = count.parse().unwrap_or(0);
        let mut stream = respond.send_response(Response::new(()), false)?;
        return stream_mebibytes(&mut stream, count << 20).await;
    }
    let response = Response::builder()
        .header("content-type", "text/plain")
        .header("content-length", "13")
        .header("server", "bench")
        .body(())
        .expect("well formed");
    respond.send_response(response, false)?.send_data(Bytes::from_static(b"Hello, World!"), true)
}

async fn stream_mebibytes(
    stream: &mut h2::SendStream<Bytes>,
    mut left: usize,
) -> Result<(), h2::Error> {
    let block = Bytes::from(vec![b'x'; 64 * 1024]);
    while left > 0 {
        stream.reserve_capacity(left.min(block.len()));
        let Some(capacity) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else {
            return Ok(());
        };
        let piece = block.slice(..capacity?.min(left).min(block.len()));
        left -= piece.len();
        stream.send_data(piece, left == 0)?;
    }
    Ok(())
}
