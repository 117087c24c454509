//! Server push: reserved streams on both sides, and what either may do with them.

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{
    Config, Connection, End, ErrorCode, Event, Misuse, RequestHead, ResponseHead, StreamId,
};

const NONE: [(&str, &str); 0] = [];

struct Pair {
    client: Connection,
    server: Connection,
    now: Instant,
}

fn carry(from: &mut Connection, to: &mut Connection, now: Instant) {
    let outbox = from.data_to_send(now);
    let mut wire = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
    let _ = to.receive_data(&mut wire, now);
}

impl Pair {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let now = Instant::now();
        let mut config = Config::client();
        config.enable_push = true;
        config.max_concurrent_streams = 10;
        change(&mut config);
        let client = Connection::client(config, now);
        let server = Connection::server(Config::server(), now);
        let mut pair = Self { client, server, now };
        pair.exchange();
        pair
    }

    fn exchange(&mut self) {
        for _ in 0..3 {
            carry(&mut self.client, &mut self.server, self.now);
            carry(&mut self.server, &mut self.client, self.now);
        }
    }

    fn request(&mut self) -> StreamId {
        let id = self.client.send_request(get("/"), End::Now).unwrap();
        self.exchange();
        id
    }

    fn client_events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }
}

fn get(path: &str) -> RequestHead {
    RequestHead::new("GET", "https", "a.example", path, NONE).unwrap()
}

fn ok() -> ResponseHead {
    ResponseHead::new(200, NONE).unwrap()
}

#[test]
fn a_promised_response_arrives_on_the_stream_that_was_promised() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let pushed = pair.server.push_stream(parent, get("/style")).unwrap();
    assert_eq!(pushed.get(), 2);
    pair.server.send_response(pushed, ok(), End::Later).unwrap();
    pair.server.send_data(pushed, &mut Bytes::from_static(b"body"), End::Now).unwrap();
    pair.server.send_response(parent, ok(), End::Now).unwrap();
    pair.exchange();
    let events = pair.client_events();
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let promise = at(&|event| {
        matches!(event, Event::PushReceived { parent: p, stream, head }
            if *p == parent && *stream == pushed && head.path() == Some("/style"))
    });
    let response =
        at(&|event| matches!(event, Event::ResponseReceived { stream, .. } if *stream == pushed));
    let body = at(&|event| {
        matches!(event, Event::DataReceived { stream, data, end: true }
            if *stream == pushed && data == "body")
    });
    assert!(promise < response && response < body);
    assert_eq!(pair.server.open_outbound_streams(), 0);
}

#[test]
fn a_client_that_takes_no_pushes_says_so_and_the_server_obeys() {
    let mut pair = Pair::new(|config| config.enable_push = false);
    let parent = pair.request();
    assert!(!pair.server.remote_settings().enable_push);
    let refused = pair.server.push_stream(parent, get("/style")).unwrap_err();
    assert_eq!(refused.why, Misuse::NotEnabled);
    assert_eq!(refused.head.path(), Some("/style"));
}

#[test]
fn a_promise_to_a_client_that_takes_none_ends_the_connection() {
    let mut client = Connection::client(Config::client(), Instant::now());
    let now = Instant::now();
    client.send_request(get("/"), End::Now).unwrap();
    let _ = client.data_to_send(now);
    let mut wire = BytesMut::from(&b"\0\0\0\x04\0\0\0\0\0"[..]);
    wire.extend_from_slice(b"\0\0\x09\x05\x04\0\0\0\x01\0\0\0\x02\x82\x87\x84\x01\x00");
    let _ = client.receive_data(&mut wire, now);
    let reason = client.close_reason().unwrap();
    assert_eq!(reason.code, ErrorCode::PROTOCOL_ERROR);
}

#[test]
fn only_safe_requests_without_a_body_can_be_promised() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let post = RequestHead::new("POST", "https", "a.example", "/", NONE).unwrap();
    assert_eq!(pair.server.push_stream(parent, post).unwrap_err().why, Misuse::NotPromisable);
}

#[test]
fn a_client_can_refuse_a_promised_stream() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let pushed = pair.server.push_stream(parent, get("/style")).unwrap();
    pair.exchange();
    pair.client.reset_stream(pushed, ErrorCode::CANCEL);
    pair.client.release_stream(pushed);
    pair.exchange();
    let reset = std::iter::from_fn(|| pair.server.poll_event())
        .any(|event| matches!(event, Event::StreamReset { stream, .. } if stream == pushed));
    assert!(reset);
    assert_eq!(
        pair.server.send_response(pushed, ok(), End::Now),
        Err(Misuse::NoSuchStream(pushed))
    );
    assert_eq!(pair.client.close_reason(), None);
    assert_eq!(pair.server.close_reason(), None);
}

#[test]
fn a_promise_on_a_stream_that_the_client_reset_is_refused_not_an_error() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let pushed = pair.server.push_stream(parent, get("/style")).unwrap();
    pair.client.reset_stream(parent, ErrorCode::CANCEL);
    carry(&mut pair.server, &mut pair.client, pair.now);
    assert_eq!(pair.client.close_reason(), None);
    assert!(!pair.client_events().iter().any(|event| matches!(event, Event::PushReceived { .. })));
    carry(&mut pair.client, &mut pair.server, pair.now);
    assert_eq!(
        pair.server.send_response(pushed, ok(), End::Now),
        Err(Misuse::NoSuchStream(pushed))
    );
}

#[test]
fn a_promise_whose_parent_was_reset_before_it_was_cut_leaves_nothing_on_the_wire() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let pushed = pair.server.push_stream(parent, get("/style")).unwrap();
    pair.server.reset_stream(parent, ErrorCode::CANCEL);
    pair.exchange();
    assert!(!pair.client_events().iter().any(|event| matches!(event, Event::PushReceived { .. })));
    let told = std::iter::from_fn(|| pair.server.poll_event())
        .any(|event| matches!(event, Event::StreamReset { stream, .. } if stream == pushed));
    assert!(told);
    assert_eq!(pair.client.close_reason(), None);
}

#[test]
fn a_promise_counts_as_an_open_stream_only_when_its_response_begins() {
    let mut pair = Pair::new(|_| {});
    let parent = pair.request();
    let pushed = pair.server.push_stream(parent, get("/style")).unwrap();
    pair.exchange();
    assert_eq!(pair.server.open_outbound_streams(), 0);
    assert_eq!(pair.client.open_inbound_streams(), 0);
    pair.server.send_response(pushed, ok(), End::Later).unwrap();
    pair.exchange();
    assert_eq!(pair.server.open_outbound_streams(), 1);
    assert_eq!(pair.client.open_inbound_streams(), 1);
}
