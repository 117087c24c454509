//! The task that keeps the connections: it opens them when they are needed, takes those out that
//! drain, are suspect or dead, and gives slots to the line.
//!
//! Requests pass it by as long as a connection has a free slot, so it is no bottleneck.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use h2_core::{ErrorCode, Misuse};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::connect::ConnectError;
use super::floor::{Closing, Floor, Held, Id, Member, Pool};
use super::pauses::Pauses;
use crate::client::{Handle, Permit};
use crate::error::{CloseReason, Error, Origin, Reason};
use crate::trace;
use crate::watch::State;

/// Requests in line for which one more connection is opened: what a server that follows the advice
/// of RFC 9113 §6.5.2 takes at once.
const REQUESTS_A_CONNECTION: usize = 100;

/// Slots that the line waits for on one connection at a time.
const MOST_RESERVES: usize = 16;

/// When a connection whose own line is full is asked again. It is full of others' requests, or has
/// no room by its configuration.
const ASK_AGAIN: Duration = Duration::from_millis(10);

type Attempt = AbortOnDropHandle<Result<Handle, ConnectError>>;

pub(super) struct Keeper<C> {
    pool: Arc<Pool>,
    connector: Arc<C>,
    attempts: FuturesUnordered<Attempt>,
    /// Everything else that is waited for.
    tasks: FuturesUnordered<BoxFuture<'static, News>>,
    pauses: Pauses,
    /// No attempt begins before.
    not_before: Option<Instant>,
    /// When to look again.
    alarm: Option<Instant>,
    /// Connections to be replaced though nobody waits for them.
    spare: usize,
    next_id: Id,
}

enum News {
    /// A connection serves no more.
    Left(Id),
    /// A connection that was out of service has ended, or serves again.
    Settled(Id),
    Granted(Id, Permit),
    Full(Id),
    Lost(Id),
    Attempted(Result<Handle, ConnectError>),
}

impl<C, Fut> Keeper<C>
where
    C: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handle, ConnectError>> + Send + 'static,
{
    pub(super) fn new(pool: Arc<Pool>, connector: C) -> Self {
        let (first, longest) = pool.config.pauses;
        let pauses = Pauses::new(first, longest, pool.config.seed_or_random());
        Self {
            pool,
            connector: Arc::new(connector),
            attempts: FuturesUnordered::new(),
            tasks: FuturesUnordered::new(),
            pauses,
            not_before: None,
            alarm: None,
            spare: 0,
            next_id: 0,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.plan() {
            match self.news().await {
                Some(News::Left(id)) => self.bench(id),
                Some(News::Settled(id)) => self.settle(id),
                Some(News::Granted(id, permit)) => self.grant(id, permit),
                Some(News::Full(id)) => self.note(id, |member| member.full = true),
                // What is lost to all is told by `Left` as well.
                Some(News::Lost(id)) => self.note(id, |member| member.lost = true),
                Some(News::Attempted(Ok(handle))) => self.join(handle),
                Some(News::Attempted(Err(error))) => self.fail(error),
                None => {}
            }
        }
    }

    /// What happens next; `None` to look at what is due.
    async fn news(&mut self) -> Option<News> {
        let mut woken = pin!(self.pool.wake.notified());
        let mut alarm = pin!(self.alarm.take().map(sleep_until));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(Some(attempt)) = self.attempts.poll_next_unpin(cx) {
                // One that panicked is one that failed.
                let result = attempt.unwrap_or_else(|panicked| Err(ConnectError::new(panicked)));
                return Poll::Ready(Some(News::Attempted(result)));
            }
            if let Poll::Ready(Some(news)) = self.tasks.poll_next_unpin(cx) {
                return Poll::Ready(Some(news));
            }
            let rings = alarm.as_mut().as_pin_mut().is_some_and(|alarm| alarm.poll(cx).is_ready());
            if woken.as_mut().poll(cx).is_ready() || rings {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// Begins what is due, and says whether everything is over.
    fn plan(&mut self) -> bool {
        let pool = Arc::clone(&self.pool);
        let mut floor = pool.lock();
        match floor.closing {
            None => {
                self.ask_for_line(&mut floor);
                self.connect(&mut floor);
                false
            }
            Some(Closing::Deserted) => true,
            Some(Closing::Shutdown | Closing::Fatal(_)) => {
                self.attempts.clear();
                floor.connecting = 0;
                floor.members.is_empty() && floor.leaving.is_empty()
            }
        }
    }

    /// Asks each connection for as many slots as the line would take of it.
    fn ask_for_line(&self, floor: &mut Floor) {
        let Floor { members, line, .. } = floor;
        let count = members.len();
        for member in members.iter_mut().filter(|member| !member.lost) {
            let wanted = line.count_for(member.id, count, MOST_RESERVES);
            while member.reserving < wanted {
                member.reserving += 1;
                self.tasks.push(ask(member.id, member.handle.clone(), member.full).boxed());
            }
        }
    }

    /// Opens connections if all are full and some wait, or if some are to be replaced; after a
    /// failure not before its pause is over, and only one.
    fn connect(&mut self, floor: &mut Floor) {
        self.credit(floor);
        let full = floor.members.iter().all(|member| member.full || member.lost);
        let wanted = if full { floor.line.len().div_ceil(REQUESTS_A_CONNECTION) } else { 0 };
        let room = self.pool.config.most.saturating_sub(floor.members.len());
        let most = if floor.failures > 0 { room.min(1) } else { room };
        let wanted = wanted.max(self.spare).min(most);
        if floor.connecting >= wanted {
            return;
        }
        if let Some(at) = self.not_before.filter(|at| *at > Instant::now()) {
            self.alarm = Some(at);
            return;
        }
        while floor.connecting < wanted {
            floor.connecting += 1;
            let (connector, time) = (Arc::clone(&self.connector), self.pool.config.connect_timeout);
            let attempt = tokio::spawn(async move { attempt(&*connector, time).await });
            self.attempts.push(AbortOnDropHandle::new(attempt));
        }
    }

    /// Takes a connection into service.
    fn join(&mut self, handle: Handle) {
        self.spare = self.spare.saturating_sub(1);
        let id = self.next_id;
        self.next_id += 1;
        let mut floor = self.pool.lock();
        floor.connecting = floor.connecting.saturating_sub(1);
        // One that was given up may have come back meanwhile; then this one is not needed.
        if floor.closing.is_some() || floor.members.len() >= self.pool.config.most {
            drop(floor);
            drop(handle);
            return;
        }
        self.tasks.push(left(id, &handle));
        floor.members.push(Member::new(id, handle));
    }

    /// Notes that there was no connection to be had, and tells those who wait when that has gone on
    /// for too long, or will for ever.
    fn fail(&mut self, error: ConnectError) {
        self.spare = 0;
        let fatal = error.is_fatal();
        let error = Error::connect(error.into_source());
        let pool = Arc::clone(&self.pool);
        let mut floor = pool.lock();
        floor.connecting = floor.connecting.saturating_sub(1);
        if fatal {
            drop(floor);
            trace::warn!(%error, "no connection, and no other attempt");
            return pool.close(Closing::Fatal(error), None);
        }
        self.credit(&mut floor);
        self.back_off(&mut floor);
        let failures = floor.failures;
        let hopeless = failures >= pool.config.give_up_after && floor.members.is_empty();
        let line = if hopeless { floor.line.dismiss(false) } else { Vec::new() };
        drop(floor);
        trace::debug!(%error, failures, "no connection");
        pool.dismiss(line, &error);
    }

    /// Connections that did their work since the last look end what failed before.
    fn credit(&mut self, floor: &mut Floor) {
        let news = |member: &&mut Member| !member.credited && member.proved.load(Ordering::Relaxed);
        for member in floor.members.iter_mut().filter(news) {
            member.credited = true;
            floor.failures = 0;
            self.not_before = None;
        }
    }

    fn back_off(&mut self, floor: &mut Floor) {
        floor.failures = floor.failures.saturating_add(1);
        self.not_before = Instant::now().checked_add(self.pauses.after(floor.failures));
    }

    /// Takes a connection out of service. It is replaced at once if there was work on it.
    fn bench(&mut self, id: Id) {
        let pool = Arc::clone(&self.pool);
        let mut floor = pool.lock();
        self.credit(&mut floor);
        let Some(at) = floor.members.iter().position(|member| member.id == id) else { return };
        let member = floor.members.swap_remove(at);
        let state = member.handle.state();
        let cut = state.closed.as_ref().is_some_and(|reason| reason.streams_cut() > 0);
        if state.open > 0 || cut || state.suspect {
            self.spare = (self.spare + 1).min(pool.config.most);
        }
        // It was there, but it was of no use: a peer that takes connections only to end them is not
        // called without a pause. Neither is one that asks for calm.
        if !member.credited || asks_for_calm(&state) {
            self.back_off(&mut floor);
        }
        self.tasks.push(settled(id, &member.handle));
        floor.leaving.push((id, member.handle));
    }

    /// Forgets a connection that has ended; takes one back that lives again, if it has a place.
    fn settle(&self, id: Id) {
        let mut floor = self.pool.lock();
        let Some(at) = floor.leaving.iter().position(|(leaving, _)| *leaving == id) else { return };
        let (_, handle) = floor.leaving.swap_remove(at);
        let open = floor.closing.is_none() && floor.members.len() < self.pool.config.most;
        if !open || handle.is_closed() {
            drop(floor);
            // What is open on it goes on without this handle.
            drop(handle);
            return;
        }
        self.tasks.push(left(id, &handle));
        floor.members.push(Member::new(id, handle));
    }

    /// Gives a slot to the first in line who takes it; it goes back if there is nobody.
    fn grant(&self, id: Id, permit: Permit) {
        let mut floor = self.pool.lock();
        let Some(member) = floor.member(id) else {
            drop(floor);
            return drop(permit);
        };
        member.reserving = member.reserving.saturating_sub(1);
        if member.reserving == 0 {
            member.full = false;
        }
        let mut slot = Held::new(permit, id, &member.proved);
        loop {
            let count = floor.members.len();
            let waiting = floor.line.take_for(id, count);
            drop(floor);
            let Some(waiting) = waiting else { return drop(slot) };
            match waiting.answer.send(Ok(slot)) {
                Err(Ok(back)) => slot = back,
                Ok(()) | Err(Err(_)) => return,
            }
            floor = self.pool.lock();
            floor.line.missed();
        }
    }

    fn note(&self, id: Id, note: impl FnOnce(&mut Member)) {
        if let Some(member) = self.pool.lock().member(id) {
            member.reserving = member.reserving.saturating_sub(1);
            note(member);
        }
    }
}

impl<C> Drop for Keeper<C> {
    fn drop(&mut self) {
        let mut floor = self.pool.lock();
        floor.closing.get_or_insert(Closing::Shutdown);
        let members = std::mem::take(&mut floor.members);
        let leaving = std::mem::take(&mut floor.leaving);
        let line = floor.line.dismiss(true);
        drop(floor);
        drop((members, leaving, line));
        self.pool.done.cancel();
    }
}

fn asks_for_calm(state: &State) -> bool {
    let reasons = [&state.drain_reason, &state.closed];
    let by_peer = |reason: &CloseReason| reason.origin() == Origin::Peer;
    let calm = |reason: &CloseReason| reason.code() == ErrorCode::ENHANCE_YOUR_CALM;
    reasons.into_iter().flatten().any(|reason| calm(reason) && by_peer(reason))
}

/// Asks a connection for a slot, in its line if it is known to have none free.
async fn ask(id: Id, handle: Handle, wait: bool) -> News {
    let answer = if wait { handle.reserve().await } else { handle.try_reserve().await };
    let error = match answer {
        Ok(permit) => return News::Granted(id, permit),
        Err(error) => error,
    };
    let line_full = *error.reason() == Reason::QueueFull;
    if line_full {
        sleep(ASK_AGAIN).await;
    }
    let full = matches!(error.reason(), Reason::Misuse(Misuse::NoSlot) | Reason::Suspect);
    if line_full || full { News::Full(id) } else { News::Lost(id) }
}

/// A connection whose peer has said its SETTINGS: it speaks HTTP/2, and its limit is known.
async fn attempt<C, Fut>(connector: &C, time: Duration) -> Result<Handle, ConnectError>
where
    C: Fn() -> Fut,
    Fut: Future<Output = Result<Handle, ConnectError>>,
{
    let ready = async {
        let handle = connector().await?;
        handle.ready().await?;
        Ok(handle)
    };
    let late = |_| {
        let text = format!("no connection within {time:?}");
        Err(ConnectError::new(io::Error::new(io::ErrorKind::TimedOut, text)))
    };
    timeout(time, ready).await.unwrap_or_else(late)
}

/// Waits until a connection serves no more. It does not keep it open.
fn left(id: Id, handle: &Handle) -> BoxFuture<'static, News> {
    let shared = Arc::clone(handle.shared());
    async move { shared.until(|shared| (!shared.serves()).then_some(News::Left(id))).await }.boxed()
}

/// Waits until a connection that is out of service has ended, or serves again.
fn settled(id: Id, handle: &Handle) -> BoxFuture<'static, News> {
    let shared = Arc::clone(handle.shared());
    let settled = move |shared: &crate::hub::Shared| shared.closed().is_some() || shared.serves();
    async move { shared.until(|shared| settled(shared).then_some(News::Settled(id))).await }.boxed()
}
