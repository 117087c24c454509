//! hyperium/h2's client, many tasks on one connection: `hyperium_client PORT TASKS TOTAL`. It asks
//! what `bench_client` asks.

use h2::client::{self, SendRequest};
use http::Request;
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
    let (handle, connection) = client::Builder::new()
        .initial_window_size(256 * 1024)
        .initial_connection_window_size(64 * 1024 * 1024)
        .handshake::<_, bytes::Bytes>(socket)
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

async fn work(handle: SendRequest<bytes::Bytes>, port: u16, count: usize) -> usize {
    let uri: http::Uri = format!("http://127.0.0.1:{port}/").parse().expect("a URI");
    let mut succeeded = 0;
    for _ in 0..count {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        let Ok(mut handle) = handle.clone().ready().await else { continue };
        let Ok((response, _)) = handle.send_request(request, true) else { continue };
        let Ok(response) = response.await else { continue };
        let mut whole = response.status().is_success();
        let mut body = response.into_body();
        while let Some(piece) = body.data().await {
            match piece {
                Ok(piece) => whole &= body.flow_control().release_capacity(piece.len()).is_ok(),
                Err(_) => whole = false,
            }
        }
        succeeded += usize::from(whole);
    }
    succeeded
}
