//! Two cores over a wire that cuts and delays: both see exactly what the other meant.

use std::collections::BTreeMap;

use h2_core::{Config, Event};
use h2_tests::pair::{self, Pair};
use h2_tests::prelude::*;

/// What one side received, by stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    head: usize,
    body: Vec<u8>,
    trailers: bool,
    ended: bool,
    reset: bool,
}

type AllSeen = BTreeMap<u32, Seen>;

/// Records events, releases what was read, and returns streams with a new request.
fn take(seen: &mut AllSeen, conn: &mut Connection, events: Vec<Event>) -> Vec<u32> {
    let mut opened = Vec::new();
    for event in events {
        match event {
            Event::RequestReceived { stream, end, .. } => {
                opened.push(stream.get());
                let entry = seen.entry(stream.get()).or_default();
                entry.head += 1;
                entry.ended |= end;
            }
            Event::ResponseReceived { stream, end, .. } => {
                let entry = seen.entry(stream.get()).or_default();
                entry.head += 1;
                entry.ended |= end;
            }
            Event::DataReceived { stream, data, end } => {
                let entry = seen.entry(stream.get()).or_default();
                assert!(!entry.ended);
                entry.body.extend_from_slice(&data);
                entry.ended |= end;
                conn.acknowledge_received_data(stream, data.len()).unwrap();
            }
            Event::TrailersReceived { stream, .. } => {
                let entry = seen.entry(stream.get()).or_default();
                assert!(!entry.ended);
                entry.trailers = true;
                entry.ended = true;
            }
            Event::StreamReset { stream, .. } => {
                let entry = seen.entry(stream.get()).or_default();
                assert!(!entry.reset, "at most one reset");
                entry.reset = true;
            }
            Event::ConnectionClosed { reason } => panic!("{reason:?}"),
            _ => {}
        }
    }
    opened
}

fn pattern(stream: u32, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u32).wrapping_mul(stream + 7).to_be_bytes()[2]).collect()
}

/// A body on its way: what is left, and whether trailers follow.
struct Upload {
    stream: u32,
    left: Bytes,
    trailers: bool,
}

fn push(conn: &mut Connection, uploads: &mut Vec<Upload>, most: usize) {
    uploads.retain_mut(|upload| {
        let mut piece = upload.left.split_to(most.min(upload.left.len()));
        let end = upload.left.is_empty() && !upload.trailers;
        let stream = id(upload.stream);
        conn.send_data(stream, &mut piece, End::from_bool(end)).unwrap();
        let all = piece.is_empty();
        let rest = std::mem::take(&mut upload.left);
        upload.left = [&piece[..], &rest[..]].concat().into();
        if !all || !upload.left.is_empty() {
            return true;
        }
        if upload.trailers {
            conn.send_trailers(stream, lone::trailers(&[("x-end", "yes")])).unwrap();
        }
        false
    });
}

/// Many requests with bodies and trailers both ways, echoed; everything arrives and nothing else.
fn echo(pair: &mut Pair, requests: usize, longest: usize) {
    let (mut at_server, mut at_client) = (AllSeen::new(), AllSeen::new());
    let (mut up, mut down) = (Vec::<Upload>::new(), Vec::<Upload>::new());
    let mut plan: BTreeMap<u32, (usize, bool)> = BTreeMap::new();
    let mut idle = 0;
    let mut turns = 0;
    while idle < 30 {
        turns += 1;
        if turns >= 100_000 {
            let left = |uploads: &[Upload]| -> Vec<(u32, usize)> {
                uploads.iter().map(|upload| (upload.stream, upload.left.len())).collect()
            };
            panic!("stuck: requests {:?}, answers {:?}", left(&up), left(&down));
        }
        if plan.len() < requests && pair.client.conn.free_slots() > 0 {
            let (length, trailers) = (pair.rng().small(0, longest), pair.rng().one_in(3));
            let head = lone::request("POST", &[("x-length", &length.to_string())]);
            let stream = pair.client.conn.send_request(head, End::Later).unwrap().get();
            plan.insert(stream, (length, trailers));
            up.push(Upload { stream, left: pattern(stream, length).into(), trailers });
        }
        let most = pair.rng().small(1, 50_000);
        push(&mut pair.client.conn, &mut up, most);
        push(&mut pair.server.conn, &mut down, most);
        if pair.rng().one_in(4) {
            pair.run()
        } else {
            pair.some()
        }
        let events = pair.server.take_events();
        let busy = !events.is_empty();
        for stream in take(&mut at_server, &mut pair.server.conn, events) {
            let (length, trailers) = plan[&stream];
            pair.server
                .conn
                .send_response(id(stream), lone::response(200, &[]), End::Later)
                .unwrap();
            down.push(Upload { stream, left: pattern(stream, length).into(), trailers });
        }
        let finished = at_server.iter().filter(|(_, seen)| seen.ended).map(|(stream, _)| *stream);
        for stream in finished.collect::<Vec<_>>() {
            pair.server.conn.release_stream(id(stream));
        }
        let events = pair.client.take_events();
        let busy = busy | !events.is_empty() | (plan.len() < requests);
        take(&mut at_client, &mut pair.client.conn, events);
        idle = if busy || !up.is_empty() || !down.is_empty() { 0 } else { idle + 1 };
        if idle > 0 {
            pair.run();
        }
    }
    for (stream, (length, trailers)) in plan {
        let expected =
            Seen { head: 1, body: pattern(stream, length), trailers, ended: true, reset: false };
        assert!(at_server[&stream] == expected, "request {stream}");
        assert!(at_client[&stream] == expected, "response {stream}");
    }
    for side in [&pair.client, &pair.server] {
        assert!(side.conn.close_reason().is_none());
        assert_eq!(side.conn.open_inbound_streams() + side.conn.open_outbound_streams(), 0);
    }
    // Flow control agrees on both ends.
    let connection = |side: &pair::Side| {
        (
            side.conn.local_flow_control_window(None).unwrap(),
            side.conn.remote_flow_control_window(None).unwrap(),
        )
    };
    let (client, server) = (connection(&pair.client), connection(&pair.server));
    assert_eq!((client.0, client.1), (server.1, server.0), "both see the same windows");
}

#[test]
fn bodies_and_trailers_arrive_as_they_were_sent() {
    pair::seeds(25, &Config::client(), &Config::server(), |pair| echo(pair, 30, 60_000));
}

#[test]
fn small_windows_and_few_streams_only_make_it_slower() {
    let tight = |mut config: Config| {
        config.isolation = false;
        config.stream_window = 100;
        config.connection_window = 65_535;
        config.max_concurrent_streams = 3;
        config.batch = 1_024;
        config.send_credit = 50;
        config.max_send_credit = 1_000;
        config
    };
    let (client, server) = (tight(Config::client()), tight(Config::server()));
    pair::seeds(8, &client, &server, |pair| echo(pair, 12, 8_000));
}

#[test]
fn large_frames_are_used_where_they_are_allowed() {
    let mut server = Config::server();
    server.max_frame_size = 100_000;
    server.stream_window = 1_000_000;
    pair::seeds(5, &Config::client(), &server, |pair| {
        // The reader of the client's output learns of the server's limit here.
        pair.client.allow_frames_of(100_000);
        echo(pair, 6, 400_000);
    });
}

/// Cancelling at random leaves no stream, no slot and no credit behind.
#[test]
fn cancelled_requests_leave_nothing_behind() {
    pair::seeds(30, &Config::client(), &Config::server(), |pair| {
        for _ in 0..60 {
            let head = lone::request("POST", &[]);
            let stream = pair.client.conn.send_request(head, End::Later).unwrap();
            let length = pair.rng().small(1, 20_000);
            let mut body = Bytes::from(vec![1; length]);
            pair.client.conn.send_data(stream, &mut body, End::Later).unwrap();
            pair.some();
            if pair.rng().one_in(2) {
                pair.client.conn.reset_stream(stream, CANCEL);
            } else {
                let _ = pair.client.conn.end_stream(stream);
            }
            pair.some();
            for event in pair.server.take_events() {
                match event {
                    Event::RequestReceived { stream, .. } => {
                        let head = lone::response(200, &[]);
                        let end = End::from_bool(pair.rng().one_in(2));
                        let _ = pair.server.conn.send_response(stream, head, end);
                        if pair.rng().one_in(3) {
                            pair.server.conn.reset_stream(stream, INTERNAL_ERROR);
                        }
                    }
                    Event::DataReceived { stream, data, .. } => {
                        let released =
                            pair.server.conn.acknowledge_received_data(stream, data.len());
                        assert_eq!(released, Ok(()));
                    }
                    Event::ConnectionClosed { reason } => panic!("{reason:?}"),
                    _ => {}
                }
            }
        }
        for _ in 0..3 {
            pair.run();
            for event in pair.server.take_events() {
                if let Event::DataReceived { stream, data, .. } = event {
                    pair.server.conn.acknowledge_received_data(stream, data.len()).unwrap();
                }
            }
        }
        for n in 0..60 {
            let stream = id(2 * n + 1);
            pair.client.conn.reset_stream(stream, CANCEL);
            pair.server.conn.reset_stream(stream, CANCEL);
            pair.server.conn.release_stream(stream);
        }
        pair.run();
        assert_eq!(pair.client.conn.open_outbound_streams(), 0);
        assert_eq!(pair.server.conn.open_inbound_streams(), 0);
        assert_eq!(pair.client.conn.free_slots(), 128);
        // Both ends agree about the connection's window, and none of it is lost.
        let promised = pair.server.conn.remote_flow_control_window(None).unwrap();
        assert_eq!(pair.client.conn.local_flow_control_window(None), Ok(promised));
        assert!(promised * 2 >= 16 * 1024 * 1024, "{promised}");
    });
}

/// A graceful shutdown loses no request that was under way.
#[test]
fn a_shutdown_serves_what_was_under_way() {
    pair::seeds(40, &Config::client(), &Config::server(), |pair| {
        // Before the handshake there is nobody to wait for.
        pair.run();
        let mut sent = Vec::new();
        let mut refused = false;
        let at = pair.rng().below(20);
        let mut told: BTreeMap<u32, bool> = BTreeMap::new();
        let mut closed = [false, false];
        for turn in 0..400 {
            if turn == at {
                let now = pair.now;
                pair.server.conn.shutdown(now);
            }
            if turn < 40 && !refused {
                match pair.client.conn.send_request(lone::request("GET", &[]), End::Now) {
                    Ok(stream) => sent.push(stream.get()),
                    Err(error) => {
                        assert!([Misuse::Draining, Misuse::ConnectionClosed].contains(&error.why));
                        refused = true;
                    }
                }
            }
            pair.some();
            for event in pair.server.take_events() {
                match event {
                    Event::RequestReceived { stream, .. } => {
                        let head = lone::response(200, &[]);
                        pair.server.conn.send_response(stream, head, End::Now).unwrap();
                        pair.server.conn.release_stream(stream);
                    }
                    Event::ConnectionClosed { reason } => {
                        assert!(reason.is_graceful(), "{reason:?}");
                        closed[0] = true;
                    }
                    _ => {}
                }
            }
            for event in pair.client.take_events() {
                match event {
                    Event::ResponseReceived { stream, .. } => {
                        assert_eq!(told.insert(stream.get(), true), None);
                    }
                    Event::StreamReset { stream, code, outcome, .. } => {
                        assert!(outcome.is_unprocessed(), "{stream} {code} {outcome:?}");
                        assert_eq!(told.insert(stream.get(), false), None);
                    }
                    Event::ConnectionClosed { reason } => {
                        assert!(reason.is_graceful(), "{reason:?}");
                        closed[1] = true;
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(told.keys().copied().collect::<Vec<_>>(), sent, "each has exactly one outcome");
        // Whatever was sent before the client could know is served.
        assert_eq!(closed, [true, true]);
        assert!(pair.server.conn.is_drained() && pair.client.conn.is_drained());
        for frame in pair.client.take_said() {
            if let Frame::Headers { stream, .. } = frame {
                assert!(told[&stream], "request {stream} was under way and not served");
            }
        }
    });
}
