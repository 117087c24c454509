//! What all clones share: the connections in service, and the line of those that wait for a slot.
//!
//! The lock is held for a look around, never across an await, a wake of a stranger or user code.
//! Slots are counted in one place alone, the core of each connection; here is only a guess at where
//! one may be free.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use h2_core::ErrorCode;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::config::ConnectionsConfig;
use super::line::{Line, Waiting};
use crate::client::{Handle, Permit};
use crate::error::Error;
use crate::watch::State;

/// A connection of this pool, among all that it ever had.
pub(super) type Id = u64;

/// What clones, requests and the keeper share.
#[derive(Debug)]
pub(super) struct Pool {
    floor: Mutex<Floor>,
    /// Wakes the keeper.
    pub(super) wake: Notify,
    /// Everything has ended.
    pub(super) done: CancellationToken,
    pub(super) config: ConnectionsConfig,
}

#[derive(Debug, Default)]
pub(super) struct Floor {
    /// In service, at most as many as the configuration says.
    pub(super) members: Vec<Member>,
    /// Draining or suspect: they get no new requests.
    pub(super) leaving: Vec<(Id, Handle)>,
    /// Attempts under way.
    pub(super) connecting: usize,
    /// Failures since a connection last did its work.
    pub(super) failures: u32,
    pub(super) line: Line,
    pub(super) closing: Option<Closing>,
    /// Where to look first for a free slot, so that equals take turns.
    turn: usize,
}

/// Why no more requests are taken.
#[derive(Clone, Debug)]
pub(super) enum Closing {
    Shutdown,
    /// The last clone was dropped.
    Deserted,
    Fatal(Error),
}

/// A connection in service.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: Id,
    pub(super) handle: Handle,
    /// A request over it was answered.
    pub(super) proved: Arc<AtomicBool>,
    /// The keeper has seen that.
    pub(super) credited: bool,
    /// Callers that asked it for a slot and have no answer yet.
    asked: usize,
    /// Slots that the keeper asked it for.
    pub(super) reserving: usize,
    /// It said that it has no free slot, and has not given one since.
    pub(super) full: bool,
    /// It said that it takes no more, which everybody will see in a moment.
    pub(super) lost: bool,
}

impl Member {
    pub(super) fn new(id: Id, handle: Handle) -> Self {
        let (proved, credited) = (Arc::default(), false);
        let (asked, reserving, full, lost) = (0, 0, false, false);
        Self { id, handle, proved, credited, asked, reserving, full, lost }
    }

    fn free(&self) -> usize {
        self.handle.shared().free().saturating_sub(self.asked)
    }
}

/// A slot that is held.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) permit: Permit,
    pub(super) id: Id,
    proved: Arc<AtomicBool>,
}

impl Held {
    pub(super) fn new(permit: Permit, id: Id, proved: &Arc<AtomicBool>) -> Self {
        Self { permit, id, proved: Arc::clone(proved) }
    }

    /// Whether its connection still serves.
    pub(super) fn serves(&self) -> bool {
        self.permit.hub().shared.serves()
    }

    /// The permit, and what notes that its connection does its work.
    pub(super) fn into_parts(self) -> (Permit, Id, Arc<AtomicBool>) {
        (self.permit, self.id, self.proved)
    }
}

enum Found {
    Ask(Ask),
    Wait(Place),
}

impl Pool {
    pub(super) fn new(config: ConnectionsConfig) -> Self {
        let (wake, done) = (Notify::new(), CancellationToken::new());
        Self { floor: Mutex::default(), wake, done, config }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Floor> {
        // Nothing that can panic happens under the lock.
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot, preferably not of the connection `not`.
    pub(super) async fn reserve(
        self: Arc<Self>,
        not: Option<Id>,
        patient: bool,
    ) -> Result<Held, Error> {
        let mut tried = Vec::new();
        loop {
            match self.find(not, patient, &tried)? {
                Found::Ask(ask) => match ask.handle.try_reserve().await {
                    Ok(permit) => return Ok(Held::new(permit, ask.id, &ask.proved)),
                    Err(_) => tried.push(ask.id),
                },
                Found::Wait(mut place) => {
                    let answer = (&mut place.answered).await;
                    return answer.unwrap_or_else(|_| Err(self.closed_error()));
                }
            }
        }
    }

    /// Looks for the connection with the most free slots; if there is none, goes to the line.
    fn find(
        self: &Arc<Self>,
        not: Option<Id>,
        patient: bool,
        tried: &[Id],
    ) -> Result<Found, Error> {
        let mut floor = self.lock();
        if let Some(closing) = &floor.closing {
            return Err(closing.error());
        }
        if let Some(at) = floor.best(not, tried) {
            floor.turn = at + 1;
            if let Some(member) = floor.members.get_mut(at) {
                member.asked += 1;
                return Ok(Found::Ask(Ask {
                    pool: Arc::clone(self),
                    id: member.id,
                    handle: member.handle.clone(),
                    proved: Arc::clone(&member.proved),
                }));
            }
        }
        // One who waits patiently stands for a clone, and there are as many as the user makes.
        if !patient && floor.line.len() >= self.config.max_waiting {
            return Err(Error::queue_full());
        }
        let (answer, answered) = oneshot::channel();
        floor.line.push(Waiting { not, patient, answer });
        drop(floor);
        self.wake.notify_one();
        Ok(Found::Wait(Place { pool: Arc::clone(self), answered }))
    }

    /// Takes no more requests. Those in line hear of it; what is connected finishes its streams,
    /// within `drain` if that is given.
    pub(super) fn close(&self, closing: Closing, drain: Option<Duration>) {
        let mut floor = self.lock();
        let closing = floor.closing.get_or_insert(closing).clone();
        let line = floor.line.dismiss(true);
        let members = floor.members.iter().map(|member| &member.handle);
        let all = members.chain(floor.leaving.iter().map(|(_, handle)| handle));
        let handles: Vec<Handle> = all.cloned().collect();
        drop(floor);
        for handle in handles {
            match drain {
                Some(drain) => handle.shutdown_within(drain),
                None => handle.shutdown(),
            }
        }
        self.dismiss(line, &closing.error());
        self.wake.notify_one();
    }

    /// Nobody is left who could make a request; those under way keep their connections.
    pub(super) fn desert(&self) {
        self.lock().closing.get_or_insert(Closing::Deserted);
        self.wake.notify_one();
    }

    /// Tells those who were in line that they get nothing.
    pub(super) fn dismiss(&self, line: Vec<Waiting>, error: &Error) {
        for waiting in line {
            if waiting.answer.send(Err(error.clone())).is_err() {
                self.lock().line.missed();
            }
        }
    }

    pub(super) fn closed_error(&self) -> Error {
        self.lock().closing.as_ref().unwrap_or(&Closing::Shutdown).error()
    }
}

impl Closing {
    fn error(&self) -> Error {
        match self {
            Self::Shutdown | Self::Deserted => Error::given_up(ErrorCode::NO_ERROR),
            Self::Fatal(error) => error.clone(),
        }
    }
}

impl Floor {
    /// The connection with the most free slots, if there is one that may be asked and nobody has
    /// waited for longer.
    fn best(&self, not: Option<Id>, tried: &[Id]) -> Option<usize> {
        if self.line.len() > 0 {
            return None;
        }
        let count = self.members.len();
        let mut best = None;
        for at in (0..count).map(|step| (self.turn + step) % count) {
            let Some(member) = self.members.get(at) else { continue };
            let refused = not == Some(member.id) && count > 1;
            let free = member.free();
            let more = best.is_none_or(|(most, _)| free > most);
            if free > 0 && more && !refused && !tried.contains(&member.id) {
                best = Some((free, at));
            }
        }
        best.map(|(_, at)| at)
    }

    pub(super) fn member(&mut self, id: Id) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// How the connections stand: those in service, and those that are leaving.
    pub(super) fn states(&self) -> (Vec<State>, Vec<State>) {
        let members = self.members.iter().map(|member| member.handle.state()).collect();
        let leaving = self.leaving.iter().map(|(_, handle)| handle.state()).collect();
        (members, leaving)
    }
}

/// A caller that asks a connection for a slot.
struct Ask {
    pool: Arc<Pool>,
    id: Id,
    handle: Handle,
    proved: Arc<AtomicBool>,
}

impl Drop for Ask {
    fn drop(&mut self) {
        if let Some(member) = self.pool.lock().member(self.id) {
            member.asked = member.asked.saturating_sub(1);
        }
    }
}

/// A place in line. Dropped before it was answered, it is left.
struct Place {
    pool: Arc<Pool>,
    answered: oneshot::Receiver<Result<Held, Error>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.answered.is_terminated() {
            return;
        }
        self.answered.close();
        // From here on it is answered no more; a slot that had come goes back.
        if self.answered.try_recv().is_err() {
            self.pool.lock().line.leave();
        }
    }
}

/// Notes that a connection did its work.
pub(super) fn prove(proved: &AtomicBool) {
    // Read first: the line of memory is shared by all requests of the connection.
    if !proved.load(Ordering::Relaxed) {
        proved.store(true, Ordering::Relaxed);
    }
}
