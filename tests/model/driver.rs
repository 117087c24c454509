//! A connection after its handshake, fed one input at a time; what it says and tells is collected.

use std::sync::LazyLock;
use std::time::Instant;

use bytes::BytesMut;
use h2_core::{RequestHead, ResponseHead};
use h2_tests::prelude::*;

use crate::table::Input;

/// A frame that was said: type, flags, stream, payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) kind: u8,
    pub(crate) end: bool,
    pub(crate) stream: u32,
    payload: Vec<u8>,
}

impl Said {
    /// The code of RST_STREAM or GOAWAY.
    pub(crate) fn code(&self) -> ErrorCode {
        let at = if self.kind == wire::GOAWAY { 4 } else { 0 };
        ErrorCode::from(u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap()))
    }
}

/// What one input brought about.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) said: Vec<Said>,
    pub(crate) told: Vec<Event>,
    /// A command was an error of the caller.
    pub(crate) refused: bool,
}

pub(crate) struct Driver {
    pub(crate) conn: Connection,
    now: Instant,
    inbox: BytesMut,
    is_server: bool,
}

struct Ready {
    hello: Vec<u8>,
    get: RequestHead,
    post: RequestHead,
    ok: ResponseHead,
}

static READY: LazyLock<Ready> = LazyLock::new(|| Ready {
    hello: (wire::settings(&[]), wire::settings_ack()).octets(),
    get: lone::request("GET", &[]),
    post: lone::request("POST", &[]),
    ok: lone::response(200, &[]),
});

/// The octets of a frame that a peer sends.
pub(crate) fn octets(input: Input, stream: u32, to_server: bool) -> Vec<u8> {
    match input {
        Input::Headers if to_server => wire::post(stream).octets(),
        Input::HeadersEnd if to_server => wire::get(stream).octets(),
        Input::Headers => wire::ok(stream).octets(),
        Input::HeadersEnd => wire::ok(stream).end_stream().octets(),
        Input::TrailersEnd => wire::headers(stream, &[("x-sum", "1")]).end_stream().octets(),
        Input::Data => wire::data(stream, "x").octets(),
        Input::DataEnd => wire::data(stream, "x").end_stream().octets(),
        Input::RstStream => wire::rst(stream, CANCEL).octets(),
        Input::WindowUpdate => wire::window_update(stream, 7).octets(),
        Input::Priority => wire::priority(stream, 0, 15).octets(),
        Input::Continuation => wire::continuation(stream, b"\x00\x01a\x01b").octets(),
        Input::Says | Input::SaysEnd | Input::Resets => Vec::new(),
    }
}

impl Driver {
    pub(crate) fn new(is_server: bool, now: Instant) -> Self {
        let conn = if is_server {
            Connection::server(Config::server(), now)
        } else {
            Connection::client(Config::client(), now)
        };
        let mut driver = Self { conn, now, inbox: BytesMut::new(), is_server };
        let mut ignored = Outcome::default();
        driver.take(&mut ignored);
        if is_server {
            driver.hear(wire::PREFACE);
        }
        driver.hear(&READY.hello);
        driver.take(&mut ignored);
        driver
    }

    fn hear(&mut self, octets: &[u8]) {
        self.inbox.extend_from_slice(octets);
        let _ = self.conn.receive_data(&mut self.inbox, self.now);
    }

    /// A frame arrives, and everything that follows from it is taken.
    pub(crate) fn hears(&mut self, octets: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        self.hear(octets);
        self.take(&mut outcome);
        outcome
    }

    /// The application's next piece of its message. `begun`: its head was sent.
    pub(crate) fn says(&mut self, stream: u32, begun: bool, end: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let conn = &mut self.conn;
        let result = if begun {
            let mut piece = if end { Bytes::new() } else { Bytes::from_static(b"y") };
            conn.send_data(id(stream), &mut piece, End::from_bool(end)).map(drop)
        } else if self.is_server {
            conn.send_response(id(stream), READY.ok.clone(), End::from_bool(end))
        } else {
            let head = if end { &READY.get } else { &READY.post };
            let opened = conn.send_request(head.clone(), End::from_bool(end));
            opened.map_err(|error| error.why).map(|opened| assert_eq!(opened, id(stream)))
        };
        outcome.refused = result.is_err();
        self.take(&mut outcome);
        outcome
    }

    pub(crate) fn resets(&mut self, stream: u32) -> Outcome {
        let mut outcome = Outcome::default();
        self.conn.reset_stream(id(stream), CANCEL);
        self.take(&mut outcome);
        outcome
    }

    /// Takes output and events until there are none.
    fn take(&mut self, outcome: &mut Outcome) {
        loop {
            let outbox = self.conn.data_to_send(self.now);
            let octets = outbox.copy_to_bytes(outbox.remaining());
            let quiet = octets.is_empty();
            let preface = if octets.starts_with(wire::PREFACE) { wire::PREFACE.len() } else { 0 };
            split(&octets[preface..], &mut outcome.said);
            let before = outcome.told.len();
            while let Some(event) = self.conn.poll_event() {
                outcome.told.push(event);
            }
            if quiet && outcome.told.len() == before {
                return;
            }
        }
    }
}

fn split(mut rest: &[u8], said: &mut Vec<Said>) {
    while let Some((head, tail)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (payload, after) = tail.split_at_checked(length).expect("whole frames");
        said.push(Said {
            kind: head[3],
            end: head[4] & wire::END_STREAM != 0,
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload: payload.to_vec(),
        });
        rest = after;
    }
    assert!(rest.is_empty(), "half a frame was said: {rest:?}");
}
