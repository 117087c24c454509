//! A client core and a server core connected in memory: octets travel in seeded random pieces, and
//! either transport takes as much of a write as it likes.

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use h2_core::{Config, Connection, Event};

use crate::frames::{Frame, Reader};
use crate::lone::Note;
use crate::rng::Rng;

/// One end.
#[derive(Debug)]
pub struct Side {
    pub conn: Connection,
    /// All events so far that were not taken away.
    pub events: Vec<Event>,
    /// All frames so far that were not taken away.
    pub said: Vec<Frame>,
    reader: Reader,
    /// Octets written and not yet delivered to the other end.
    pipe: Vec<u8>,
    inbox: BytesMut,
}

#[derive(Debug)]
pub struct Pair {
    pub client: Side,
    pub server: Side,
    pub now: Instant,
    rng: Rng,
}

/// Runs a script with several seeds; a failure prints its seed, `SEED` repeats it.
pub fn seeds(count: u64, client: &Config, server: &Config, script: impl Fn(&mut Pair)) {
    let one: Option<u64> = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in one.map_or(0..count, |seed| seed..seed + 1) {
        let note = Note(format!("seed {seed}"));
        script(&mut Pair::new(client.clone(), server.clone(), seed));
        drop(note);
    }
}

impl Side {
    fn new(conn: Connection, of_client: bool) -> Self {
        let reader = Reader::new(of_client);
        let (events, said) = (Vec::new(), Vec::new());
        Self { conn, events, said, reader, pipe: Vec::new(), inbox: BytesMut::new() }
    }

    /// The transport takes up to `most` octets.
    fn writes(&mut self, most: usize, now: Instant) -> bool {
        let outbox = self.conn.data_to_send(now);
        let take = outbox.chunk().len().min(most);
        let octets = outbox.chunk()[..take].to_vec();
        outbox.advance(take);
        if !outbox.has_remaining() && take > 0 {
            self.conn.handle_flushed(now);
        }
        self.said.extend(self.reader.read(&octets));
        self.pipe.extend(octets);
        take > 0
    }

    fn hears(&mut self, octets: &[u8], now: Instant) -> bool {
        self.inbox.extend_from_slice(octets);
        let before = self.inbox.len();
        let _ = self.conn.receive_data(&mut self.inbox, now);
        !octets.is_empty() || self.inbox.len() < before
    }

    fn tells(&mut self) -> bool {
        let before = self.events.len();
        while let Some(event) = self.conn.poll_event() {
            self.events.push(event);
        }
        self.events.len() > before
    }

    /// The other end takes longer frames.
    pub fn allow_frames_of(&mut self, octets: usize) {
        self.reader.allow_frames_of(octets);
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub fn take_said(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.said)
    }
}

impl Pair {
    pub fn new(client: Config, server: Config, seed: u64) -> Self {
        let now = Instant::now();
        Self {
            client: Side::new(Connection::client(client, now), true),
            server: Side::new(Connection::server(server, now), false),
            now,
            rng: Rng::new(seed),
        }
    }

    /// One step of one end; whether anything moved.
    fn step(&mut self) -> bool {
        let most = self.rng.small(1, 70_000);
        let (from, to) = if self.rng.one_in(2) {
            (&mut self.client, &mut self.server)
        } else {
            (&mut self.server, &mut self.client)
        };
        match self.rng.below(3) {
            0 => from.writes(most, self.now),
            1 => {
                let length = most.min(from.pipe.len());
                let octets: Vec<u8> = from.pipe.drain(..length).collect();
                to.hears(&octets, self.now)
            }
            _ => from.tells(),
        }
    }

    /// A few random steps, wherever they lead.
    pub fn some(&mut self) {
        for _ in 0..self.rng.below(20) {
            self.step();
        }
    }

    /// Steps until nothing moves any more.
    pub fn run(&mut self) {
        let mut idle = 0;
        let mut turns = 0_u64;
        while idle < 100 {
            idle = if self.step() { 0 } else { idle + 1 };
            turns += 1;
            assert!(turns < 10_000_000, "never comes to rest");
        }
        assert!(self.client.pipe.is_empty() && self.server.pipe.is_empty());
    }

    /// Time passes on both ends, met deadline by deadline.
    pub fn passes(&mut self, time: Duration) {
        let target = self.now + time;
        for _ in 0..10_000 {
            let next = [&self.client, &self.server].map(|side| side.conn.poll_timeout());
            let Some(at) = next.iter().flatten().map(|d| d.at).filter(|at| *at <= target).min()
            else {
                self.now = target;
                return self.run();
            };
            self.now = self.now.max(at);
            for side in [&mut self.client, &mut self.server] {
                if side.conn.poll_timeout().is_some_and(|d| d.at <= self.now) {
                    side.conn.handle_timeout(self.now);
                }
            }
            self.run();
        }
        panic!("deadlines come back for ever");
    }

    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }
}
