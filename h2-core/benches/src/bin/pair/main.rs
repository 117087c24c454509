//! The core alone in memory: what a request and its response cost the server side.
//!
//! `cargo run --release [--features nghttp2] --manifest-path h2-core/benches/Cargo.toml --bin pair
//! [-- STREAMS [ROUNDS]]`
//!
//! A client core makes the octets of so many requests at once; the server takes them, answers each
//! with 200 and 13 octets, and gives its octets back. Only the server's time is counted. With the
//! feature, libnghttp2 serves the same client in turn.

#![allow(clippy::disallowed_methods, reason = "whoever measures time reads the clock")]

#[cfg(feature = "nghttp2")]
mod nghttp2;
mod ours;

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use h2_core::{Config, Connection, End, Event, RequestHead};

/// Times that each server is measured, in turn.
const TURNS: usize = 7;

/// A server that knows of octets alone.
trait Server {
    fn name(&self) -> &'static str;

    /// Takes all of `up` and answers what is in it.
    fn serve(&mut self, up: &mut BytesMut, down: &mut BytesMut);
}

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>().expect("a number"));
    let only = args.next();
    let rounds = args.next();
    println!("{:>8} {:>12} {:>16}", "at once", "server", "ns a request");
    for streams in [1, 100, 1000] {
        if only.is_none_or(|only| only == streams) {
            compare(streams, rounds.unwrap_or(100_000 / streams));
        }
    }
}

/// Prints what a request costs with so many at once, and how much that is of libnghttp2's.
fn compare(streams: usize, rounds: usize) {
    let servers: [fn() -> Box<dyn Server>; _] = [
        || Box::new(ours::Ours::new()),
        #[cfg(feature = "nghttp2")]
        || Box::new(nghttp2::Nghttp2::new()),
    ];
    let mut times = vec![Vec::new(); servers.len()];
    for _ in 0..TURNS {
        for (server, times) in servers.iter().zip(&mut times) {
            times.push(run(&mut *server(), streams, rounds));
        }
    }
    let each = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[TURNS / 2].as_nanos() as f64 / (streams * rounds) as f64
    };
    let figures: Vec<f64> = times.into_iter().map(each).collect();
    for (server, figure) in servers.iter().zip(&figures) {
        let name = server().name();
        let ratio = figure / figures[figures.len() - 1];
        println!("{streams:>8} {name:>12} {figure:>16.0} {ratio:>8.2}");
    }
}

/// Time that the server spent on so many rounds of requests.
fn run(server: &mut dyn Server, streams: usize, rounds: usize) -> Duration {
    let now = Instant::now();
    let mut config = Config::client();
    config.max_outbound_streams = 2_000;
    let mut client = Connection::client(config, now);
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    // The greetings, which are no part of it: SETTINGS say how many streams there may be.
    for _ in 0..2 {
        drain(&mut client, now, &mut up);
        server.serve(&mut up, &mut down);
        hear(&mut client, now, &mut down);
    }
    let (mut spent, mut answered) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        for _ in 0..streams {
            let fields = [("user-agent", "h2load nghttp2/1.52.0")];
            let head = RequestHead::new("GET", "http", "127.0.0.1:8080", "/", fields);
            client.send_request(head.expect("well formed"), End::Now).expect("a slot");
        }
        drain(&mut client, now, &mut up);
        let start = Instant::now();
        server.serve(&mut up, &mut down);
        spent += start.elapsed();
        while !down.is_empty() {
            answered += hear(&mut client, now, &mut down);
        }
    }
    assert_eq!(answered, streams * rounds, "{} lost some", server.name());
    spent
}

/// Appends what a connection has to say.
fn drain(connection: &mut Connection, now: Instant, wire: &mut BytesMut) {
    loop {
        let outbox = connection.data_to_send(now);
        if !outbox.has_remaining() {
            return;
        }
        let chunk = outbox.chunk();
        wire.extend_from_slice(chunk);
        let taken = chunk.len();
        outbox.advance(taken);
    }
}

/// The client takes what it can of `down`; gives the number of responses that ended.
fn hear(client: &mut Connection, now: Instant, down: &mut BytesMut) -> usize {
    let _ = client.receive_data(down, now);
    let mut ended = 0;
    while let Some(event) = client.poll_event() {
        if let Event::DataReceived { stream, data, end } = event {
            client.acknowledge_received_data(stream, data.len()).expect("received");
            ended += usize::from(end);
            if end {
                client.release_stream(stream);
            }
        }
    }
    ended
}
