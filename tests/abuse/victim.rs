//! A connection under attack: who reads, who polls, what was consumed and what memory it cost.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use h2_core::{Config, Connection, ErrorCode, Event, Received};
use h2_tests::frames::{Frame, Reader};
use h2_tests::wire::{self, Wire};

/// One attack at a time: the allocator counts for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// What the attacker and the application do.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// The attacker takes our output.
    pub(crate) reads: bool,
    /// The application takes events.
    pub(crate) polls: bool,
    /// The application lets go of each stream as soon as it was reset or ended.
    pub(crate) releases: bool,
}

/// Everybody does what is expected.
pub(crate) const POLITE: Manners = Manners { reads: true, polls: true, releases: true };
/// The attacker takes no output.
pub(crate) const DEAF: Manners = Manners { reads: false, ..POLITE };
/// The application keeps every stream it was shown.
pub(crate) const HOARDING: Manners = Manners { releases: false, ..POLITE };
/// The application never looks.
pub(crate) const ASLEEP: Manners = Manners { polls: false, ..POLITE };

/// The least of three measurements. The harness has threads of its own, and what they allocate
/// meanwhile is counted too; it can only add to what is measured.
pub(crate) fn least(measure: impl Fn() -> usize) -> usize {
    (0..3).map(|_| measure()).min().unwrap_or_default()
}

pub(crate) struct Victim {
    pub(crate) conn: Connection,
    pub(crate) now: Instant,
    pub(crate) said: Vec<Frame>,
    pub(crate) events: Vec<Event>,
    /// Whether frames and events are kept for a look; without it they are only counted.
    pub(crate) keeps: bool,
    pub(crate) written: usize,
    pub(crate) told: usize,
    pub(crate) last: Received,
    pub(crate) manners: Manners,
    reader: Reader,
    input: BytesMut,
    baseline: isize,
    peak: isize,
    _alone: MutexGuard<'static, ()>,
}

fn live() -> isize {
    let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

pub(crate) fn server(manners: Manners) -> Victim {
    Victim::new(Config::server(), true, manners, &[])
}

pub(crate) fn server_with(manners: Manners, change: impl FnOnce(&mut Config)) -> Victim {
    let mut config = Config::server();
    change(&mut config);
    Victim::new(config, true, manners, &[])
}

pub(crate) fn client(manners: Manners) -> Victim {
    Victim::new(Config::client(), false, manners, &[])
}

impl Victim {
    pub(crate) fn new(
        config: Config,
        is_server: bool,
        manners: Manners,
        peer: &[(u16, u32)],
    ) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let conn = if is_server {
            Connection::server(config, now)
        } else {
            Connection::client(config, now)
        };
        let mut victim = Self {
            conn,
            now,
            said: Vec::new(),
            events: Vec::new(),
            keeps: true,
            written: 0,
            told: 0,
            last: Received::NeedMore,
            manners: POLITE,
            reader: Reader::new(!is_server),
            input: BytesMut::with_capacity(1 << 20),
            baseline: 0,
            peak: 0,
            _alone: alone,
        };
        victim.settle();
        if is_server {
            victim.hears(wire::preface());
        }
        victim.hears((wire::settings(peer), wire::settings_ack()));
        assert!(!victim.is_closed());
        victim.forget();
        victim.manners = manners;
        victim.measure_from_here();
        victim
    }

    pub(crate) fn forget(&mut self) {
        self.said = Vec::new();
        self.events = Vec::new();
        self.written = 0;
        self.told = 0;
    }

    pub(crate) fn measure_from_here(&mut self) {
        self.baseline = live();
        self.peak = self.baseline;
    }

    /// The most memory beyond the baseline that was alive after any frame.
    pub(crate) fn grown(&self) -> usize {
        usize::try_from(self.peak - self.baseline).unwrap_or(0)
    }

    /// Memory beyond the baseline that is alive.
    pub(crate) fn holds(&self) -> usize {
        usize::try_from(live() - self.baseline).unwrap_or(0)
    }

    /// Octets that wait unconsumed.
    pub(crate) fn unconsumed(&self) -> usize {
        self.input.len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.conn.close_reason().is_some()
    }

    pub(crate) fn code(&self) -> Option<ErrorCode> {
        self.conn.close_reason().map(|reason| reason.code)
    }

    pub(crate) fn passes(&mut self, time: Duration) {
        self.now += time;
        self.conn.handle_timeout(self.now);
        self.settle();
    }

    /// Octets arrive; whether everything was consumed.
    pub(crate) fn hears(&mut self, wire: impl Wire) -> bool {
        let octets = wire.octets();
        drop(wire);
        let before = live();
        self.input.extend_from_slice(&octets);
        // The attacker's own memory is not the victim's.
        self.baseline += live() - before;
        drop(octets);
        self.settle();
        self.input.is_empty()
    }

    /// Takes what is to be taken until nothing moves.
    pub(crate) fn settle(&mut self) {
        loop {
            let before = self.input.len();
            if self.input.has_remaining() || self.last != Received::NeedMore {
                self.last = self.conn.receive_data(&mut self.input, self.now);
            }
            self.peak = self.peak.max(live());
            let consumed = self.input.len() < before;
            if !self.takes() && !consumed {
                return;
            }
        }
    }

    fn takes(&mut self) -> bool {
        let mut moved = false;
        let outbox = self.conn.data_to_send(self.now);
        self.peak = self.peak.max(live());
        let mine = live();
        while self.manners.reads && outbox.has_remaining() {
            moved = true;
            let length = outbox.chunk().len();
            self.written += length;
            if self.keeps {
                self.said.extend(self.reader.read(outbox.chunk()));
            }
            outbox.advance(length);
        }
        self.baseline += live() - mine;
        while let Some(event) = self.manners.polls.then(|| self.conn.poll_event()).flatten() {
            moved = true;
            self.told += 1;
            match &event {
                Event::StreamReset { stream, .. } if self.manners.releases => {
                    self.conn.release_stream(*stream);
                }
                Event::DataReceived { stream, data, .. } if self.manners.releases => {
                    let _ = self.conn.acknowledge_received_data(*stream, data.len());
                }
                _ => {}
            }
            // What is kept is a copy: the head of a request that was handed out is no longer the
            // victim's.
            let mine = live();
            self.events.extend(self.keeps.then(|| event.clone()));
            self.baseline += live() - mine;
        }
        moved
    }

    /// Repeats an attack until the connection ends; how often it was borne.
    pub(crate) fn bears(&mut self, most: u32, nth: impl Fn(u32) -> Vec<u8>) -> u32 {
        for n in 0..most {
            self.hears(nth(n));
            if self.is_closed() {
                self.must_be_over();
                return n;
            }
        }
        most
    }

    /// One error GOAWAY, then nothing is consumed.
    pub(crate) fn must_be_over(&mut self) {
        let goodbyes =
            self.said.iter().filter(|f| matches!(f, Frame::GoAway { code, .. } if *code != 0));
        if self.manners.reads && self.keeps {
            assert_eq!(goodbyes.count(), 1, "exactly one error GOAWAY");
        }
        let before = self.input.len();
        self.hears(wire::ping([0; 8]));
        assert_eq!(self.input.len(), before + 17, "nothing is consumed after the end");
    }

    pub(crate) fn resets(&self, code: ErrorCode) -> usize {
        let wanted = u32::from(code);
        let is = |f: &&Frame| matches!(f, Frame::Reset { code, .. } if *code == wanted);
        self.said.iter().filter(is).count()
    }

    pub(crate) fn shown(&self) -> usize {
        self.events.iter().filter(|e| matches!(e, Event::RequestReceived { .. })).count()
    }
}

/// The n-th stream of a client.
pub(crate) fn odd(n: u32) -> u32 {
    2 * n + 1
}

/// A short GET by the static table.
pub(crate) fn get(stream: u32) -> wire::Raw {
    wire::headers_of(stream, &[0x82, 0x87, 0x84, 0x01, 1, b'a']).end_stream()
}

/// The same, with a body to follow.
pub(crate) fn open(stream: u32) -> wire::Raw {
    wire::headers_of(stream, &[0x83, 0x87, 0x84, 0x01, 1, b'a'])
}
