//! hyper's HTTP/2 client, many tasks on one connection: `hyper_client PORT TASKS TOTAL`. It asks
//! what `bench_client` asks.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>().expect("a number"));
    let port = args.next().expect("a port") as u16;
    let (tasks, total) = (args.next().expect("tasks"), args.next().expect("a total"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let succeeded = runtime.block_on(run(port, tasks, total));
    println!("{succeeded} of {total} succeeded");
    assert_eq!(succeeded, total);
}

async fn run(port: u16, tasks: usize, total: usize) -> usize {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.expect("a server");
    socket.set_nodelay(true).expect("a socket");
    let (handle, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(256 * 1024)
        .initial_connection_window_size(64 * 1024 * 1024)
        .handshake(TokioIo::new(socket))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let mut workers = JoinSet::new();
    for task in 0..tasks {
        let share = total / tasks + usize::from(task < total % tasks);
        workers.spawn(work(handle.clone(), port, share));
    }
    workers.join_all().await.into_iter().sum()
}

async fn work(mut handle: SendRequest<Empty<Bytes>>, port: u16, count: usize) -> usize {
    let uri: http::Uri = format!("http://127.0.0.1:{port}/").parse().expect("a URI");
    let mut succeeded = 0;
    for _ in 0..count {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        if handle.ready().await.is_err() {
            continue;
        }
        let Ok(mut response) = handle.send_request(request).await else { continue };
        let mut whole = response.status().is_success();
        while let Some(piece) = response.frame().await {
            whole &= piece.is_ok();
        }
        succeeded += usize::from(whole);
    }
    succeeded
}
