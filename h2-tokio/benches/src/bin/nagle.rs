//! How long small requests take over sockets that keep Nagle's algorithm: what is written in pieces
//! waits for the delayed acknowledgements of the other side, 40 ms each time.
//!
//! ```sh
//! cargo run --release --manifest-path h2-tokio/benches/Cargo.toml --no-default-features --bin nagle [-- REQUESTS]
//! ```
//!
//! One POST of 1 KiB after the other, each answered with its body, client and server in this process.
//! One line a figure, as `in_memory` has them; it fails if one request of a hundred took 5 ms or
//! more.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2_tokio::{Config, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::net::{TcpListener, TcpStream};

const BODY: Bytes = Bytes::from_static(&[b'x'; 1024]);

fn main() {
    let count = std::env::args().nth(1).map_or(1_000, |count| count.parse().expect("a number"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let mut took = runtime.expect("a runtime").block_on(requests(count));
    took.sort_unstable();
    let of = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    for share in [50, 99] {
        println!("h2-tokio\tmicroseconds, {share} of 100\t{}", of(share).as_micros());
    }
    assert!(of(99) < Duration::from_millis(5), "small requests wait for acknowledgements");
}

async fn requests(count: usize) -> Vec<Duration> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        socket.set_nodelay(false).expect("a socket");
        server::serve(socket, Config::server(), server::service_fn(echo)).await;
    });
    // Not `client::connect`, which switches Nagle's algorithm off.
    let socket = TcpStream::connect(address).await.expect("a server");
    socket.set_nodelay(false).expect("a socket");
    let handle = client::handshake(socket, Config::client()).await.expect("a server");
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let request = Request::post(format!("http://{address}/")).body(Full::new(BODY));
        let begun = Instant::now();
        let response = handle.request(request.expect("a request")).await.expect("a response");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        took.push(begun.elapsed());
        assert_eq!(body, BODY);
    }
    took
}

async fn echo(request: Request<RecvBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes());
    Ok(Response::new(Full::new(body.unwrap_or_default())))
}
