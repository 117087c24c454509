//! Connections that began as HTTP/1.1.

use std::time::Instant;

use bytes::{Buf, BytesMut};
use h2_core::{Config, Connection, End, Event, Misuse, RequestHead, ResponseHead, StreamId};
use h2_tests::wire::{self, Wire};

const NONE: [(&str, &str); 0] = [];

fn get() -> RequestHead {
    RequestHead::new("GET", "http", "example.org", "/", NONE).unwrap()
}

fn carry(from: &mut Connection, to: &mut Connection, now: Instant) {
    let outbox = from.data_to_send(now);
    let mut wire = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
    let _ = to.receive_data(&mut wire, now);
    assert!(wire.is_empty());
}

#[test]
fn the_upgraded_request_is_answered_on_stream_one_and_the_next_one_is_three() {
    let now = Instant::now();
    let settings = Config::client().http2_settings();
    let mut client = Connection::upgraded_client(Config::client(), &get(), now);
    let mut server = Connection::upgraded_server(Config::server(), &settings, get(), now).unwrap();
    let Some(Event::RequestReceived { stream, end, .. }) = server.poll_event() else { panic!() };
    assert_eq!((stream, end), (StreamId::ONE, true));
    assert_eq!(server.remote_settings().initial_window_size, Config::client().stream_window);
    server.send_response(stream, ResponseHead::new(200, NONE).unwrap(), End::Now).unwrap();
    carry(&mut server, &mut client, now);
    carry(&mut client, &mut server, now);
    let answered = std::iter::from_fn(|| client.poll_event())
        .any(|event| matches!(event, Event::ResponseReceived { stream: StreamId::ONE, .. }));
    assert!(answered);
    assert_eq!(client.send_request(get(), End::Now).unwrap().get(), 3);
    carry(&mut client, &mut server, now);
    assert_eq!(server.close_reason(), None);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let now = Instant::now();
    for bad in ["A", "AAMAAAB", "!!!!", "AAUAAAAA"] {
        let server = Connection::upgraded_server(Config::server(), bad, get(), now);
        assert_eq!(server.unwrap_err(), Misuse::InvalidSetting, "{bad}");
    }
}

/// RFC 7540 §3.2.1: the 101 response acknowledges the settings of the upgrade, so the server may
/// fill the window that they name at once, before it has seen the client's preface.
#[test]
fn the_settings_of_an_upgrade_are_in_force_at_once() {
    let now = Instant::now();
    let mut client = Connection::upgraded_client(Config::client(), &get(), now);
    let _ = client.data_to_send(now);
    let mut wire = wire::settings(&[]).octets();
    wire.extend(wire::ok(1).octets());
    for _ in 0..15 {
        wire.extend(wire::data_of(1, 16_384).octets());
    }
    let _ = client.receive_data(&mut BytesMut::from(&wire[..]), now);
    assert_eq!(client.close_reason(), None);
    let octets: usize = std::iter::from_fn(|| client.poll_event())
        .map(|event| match event {
            Event::DataReceived { data, .. } => data.len(),
            Event::StreamReset { cause, .. } => panic!("{cause:?}"),
            _ => 0,
        })
        .sum();
    assert_eq!(octets, 15 * 16_384);
    assert_eq!(client.local_settings().initial_window_size, Config::client().stream_window);
    // The acknowledgement of the preface's SETTINGS changes nothing more.
    let ack = wire::settings_ack().octets();
    let _ = client.receive_data(&mut BytesMut::from(&ack[..]), now);
    assert_eq!(client.close_reason(), None);
    assert_eq!(
        client.remote_flow_control_window(Some(StreamId::ONE)).unwrap(),
        256 * 1024 - 15 * 16_384
    );
}
