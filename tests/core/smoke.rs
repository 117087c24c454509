//! Two cores talk to each other in memory.

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{Config, Connection, End, Event, Received, RequestHead, ResponseHead};

fn carry(from: &mut Connection, to: &mut Connection, now: Instant) -> bool {
    let mut wire = BytesMut::new();
    let outbox = from.data_to_send(now);
    while outbox.has_remaining() {
        let chunk = outbox.chunk();
        wire.extend_from_slice(chunk);
        let taken = chunk.len();
        outbox.advance(taken);
    }
    let moved = !wire.is_empty();
    let received = to.receive_data(&mut wire, now);
    assert!(wire.is_empty() || received == Received::Ended);
    moved
}

#[test]
fn a_request_with_a_body_is_answered_with_a_body() {
    let now = Instant::now();
    let mut client = Connection::client(Config::client(), now);
    let mut server = Connection::server(Config::server(), now);
    let none: [(&str, &str); 0] = [];
    let head = RequestHead::new("POST", "http", "example.org", "/echo", none).unwrap();
    let id = client.send_request(head, End::Later).unwrap();
    let mut body = Bytes::from(vec![7; 100_000]);
    let mut seen = Vec::new();
    let mut answered = false;
    let mut ended = false;
    for _ in 0..1000 {
        if !ended {
            client.send_data(id, &mut body, End::Now).unwrap();
            ended = body.is_empty();
        }
        let mut moved = carry(&mut client, &mut server, now);
        while let Some(event) = server.poll_event() {
            match event {
                Event::RequestReceived { stream, .. } => {
                    server
                        .send_response(stream, ResponseHead::new(200, none).unwrap(), End::Later)
                        .unwrap();
                }
                Event::DataReceived { stream, mut data, end } => {
                    let len = data.len();
                    server.send_data(stream, &mut data, End::from_bool(end)).unwrap();
                    assert!(data.is_empty());
                    server.acknowledge_received_data(stream, len).unwrap();
                    if end {
                        server.release_stream(stream);
                    }
                }
                _ => {}
            }
        }
        moved |= carry(&mut server, &mut client, now);
        while let Some(event) = client.poll_event() {
            match event {
                Event::ResponseReceived { head, .. } => {
                    assert_eq!(head.status(), 200);
                    answered = true;
                }
                Event::DataReceived { stream, data, .. } => {
                    seen.extend_from_slice(&data);
                    client.acknowledge_received_data(stream, data.len()).unwrap();
                }
                _ => {}
            }
        }
        if !moved {
            break;
        }
    }
    assert!(answered);
    assert_eq!(seen.len(), 100_000);
    assert_eq!(client.open_outbound_streams(), 0);
    assert_eq!(server.open_inbound_streams(), 0);
    server.shutdown(now);
    for _ in 0..5 {
        carry(&mut server, &mut client, now);
        carry(&mut client, &mut server, now);
    }
    assert!(
        server.is_drained() && client.is_drained(),
        "{:?} {:?}",
        server.close_reason(),
        client.close_reason()
    );
}
