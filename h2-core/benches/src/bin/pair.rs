//! The core alone in memory: what a request and its response cost the server side.
//!
//! `cargo run --release --manifest-path h2-core/benches/Cargo.toml --bin pair [-- STREAMS [ROUNDS]]`
//!
//! A client core makes the octets of one round of requests; the server takes them, answers each
//! with 200 and 13 octets, and gives its octets back. Only the server's time is counted.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{Config, Connection, End, Event, RequestHead, ResponseHead};

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

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>().expect("a number"));
    let only = args.next();
    let rounds = args.next();
    for streams in [1, 100, 1000] {
        if only.is_some_and(|only| only != streams) {
            continue;
        }
        let rounds = rounds.unwrap_or(1_000_000 / streams);
        let spent = run(streams, rounds);
        println!(
            "{streams:>5} streams: {:>6.0} ns a request",
            spent.as_nanos() as f64 / (streams * rounds) as f64
        );
    }
}

fn run(streams: usize, rounds: usize) -> Duration {
    let now = Instant::now();
    let mut config = Config::client();
    config.max_outbound_streams = 2000;
    config.initial_outbound_streams = 2000;
    let mut client = Connection::client(config, now);
    let mut config = Config::server();
    config.max_concurrent_streams = 2000;
    let mut server = Connection::server(config, now);
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let mut spent = Duration::ZERO;
    for _ in 0..rounds {
        for _ in 0..streams {
            let head = RequestHead::new(
                "GET",
                "http",
                "127.0.0.1:8080",
                "/",
                [("user-agent", "h2load nghttp2/1.52.0")],
            )
            .expect("well formed");
            client.send_request(head, End::Now).expect("a slot");
        }
        drain(&mut client, now, &mut up);
        let start = Instant::now();
        serve(&mut server, now, &mut up, &mut down);
        spent += start.elapsed();
        while !down.is_empty() {
            let _ = client.receive_data(&mut down, now);
            while let Some(event) = client.poll_event() {
                if let Event::DataReceived { stream, data, .. } = event {
                    client.acknowledge_received_data(stream, data.len()).expect("received");
                }
            }
            drain(&mut client, now, &mut up);
        }
    }
    spent
}

fn serve(server: &mut Connection, now: Instant, up: &mut BytesMut, down: &mut BytesMut) {
    loop {
        let received = server.receive_data(up, now);
        while let Some(event) = server.poll_event() {
            let Event::RequestReceived { stream, .. } = event else { continue };
            let head = ResponseHead::new(
                200,
                [("content-type", "text/plain"), ("content-length", "13"), ("server", "bench")],
            )
            .expect("well formed");
            server.send_response(stream, head, End::Later).expect("open");
            let mut body = Bytes::from_static(b"Hello, World!");
            server.send_data(stream, &mut body, End::Now).expect("open");
            server.release_stream(stream);
        }
        drain(server, now, down);
        if received == h2_core::Received::NeedMore {
            return;
        }
    }
}
