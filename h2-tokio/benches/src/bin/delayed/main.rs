//! One download on one stream with a delay on the way: what share of window / round trip it reaches.
//!
//! ```sh
//! cargo run --release --manifest-path h2-tokio/benches/Cargo.toml --bin delayed [-- MILLISECONDS [MEBIBYTES]]
//! ```
//!
//! Client, server and a proxy that hands every octet on after half of the delay are in this process.
//! The window of a stream that is read as fast as it comes grows; the rate is that of the second
//! half of the download, when it has grown. One line a figure, as `in_memory` has them.

mod proxy;

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2_tokio::{Config, client, server};
use http::{Request, Response};

const MIB: usize = 1 << 20;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>().expect("a number"));
    let delay = Duration::from_millis(args.next().unwrap_or(50).into());
    let total = args.next().unwrap_or(512) as usize * MIB;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let config = Config::client();
    let windows = [config.core.stream_window, config.core.max_stream_window].map(f64::from);
    let rate = runtime.expect("a runtime").block_on(download(config, delay, total));
    let reached = rate * delay.as_secs_f64();
    println!("h2-tokio\tMiB a second\t{:.1}", rate / MIB as f64);
    println!("h2-tokio\tof the largest window a round trip\t{:.3}", reached / windows[1]);
    println!("h2-tokio\tof the first window a round trip\t{:.3}", reached / windows[0]);
}

/// Octets a second in the second half of the download.
async fn download(config: Config, delay: Duration, total: usize) -> f64 {
    let (ours, theirs) = proxy::between(delay / 2);
    tokio::spawn(give(theirs, total));
    let handle = client::handshake(ours, config).await.expect("a server");
    let mut request = Request::new(String::new());
    *request.uri_mut() = http::Uri::from_static("http://127.0.0.1/");
    let mut body = handle.request(request).await.expect("a response").into_body();
    let (mut received, mut half) = (0, None);
    while let Some(piece) = body.data().await {
        received += piece.expect("a body").len();
        if half.is_none() && received >= total / 2 {
            half = Some((Instant::now(), received));
        }
    }
    assert_eq!(received, total);
    let (since, before) = half.expect("a half");
    (received - before) as f64 / since.elapsed().as_secs_f64()
}

/// Answers one request with so many octets.
async fn give(io: proxy::End, mut left: usize) -> Result<(), h2_tokio::Error> {
    static BLOCK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let (handle, mut incoming) = server::spawn_connection(io, Config::server());
    let (_, responder) = incoming.next().await.expect("a request");
    let mut body = responder.send_response(Response::new(()))?;
    while left > 0 {
        let take = left.min(BLOCK.len());
        body.send_data(Bytes::from_static(&BLOCK[..take])).await?;
        left -= take;
    }
    body.finish()?;
    handle.closed().await;
    Ok(())
}
