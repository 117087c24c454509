//! The diagrams of the documentation, drawn from what connections really do.
#![allow(clippy::disallowed_methods)] // the origin of time

use std::collections::BTreeSet;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use super::{Connection, Role};
use crate::error::Origin;
use crate::frame::PREFACE;
use crate::stream::Half;
use crate::{Config, End, ErrorCode, RequestHead, ResponseHead, StreamId, StreamState};

const NONE: [(&str, &str); 0] = [];

/// The page that shows them.
const PAGE: &str = include_str!("../guide/states.rs");

/// From one state to another, and by what.
type Arrow<S> = (S, String, S);

/// States in their order, each followed by its arrows in the order of their labels.
fn draw<S: Copy + PartialEq>(
    states: &[S],
    arrows: &[Arrow<S>],
    name: impl Fn(S) -> String,
) -> String {
    let width = arrows.iter().map(|(_, label, _)| label.chars().count()).max().unwrap_or(0) + 2;
    let mut lines = Vec::new();
    for state in states {
        lines.push(name(*state));
        let out: Vec<_> = arrows.iter().filter(|(from, ..)| from == state).collect();
        for (at, (_, label, to)) in out.iter().enumerate() {
            let corner = if at + 1 == out.len() { '└' } else { '├' };
            let shaft = "─".repeat(width - label.chars().count());
            lines.push(format!("  {corner}─ {label} {shaft}▶ {}", name(*to)));
        }
    }
    lines.join("\n")
}

/// Compares a drawing with the block of the page that follows `title`.
fn expect_on_page(title: &str, drawn: &str) {
    let (_, after) = PAGE.split_once(&format!("//! # {title}\n")).expect("the page has the title");
    let block = after.split("//! ```").nth(1).expect("a block follows the title");
    let shown: Vec<&str> =
        block.lines().skip(1).map(|line| line.trim_start_matches("//!").trim_end()).collect();
    let shown: Vec<&str> =
        shown.into_iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    assert_eq!(shown.join("\n").trim_end(), drawn, "`{title}` should show:\n{drawn}\n");
}

type Move = fn(&mut Half);

#[test]
fn the_page_shows_the_halves_as_they_move() {
    let moves: [(&str, Move); 3] = [
        ("head", |half| half.head(false)),
        ("head with END_STREAM", |half| half.head(true)),
        ("END_STREAM, RST_STREAM", Half::close),
    ];
    let states = [Half::Head, Half::Body, Half::Closed];
    let mut arrows = Vec::new();
    for from in states {
        for (label, go) in moves {
            let mut to = from;
            go(&mut to);
            // A head after a head is one of trailers.
            let label = if from == Half::Body && label.starts_with("head with") {
                "trailers"
            } else {
                label
            };
            if to != from {
                arrows.push((from, label.to_owned(), to));
            }
        }
    }
    expect_on_page(
        "One direction of a stream",
        &draw(&states, &arrows, |half| format!("{half:?}")),
    );
}

/// What can happen to a stream, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Promise,
    Head,
    HeadEnd,
    End,
    Reset,
}

const STEPS: [Step; 5] = [Step::Promise, Step::Head, Step::HeadEnd, Step::End, Step::Reset];

/// Two connections that talk to each other, and a stream that is looked at.
struct Pair {
    now: Instant,
    client: Connection,
    server: Connection,
    stream: StreamId,
}

impl Pair {
    fn new(pushed: bool) -> Self {
        let now = Instant::now();
        let mut config = Config::client();
        config.enable_push = true;
        config.max_concurrent_streams = 10;
        let client = Connection::client(config, now);
        let server = Connection::server(Config::server(), now);
        let mut pair = Self { now, client, server, stream: StreamId::ONE };
        pair.talk();
        if pushed {
            let opened = pair.client.send_request(get(), End::Later);
            assert_eq!(opened.ok(), Some(StreamId::ONE));
            pair.stream = StreamId::TWO;
            pair.talk();
        }
        pair
    }

    fn talk(&mut self) {
        for _ in 0..4 {
            carry(&mut self.client, &mut self.server, self.now);
            carry(&mut self.server, &mut self.client, self.now);
        }
    }

    fn side(&mut self, role: Role) -> &mut Connection {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }

    /// Lets one side do something to the stream; whether it could.
    fn goes(&mut self, role: Role, step: Step) -> bool {
        let stream = self.stream;
        let side = self.side(role);
        let end = End::from_bool(step == Step::HeadEnd);
        let state = side.stream_state(stream);
        let gone = matches!(state, StreamState::Idle | StreamState::Closed);
        let done = match (step, role) {
            (Step::Promise, _) if stream == StreamId::TWO => {
                state == StreamState::Idle && side.push_stream(StreamId::ONE, get()).is_ok()
            }
            (Step::Promise, _) => false,
            (Step::Head | Step::HeadEnd, Role::Client) => {
                stream == StreamId::ONE
                    && state == StreamState::Idle
                    && side.send_request(get(), end).is_ok()
            }
            (Step::Head | Step::HeadEnd, Role::Server) => {
                let head = ResponseHead::new(200, NONE).expect("well formed");
                side.send_response(stream, head, end).is_ok()
            }
            (Step::End, _) => side.end_stream(stream).is_ok(),
            (Step::Reset, _) if !gone => {
                side.reset_stream(stream, ErrorCode::CANCEL);
                true
            }
            (Step::Reset, _) => false,
        };
        self.talk();
        done
    }
}

fn get() -> RequestHead {
    RequestHead::new("GET", "https", "a", "/", NONE).expect("well formed")
}

/// Carries what one side has to say to the other, and lets the other take its events.
fn carry(from: &mut Connection, to: &mut Connection, now: Instant) {
    let outbox = from.data_to_send(now);
    let mut input = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
    let _ = to.receive_data(&mut input, now);
    while to.poll_event().is_some() {}
}

/// The arrows that one side sees, from every order of at most four steps.
fn stream_arrows(role: Role, pushed: bool) -> BTreeSet<(usize, String, usize)> {
    let moves: Vec<(Role, Step)> = [Role::Client, Role::Server]
        .into_iter()
        .flat_map(|by| STEPS.map(|step| (by, step)))
        .collect();
    let mut arrows = BTreeSet::new();
    let mut paths: Vec<Vec<(Role, Step)>> = vec![Vec::new()];
    while let Some(path) = paths.pop() {
        for (by, step) in &moves {
            let mut pair = Pair::new(pushed);
            assert!(path.iter().all(|(by, step)| pair.goes(*by, *step)), "{path:?} went before");
            let stream = pair.stream;
            let from = pair.side(role).stream_state(stream);
            if !pair.goes(*by, *step) {
                continue;
            }
            let to = pair.side(role).stream_state(stream);
            if from != to {
                let label = label(from, *step, *by == role);
                arrows.insert((place(from), label, place(to)));
            }
            if path.len() < 3 {
                paths.push(path.iter().copied().chain([(*by, *step)]).collect());
            }
        }
    }
    arrows
}

const STATES: [StreamState; 7] = [
    StreamState::Idle,
    StreamState::ReservedLocal,
    StreamState::ReservedRemote,
    StreamState::Open,
    StreamState::HalfClosedLocal,
    StreamState::HalfClosedRemote,
    StreamState::Closed,
];

fn place(state: StreamState) -> usize {
    STATES.iter().position(|other| *other == state).expect("all seven are listed")
}

fn label(from: StreamState, step: Step, sent: bool) -> String {
    let fresh = matches!(
        from,
        StreamState::Idle | StreamState::ReservedLocal | StreamState::ReservedRemote
    );
    let what = match step {
        Step::Promise => "PUSH_PROMISE",
        Step::Head => "HEADERS",
        Step::HeadEnd if fresh => "HEADERS with END_STREAM",
        Step::HeadEnd | Step::End => "END_STREAM",
        Step::Reset => "RST_STREAM",
    };
    format!("{} {what}", if sent { "send" } else { "recv" })
}

#[test]
fn the_page_shows_the_seven_states_as_streams_pass_through_them() {
    let mut arrows = BTreeSet::new();
    for role in [Role::Client, Role::Server] {
        for pushed in [false, true] {
            arrows.extend(stream_arrows(role, pushed));
        }
    }
    let arrows: Vec<Arrow<StreamState>> =
        arrows.into_iter().map(|(from, label, to)| (STATES[from], label, STATES[to])).collect();
    for (at, (from, label, to)) in arrows.iter().enumerate() {
        let same = |(f, l, t): &Arrow<StreamState>| f == from && l == label && t != to;
        assert!(!arrows[at..].iter().any(same), "{label} leads from {from} to one state alone");
    }
    let drawn = draw(&STATES, &arrows, |state| state.to_string());
    expect_on_page("The seven states of a stream", &drawn);
}

/// What can happen to a connection as a whole.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Shutdown,
    GoAway,
    Answer,
    LastStream,
    Close,
    Broken,
    Eof,
    Taken,
    Deadline,
}

const TURNS: [Turn; 9] = [
    Turn::Shutdown,
    Turn::GoAway,
    Turn::Answer,
    Turn::LastStream,
    Turn::Close,
    Turn::Broken,
    Turn::Eof,
    Turn::Taken,
    Turn::Deadline,
];

const LIFE: [&str; 7] = [
    "open",
    "leaving: our GOAWAY names no last stream",
    "left: the peer's GOAWAY came, ours is to follow",
    "leaving: our GOAWAY names the last stream",
    "closed: the reason stands, output may wait",
    "drained: all is written, the peer reads it",
    "finished: the transport can be closed",
];

/// A connection with one stream, whose peer is made of octets by hand.
struct Life {
    now: Instant,
    connection: Connection,
    said: Vec<u8>,
}

impl Life {
    fn new(role: Role) -> Self {
        let now = Instant::now();
        let mut connection = match role {
            Role::Client => Connection::client(Config::client(), now),
            Role::Server => Connection::server(Config::server(), now),
        };
        if role == Role::Client {
            assert!(connection.send_request(get(), End::Later).is_ok());
        }
        let mut life = Self { now, connection, said: Vec::new() };
        life.takes();
        let preface: &[u8] = if role == Role::Server { PREFACE } else { &[] };
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0];
        life.hears(&[preface, &settings].concat());
        if role == Role::Server {
            life.hears(&[0, 0, 6, 1, 4, 0, 0, 0, 1, 0x82, 0x87, 0x84, 0x41, 1, b'a']);
        }
        life.takes();
        life
    }

    fn hears(&mut self, octets: &[u8]) {
        let mut input = BytesMut::from(octets);
        let _ = self.connection.receive_data(&mut input, self.now);
    }

    /// The transport takes everything.
    fn takes(&mut self) {
        while self.connection.data_to_send(self.now).has_remaining() {
            let outbox = self.connection.data_to_send(self.now);
            let said = outbox.copy_to_bytes(outbox.remaining());
            self.said.extend_from_slice(&said);
        }
    }

    fn state(&self) -> usize {
        let farewell = &self.connection.farewell;
        match &self.connection {
            connection if connection.is_finished() => 6,
            connection if connection.is_drained() => 5,
            connection if connection.reason.is_some() => 4,
            _ if farewell.is_final() => 3,
            _ if farewell.awaits_answer() => 1,
            connection if connection.is_draining() => 2,
            _ => 0,
        }
    }

    fn goes(&mut self, turn: Turn) {
        match turn {
            Turn::Shutdown => self.connection.shutdown(self.now),
            Turn::GoAway => self.hears(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
            Turn::Answer => self.answer(),
            Turn::LastStream => self.connection.reset_stream(StreamId::ONE, ErrorCode::CANCEL),
            Turn::Close => {
                self.connection.close_connection(ErrorCode::INTERNAL_ERROR, Bytes::new());
            }
            Turn::Broken => self.hears(&[0, 0, 8, 6, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            Turn::Eof => self.connection.receive_eof(self.now),
            Turn::Taken => self.takes(),
            Turn::Deadline => {
                if let Some(deadline) = self.connection.poll_timeout() {
                    self.now = deadline.at;
                    self.connection.handle_timeout(self.now);
                }
            }
        }
        let _ = self.connection.data_to_send(self.now);
        while self.connection.poll_event().is_some() {}
    }

    /// Answers the PING behind our first GOAWAY.
    fn answer(&mut self) {
        if self.state() != 1 {
            return;
        }
        self.takes();
        let head = [0, 0, 8, 6, 0, 0, 0, 0, 0];
        let at = self.said.windows(9).position(|octets| octets == head).expect("a PING was said");
        let mut frame = self.said[at..at + 17].to_vec();
        frame[4] = 1;
        self.hears(&frame);
    }

    fn label(&self, turn: Turn) -> String {
        let reason = self.connection.close_reason();
        let heard = reason.is_some_and(|reason| {
            !reason.is_graceful() && !matches!(reason.origin, Origin::Eof | Origin::Transport)
        });
        let side = match self.connection.role {
            Role::Client => "a client",
            Role::Server => "a server",
        };
        match turn {
            Turn::Shutdown => format!("shutdown() of {side}"),
            Turn::GoAway => "GOAWAY of the peer".to_owned(),
            Turn::Answer => "PING answered".to_owned(),
            Turn::LastStream => "the last stream ended".to_owned(),
            Turn::Close => "close_connection()".to_owned(),
            Turn::Broken => "a rule broken by the peer".to_owned(),
            Turn::Eof => "end of the input".to_owned(),
            Turn::Taken if heard => "all written, an error told".to_owned(),
            Turn::Taken => "all written".to_owned(),
            Turn::Deadline => match self.connection.poll_timeout() {
                Some(deadline) => format!("{} timed out", deadline.why),
                None => "no deadline".to_owned(),
            },
        }
    }
}

fn life_arrows(role: Role) -> BTreeSet<(usize, String, usize)> {
    let mut arrows = BTreeSet::new();
    let mut paths: Vec<Vec<Turn>> = vec![Vec::new()];
    while let Some(path) = paths.pop() {
        for turn in TURNS {
            let mut life = Life::new(role);
            path.iter().for_each(|turn| life.goes(*turn));
            // Nothing waits except for what the end leaves, so no write stalls.
            if life.state() < 4 {
                life.takes();
            }
            let (from, label) = (life.state(), life.label(turn));
            life.goes(turn);
            let to = life.state();
            if from != to {
                arrows.insert((from, label, to));
                if path.len() < 4 {
                    paths.push(path.iter().copied().chain([turn]).collect());
                }
            }
        }
    }
    arrows
}

#[test]
fn the_page_shows_the_life_of_a_connection() {
    let mut arrows = life_arrows(Role::Client);
    arrows.extend(life_arrows(Role::Server));
    let arrows: Vec<Arrow<usize>> = arrows.into_iter().collect();
    let states: Vec<usize> = (0..LIFE.len()).collect();
    let drawn = draw(&states, &arrows, |state| LIFE[state].to_owned());
    expect_on_page("The life of a connection", &drawn);
}
