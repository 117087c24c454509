//! Random scripts of a peer and an application, sound and unsound: how octets arrive or leave makes
//! no difference, each stream ends once, counters count, and no credit is lost.

use std::collections::{BTreeMap, BTreeSet};

use h2_tests::prelude::*;
use proptest::prelude::*;

/// What the peer sends or the application does. `at` chooses among the streams that were opened.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Opens {
        end: bool,
        length: Option<u8>,
    },
    SplitOpens {
        sizes: Vec<usize>,
        end: bool,
    },
    Malformed {
        kind: u8,
    },
    Trailers {
        at: usize,
    },
    Data {
        at: usize,
        length: usize,
        pad: Option<u8>,
        end: bool,
    },
    Rst {
        at: usize,
        code: u32,
    },
    Update {
        at: usize,
        increment: u32,
    },
    UpdateAll {
        increment: u32,
    },
    Settings {
        entry: (u16, u32),
    },
    Ping(u8),
    Priority {
        at: usize,
    },
    PriorityUpdate {
        at: usize,
        urgency: u8,
    },
    Unknown {
        kind: u8,
        length: usize,
    },
    GoAway,
    Raw {
        kind: u8,
        flags: u8,
        at: usize,
        payload: Vec<u8>,
    },
    // The application.
    Says {
        at: usize,
        length: usize,
        end: bool,
    },
    Resets {
        at: usize,
        code: u32,
    },
    Releases {
        at: usize,
    },
    Credits {
        at: usize,
        length: usize,
    },
    Changes {
        window: u32,
    },
    Pings,
    ShutsDown,
    Waits {
        millis: u64,
    },
    /// The peer's transport takes nothing, or all again.
    Reads(bool),
}

/// Steps that a sound peer and a busy application make.
pub(crate) fn sound() -> impl Strategy<Value = Step> {
    let at = || 0_usize..6;
    prop_oneof![
        4 => any::<bool>().prop_map(|end| Step::Opens { end, length: None }),
        1 => (proptest::collection::vec(0_usize..60, 1..4), any::<bool>())
            .prop_map(|(sizes, end)| Step::SplitOpens { sizes, end }),
        1 => at().prop_map(|at| Step::Trailers { at }),
        5 => (at(), 0_usize..3_000, proptest::option::weighted(0.3, any::<u8>()),
              proptest::bool::weighted(0.1))
            .prop_map(|(at, length, pad, end)| Step::Data { at, length, pad, end }),
        1 => (at(), 0_u32..14).prop_map(|(at, code)| Step::Rst { at, code }),
        2 => (at(), 1_u32..5_000).prop_map(|(at, increment)| Step::Update { at, increment }),
        1 => (1_u32..5_000).prop_map(|increment| Step::UpdateAll { increment }),
        1 => prop_oneof![
            Just((4_u16, 0_u32)), Just((4, 100)), Just((4, 65_535)), Just((1, 0)), Just((1, 100)),
            Just((1, 4_096)), Just((5, 16_384)), Just((5, 70_000)), Just((0x99, 7)),
        ].prop_map(|entry| Step::Settings { entry }),
        1 => any::<u8>().prop_map(Step::Ping),
        1 => at().prop_map(|at| Step::Priority { at }),
        1 => (at(), 0_u8..8).prop_map(|(at, urgency)| Step::PriorityUpdate { at, urgency }),
        1 => (0x20_u8..0xff, 0_usize..50).prop_map(|(kind, length)| Step::Unknown { kind, length }),
        6 => (at(), 0_usize..20_000, proptest::bool::weighted(0.3))
            .prop_map(|(at, length, end)| Step::Says { at, length, end }),
        1 => (at(), 0_u32..14).prop_map(|(at, code)| Step::Resets { at, code }),
        2 => at().prop_map(|at| Step::Releases { at }),
        3 => (at(), 1_usize..3_000).prop_map(|(at, length)| Step::Credits { at, length }),
        1 => prop_oneof![Just(0_u32), Just(1_000), Just(65_535), Just(200_000)]
            .prop_map(|window| Step::Changes { window }),
        1 => Just(Step::Pings),
        1 => (0_u64..400).prop_map(|millis| Step::Waits { millis }),
        1 => any::<bool>().prop_map(Step::Reads),
    ]
}

/// Steps of any kind, those of a broken peer included.
pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => sound(),
        1 => (0_u8..6).prop_map(|kind| Step::Malformed { kind }),
        1 => any::<u8>().prop_map(|length| Step::Opens { end: true, length: Some(length) }),
        1 => (0_u8..16, any::<u8>(), 0_usize..6, proptest::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, flags, at, payload)| Step::Raw { kind, flags, at, payload }),
        1 => Just(Step::ShutsDown),
        1 => Just(Step::GoAway),
    ]
}

/// A connection with a script going on.
pub(crate) struct Stage<'a> {
    pub(crate) lone: &'a mut Lone,
    streams: Vec<u32>,
    /// Octets of the peer that were not delivered yet.
    wire: Vec<u8>,
    frames: u64,
    octets: u64,
    next_ping: u8,
    /// Octets that the application was given and has neither acknowledged nor let go of.
    owed: BTreeMap<u32, usize>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(lone: &'a mut Lone) -> Self {
        let mut stage = Self {
            lone,
            streams: Vec::new(),
            wire: Vec::new(),
            frames: 0,
            octets: 0,
            next_ping: 0,
            owed: BTreeMap::new(),
        };
        if !stage.lone.is_server() {
            // The application's requests come before what is said about them.
            for end in [false, true, false] {
                stage.streams.push(stage.lone.requests(if end { "GET" } else { "POST" }, end));
            }
        }
        stage
    }

    fn stream(&self, at: usize) -> u32 {
        match self.streams.len() {
            0 => 1,
            opened => self.streams[at % opened],
        }
    }

    fn put(&mut self, wire: impl Wire, frames: u64) {
        let octets = wire.octets();
        self.frames += frames;
        self.octets += octets.len() as u64;
        self.wire.extend(octets);
    }

    /// The head that opens a stream or answers it, depending on who the peer is.
    fn head(&mut self, end: bool) -> (u32, Vec<wire::Pair<'static>>) {
        if self.lone.is_server() {
            let stream = self.streams.last().map_or(1, |last| last + 2);
            self.streams.push(stream);
            return (stream, if end { wire::GET } else { wire::POST }.to_vec());
        }
        let stream = self.stream(self.frames as usize);
        (stream, vec![(":status", "200")])
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step.clone() {
            Step::Opens { end, length } => {
                let (stream, mut fields) = self.head(end);
                let length = length.map(|length| length.to_string());
                if let Some(length) = &length {
                    fields.push(("content-length", length));
                }
                let head = wire::headers(stream, &fields);
                self.put(if end { head.end_stream() } else { head }, 1);
            }
            Step::SplitOpens { sizes, end } => {
                let (stream, fields) = self.head(end);
                let frames = wire::split(stream, &wire::block(&fields), &sizes, end);
                let count = frames.len() as u64;
                self.put(frames, count);
            }
            Step::Malformed { kind } => {
                let (stream, mut fields) = self.head(true);
                let broken = [
                    ("X-Upper", "1"),
                    ("connection", "close"),
                    (":late", "1"),
                    ("te", "gzip"),
                    ("x-nul", "a\0b"),
                    ("", "nameless"),
                ];
                fields.push(broken[usize::from(kind) % broken.len()]);
                self.put(wire::headers(stream, &fields).end_stream(), 1);
            }
            Step::Trailers { at } => {
                self.put(wire::headers(self.stream(at), &[("x-sum", "1")]).end_stream(), 1);
            }
            Step::Data { at, length, pad, end } => {
                let mut frame = wire::data_of(self.stream(at), length);
                frame = if end { frame.end_stream() } else { frame };
                self.put(if let Some(pad) = pad { frame.padded(pad) } else { frame }, 1);
            }
            Step::Rst { at, code } => self.put(wire::rst(self.stream(at), code), 1),
            Step::Update { at, increment } => {
                self.put(wire::window_update(self.stream(at), increment), 1);
            }
            Step::UpdateAll { increment } => self.put(wire::window_update(0, increment), 1),
            Step::Settings { entry } => self.put(wire::settings(&[entry]), 1),
            Step::Ping(n) => self.put(wire::ping([n; 8]), 1),
            Step::Priority { at } => self.put(wire::priority(self.stream(at), 0, 7), 1),
            Step::PriorityUpdate { at, urgency } => {
                let stream = self.stream(at).to_be_bytes();
                let payload = [&stream[..], format!("u={urgency}").as_bytes()].concat();
                if self.lone.is_server() {
                    self.put(wire::raw(0x10, 0, 0, &payload), 1);
                }
            }
            Step::Unknown { kind, length } => {
                self.put(wire::raw(kind, 0x55, 0, &vec![7; length]), 1);
            }
            Step::GoAway => self.put(wire::goaway(1, NO_ERROR, b"bye"), 1),
            Step::Raw { kind, flags, at, payload } => {
                let stream = if at == 0 { 0 } else { self.stream(at) };
                self.put(wire::raw(kind, flags, stream, &payload), 1);
            }
            acts => {
                self.deliver();
                self.application(&acts);
            }
        }
    }

    fn application(&mut self, step: &Step) {
        let is_server = self.lone.is_server();
        match *step {
            Step::Says { at, length, end } => {
                let stream = id(self.stream(at));
                let mut data = Bytes::from(vec![b'y'; length]);
                self.lone.act(|conn| {
                    if is_server {
                        let _ = conn.send_response(stream, lone::response(200, &[]), End::Later);
                    }
                    let _ = conn.send_data(stream, &mut data, End::from_bool(end));
                });
            }
            Step::Resets { at, code } => {
                self.owed.remove(&self.stream(at));
                self.lone.resets(self.stream(at), ErrorCode::from(code));
            }
            Step::Releases { at } => {
                self.owed.remove(&self.stream(at));
                self.lone.releases(self.stream(at));
            }
            Step::Credits { at, length } => {
                let stream = self.stream(at);
                let result =
                    self.lone.act(|conn| conn.acknowledge_received_data(id(stream), length));
                if let (Ok(()), Some(owed)) = (result, self.owed.get_mut(&stream)) {
                    *owed = owed.checked_sub(length).expect("no more than was given");
                }
            }
            Step::Changes { window } => {
                let _ = self.lone.act(|conn| {
                    conn.update_settings(|settings| settings.initial_window_size = window)
                });
                // The peer takes it over.
                let said = self.lone.conn.is_drained();
                if !said {
                    self.lone.peer_reads(true);
                    self.put(wire::settings_ack(), 1);
                }
            }
            Step::Pings => {
                self.next_ping = self.next_ping.wrapping_add(1);
                let payload = [self.next_ping; 8];
                let _ = self.lone.act(|conn| conn.ping(payload));
            }
            Step::ShutsDown => {
                let now = self.lone.now;
                self.lone.act(|conn| conn.shutdown(now));
            }
            Step::Waits { millis } => self.lone.passes(Duration::from_millis(millis)),
            Step::Reads(reads) => self.lone.peer_reads(reads),
            _ => unreachable!("the peer's"),
        }
    }

    /// Looks what the application was given; everything unread is that.
    fn unread_is_owed(&mut self) {
        for event in self.lone.events() {
            match event {
                Event::DataReceived { stream, data, .. } => {
                    *self.owed.entry(stream.get()).or_default() += data.len();
                }
                Event::StreamReset { stream, .. } => {
                    self.owed.remove(&stream.get());
                }
                _ => {}
            }
        }
        let stats = self.lone.conn.stats();
        if self.lone.conn.close_reason().is_none() {
            assert_eq!(stats.unread, self.owed.values().sum::<usize>(), "{:?}", self.owed);
        }
    }

    /// What the peer has said arrives.
    pub(crate) fn deliver(&mut self) {
        let wire = std::mem::take(&mut self.wire);
        if !wire.is_empty() {
            self.lone.hears(wire);
        }
    }

    /// The peer reads again, and everything that is left arrives.
    pub(crate) fn finish(&mut self) {
        self.deliver();
        self.lone.peer_reads(true);
    }
}

/// P7 and the order of events: an end for each message, one reset for each stream, one for all.
fn ends_once(events: &[Event]) {
    let (mut ended, mut reset) = (BTreeSet::new(), BTreeSet::new());
    for (at, event) in events.iter().enumerate() {
        let (stream, end) = match event {
            Event::RequestReceived { stream, end, .. }
            | Event::ResponseReceived { stream, end, .. }
            | Event::DataReceived { stream, end, .. } => (*stream, *end),
            Event::TrailersReceived { stream, .. } => (*stream, true),
            Event::InformationalReceived { stream, .. } => (*stream, false),
            Event::StreamReset { stream, .. } | Event::SendStopped { stream, .. } => {
                assert!(reset.insert(*stream), "reset twice: {event:?}");
                continue;
            }
            Event::Writable { stream } | Event::SendEnded { stream } => {
                assert!(!reset.contains(stream), "{event:?} after the reset");
                continue;
            }
            Event::ConnectionClosed { .. } => {
                assert_eq!(at + 1, events.len(), "the last event: {events:?}");
                continue;
            }
            _ => continue,
        };
        assert!(!reset.contains(&stream), "{event:?} after the reset");
        assert!(!ended.contains(&stream), "{event:?} after the end");
        if end {
            ended.insert(stream);
        }
    }
}

fn setup(is_server: bool) -> Setup {
    let setup = if is_server { Setup::server() } else { Setup::client() };
    setup.config(|config| {
        lone::narrow(config);
        config.max_stream_window = 0;
        if is_server {
            config.max_concurrent_streams = 4;
        }
    })
}

proptest! {
    #![proptest_config(crate::cases(256))]

    /// P1, P2, P7: whatever arrives, cut anywhere, written in pieces of any size.
    #[test]
    fn neither_the_cuts_of_input_nor_those_of_output_change_anything(
        is_server: bool, steps in proptest::collection::vec(any_step(), 1..60),
    ) {
        setup(is_server).run(|lone| {
            let mut stage = Stage::new(lone);
            for step in &steps {
                stage.step(step);
            }
            stage.finish();
            let events = stage.lone.events();
            ends_once(&events);
        });
    }

    /// P4 for one side, P12: what was received is credited or unread, and everything is counted.
    #[test]
    fn no_credit_is_lost_and_every_frame_is_counted(
        is_server: bool, steps in proptest::collection::vec(sound(), 1..80),
    ) {
        // No request waits for a slot, so all that is received is given to the application.
        let setup = setup(is_server).config(|config| config.max_concurrent_streams = 128);
        setup.run_once(|lone| {
            let before = lone.conn.stats();
            let mut stage = Stage::new(lone);
            for step in &steps {
                stage.step(step);
                stage.deliver();
                stage.unread_is_owed();
                let stats = stage.lone.conn.stats();
                assert!(stats.receive_window + stats.unread as i64 <= 65_535, "{stats:?}");
                assert!(stats.receive_window >= 0, "{stats:?}");
            }
            stage.finish();
            if stage.lone.conn.close_reason().is_some() {
                return;
            }
            let stats = stage.lone.conn.stats();
            assert_eq!(stats.received.total() - before.received.total(), stage.frames);
            assert_eq!(stats.octets_received - before.octets_received, stage.octets);
            for stream in stage.streams.clone() {
                stage.lone.resets(stream, CANCEL);
                stage.lone.releases(stream);
            }
            let stats = stage.lone.conn.stats();
            assert_eq!((stats.unread, stats.pool_used, stats.waiting_requests), (0, 0, 0));
            assert_eq!((stats.open_inbound_streams, stats.open_outbound_streams), (0, 0));
            stage.lone.must_have_its_credit_back();
        });
    }
}
