//! The stage of the matrix: one connection against a peer of hand-made frames, and on it one task
//! that waits for one thing.

use std::any::Any;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use h2_tests::wire::{self, Wire};
use h2_tokio::client::Connections;
use h2_tokio::server::CancellationToken;
use h2_tokio::{CloseReason, Error, ErrorCode, Outcome, Reason, Scope, client, server};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::advance;

use crate::faulty::{Fault, Switch};
use crate::matrix::{Cause, Site};

/// Octets that the pipe holds: more than any scene writes, for its peer never reads.
const PIPE: usize = 4 * 1024 * 1024;

/// The time of a request that has one.
pub(crate) const TIME: Duration = Duration::from_secs(5);

/// What was at the end of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What it waited for, or a clean end.
    Clean,
    /// Scope, reason, code, and how far the request had come.
    Error(Scope, Kind, ErrorCode, Option<Outcome>),
}

/// A [`Reason`] without what it carries, where that is not for the adapter to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Violation,
    Exactly(Reason),
}

impl Kind {
    fn of(reason: &Reason) -> Self {
        match reason {
            Reason::Violation(_) => Self::Violation,
            other => Self::Exactly(other.clone()),
        }
    }
}

/// How often tasks ran from a cause to the end of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    connection: usize,
    wait: usize,
}

impl Turn {
    /// Whether nothing ran that need not have. Between a connection and what waits on a pool stands
    /// the task of the pool; while that runs, the connection may run again for others.
    pub(crate) fn is_least(self, site: Site) -> bool {
        (self.connection <= 1 || site.is_of_pool()) && self.wait == 1
    }
}

/// Counts how often tasks run.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    async fn runs_of<T>(self, task: impl Future<Output = T>) -> T {
        let mut task = pin!(task);
        std::future::poll_fn(|cx| {
            self.0.fetch_add(1, Ordering::Relaxed);
            task.as_mut().poll(cx)
        })
        .await
    }
}

impl Told {
    pub(crate) fn error(error: &Error) -> Self {
        let kind = Kind::of(error.reason());
        Self::Error(error.scope(), kind, error.code(), Some(error.outcome()))
    }

    pub(crate) fn result<T>(result: Result<T, Error>) -> Self {
        result.map_or_else(|error| Self::error(&error), |_| Self::Clean)
    }

    pub(crate) fn close(reason: &CloseReason) -> Self {
        Self::Error(Scope::Connection, Kind::of(reason.reason()), reason.code(), None)
    }
}

/// A connection, its peer, and a task that waits.
pub(crate) struct Scene {
    pub(crate) peer: DuplexStream,
    pub(crate) switch: Switch,
    /// Whether requests have a time.
    pub(crate) timed: bool,
    /// The task of the connection, unless the library spawned it itself.
    driver: Option<JoinHandle<CloseReason>>,
    wait: Option<JoinHandle<(Told, Turn)>>,
    /// How often the connection's task has run, and what waits, since the last cause.
    counts: [Count; 2],
    pub(crate) handle: Option<Handle>,
    /// Both ends of another stream.
    pub(crate) sibling: Option<Box<dyn Any + Send>>,
    /// What must outlive the wait.
    kept: Vec<Box<dyn Any + Send>>,
}

pub(crate) enum Handle {
    Client(client::Handle),
    Server(server::Handle),
    Pool(Connections),
    /// What stops a whole server.
    Stop(CancellationToken),
}

impl Scene {
    /// Sets the stage for the wait at this site, which this cause is to end.
    pub(crate) async fn set(site: Site, cause: Cause) -> Self {
        let (ours, peer) = duplex(PIPE);
        let switch = Switch::default();
        let io = switch.on(ours);
        let mut scene = Self {
            peer,
            switch,
            timed: cause == Cause::Deadline,
            driver: None,
            wait: None,
            counts: Default::default(),
            handle: None,
            sibling: None,
            kept: Vec::new(),
        };
        match site {
            _ if site.is_of_client() => scene.client(site, io).await,
            _ if site.is_of_pool() => scene.pool(site, io).await,
            _ if site.is_of_server() => scene.whole_server(site, io).await,
            _ => scene.server(site, io).await,
        }
        settle().await;
        assert!(!scene.wait.as_ref().unwrap().is_finished(), "{site:?} does not wait");
        scene
    }

    pub(crate) fn drives(&mut self, driver: impl Future<Output = CloseReason> + Send + 'static) {
        self.driver = Some(tokio::spawn(self.counts[0].clone().runs_of(driver)));
    }

    pub(crate) fn waits(&mut self, wait: impl Future<Output = Told> + Send + 'static) {
        let [connection, runs] = self.counts.clone();
        let wait = runs.clone().runs_of(wait);
        self.wait = Some(tokio::spawn(async move {
            let told = wait.await;
            (told, Turn { connection: connection.get(), wait: runs.get() })
        }));
    }

    pub(crate) fn keeps(&mut self, what: impl Any + Send) {
        self.kept.push(Box::new(what));
    }

    pub(crate) async fn says(&mut self, what: impl Wire) {
        self.peer.write_all(&what.octets()).await.unwrap();
    }

    /// Lets it happen.
    pub(crate) async fn strike(&mut self, cause: Cause, site: Site) {
        self.counts_from_here();
        match cause {
            Cause::Reset(code) => self.says(wire::rst(3, code)).await,
            Cause::EndStream if site.awaits_head() => self.says(wire::ok(3).end_stream()).await,
            Cause::EndStream => {
                if site.is_of_client() && !site.has_head() {
                    self.says(wire::ok(3)).await;
                }
                self.says(wire::data_of(3, 0).end_stream()).await;
            }
            Cause::GoAway { last } => {
                self.says(wire::goaway(last, ErrorCode::NO_ERROR, b"")).await;
            }
            Cause::Violation => self.says(wire::data_of(0, 1)).await,
            Cause::Eof => self.peer.shutdown().await.unwrap(),
            Cause::Io(fault) => self.breaks(fault, site).await,
            Cause::Close => match self.handle.as_ref().unwrap() {
                Handle::Client(handle) => handle.close(ErrorCode::CANCEL),
                Handle::Server(handle) => handle.close(ErrorCode::CANCEL),
                Handle::Pool(pool) => pool.shutdown(),
                Handle::Stop(stop) => stop.cancel(),
            },
            Cause::SiblingCancelled => self.sibling = None,
            Cause::Deadline => advance(TIME).await,
            Cause::LastHandle => self.handle = None,
            Cause::DriverDropped => self.driver.as_ref().unwrap().abort(),
        }
    }

    async fn breaks(&mut self, fault: Fault, site: Site) {
        self.switch.turn(fault);
        // An answer that is due makes the transport show it.
        if fault == Fault::Write || fault == Fault::Stall && !site.begins() {
            if site == Site::ServerReady {
                self.says(wire::preface()).await;
            }
            self.says((wire::settings(&[]), wire::ping([7; 8]))).await;
        }
        if fault == Fault::Stall {
            settle().await;
            self.counts_from_here();
            advance(Duration::from_secs(31)).await;
        }
    }

    /// Ends whatever still waits.
    pub(crate) async fn end(&mut self, site: Site) {
        self.counts_from_here();
        if site.is_of_pool() || site.is_of_server() {
            self.strike(Cause::Close, site).await;
        }
        if site.is_of_server() {
            // The time to drain is over, and that to linger.
            settle().await;
            advance(Duration::from_secs(3_600)).await;
            settle().await;
            advance(Duration::from_secs(2)).await;
        } else {
            self.strike(Cause::DriverDropped, site).await;
        }
    }

    fn counts_from_here(&self) {
        for count in &self.counts {
            count.0.store(0, Ordering::Relaxed);
        }
    }

    /// Gives way once, and takes what the wait has come to.
    pub(crate) async fn outcome(&mut self) -> Option<(Told, Turn)> {
        tokio::task::yield_now().await;
        let wait = self.wait.take_if(|wait| wait.is_finished())?;
        Some(wait.await.unwrap())
    }

    /// Lets go of everything, and waits until the connection is gone.
    pub(crate) async fn clear(self) {
        let Self { peer, driver, wait, handle, sibling, kept, .. } = self;
        if let Some(wait) = wait {
            wait.abort();
        }
        drop((handle, sibling, kept));
        settle().await;
        // A peer that neither answers nor hangs up is waited for no longer than the drain takes.
        advance(Duration::from_secs(31)).await;
        settle().await;
        advance(Duration::from_secs(2)).await;
        settle().await;
        drop((peer, driver));
    }
}

/// Tasks that are alive.
pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Lets all tasks run as long as they have something to do.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}
