//! A client core and a server core with a random plan between them: both observe exactly it, they
//! agree on every window while nothing is under way, and nothing ever waits for ever.

use std::time::Duration;

use h2_tests::Rng;
use h2_tests::prelude::*;
use proptest::prelude::*;

use crate::observed::observed;
use crate::ours::{Key, Ours, Record};
use crate::plan::{Exchange, Op};

/// The numbers that both sides are run with.
#[derive(Clone, Debug)]
struct Numbers {
    stream_window: u32,
    connection_window: u32,
    isolation: bool,
    frame: u32,
    table: u32,
    streams: u32,
    credit: usize,
    pool: usize,
    batch: usize,
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let window =
        prop_oneof![Just(1_u32), 1_u32..300, Just(65_535), 300_u32..1_000_000, Just(0x7fff_ffff)];
    let connection = prop_oneof![Just(65_535_u32), 65_535_u32..2_000_000, Just(0x7fff_ffff)];
    (
        (window, connection, any::<bool>()),
        (prop_oneof![Just(16_384_u32), 16_384_u32..200_000, Just(0x00ff_ffff)]),
        prop_oneof![Just(0_u32), 1_u32..4_096, Just(4_096)],
        prop_oneof![Just(1_u32), 1_u32..5, Just(128)],
        (prop_oneof![1_usize..100, Just(16_384)], 0_usize..300_000, 1_024_usize..70_000),
    )
        .prop_map(|(windows, frame, table, streams, (credit, pool, batch))| Numbers {
            stream_window: windows.0,
            connection_window: windows.1,
            isolation: windows.2,
            frame,
            table,
            streams,
            credit,
            pool,
            batch,
        })
}

impl Numbers {
    fn apply(&self, mut config: Config) -> Config {
        config.stream_window = self.stream_window;
        config.connection_window = self.connection_window;
        config.isolation = self.isolation;
        config.max_frame_size = self.frame;
        config.header_table_size = self.table;
        config.max_concurrent_streams = self.streams;
        config.send_credit = self.credit;
        config.send_pool = self.pool;
        config.batch = self.batch;
        config
    }
}

struct Meeting {
    rng: Rng,
    /// The client, then the server.
    sides: [Ours; 2],
    /// Octets on their way to each.
    pipes: [Vec<u8>; 2],
    exchanges: Vec<Exchange>,
    streams: u32,
    /// How many SETTINGS each side has changed.
    settings: [usize; 2],
    released: Vec<u32>,
}

impl Meeting {
    fn new(client: &Numbers, server: &Numbers, seed: u64) -> Self {
        let mut config = client.apply(Config::client());
        config.enable_push = true;
        let streams = server.streams;
        let server = server.apply(Config::server());
        let mut meeting = Self {
            rng: Rng::new(seed),
            sides: [Ours::new(false, config), Ours::new(true, server)],
            pipes: [Vec::new(), Vec::new()],
            exchanges: Vec::new(),
            streams,
            settings: [0, 0],
            released: Vec::new(),
        };
        meeting.sides[0].lazy = meeting.rng.one_in(3);
        meeting.sides[1].lazy = meeting.rng.one_in(3);
        // The limit on streams binds from the first octet on; a client learns it here.
        meeting.come_to_rest();
        meeting
    }

    /// Octets of one side travel; whether any moved.
    fn travel(&mut self, from: usize, all: bool) -> bool {
        let to = 1 - from;
        let most = if all { usize::MAX } else { self.rng.small(1, 50_000) };
        self.sides[from].passes(Duration::from_micros(100));
        self.sides[from].pump();
        let said = self.sides[from].says(most);
        self.pipes[to].extend_from_slice(&said);
        let there = self.pipes[to].len();
        let length = if all { there } else { self.rng.below(there + 1) };
        let heard: Vec<u8> = self.pipes[to].drain(..length).collect();
        // A reader hands over what it has, in pieces of any size.
        let piece = self.rng.small(1, 40_000);
        for piece in heard.chunks(piece) {
            self.sides[to].hears(piece);
        }
        self.learn();
        !said.is_empty() || length > 0
    }

    fn learn(&mut self) {
        for (at, exchange) in self.exchanges.iter_mut().enumerate() {
            let opener = &self.sides[usize::from(exchange.pushed)];
            exchange.stream = exchange.stream.or_else(|| opener.streams.get(&at).copied());
        }
        for side in 0..2 {
            for stream in std::mem::take(&mut self.sides[side].fresh) {
                let found = self.exchanges.iter_mut().find(|e| e.stream == Some(stream));
                found.expect("a stream that somebody opened").seen = true;
            }
        }
        let conn = &self.sides[1].conn;
        // P10: what the application has and has not let go of is within the limit.
        let shown = self.exchanges.iter().filter(|e| !e.pushed && e.seen);
        let held = shown.filter(|e| !self.released.contains(&e.stream.unwrap_or(0))).count();
        assert!(held <= self.streams as usize, "{held} requests shown, limit {}", self.streams);
        assert!(conn.open_inbound_streams() <= self.streams as usize);
    }

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

    fn give(&mut self, at: usize, side: usize) {
        let exchange = &mut self.exchanges[at];
        let named = side == usize::from(exchange.pushed);
        let key = if named { Key::Exchange(at) } else { Key::Stream(exchange.stream.unwrap_or(0)) };
        let message = &mut exchange.messages[side];
        let Some(op) = message.ops.pop_front() else { return };
        if let Op::Reset(code) = op {
            message.ops.clear();
            message.reset = Some(code);
            let complete = message.is_said && side == 1 && code == 0 && !exchange.pushed;
            message.whole = complete && !self.sides[side].has_work_for(key);
        }
        message.is_said = op.is_last();
        self.sides[side].give(key, op);
    }

    fn act(&mut self, longest: usize) {
        match self.rng.below(16) {
            0..4 if self.exchanges.len() < 10 => {
                self.exchanges.push(Exchange::new(&mut self.rng, longest, false));
                self.give(self.exchanges.len() - 1, 0);
            }
            4 => {
                let side = self.rng.below(2);
                let _ = self.sides[side].conn.ping([self.rng.any() as u8; 8]);
            }
            5 => {
                let side = self.rng.below(2);
                let window = [1, 50, 16_384, 65_535, 1_000_000][self.rng.below(5)];
                let table = [0, 64, 500, 4_096][self.rng.below(4)];
                let what = self.rng.below(2);
                let mut changed = false;
                let result = self.sides[side].conn.update_settings(|settings| {
                    let before = settings.clone();
                    match what {
                        0 => settings.initial_window_size = window,
                        _ => settings.header_table_size = table,
                    }
                    changed = before != *settings;
                });
                self.settings[side] += usize::from(changed && result.is_ok());
            }
            6 => self.push(longest),
            7 => {
                let side = self.rng.below(2);
                self.sides[side].credit();
            }
            8 => self.release(),
            _ => {
                let ready = self.ready();
                if !ready.is_empty() {
                    let (at, side) = ready[self.rng.below(ready.len())];
                    self.give(at, side);
                }
            }
        }
    }

    fn push(&mut self, longest: usize) {
        let able = |exchange: &Exchange| {
            let message = &exchange.messages[1];
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

    /// Both applications let go of the peer's streams on which nothing is left to do.
    fn release(&mut self) {
        for exchange in &self.exchanges {
            let Some(stream) = exchange.stream.filter(|stream| *stream > 0) else { continue };
            let side = usize::from(!exchange.pushed);
            let message = &exchange.messages[side];
            let record = self.sides[side].records.get(&stream);
            let heard = record.is_some_and(|r| r.ended || r.reset.is_some());
            let said =
                message.ops.is_empty() && !self.sides[side].has_work_for(Key::Stream(stream));
            let reset = record.is_some_and(|r| r.reset.is_some()) || message.reset.is_some();
            if exchange.seen && ((heard && said) || reset) {
                self.sides[side].releases(stream);
                self.released.push(stream);
            }
        }
    }

    fn come_to_rest(&mut self) {
        for _ in 0..200_000 {
            let moved = [0, 1].map(|side| self.travel(side, true));
            if moved == [false, false] {
                return;
            }
        }
        panic!("octets travel for ever");
    }

    /// Everything is said, read and done; P9: it never gets stuck.
    fn finish(&mut self) {
        let mut quiet = 0;
        for _ in 0..200_000 {
            for side in 0..2 {
                self.sides[side].lazy = false;
                self.sides[side].credit();
            }
            self.release();
            for (at, side) in self.ready() {
                self.give(at, side);
            }
            let moved = [0, 1].map(|side| self.travel(side, true)) != [false, false];
            let busy = self.sides.iter().any(Ours::is_busy) || !self.ready().is_empty();
            quiet = if moved { 0 } else { quiet + 1 };
            if quiet > 2 && !busy {
                return;
            }
            assert!(quiet < 20, "stuck: {:?} {:#?}", self.ready(), self.exchanges);
        }
        panic!("never done");
    }

    /// P4: both ends see the same windows.
    fn agree(&self) {
        for (from, to) in [(0, 1), (1, 0)] {
            let (sender, receiver) = (&self.sides[from].conn, &self.sides[to].conn);
            let may_send = sender.local_flow_control_window(None);
            assert_eq!(may_send, receiver.remote_flow_control_window(None), "connection");
            assert_eq!(sender.stats().send_window, may_send.unwrap());
            assert_eq!(sender.remote_settings(), receiver.local_settings(), "settings");
            for exchange in &self.exchanges {
                let Some(stream) = StreamIdOf(exchange).get() else { continue };
                let ended = self.sides[to].records.get(&stream).is_some_and(|r| r.ended);
                let one_way = exchange.pushed && from == 0;
                let reset = exchange.messages.iter().any(|message| message.reset.is_some());
                let (Ok(may_send), Ok(lets)) = (
                    sender.local_flow_control_window(Some(id(stream))),
                    receiver.remote_flow_control_window(Some(id(stream))),
                ) else {
                    continue;
                };
                if !ended && !one_way && !reset && exchange.seen {
                    assert_eq!(may_send, lets, "stream {stream} from side {from}");
                }
            }
        }
    }

    fn check(&self) {
        self.agree();
        for exchange in &self.exchanges {
            let Some(stream) = StreamIdOf(exchange).get() else { continue };
            let parent = exchange.parent.map(|parent| &self.exchanges[parent]);
            let orphan = parent.is_some_and(|p| p.messages.iter().any(|m| m.reset.is_some()));
            for sender in 0..2 {
                let nothing = Record { sum: 1, ..Record::default() };
                let record = self.sides[1 - sender].records.get(&stream).unwrap_or(&nothing);
                observed(exchange, sender, record, orphan);
            }
        }
        for (side, ours) in self.sides.iter().enumerate() {
            let (conn, stats) = (&ours.conn, ours.conn.stats());
            assert_eq!(conn.close_reason(), None);
            assert_eq!(conn.open_inbound_streams() + conn.open_outbound_streams(), 0);
            assert_eq!((stats.unread, stats.pool_used, stats.outbox), (0, 0, 0));
            assert_eq!(stats.waiting_requests, 0);
            assert_eq!(ours.acks, self.settings[side] + 1, "each change is acknowledged once");
        }
    }
}

struct StreamIdOf<'a>(&'a Exchange);

impl StreamIdOf<'_> {
    fn get(&self) -> Option<u32> {
        self.0.stream.filter(|stream| *stream > 0)
    }
}

proptest! {
    #![proptest_config(crate::cases(96))]

    /// P3, P4, P7, P9, P10, P15.
    #[test]
    fn two_cores_observe_exactly_the_plan(
        client in numbers(), server in numbers(), seed: u64, turns in 1_usize..120,
    ) {
        let mut meeting = Meeting::new(&client, &server, seed);
        let narrow = client.stream_window.min(server.stream_window);
        let longest = if narrow < 300 { 400 } else { 30_000 };
        for _ in 0..turns {
            meeting.act(longest);
            if meeting.rng.one_in(2) {
                let side = meeting.rng.below(2);
                meeting.travel(side, false);
            }
            if meeting.rng.one_in(30) {
                meeting.come_to_rest();
                meeting.agree();
            }
        }
        meeting.finish();
        meeting.check();
    }
}
