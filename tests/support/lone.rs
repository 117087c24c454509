//! One connection and a scripted peer: the script speaks in wire bytes and reads frames and events.
//!
//! Every script runs several times: delivered whole, octet by octet, and cut at seeded random
//! places; events and output must be the same each time. A failure prints the way it was delivered.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{
    Config, Connection, End, ErrorCode, Event, Fields, Misuse, Received, RequestHead, ResponseHead,
    StreamId, Trailers,
};

use crate::frames::{Frame, Reader};
use crate::rng::Rng;
use crate::short::short;
use crate::wire::{self, Pair, Wire};

/// How the octets of a script arrive.
#[derive(Clone, Debug)]
pub enum Delivery {
    Whole,
    OctetByOctet,
    Cuts { seed: u64 },
}

/// What a connection is like before its script begins.
#[derive(Clone)]
pub struct Setup {
    is_server: bool,
    config: Config,
    peer: Vec<(u16, u32)>,
    handshake: bool,
    acknowledges: bool,
}

/// A server with its defaults, after the handshake.
pub fn server(script: impl Fn(&mut Lone)) {
    Setup::server().run(script);
}

/// A client with its defaults, after the handshake.
pub fn client(script: impl Fn(&mut Lone)) {
    Setup::client().run(script);
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setup(server: {})", self.is_server)
    }
}

impl Setup {
    pub fn server() -> Self {
        Self::of(true, Config::server())
    }

    pub fn client() -> Self {
        Self::of(false, Config::client())
    }

    fn of(is_server: bool, config: Config) -> Self {
        Self { is_server, config, peer: Vec::new(), handshake: true, acknowledges: true }
    }

    /// A client that takes up to four pushed responses at once.
    pub fn client_with_push() -> Self {
        Self::client().config(|config| {
            config.enable_push = true;
            config.max_concurrent_streams = 4;
        })
    }

    pub fn is_client(&self) -> bool {
        !self.is_server
    }

    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// What the peer's first SETTINGS say.
    pub fn peer(mut self, settings: &[(u16, u32)]) -> Self {
        self.peer = settings.to_vec();
        self
    }

    /// Nothing was exchanged yet.
    pub fn fresh(mut self) -> Self {
        self.handshake = false;
        self
    }

    /// The peer has not acknowledged our SETTINGS.
    pub fn unacknowledged(mut self) -> Self {
        self.acknowledges = false;
        self
    }

    /// Runs the script at every delivery and compares what came out.
    pub fn run(self, script: impl Fn(&mut Lone)) {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let mut ways = vec![Delivery::Whole, Delivery::OctetByOctet];
        ways.extend([1, seed.unwrap_or(2)].map(|seed| Delivery::Cuts { seed }));
        let mut first: Option<Transcript> = None;
        for way in ways {
            let note = Note(format!("delivered: {way:?}"));
            let mut lone = self.clone().start(way);
            script(&mut lone);
            let transcript = std::mem::take(&mut lone.transcript);
            match &first {
                None => first = Some(transcript),
                Some(first) => {
                    assert_eq!(first.events, transcript.events, "events depend on the delivery");
                    assert_eq!(first.frames, transcript.frames, "output depends on the delivery");
                    assert!(first.octets == transcript.octets, "octets depend on the delivery");
                }
            }
            drop(note);
        }
    }

    /// Runs the script once, delivered whole: for scripts of many octets.
    pub fn run_once(self, script: impl FnOnce(&mut Lone)) {
        script(&mut self.start(Delivery::Whole));
    }

    pub fn start(self, delivery: Delivery) -> Lone {
        let now = Instant::now();
        let conn = if self.is_server {
            Connection::server(self.config, now)
        } else {
            Connection::client(self.config, now)
        };
        let seed = if let Delivery::Cuts { seed } = delivery { seed } else { 0 };
        let mut lone = Lone {
            conn,
            now,
            last: Received::NeedMore,
            is_server: self.is_server,
            delivery,
            rng: Rng::new(seed),
            inbox: BytesMut::new(),
            reader: Reader::new(!self.is_server),
            said: VecDeque::new(),
            happened: VecDeque::new(),
            transcript: Transcript::default(),
            peer_reads: true,
        };
        if self.handshake {
            if self.is_server {
                lone.hears(wire::preface());
            }
            lone.hears(wire::settings(&self.peer));
            if self.acknowledges {
                lone.hears(wire::settings_ack());
            }
            lone.must_be_fine();
            lone.forget();
        } else {
            lone.settle();
        }
        lone
    }
}

/// Says something about the run when it fails: the row of a table, the delivery, the seed.
#[derive(Debug)]
pub struct Note(pub String);

impl Drop for Note {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

/// A table of inputs that end the connection, each after the same beginning.
pub fn each_ends_it(
    setup: &Setup,
    begin: impl Fn(&mut Lone),
    rows: &[(&str, &dyn Wire, ErrorCode)],
) {
    for (name, wire, code) in rows {
        let note = Note(format!("row: {name}"));
        setup.clone().run(|lone| {
            begin(lone);
            lone.must_be_fine();
            lone.forget();
            lone.hears(*wire);
            lone.must_go_away(*code);
        });
        drop(note);
    }
}

#[derive(Debug, Default)]
struct Transcript {
    octets: Vec<u8>,
    frames: Vec<String>,
    events: Vec<String>,
}

/// A connection and its scripted peer.
#[derive(Debug)]
pub struct Lone {
    pub conn: Connection,
    pub now: Instant,
    /// What the last call of `receive_data` returned.
    pub last: Received,
    is_server: bool,
    delivery: Delivery,
    rng: Rng,
    inbox: BytesMut,
    reader: Reader,
    said: VecDeque<Frame>,
    happened: VecDeque<Event>,
    transcript: Transcript,
    peer_reads: bool,
}

pub fn id(stream: u32) -> StreamId {
    StreamId::new(stream).expect("a stream of 1 to 2^31-1")
}

impl Lone {
    /// Octets arrive. Output and events are taken when all have, or when the connection asks.
    pub fn hears(&mut self, wire: impl Wire) -> &mut Self {
        let octets = wire.octets();
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let length = match self.delivery {
                Delivery::Whole => rest.len(),
                Delivery::OctetByOctet => 1,
                Delivery::Cuts { .. } => self.rng.small(1, 3000).min(rest.len()),
            };
            self.inbox.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
            self.last = self.conn.receive_data(&mut self.inbox, self.now);
            let mut turns = 0;
            while self.last == Received::DrainFirst && self.take_all() {
                self.last = self.conn.receive_data(&mut self.inbox, self.now);
                turns += 1;
                assert!(turns < 1_000_000, "DrainFirst for ever");
            }
        }
        self.settle();
        self
    }

    /// The transport ends.
    pub fn hears_eof(&mut self) {
        self.conn.receive_eof(self.now);
        self.settle();
    }

    /// The application acts, then everything that follows from it is taken.
    pub fn act<R>(&mut self, command: impl FnOnce(&mut Connection) -> R) -> R {
        let outcome = command(&mut self.conn);
        self.settle();
        outcome
    }

    /// Time passes; deadlines are met in their order.
    pub fn passes(&mut self, time: Duration) {
        let target = self.now + time;
        let mut turns = 0;
        while let Some(deadline) = self.conn.poll_timeout().filter(|d| d.at <= target) {
            self.now = self.now.max(deadline.at);
            self.conn.handle_timeout(self.now);
            self.settle();
            turns += 1;
            assert!(turns < 10_000, "the deadline {:?} comes back for ever", deadline.why);
        }
        self.now = target;
        self.settle();
    }

    /// The peer's transport takes nothing from here on, or takes all again.
    pub fn peer_reads(&mut self, reads: bool) {
        self.peer_reads = reads;
        self.settle();
    }

    /// Octets that arrived and were not consumed.
    pub fn unconsumed(&self) -> usize {
        self.inbox.len()
    }

    /// From here on the peer takes longer frames.
    pub fn allow_frames_of(&mut self, octets: usize) {
        self.reader.allow_frames_of(octets);
    }

    /// The loop of the contract: output, events, and what is left of the input, until none moves.
    pub fn settle(&mut self) {
        let mut turns = 0;
        loop {
            let moved = self.take_all();
            let before = self.inbox.len();
            if before > 0 {
                self.last = self.conn.receive_data(&mut self.inbox, self.now);
            }
            if !moved && self.inbox.len() == before {
                break;
            }
            turns += 1;
            assert!(turns < 1_000_000, "the connection never comes to rest");
        }
    }

    /// Takes output and events once; whether there were any.
    fn take_all(&mut self) -> bool {
        let mut moved = false;
        let rng = &mut self.rng;
        let outbox = self.conn.data_to_send(self.now);
        let mut octets = Vec::new();
        while self.peer_reads && outbox.has_remaining() {
            let mut take = outbox.chunk().len();
            assert!(take > 0, "a peek shows nothing although {} octets wait", outbox.remaining());
            if !matches!(self.delivery, Delivery::Whole) {
                take = take.min(rng.small(1, 40_000));
            }
            octets.extend_from_slice(&outbox.chunk()[..take]);
            outbox.advance(take);
        }
        if !octets.is_empty() {
            moved = true;
            self.conn.handle_flushed(self.now);
            for frame in self.reader.read(&octets) {
                self.transcript.frames.push(format!("{frame:?}"));
                self.said.push_back(frame);
            }
            self.transcript.octets.extend_from_slice(&octets);
        }
        while let Some(event) = self.conn.poll_event() {
            moved = true;
            self.transcript.events.push(format!("{event:?}"));
            self.happened.push_back(event);
        }
        moved
    }

    /// An event that was taken by hand counts as one that happened.
    pub fn notes(&mut self, event: Event) {
        self.happened.push_back(event);
    }

    /// The frames said since the last look.
    pub fn says(&mut self) -> Vec<Frame> {
        self.said.drain(..).collect()
    }

    /// The frames about one stream said since the last look; others wait on.
    pub fn says_on(&mut self, stream: u32) -> Vec<Frame> {
        let (found, rest) = self.said.drain(..).partition(|frame| frame.stream() == stream);
        self.said = rest;
        found.into()
    }

    /// All events since the last look.
    pub fn events(&mut self) -> Vec<Event> {
        self.happened.drain(..).collect()
    }

    /// The events since the last look in short, without those about settings and room to send.
    pub fn told(&mut self) -> Vec<String> {
        short(&self.events())
    }

    /// Forgets frames and events up to here.
    pub fn forget(&mut self) {
        self.said.clear();
        self.happened.clear();
    }

    pub fn is_server(&self) -> bool {
        self.is_server
    }

    // The application.

    /// Opens a request, `GET` or `POST` of `https://example.org/`; its head is cut.
    pub fn requests(&mut self, method: &str, end: bool) -> u32 {
        self.requests_with(method, &[], end)
    }

    pub fn requests_with(&mut self, method: &str, fields: &[Pair<'_>], end: bool) -> u32 {
        let head = request(method, fields);
        let end = End::from_bool(end);
        let stream = self.act(|conn| conn.send_request(head, end)).expect("a free slot");
        stream.get()
    }

    /// Promises a response to `GET https://example.org/`.
    pub fn pushes(&mut self, parent: u32) -> Result<u32, Misuse> {
        let head = request("GET", &[]);
        let pushed = self.act(|conn| conn.push_stream(id(parent), head));
        pushed.map(StreamId::get).map_err(|error| error.why)
    }

    pub fn responds(&mut self, stream: u32, status: u16, end: bool) {
        self.responds_with(stream, status, &[], end);
    }

    pub fn responds_with(&mut self, stream: u32, status: u16, fields: &[Pair<'_>], end: bool) {
        let head = response(status, fields);
        let end = End::from_bool(end);
        self.act(|conn| conn.send_response(id(stream), head, end)).expect("may respond");
    }

    /// Sends body; the octets that were taken.
    pub fn sends(&mut self, stream: u32, body: impl AsRef<[u8]>, end: bool) -> usize {
        let mut data = Bytes::copy_from_slice(body.as_ref());
        let end = End::from_bool(end);
        self.act(|conn| conn.send_data(id(stream), &mut data, end)).expect("may send")
    }

    pub fn sends_trailers(&mut self, stream: u32, fields: &[Pair<'_>]) -> Result<(), Misuse> {
        let trailers = trailers(fields);
        self.act(|conn| conn.send_trailers(id(stream), trailers))
    }

    pub fn resets(&mut self, stream: u32, code: ErrorCode) {
        self.act(|conn| conn.reset_stream(id(stream), code));
    }

    pub fn releases(&mut self, stream: u32) {
        self.act(|conn| conn.release_stream(id(stream)));
    }

    pub fn acknowledges(&mut self, stream: u32, octets: usize) {
        self.act(|conn| conn.acknowledge_received_data(id(stream), octets)).expect("was received");
    }

    /// Octets the peer lets us send on a stream, or with 0 on all together.
    #[track_caller]
    pub fn may_send(&self, stream: u32) -> i64 {
        self.conn.local_flow_control_window(StreamId::new(stream)).expect("an open stream")
    }

    /// Octets we let the peer send on a stream, or with 0 on all together.
    #[track_caller]
    pub fn peer_may_send(&self, stream: u32) -> i64 {
        self.conn.remote_flow_control_window(StreamId::new(stream)).expect("an open stream")
    }

    // What must be.

    /// One GOAWAY with this code is the last frame, the end is the last event, and nothing is
    /// heard any more.
    #[track_caller]
    pub fn must_go_away(&mut self, code: ErrorCode) {
        let said = self.says();
        let goodbye = |f: &&Frame| matches!(f, Frame::GoAway { code, .. } if *code != 0);
        let goodbyes: Vec<&Frame> = said.iter().filter(goodbye).collect();
        match (&goodbyes[..], said.last()) {
            ([Frame::GoAway { code: seen, .. }], Some(Frame::GoAway { .. })) => {
                assert_eq!(ErrorCode::from(*seen), code, "code of the GOAWAY");
            }
            _ => panic!("expected GOAWAY {code} as the last frame, said {said:?}"),
        }
        let events = self.events();
        match events.last() {
            Some(Event::ConnectionClosed { reason }) => assert_eq!(reason.code, code, "reason"),
            _ => panic!("expected ConnectionClosed as the last event, had {events:?}"),
        }
        assert_eq!(self.conn.close_reason().map(|reason| reason.code), Some(code));
        assert!(self.conn.is_drained(), "all is written, so the connection is drained");
        self.must_be_deaf();
    }

    /// Nothing that arrives is consumed or has an effect.
    #[track_caller]
    pub fn must_be_deaf(&mut self) {
        let before = self.inbox.len();
        self.hears(wire::ping(*b"anybody?"));
        assert_eq!(self.last, Received::Ended);
        assert_eq!(self.inbox.len(), before + 17, "nothing is consumed after the end");
        assert_eq!((self.says(), self.told()), (vec![], vec![]), "silent after the end");
    }

    /// One RST_STREAM with this code, and the connection lives.
    #[track_caller]
    pub fn must_reset(&mut self, stream: u32, code: ErrorCode) {
        self.must_live();
        let said: Vec<Frame> = self.said.iter().cloned().collect();
        self.said.retain(|frame| !matches!(frame, Frame::Reset { stream: s, .. } if *s == stream));
        let resets: Vec<ErrorCode> = said
            .iter()
            .filter_map(|frame| match frame {
                Frame::Reset { stream: s, code } if *s == stream => Some(ErrorCode::from(*code)),
                _ => None,
            })
            .collect();
        assert_eq!(resets, [code], "RST_STREAM {stream}, said {said:?}");
        let after = said.iter().rev().take_while(|f| !matches!(f, Frame::Reset { .. }));
        assert!(after.into_iter().all(|f| f.stream() != stream), "silent after RST: {said:?}");
    }

    /// A request is answered with an error status and reset, and never shown to the application.
    #[track_caller]
    pub fn must_answer_and_reset(&mut self, stream: u32, status: &str) {
        let answers: Vec<Frame> =
            self.said.iter().filter(|f| matches!(f, Frame::Headers { .. })).cloned().collect();
        match &answers[..] {
            [answer @ Frame::Headers { end: true, stream: s, .. }] if *s == stream => {
                assert_eq!(answer.field(":status"), Some(status));
            }
            _ => panic!("expected one answer with status {status}, said {:?}", self.said),
        }
        self.must_reset(stream, ErrorCode::PROTOCOL_ERROR);
        let told = self.told();
        assert!(!told.iter().any(|e| e.starts_with("request")), "not shown: {told:?}");
        self.forget();
    }

    /// The connection lives.
    #[track_caller]
    pub fn must_live(&mut self) {
        let gone = self.said.iter().any(|f| matches!(f, Frame::GoAway { .. }));
        assert!(!gone, "said {:?}, reason {:?}", self.said, self.conn.close_reason());
        assert!(self.conn.close_reason().is_none(), "{:?}", self.conn.close_reason());
    }

    /// The connection lives and has reset no stream.
    #[track_caller]
    pub fn must_be_fine(&mut self) {
        self.must_live();
        let reset = self.said.iter().any(|f| matches!(f, Frame::Reset { .. }));
        assert!(!reset, "said {:?}", self.said);
    }

    /// Whatever the peer sent was credited to the connection: it is announced when it is half of the
    /// window, so the peer always has more than half. With [`narrow`] windows a leak shows soon.
    #[track_caller]
    pub fn must_have_its_credit_back(&self) {
        let window = self.peer_may_send(0);
        assert!((32_768..=65_535).contains(&window), "the peer may send {window}");
    }

    /// Nothing was said and nothing happened since the last look.
    #[track_caller]
    pub fn must_ignore(&mut self) {
        self.must_be_fine();
        let said = self.says();
        assert_eq!(said, [], "said although there was nothing to say");
        assert_eq!(self.told(), Vec::<String>::new());
    }

    /// The connection still answers a PING, so all before it was processed.
    #[track_caller]
    pub fn must_answer_a_ping(&mut self) {
        self.hears(wire::ping(*b"are you?"));
        self.must_live();
        assert!(self.said.contains(&Frame::Pong(*b"are you?")), "said {:?}", self.said);
        self.said.retain(|frame| *frame != Frame::Pong(*b"are you?"));
    }
}

/// Windows of 65,535 octets, for the connection as for each stream.
pub fn narrow(config: &mut Config) {
    config.isolation = false;
    config.stream_window = 65_535;
    config.connection_window = 65_535;
}

pub fn fields(list: &[Pair<'_>]) -> Fields {
    list.iter().copied().collect()
}

pub fn request(method: &str, more: &[Pair<'_>]) -> RequestHead {
    RequestHead::new(method, "https", "example.org", "/", more.iter().copied()).expect("sound")
}

pub fn response(status: u16, more: &[Pair<'_>]) -> ResponseHead {
    ResponseHead::new(status, more.iter().copied()).expect("sound")
}

pub fn trailers(list: &[Pair<'_>]) -> Trailers {
    Trailers::new(fields(list)).expect("sound")
}
