//! What it costs a server to read one frame: small ones, and DATA.
//!
//! `cargo run --release [--features nghttp2] --manifest-path h2-core/benches/Cargo.toml --bin frames`
//!
//! The octets are written by hand, given in blocks of 64 KiB, and used up at once. With the feature,
//! libnghttp2 reads the same in turn.

#![allow(clippy::disallowed_methods, reason = "whoever measures time reads the clock")]

#[cfg(feature = "nghttp2")]
#[path = "../pair/nghttp2.rs"]
mod nghttp2;
mod ours;

use std::time::{Duration, Instant};

use bytes::BytesMut;

const TURNS: usize = 7;
const BLOCK: usize = 64 * 1024;

/// A server that knows of octets alone.
trait Server {
    fn name(&self) -> &'static str;

    /// Takes all of `up`, and says what is to be said about it.
    fn serve(&mut self, up: &mut BytesMut, down: &mut BytesMut);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn main() {
    let kinds = [
        ("WINDOW_UPDATE", frame(8, 0, 0, &[0, 0, 0, 1])),
        ("PRIORITY", frame(2, 0, 3, &[0, 0, 0, 0, 7])),
        ("DATA of 100", frame(0, 0, 1, &[7; 100])),
        ("DATA of 16,384", frame(0, 0, 1, &[7; 16_384])),
    ];
    println!("{:>16} {:>12} {:>14}", "", "server", "ns a frame");
    for (kind, frame) in kinds {
        compare(kind, &frame);
    }
}

fn compare(kind: &str, frame: &[u8]) {
    let servers: [fn() -> Box<dyn Server>; _] = [
        || Box::new(ours::Ours::new()),
        #[cfg(feature = "nghttp2")]
        || Box::new(nghttp2::Nghttp2::new()),
    ];
    let mut times = vec![Vec::new(); servers.len()];
    for _ in 0..TURNS {
        for (server, times) in servers.iter().zip(&mut times) {
            times.push(run(&mut *server(), frame));
        }
    }
    let middle = |mut times: Vec<f64>| {
        times.sort_unstable_by(f64::total_cmp);
        times[TURNS / 2]
    };
    let figures: Vec<f64> = times.into_iter().map(middle).collect();
    for (server, figure) in servers.iter().zip(&figures) {
        let ratio = figure / figures[figures.len() - 1];
        println!("{kind:>16} {:>12} {figure:>14.1} {ratio:>8.2}", server().name());
    }
}

/// Nanoseconds a frame.
fn run(server: &mut dyn Server, frame: &[u8]) -> f64 {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    up.extend_from_slice(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    up.extend_from_slice(&self::frame(4, 0, 0, &[]));
    // A POST whose body never ends.
    up.extend_from_slice(&self::frame(1, 4, 1, b"\x83\x86\x84\x01\x01a"));
    server.serve(&mut up, &mut down);
    up.extend_from_slice(&self::frame(4, 1, 0, &[]));
    server.serve(&mut up, &mut down);
    let many = frame.repeat((BLOCK / frame.len()).clamp(1, 900));
    let frames = many.len() / frame.len();
    let (mut spent, mut read) = (Duration::ZERO, 0);
    // Such a peer is endured for 10,000 useless frames; then it is another connection's turn.
    for _ in 0..(4_000 / frames).max(1) {
        up.reserve(BLOCK);
        up.extend_from_slice(&many);
        down.clear();
        let start = Instant::now();
        server.serve(&mut up, &mut down);
        spent += start.elapsed();
        read += frames;
    }
    spent.as_nanos() as f64 / read as f64
}
