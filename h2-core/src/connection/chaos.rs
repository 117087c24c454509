//! Any frames and any commands in any order: nothing panics, and the accounts stay true.
#![allow(clippy::disallowed_methods, clippy::cast_possible_truncation)] // the origin of time; small random numbers

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};

use super::receive::Place;
use super::{Connection, Role};
use crate::config::SplitMix;
use crate::stream::{How, Initiator};
use crate::{Config, End, ErrorCode, Event, Fields, RequestHead, ResponseHead, StreamId, Trailers};

const NONE: [(&str, &str); 0] = [];

struct Chaos {
    connection: Connection,
    now: Instant,
    random: SplitMix,
    known: Vec<StreamId>,
    highest: u32,
}

impl Chaos {
    fn new(role: Role, seed: u64) -> Self {
        let now = Instant::now();
        let mut config = match role {
            Role::Client => Config::client(),
            Role::Server => Config::server(),
        };
        config.max_concurrent_streams = 8;
        config.max_outbound_streams = 8;
        config.send_pool = 40_000;
        config.isolation = seed.is_multiple_of(2);
        config.glitch_bucket = None;
        config.reset_bucket = None;
        let mut connection = match role {
            Role::Client => Connection::client(config, now),
            Role::Server => Connection::server(config, now),
        };
        let mut start = BytesMut::new();
        if role == Role::Server {
            start.extend_from_slice(crate::frame::PREFACE);
        }
        start.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]);
        let _ = connection.data_to_send(now);
        let _ = connection.receive_data(&mut start, now);
        Self { connection, now, random: SplitMix::new(seed), known: Vec::new(), highest: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    fn some_stream(&mut self) -> u32 {
        match self.below(4_000) {
            0 => 0,
            1 => self.below(40) as u32,
            _ if !self.known.is_empty() => {
                let at = self.below(self.known.len() as u64) as usize;
                self.known[at].get()
            }
            _ => 1,
        }
    }

    fn frame(&mut self) -> Vec<u8> {
        let kind = [0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 6, 8, 8, 8, 1, 0xbe][self.below(16) as usize];
        let mut stream = match kind {
            4 | 6 => 0,
            8 if self.below(3) == 0 => 0,
            _ => self.some_stream(),
        };
        let mut flags = (self.below(8) == 0) as u8 | ((self.below(6) == 0) as u8 * 8);
        let mut payload = match kind {
            0 => vec![0; self.below(300) as usize],
            1 => {
                flags |= 4;
                if self.connection.role == Role::Server && self.below(2) == 0 {
                    self.highest += 2;
                    stream = self.highest - 1;
                    self.known.extend(StreamId::new(stream));
                }
                match (self.connection.role, self.below(6)) {
                    (Role::Server, 0) => b"\x82\x86\x84".to_vec(),
                    (Role::Server, _) => b"\x82\x86\x84\x01\x01a".to_vec(),
                    (Role::Client, 0) => b"\x08\x03103".to_vec(),
                    (Role::Client, _) => b"\x88".to_vec(),
                }
            }
            2 => vec![0; 5 - (self.below(20) == 0) as usize],
            4 => {
                flags = 0;
                let window = (self.below(100_000) as u32).to_be_bytes();
                [&[0, 4][..], &window].concat()
            }
            6 => vec![7; 8],
            3 | 8 => (self.below(5_000) as u32).to_be_bytes().to_vec(),
            _ => vec![1; self.below(10) as usize],
        };
        if kind == 1 && flags & 8 != 0 {
            payload = [&[2][..], &payload, &[0, 0]].concat();
        }
        let len = (payload.len() as u32).to_be_bytes();
        let mut frame = vec![len[1], len[2], len[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(&payload);
        frame
    }

    /// A frame that does not end the connection, nearly always: the accounts are to live long.
    fn legal_frame(&mut self) -> Vec<u8> {
        let frame = self.frame();
        let stream = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
        let opens = frame[3] == 1 && stream > self.connection.highest_theirs;
        let place = StreamId::new(stream).map(|stream| self.connection.place(stream));
        let fatal = match place {
            Some(Place::Idle) => !opens || self.connection.role == Role::Client,
            Some(Place::Gone(How::EndedByPeer | How::Unknown)) => matches!(frame[3], 0 | 1),
            _ => false,
        };
        if fatal && self.below(1_000) > 0 {
            return b"\0\0\x08\x06\0\0\0\0\0chaos...".to_vec();
        }
        frame
    }

    fn command(&mut self) {
        let Some(stream) = StreamId::new(self.some_stream()) else { return };
        let end = End::from_bool(self.below(3) == 0);
        let before = format!("{:?}", self.connection.streams.keys());
        let connection = &mut self.connection;
        let failed = match self.random.next() % 12 {
            0 => connection
                .send_request(RequestHead::new("GET", "http", "a", "/", NONE).unwrap(), end)
                .map(|id| self.known.push(id))
                .is_err(),
            1 | 2 => connection
                .send_response(stream, ResponseHead::new(200, NONE).unwrap(), end)
                .is_err(),
            3 => connection
                .send_informational(stream, ResponseHead::new(103, NONE).unwrap())
                .is_err(),
            4..=6 => {
                let len = (self.random.next() % 50_000) as usize;
                connection.send_data(stream, &mut Bytes::from(vec![0; len]), end).is_err()
            }
            7 => connection.send_trailers(stream, Trailers::new(Fields::new()).unwrap()).is_err(),
            8 => {
                let code = if end.is_now() { ErrorCode::NO_ERROR } else { ErrorCode::CANCEL };
                connection.reset_stream(stream, code);
                false
            }
            9 => {
                connection.release_stream(stream);
                false
            }
            10 => {
                connection.discard_received_data(stream);
                false
            }
            _ => {
                let octets = (self.random.next() % 500) as usize;
                connection.acknowledge_received_data(stream, octets).is_err()
            }
        };
        if failed {
            assert_eq!(
                before,
                format!("{:?}", self.connection.streams.keys()),
                "an error changed something"
            );
        }
    }

    fn step(&mut self) {
        let step = self.below(50);
        self.now += Duration::from_millis(step);
        match self.below(4) {
            0 | 1 => {
                let frame = self.legal_frame();
                let mut input = BytesMut::from(&frame[..]);
                let _ = self.connection.receive_data(&mut input, self.now);
            }
            2 => self.command(),
            _ => {
                let take = self.below(70_000) as usize;
                let outbox = self.connection.data_to_send(self.now);
                outbox.advance(take.min(outbox.remaining()));
                while let Some(event) = self.connection.poll_event() {
                    if let Event::RequestReceived { stream, .. } = event {
                        self.known.push(stream);
                    }
                }
                self.connection.handle_timeout(self.now);
            }
        }
    }

    /// R-A2 and its kin: what is counted twice agrees.
    fn check(&self) {
        let connection = &self.connection;
        if connection.reason.is_some() {
            return;
        }
        let (mut unread, mut beyond, mut ours, mut theirs) = (0, 0, 0, 0);
        for key in connection.streams.keys() {
            let stream = connection.streams.get(key).unwrap();
            unread += stream.inbound.unread();
            beyond += stream.out.queued().saturating_sub(connection.config.send_credit);
            match (connection.streams.is_open(key), stream.initiator) {
                (true, Initiator::Us) => ours += 1,
                (true, Initiator::Peer) => theirs += 1,
                (false, _) => {}
            }
        }
        assert_eq!(connection.inbound.unread(), unread, "unread octets of the connection");
        assert_eq!(
            connection.inbound.target(),
            i64::from(connection.config.connection_window),
            "the connection's window"
        );
        assert!(connection.pool_used == beyond, "the pool");
        assert!(beyond <= connection.config.send_pool, "the pool's bound");
        assert_eq!(
            (connection.streams.open_ours(), connection.streams.open_theirs()),
            (ours, theirs)
        );
        assert!(theirs <= 8 && ours <= 8);
        assert!(connection.streams.slots() <= 8);
        assert!(connection.egress.outbox.len() < 64 * 1024 + 20_000, "the outbox");
    }
}

#[test]
fn any_frames_and_commands_in_any_order_keep_the_accounts_true() {
    let mut steps = 0;
    for seed in 0..400_u64 {
        let role = if seed.is_multiple_of(3) { Role::Client } else { Role::Server };
        let mut chaos = Chaos::new(role, seed);
        for step in 0..3_000 {
            steps += 1;
            chaos.step();
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| chaos.check()));
            assert!(checked.is_ok(), "seed {seed}, step {step}");
            if chaos.connection.reason.is_some() {
                break;
            }
        }
    }
    assert!(steps > 400_000, "connections end too early to prove anything: {steps} steps");
}

#[test]
fn arbitrary_octets_never_panic() {
    let mut random = SplitMix::new(1);
    for _ in 0..20_000 {
        let mut chaos = Chaos::new(Role::Server, random.next());
        let mut octets: Vec<u8> = Vec::new();
        for _ in 0..random.next() % 12 {
            let mut frame = chaos.frame();
            let at = (random.next() % frame.len() as u64) as usize;
            frame[at] ^= (random.next() % 256) as u8;
            octets.extend(frame);
        }
        let mut input = BytesMut::from(&octets[..]);
        let _ = chaos.connection.receive_data(&mut input, chaos.now);
        chaos.check();
        let _ = chaos.connection.data_to_send(chaos.now);
    }
}
