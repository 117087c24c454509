//! Our core and its application: carries out commands as far as it can, and records what it hears.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use h2_core::{FieldsIter, RequestHead, ResponseHead, Trailers};
use h2_tests::prelude::*;

use crate::plan::{List, Op, PATTERN};

/// What was heard on one stream.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) promise: Option<List>,
    pub(crate) interims: Vec<List>,
    pub(crate) heads: Vec<List>,
    pub(crate) length: usize,
    pub(crate) sum: u32,
    pub(crate) trailers: Vec<List>,
    pub(crate) ended: bool,
    pub(crate) reset: Option<u32>,
}

/// How an exchange is called: by its stream, or by its number while it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Exchange(usize),
    Stream(u32),
}

#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) conn: Connection,
    now: Instant,
    inbox: BytesMut,
    pub(crate) records: BTreeMap<u32, Record>,
    /// The streams of exchanges that we opened; 0 when that came to nothing.
    pub(crate) streams: BTreeMap<usize, u32>,
    lines: BTreeMap<Key, VecDeque<Op>>,
    dead: BTreeSet<u32>,
    owed: Vec<(u32, usize)>,
    pub(crate) lazy: bool,
    /// Streams that the peer opened and nobody has asked about.
    pub(crate) fresh: Vec<u32>,
    pub(crate) pongs: usize,
    pub(crate) acks: usize,
    pub(crate) unknown: usize,
    pub(crate) altsvc: usize,
    pub(crate) goaway: Option<u32>,
    pub(crate) closed: bool,
}

fn list<'a>(fields: impl Iterator<Item = h2_core::Field<'a>>) -> List {
    let text = |octets: &[u8]| octets.iter().map(|octet| char::from(*octet)).collect::<String>();
    fields.map(|field| (text(field.name), text(field.value), field.sensitive)).collect()
}

fn fields(list: &List) -> h2_core::Fields {
    let mut fields = h2_core::Fields::new();
    for (name, value, sensitive) in list {
        if *sensitive {
            fields.push_sensitive(name, value);
        } else {
            fields.push(name, value);
        }
    }
    fields
}

fn whole(fields: FieldsIter<'_>) -> List {
    list(fields)
}

/// The checksum of zlib, continued.
pub(crate) fn adler(sum: u32, octets: &[u8]) -> u32 {
    let (mut a, mut b) = (sum & 0xffff, sum >> 16);
    for octet in octets {
        a = (a + u32::from(*octet)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

impl Ours {
    pub(crate) fn new(is_server: bool, config: Config) -> Self {
        let now = Instant::now();
        let conn = if is_server {
            Connection::server(config, now)
        } else {
            Connection::client(config, now)
        };
        Self {
            conn,
            now,
            inbox: BytesMut::new(),
            records: BTreeMap::new(),
            streams: BTreeMap::new(),
            lines: BTreeMap::new(),
            dead: BTreeSet::new(),
            owed: Vec::new(),
            lazy: false,
            fresh: Vec::new(),
            pongs: 0,
            acks: 0,
            unknown: 0,
            altsvc: 0,
            goaway: None,
            closed: false,
        }
    }

    pub(crate) fn passes(&mut self, time: Duration) {
        self.now += time;
    }

    pub(crate) fn shutdown(&mut self) {
        self.conn.shutdown(self.now);
    }

    pub(crate) fn hears(&mut self, octets: &[u8]) {
        self.inbox.extend_from_slice(octets);
        let mut moved = true;
        while moved {
            let asks = self.conn.receive_data(&mut self.inbox, self.now) == Received::DrainFirst;
            // What waits for output to be taken goes on after that.
            moved = self.take_events() && asks;
        }
    }

    /// Everything that is ready to go out, or up to so many octets of it.
    pub(crate) fn says(&mut self, most: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        loop {
            let outbox = self.conn.data_to_send(self.now);
            let take = outbox.chunk().len().min(most - octets.len());
            if take == 0 {
                break;
            }
            octets.extend_from_slice(&outbox.chunk()[..take]);
            outbox.advance(take);
        }
        self.take_events();
        if !self.inbox.is_empty() {
            self.hears(&[]);
        }
        octets
    }

    fn of(&mut self, stream: h2_core::StreamId) -> &mut Record {
        self.records.entry(stream.get()).or_insert_with(|| Record { sum: 1, ..Record::default() })
    }

    /// A message has one end, and nothing is heard of a stream after its reset.
    fn in_order(&self, event: &Event) {
        let (stream, of_message) = match event {
            Event::DataReceived { stream, .. }
            | Event::TrailersReceived { stream, .. }
            | Event::ResponseReceived { stream, .. }
            | Event::InformationalReceived { stream, .. } => (stream, true),
            Event::StreamReset { stream, .. } | Event::SendStopped { stream, .. } => {
                (stream, false)
            }
            Event::ConnectionClosed { .. } => {
                assert!(!self.closed, "closed twice");
                return;
            }
            _ => return,
        };
        assert!(!self.closed, "{event:?} after the end");
        let Some(record) = self.records.get(&stream.get()) else { return };
        assert!(record.reset.is_none(), "{event:?} after the reset");
        assert!(!(of_message && record.ended), "{event:?} after the end of the message");
    }

    /// Takes all events; whether there were any.
    fn take_events(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.conn.poll_event() {
            any = true;
            self.in_order(&event);
            match event {
                Event::RequestReceived { stream, head, end } => {
                    self.fresh.push(stream.get());
                    let record = self.of(stream);
                    record.heads.push(whole(head.as_fields().iter()));
                    record.ended |= end;
                }
                Event::ResponseReceived { stream, head, end } => {
                    let record = self.of(stream);
                    record.heads.push(whole(head.as_fields().iter()));
                    record.ended |= end;
                }
                Event::InformationalReceived { stream, head } => {
                    self.of(stream).interims.push(whole(head.as_fields().iter()));
                }
                Event::DataReceived { stream, data, end } => {
                    let record = self.of(stream);
                    record.length += data.len();
                    record.sum = adler(record.sum, &data);
                    record.ended |= end;
                    self.owed.push((stream.get(), data.len()));
                    if !self.lazy {
                        self.credit();
                    }
                }
                Event::TrailersReceived { stream, trailers } => {
                    let record = self.of(stream);
                    record.trailers.push(whole(trailers.as_fields().iter()));
                    record.ended = true;
                }
                Event::StreamReset { stream, code, cause, .. } => {
                    self.dead.insert(stream.get());
                    match cause {
                        h2_core::ResetCause::Peer => {
                            let before = self.of(stream).reset.replace(code.get());
                            assert_eq!(before, None, "reset twice");
                        }
                        // A promise whose parent was reset before it was cut.
                        h2_core::ResetCause::NotProcessed => {
                            for name in self.streams.values_mut().filter(|s| **s == stream.get()) {
                                *name = 0;
                            }
                        }
                        _ => panic!("we refused what h2 sent: {stream} {code} {cause:?}"),
                    }
                }
                Event::SendStopped { stream, code } => {
                    self.dead.insert(stream.get());
                    self.of(stream).reset = Some(code.get());
                }
                Event::PushReceived { stream, head, .. } => {
                    self.fresh.push(stream.get());
                    self.of(stream).promise = Some(whole(head.as_fields().iter()));
                }
                Event::PingAcknowledged { .. } => self.pongs += 1,
                Event::SettingsAcknowledged { .. } => self.acks += 1,
                Event::UnknownFrame { .. } => self.unknown += 1,
                Event::AlternativeService { .. } => self.altsvc += 1,
                Event::GoAwayReceived { code, .. } => self.goaway = Some(code.get()),
                Event::ConnectionClosed { reason } => {
                    let violation = matches!(reason.origin, h2_core::Origin::Violation(_));
                    assert!(!violation, "we refused what h2 sent: {reason:?}");
                    self.closed = true;
                }
                _ => {}
            }
        }
        any
    }

    /// Gives back everything that was received.
    pub(crate) fn credit(&mut self) {
        for (stream, octets) in std::mem::take(&mut self.owed) {
            self.conn.acknowledge_received_data(id(stream), octets).expect("it was received");
        }
    }

    /// The application lets go of the peer's stream.
    pub(crate) fn releases(&mut self, stream: u32) {
        self.conn.release_stream(id(stream));
    }

    /// Whether commands for an exchange wait.
    pub(crate) fn has_work_for(&self, key: Key) -> bool {
        self.lines.contains_key(&key)
    }

    pub(crate) fn is_busy(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(crate) fn give(&mut self, key: Key, op: Op) {
        let Op::Reset(code) = op else {
            self.lines.entry(key).or_default().push_back(op);
            return self.pump();
        };
        for dropped in self.lines.remove(&key).unwrap_or_default() {
            if let Op::Push(exchange, _) = dropped {
                self.streams.insert(exchange, 0);
            }
        }
        match self.stream_of(key) {
            None => {
                let Key::Exchange(exchange) = key else { return };
                self.streams.insert(exchange, 0);
            }
            Some(0) => {}
            Some(stream) => {
                self.conn.reset_stream(id(stream), ErrorCode::from(code));
                self.dead.insert(stream);
            }
        }
    }

    fn stream_of(&self, key: Key) -> Option<u32> {
        match key {
            Key::Stream(stream) => Some(stream),
            Key::Exchange(exchange) => self.streams.get(&exchange).copied(),
        }
    }

    /// Carries out what can be carried out.
    pub(crate) fn pump(&mut self) {
        for key in self.lines.keys().copied().collect::<Vec<_>>() {
            while let Some(op) = self.lines.get_mut(&key).and_then(VecDeque::pop_front) {
                if let Some(rest) = self.act(key, op) {
                    self.lines.get_mut(&key).unwrap().push_front(rest);
                    break;
                }
            }
        }
        self.lines.retain(|_, line| !line.is_empty());
    }

    /// Carries out one command; what of it has to wait.
    fn act(&mut self, key: Key, op: Op) -> Option<Op> {
        if let (Op::Open(head, end), Key::Exchange(exchange)) = (&op, key) {
            if self.conn.free_slots() == 0 {
                return Some(op);
            }
            let head = RequestHead::from_fields(fields(head)).expect("sound");
            let stream = self.conn.send_request(head, End::from_bool(*end)).expect("a free slot");
            self.streams.insert(exchange, stream.get());
            return None;
        }
        let Some(stream) = self.stream_of(key) else { return Some(op) };
        if stream == 0 || self.dead.contains(&stream) {
            if let Op::Push(exchange, _) = op {
                self.streams.insert(exchange, 0);
            }
            return None;
        }
        let (stream, conn) = (id(stream), &mut self.conn);
        match op {
            Op::Head(head, end) => {
                let head = ResponseHead::from_fields(fields(&head)).expect("sound");
                conn.send_response(stream, head, End::from_bool(end)).expect("may respond");
            }
            Op::Interim(head) => {
                let head = ResponseHead::from_fields(fields(&head)).expect("sound");
                conn.send_informational(stream, head).expect("may respond");
            }
            Op::Trailers(trailers) => {
                let trailers = Trailers::new(fields(&trailers)).expect("sound");
                conn.send_trailers(stream, trailers).expect("may send");
            }
            Op::Body { offset, length, end, pad } => {
                let mut data = Bytes::from_static(&PATTERN[offset..offset + length]);
                let taken = conn.send_data(stream, &mut data, End::from_bool(end));
                let taken = taken.expect("may send");
                if taken < length {
                    let (offset, length) = (offset + taken, length - taken);
                    return Some(Op::Body { offset, length, end, pad });
                }
            }
            Op::Push(exchange, _) if self.streams.contains_key(&exchange) => {}
            Op::Push(exchange, head) => {
                let head = RequestHead::from_fields(fields(&head)).expect("sound");
                let promised = conn.push_stream(stream, head).map_or(0, |stream| stream.get());
                self.streams.insert(exchange, promised);
            }
            Op::Open(..) | Op::Reset(_) => unreachable!("handled above"),
        }
        None
    }
}
