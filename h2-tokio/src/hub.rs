//! What all handles of one connection share: the way to the actor, and what is known of its end.
//!
//! The channel closes when the last of them is gone; that is how the actor learns that nobody
//! needs the connection any more.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::actor::command::{Command, Rare};
use crate::config::{Config, Target};
use crate::convert::Last;
use crate::error::{CloseReason, Error, Outcome};
use crate::exchange::Slot;
use crate::ext::RequestTimeout;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Mutex, MutexGuard};
use crate::watch::{State, StateWatch, Watchers};

/// The way to the actor.
#[derive(Debug)]
pub(crate) struct Hub {
    commands: mpsc::UnboundedSender<Command>,
    pub(crate) shared: Arc<Shared>,
}

/// What outlives the actor.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Where requests go whose URI does not say it.
    pub(crate) target: Target,
    /// How long a request may take that does not say it.
    pub(crate) request_timeout: Option<RequestTimeout>,
    /// Octets of body that a stream may always have waiting.
    pub(crate) room: usize,
    /// Octets that an application reads before the actor hears of it: few enough that the peer
    /// never waits for them.
    pub(crate) report_at: usize,
    /// The client takes what servers push.
    pub(crate) takes_pushes: bool,
    closed: OnceLock<CloseReason>,
    draining: OnceLock<CloseReason>,
    /// How the protocol stood when it ended.
    last: OnceLock<Box<h2_core::Stats>>,
    /// The peer's first SETTINGS have arrived.
    ready: AtomicBool,
    /// `closed`, `ready`, `draining` or `suspect` changed.
    changed: Notify,
    gauges: Gauges,
    watchers: Watchers,
    pub(crate) counters: Counters,
    /// How many slots are worth keeping.
    wanted: AtomicUsize,
    /// Slots of streams that are over, for the next ones.
    spare: Mutex<Vec<Arc<Slot>>>,
    /// What the last messages that were received said.
    said: Mutex<Last>,
}

/// Slots that a busy connection keeps for the streams to come.
const SPARE_SLOTS: usize = 128;

/// Written by the actor once a turn, read by anyone.
#[derive(Debug, Default)]
struct Gauges {
    open: AtomicUsize,
    queued: AtomicUsize,
    free: AtomicUsize,
    /// `u32::MAX` for none.
    peer_limit: AtomicU32,
    draining: AtomicBool,
    suspect: AtomicBool,
}

/// What the actor lets everyone see of a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    pub(crate) open: usize,
    pub(crate) queued: usize,
    pub(crate) free: usize,
    pub(crate) peer_limit: Option<u32>,
    pub(crate) draining: bool,
    pub(crate) suspect: bool,
    pub(crate) peak: usize,
}

/// What was done silently, so that it can be found out.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) stripped_fields: AtomicU64,
    pub(crate) unmappable_requests: AtomicU64,
    pub(crate) dropped_informational: AtomicU64,
    pub(crate) failed_handlers: AtomicU64,
}

/// What a connection did without being asked, counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connection-specific fields that were left out of messages (RFC 9113 §8.2.2).
    pub stripped_fields: u64,
    /// Requests answered with 400, 414 or 431 because the `http` types cannot hold them.
    pub unmappable_requests: u64,
    /// Interim responses that nobody asked for.
    pub dropped_informational: u64,
    /// Handlers of [`serve`](crate::server::serve) that panicked or returned an error.
    pub failed_handlers: u64,
}

/// Both ends of a new channel.
pub(crate) fn pair(config: &Config) -> (Arc<Hub>, mpsc::UnboundedReceiver<Command>) {
    let (commands, receiver) = mpsc::unbounded_channel();
    let shared = Shared {
        target: config.target.clone(),
        request_timeout: config.knobs.request_timeout,
        room: config.core.send_credit.max(1),
        report_at: (config.core.stream_window / 4).max(1) as usize,
        takes_pushes: config.core.enable_push,
        closed: OnceLock::new(),
        draining: OnceLock::new(),
        last: OnceLock::new(),
        ready: AtomicBool::new(false),
        changed: Notify::new(),
        gauges: Gauges { peer_limit: AtomicU32::new(u32::MAX), ..Gauges::default() },
        watchers: Watchers::default(),
        counters: Counters::default(),
        wanted: AtomicUsize::new(0),
        spare: Mutex::new(Vec::new()),
        said: Mutex::new(Last::default()),
    };
    (Arc::new(Hub { commands, shared: Arc::new(shared) }), receiver)
}

impl Hub {
    /// Sends a command, or says why that is too late.
    pub(crate) fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).map_err(|_| self.shared.error(Outcome::NotSent))
    }

    /// Watches the state from here on.
    pub(crate) fn watch(&self) -> StateWatch {
        let states = self.shared.watchers.join(|| self.shared.state());
        // The actor may have looked for watchers just before there was one; it looks again. One
        // that has ended looks no more.
        if self.send(Command::Rare(Box::new(Rare::Publish))).is_err() {
            self.shared.tell();
        }
        StateWatch::new(states, Arc::clone(&self.shared))
    }

    /// Asks the actor to look at a slot. Too late means that the slot was told why already.
    pub(crate) fn look(&self, slot: &Arc<Slot>) {
        let _ = self.commands.send(Command::Look(Arc::clone(slot)));
    }
}

impl Shared {
    fn spare(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty slot.
    pub(crate) fn slot(&self) -> Arc<Slot> {
        self.spare().pop().unwrap_or_default()
    }

    /// Keeps a slot that nobody else has, while there is a use for it.
    pub(crate) fn recycle(&self, mut slot: Arc<Slot>) {
        let wanted = self.wanted.load(Ordering::Relaxed);
        if wanted > 0 && slot.recycle() {
            let mut spare = self.spare();
            if spare.len() < wanted {
                spare.push(slot);
            }
        }
    }

    /// Gives back memory that only a busy connection needs.
    pub(crate) fn trim(&self) {
        self.wanted.store(0, Ordering::Relaxed);
        *self.spare() = Vec::new();
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Last::default();
    }

    /// Does something that is done faster if it is known what the last messages said. Nobody waits
    /// for that knowledge: who cannot have it at once does without.
    pub(crate) fn with_last<T>(&self, convert: impl FnOnce(&mut Last) -> T) -> T {
        match self.said.try_lock() {
            Ok(mut last) => convert(&mut last),
            Err(_) => convert(&mut Last::default()),
        }
    }

    /// Why the connection ended, for something that it cut short.
    pub(crate) fn error(&self, outcome: Outcome) -> Error {
        self.closed.get_or_init(CloseReason::aborted).to_error(outcome)
    }

    pub(crate) fn closed(&self) -> Option<&CloseReason> {
        self.closed.get()
    }

    /// Notes why the connection ended. The first cause stays.
    pub(crate) fn close(&self, reason: CloseReason) -> &CloseReason {
        let reason = self.closed.get_or_init(|| reason);
        self.gauges.draining.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
        reason
    }

    /// Keeps how the protocol stands at its end.
    pub(crate) fn keep_stats(&self, stats: h2_core::Stats) {
        self.last.get_or_init(|| Box::new(stats));
    }

    pub(crate) fn last_stats(&self) -> Option<h2_core::Stats> {
        self.last.get().map(|stats| **stats)
    }

    /// Notes why no more streams are opened. The first cause stays.
    pub(crate) fn drain(&self, why: impl FnOnce() -> CloseReason) {
        self.draining.get_or_init(why);
    }

    pub(crate) fn draining(&self) -> Option<&CloseReason> {
        self.draining.get()
    }

    /// Lets everyone see how the connection stands.
    pub(crate) fn publish(&self, picture: Picture) {
        let Picture { open, queued, free, peer_limit, draining, suspect, peak } = picture;
        self.wanted.store(peak.min(SPARE_SLOTS), Ordering::Relaxed);
        let gauges = &self.gauges;
        gauges.open.store(open, Ordering::Relaxed);
        gauges.queued.store(queued, Ordering::Relaxed);
        gauges.free.store(free, Ordering::Relaxed);
        gauges.peer_limit.store(peer_limit.unwrap_or(u32::MAX), Ordering::Relaxed);
        let of = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if (of(&gauges.draining), of(&gauges.suspect)) != (draining, suspect) {
            gauges.draining.store(draining, Ordering::Relaxed);
            gauges.suspect.store(suspect, Ordering::Relaxed);
            self.changed.notify_waiters();
        }
        self.tell();
    }

    /// Requests that could be opened at once.
    pub(crate) fn free(&self) -> usize {
        self.gauges.free.load(Ordering::Relaxed)
    }

    /// Whether new requests had better come here: it has not ended, does not drain and is not
    /// suspect.
    pub(crate) fn serves(&self) -> bool {
        let of = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        !of(&self.gauges.draining) && !of(&self.gauges.suspect) && self.closed().is_none()
    }

    /// Tells those who watch what is new.
    pub(crate) fn tell(&self) {
        self.watchers.tell(|| self.state());
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(crate) fn set_ready(&self) {
        if !self.ready.swap(true, Ordering::AcqRel) {
            self.changed.notify_waiters();
        }
    }

    /// Waits until `done` says something, asking again after each change.
    pub(crate) async fn until<T>(&self, done: impl Fn(&Self) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Registered before the question is asked, so that no change falls in between.
            changed.as_mut().enable();
            if let Some(answer) = done(self) {
                return answer;
            }
            changed.await;
        }
    }

    pub(crate) fn state(&self) -> State {
        let gauges = &self.gauges;
        let peer_limit = gauges.peer_limit.load(Ordering::Relaxed);
        State {
            open: gauges.open.load(Ordering::Relaxed),
            queued: gauges.queued.load(Ordering::Relaxed),
            free: gauges.free.load(Ordering::Relaxed),
            peer_limit: Some(peer_limit).filter(|limit| *limit < u32::MAX),
            draining: gauges.draining.load(Ordering::Relaxed),
            suspect: gauges.suspect.load(Ordering::Relaxed),
            drain_reason: self.draining.get().cloned(),
            ready: self.is_ready(),
            closed: self.closed().cloned(),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            stripped_fields: counters.stripped_fields.load(Ordering::Relaxed),
            unmappable_requests: counters.unmappable_requests.load(Ordering::Relaxed),
            dropped_informational: counters.dropped_informational.load(Ordering::Relaxed),
            failed_handlers: counters.failed_handlers.load(Ordering::Relaxed),
        }
    }
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        if count > 0 {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }
}
