//! One schedule: a connection, a few exchanges in a random order, octets cut anywhere, and in the
//! end everything as it was meant.

use std::time::Duration;

use h2_tests::Rng;
use h2_tests::prelude::*;
use serde_json::{Value, json};

use crate::check;
use crate::known::known;
use crate::ours::{Key, Ours};
use crate::plan::{self, Exchange, Op};
use crate::process::Python;

/// Settings that this test changes, of one side.
const WINDOWS: [u32; 4] = [1_000, 16_384, 65_535, 200_000];

pub(crate) struct Schedule<'a> {
    pub(crate) rng: Rng,
    python: &'a mut Python,
    pub(crate) ours: Ours,
    pub(crate) ours_is_server: bool,
    pub(crate) exchanges: Vec<Exchange>,
    /// Commands for the other end that were not sent yet.
    batch: Vec<Value>,
    to_python: Vec<u8>,
    to_ours: Vec<u8>,
    python_is_busy: bool,
    /// How many of its SETTINGS it has seen acknowledged.
    python_acks: usize,
    pub(crate) sent: Sent,
}

/// What was sent besides exchanges.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) our_pings: usize,
    pub(crate) their_pings: usize,
    pub(crate) our_settings: usize,
    pub(crate) their_settings: usize,
    pub(crate) our_unknown: usize,
    pub(crate) their_unknown: usize,
    pub(crate) altsvc: usize,
    /// A table size changed: tables are equal only after the next block.
    pub(crate) tables: bool,
}

/// Runs the schedule of a seed; how many exchanges it had.
pub(crate) fn run(python: &mut Python, ours_is_server: bool, seed: u64) -> usize {
    let mut rng = Rng::new(seed.wrapping_mul(2) + u64::from(ours_is_server));
    let small = rng.one_in(4);
    let mut config = if ours_is_server { Config::server() } else { Config::client() };
    config.enable_push = !ours_is_server;
    config.isolation = false;
    config.max_concurrent_streams = if ours_is_server { [1, 3, 128][rng.below(3)] } else { 100 };
    config.connection_window = [65_535, 1 << 20][rng.below(2)];
    config.stream_window = if small { 300 } else { [4_000, 65_535, 1 << 20][rng.below(3)] };
    config.header_table_size = [0, 200, 4_096][rng.below(3)];
    config.max_frame_size = [16_384, 50_000][rng.below(2)];
    let changes_windows = rng.one_in(3);
    let window = if small { 300 } else { WINDOWS[1 + rng.below(3)] };
    known("automatic credit never shrinks");
    let manual = changes_windows || window < 1_024 || rng.one_in(2);
    let settings = json!({
        "1": ([0, 200, 4_096][rng.below(3)]),
        "3": ([1, 3, 100][rng.below(3)]),
        "4": window,
        "5": ([16_384, 50_000][rng.below(2)]),
        "6": 65_536,
    });
    let mut schedule = Schedule {
        python,
        ours: Ours::new(ours_is_server, config),
        ours_is_server,
        exchanges: Vec::new(),
        batch: Vec::new(),
        to_python: Vec::new(),
        to_ours: Vec::new(),
        python_is_busy: false,
        python_acks: 0,
        sent: Sent::default(),
        rng,
    };
    let normalize = schedule.rng.one_in(2);
    let spec = json!({
        "client": ours_is_server, "settings": settings, "normalize": normalize,
        "manual": manual, "lazy": schedule.rng.one_in(4),
    });
    schedule.ours.lazy = schedule.rng.one_in(4);
    let (_, hello) = schedule.python.ask(&json!({ "new": spec }), &[]);
    schedule.to_ours = hello;
    schedule.come_to_rest();
    let longest = if small { 1_500 } else { 20_000 };
    for _ in 0..schedule.rng.small(8, 150) {
        schedule.act(longest, changes_windows);
        if schedule.rng.one_in(3) {
            schedule.travel(false);
        }
        if schedule.rng.one_in(40) {
            schedule.come_to_rest();
            let look = schedule.look();
            check::agrees(&schedule, &look);
        }
    }
    schedule.finish();
    let look = schedule.look();
    check::agrees(&schedule, &look);
    check::all(&schedule, &look);
    schedule.close();
    schedule.exchanges.len()
}

impl Schedule<'_> {
    /// 0 for the client, 1 for the server.
    pub(crate) fn our_side(&self) -> usize {
        usize::from(self.ours_is_server)
    }

    fn act(&mut self, longest: usize, changes_windows: bool) {
        match self.rng.below(24) {
            0..4 if self.exchanges.len() < 14 => {
                let mut exchange = Exchange::new(&mut self.rng, longest, false);
                let [client, server] = &mut exchange.messages;
                known("an interim response on a stream that it reset");
                if self.ours_is_server && client.ops.iter().any(|op| matches!(op, Op::Reset(_))) {
                    server.interims.clear();
                    server.ops.retain(|op| !matches!(op, Op::Interim(_)));
                }
                self.exchanges.push(exchange);
                self.give(self.exchanges.len() - 1, 0);
            }
            4 => {
                self.sent.our_pings += 1;
                let payload = (self.sent.our_pings as u64).to_be_bytes();
                if self.ours.conn.ping(payload).is_err() {
                    self.sent.our_pings -= 1;
                }
            }
            5 => {
                self.sent.their_pings += 1;
                self.batch.push(json!(["ping", format!("{:08}", self.sent.their_pings)]));
            }
            6 => self.change_our_settings(changes_windows),
            7 => self.change_their_settings(changes_windows),
            8 => self.push(longest),
            9 => {
                let payload = Bytes::from_static(b"what is this?");
                let sent = self.ours.conn.send_extension_frame(0xbe, 0x5, 0, payload);
                sent.expect("may be sent");
                self.sent.our_unknown += 1;
            }
            10 if self.ours_is_server => {
                let origin = Some("https://example.org");
                let sent =
                    self.ours.conn.advertise_alternative_service(origin, None, "h3=\":443\"");
                sent.expect("may be sent");
                self.sent.altsvc += 1;
            }
            10 => {
                self.batch.push(json!(["altsvc"]));
                self.sent.altsvc += 1;
            }
            11 if self.ours_is_server => self.batch.push(json!(["prioritize", 99])),
            12 => {
                self.ours.credit();
                self.batch.push(json!(["credit"]));
            }
            _ => {
                let ready = self.ready();
                if !ready.is_empty() {
                    let (exchange, side) = ready[self.rng.below(ready.len())];
                    self.give(exchange, side);
                }
            }
        }
    }

    fn change_our_settings(&mut self, windows: bool) {
        let (window, table) = (WINDOWS[self.rng.below(4)], [0, 100, 4_096][self.rng.below(3)]);
        let frame = [16_384, 20_000, 100_000][self.rng.below(3)];
        let which = self.rng.below(3);
        known("every size since the last block");
        let mut changed = false;
        let result = self.ours.conn.update_settings(|settings| {
            let old = settings.clone();
            match which {
                0 if windows => settings.initial_window_size = window,
                1 => settings.header_table_size = table.max(settings.header_table_size),
                _ => settings.max_frame_size = frame,
            }
            changed = *settings != old;
        });
        if result.is_ok() && changed {
            self.sent.our_settings += 1;
            self.sent.tables |= which == 1;
        }
    }

    fn change_their_settings(&mut self, windows: bool) {
        known("one acknowledgement for all");
        if self.python_acks <= self.sent.their_settings {
            return;
        }
        let entry = match self.rng.below(3) {
            0 if windows => json!({ "4": (WINDOWS[self.rng.below(4)]) }),
            1 => {
                self.sent.tables = true;
                json!({ "1": ([0, 100, 4_096][self.rng.below(3)]) })
            }
            _ => json!({ "5": ([16_384, 20_000, 100_000][self.rng.below(3)]) }),
        };
        self.sent.their_settings += 1;
        self.batch.push(json!(["settings", entry]));
    }

    /// The server promises something on an exchange that it has not ended.
    fn push(&mut self, longest: usize) {
        let able = |exchange: &Exchange| {
            let message = &exchange.messages[1];
            known("a promise on a stream that it reset");
            let resets = exchange.messages[0].ops.iter().any(|op| matches!(op, Op::Reset(_)));
            if self.ours_is_server && (resets || exchange.messages[0].reset.is_some()) {
                return false;
            }
            known("a promise in a tunnel");
            if exchange.messages[0].head[0].1 == "CONNECT" {
                return false;
            }
            let waits = message.ops.front().is_some_and(|op| !matches!(op, Op::Reset(_)));
            !exchange.pushed && exchange.seen && waits && message.reset.is_none()
        };
        let Some(parent) = self.exchanges.iter().position(able) else { return };
        let exchange = Exchange::new(&mut self.rng, longest, true);
        let head = exchange.messages[0].head.clone();
        self.exchanges.push(Exchange { parent: Some(parent), ..exchange });
        let promised = self.exchanges.len() - 1;
        self.exchanges[parent].messages[1].ops.push_front(Op::Push(promised, head));
        self.give(parent, 1);
    }

    /// Messages whose next piece can be given to their sender.
    fn ready(&self) -> Vec<(usize, usize)> {
        let mut ready = Vec::new();
        for (at, exchange) in self.exchanges.iter().enumerate() {
            for side in 0..2 {
                let opener = side == usize::from(exchange.pushed);
                if !exchange.messages[side].ops.is_empty() && (opener || exchange.seen) {
                    ready.push((at, side));
                }
            }
        }
        ready
    }

    /// Gives the next piece of a message to its sender.
    fn give(&mut self, at: usize, side: usize) {
        let ours = side == self.our_side();
        let exchange = &mut self.exchanges[at];
        let stream = exchange.stream.unwrap_or(0);
        let message = &mut exchange.messages[side];
        let Some(op) = message.ops.pop_front() else { return };
        if let Op::Reset(code) = op {
            message.ops.clear();
            message.reset = Some(code);
            let complete = message.is_said && ours && side == 1 && code == 0 && !exchange.pushed;
            message.whole = complete && !self.ours.has_work_for(Key::Stream(stream));
        }
        message.is_said = op.is_last();
        let named = side == usize::from(exchange.pushed);
        if ours {
            let key = if named { Key::Exchange(at) } else { Key::Stream(stream) };
            self.ours.give(key, op);
        } else {
            let key = if named { json!(plan::name(at)) } else { json!(stream) };
            self.batch.push(op.command(&key));
        }
    }

    /// Octets and commands travel, all of them or some; whether anything moved.
    fn travel(&mut self, all: bool) -> bool {
        self.ours.passes(Duration::from_millis(1));
        self.ours.pump();
        let most = if all { usize::MAX } else { self.rng.small(1, 60_000) };
        let said = self.ours.says(most);
        self.to_python.extend_from_slice(&said);
        let length = if all || self.rng.one_in(2) {
            self.to_python.len()
        } else {
            self.rng.below(self.to_python.len() + 1)
        };
        let wire: Vec<u8> = self.to_python.drain(..length).collect();
        let commands = std::mem::take(&mut self.batch);
        let moved = !commands.is_empty() || length > 0 || !said.is_empty();
        let (answer, wire) = self.python.ask(&json!({ "do": commands }), &wire);
        let moved = moved || !wire.is_empty() || !self.to_ours.is_empty();
        self.to_ours.extend(wire);
        if self.rng.one_in(60) {
            // Whatever h2 has said so far are whole frames and whole blocks.
            self.to_ours.extend(wire::raw(0xbe, 0, 0, b"?").octets());
            self.sent.their_unknown += 1;
        }
        let length = if all || self.rng.one_in(2) {
            self.to_ours.len()
        } else {
            self.rng.below(self.to_ours.len() + 1)
        };
        let heard: Vec<u8> = self.to_ours.drain(..length).collect();
        self.ours.hears(&heard);
        self.ours.pump();
        self.python_is_busy = answer["busy"] == json!(true);
        self.python_acks = answer["acks"].as_u64().unwrap() as usize;
        self.learn(&answer);
        moved
    }

    /// Learns which streams belong to which exchanges, and who knows of them.
    fn learn(&mut self, answer: &Value) {
        let names = &answer["streams"];
        for (at, exchange) in self.exchanges.iter_mut().enumerate() {
            if exchange.stream.is_none() {
                let theirs = names[plan::name(at)].as_u64().map(|stream| stream as u32);
                exchange.stream = self.ours.streams.get(&at).copied().or(theirs);
            }
        }
        let theirs = answer["fresh"].as_array().into_iter().flatten();
        let mut fresh: Vec<u32> = theirs.map(|stream| stream.as_u64().unwrap() as u32).collect();
        fresh.append(&mut self.ours.fresh);
        for stream in fresh {
            let found = self.exchanges.iter_mut().find(|e| e.stream == Some(stream));
            found.expect("a stream that somebody opened").seen = true;
        }
    }

    /// Lets go of the peer's streams on which nothing is left to do.
    fn release(&mut self) {
        let side = self.our_side();
        for exchange in &self.exchanges {
            let Some(stream) = exchange.stream.filter(|stream| *stream > 0) else { continue };
            let peers = side != usize::from(exchange.pushed);
            let over = self.ours.records.get(&stream).is_some_and(|record| {
                record.reset.is_some() || (record.ended && exchange.messages[side].ops.is_empty())
            });
            let over = over || exchange.messages[side].reset.is_some();
            if peers && over && !self.ours.has_work_for(Key::Stream(stream)) {
                self.ours.releases(stream);
            }
        }
    }

    /// Everything under way arrives; nothing new is asked for.
    fn come_to_rest(&mut self) {
        for _ in 0..10_000 {
            if !self.travel(true) {
                return;
            }
        }
        panic!("octets travel for ever");
    }

    /// Everything is said, read and done.
    fn finish(&mut self) {
        self.ours.lazy = false;
        self.batch.push(json!(["lazy", false]));
        let mut quiet = 0;
        for _ in 0..10_000 {
            self.ours.credit();
            self.release();
            for (at, side) in self.ready() {
                self.give(at, side);
            }
            let moved = self.travel(true);
            let done = self.ready().is_empty() && !self.ours.is_busy() && !self.python_is_busy;
            quiet = if moved { 0 } else { quiet + 1 };
            if quiet > 2 && done {
                return;
            }
            if quiet > 50 {
                let look = self.look();
                panic!(
                    "stuck: ready {:?}, ours {:?}, theirs {} {look}, {:#?}",
                    self.ready(),
                    self.ours,
                    self.python_is_busy,
                    self.exchanges
                );
            }
        }
        panic!("never done");
    }

    fn look(&mut self) -> Value {
        let (answer, wire) = self.python.ask(&json!({ "look": true }), &[]);
        assert!(wire.is_empty(), "all was quiet");
        answer["look"].clone()
    }

    /// One side ends the connection, with nothing under way.
    fn close(&mut self) {
        known("nothing after GOAWAY");
        let code = [0, 2, 11][self.rng.below(3)];
        match self.rng.below(3) {
            0 => {
                self.batch.push(json!(["close", code]));
                self.travel(true);
                assert_eq!(self.ours.goaway, Some(code), "GOAWAY of h2");
                // Its own goodbye is cut here; h2 must not mind one GOAWAY after its own.
                self.ours.says(usize::MAX);
                assert!(self.ours.closed && self.ours.conn.is_drained());
            }
            1 if !self.ours_is_server => {
                self.ours.shutdown();
                self.travel(true);
                self.ours.says(usize::MAX);
                assert!(self.ours.closed && self.ours.conn.is_drained());
                assert_eq!(self.look()["terminated"], json!(0), "GOAWAY of ours");
            }
            _ => {
                self.ours.conn.close_connection(ErrorCode::from(code), "the end");
                self.travel(true);
                assert!(self.ours.closed && self.ours.conn.is_drained());
                assert_eq!(self.look()["terminated"], json!(code), "GOAWAY of ours");
            }
        }
    }
}
