//! The one task that owns a connection and its transport.
//!
//! This room keeps one promise: it never waits for a consumer. A poll takes commands, reads,
//! delivers what was read, cuts and writes, and goes round until nothing moves; then it waits for
//! all of them at once.

mod apply;
mod close;
pub(crate) mod command;
mod deliver;
pub(crate) mod due;
mod entry;
mod line;
mod patience;
mod promise;
mod timer;
mod transport;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2_core::{Connection, ErrorCode, Event, RequestHead, StreamId, StreamMap};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, mpsc, oneshot};

use self::command::Command;
use self::due::Dues;
use self::entry::Entry;
use self::line::Line;
use self::patience::Patience;
use self::timer::Alarm;
use self::transport::Transport;
use crate::config::Config;
use crate::error::{CloseReason, Error, Reason};
use crate::hub::{Picture, Shared};

/// Rounds of one poll, so that a busy connection leaves room for other tasks.
const ROUNDS: usize = 16;

/// How long a connection is idle before it gives back its memory.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Octets of bodies after which their readers get their turn: those of a block, so that it can be
/// used again while it is warm.
const SERVING: usize = 64 * 1024;

/// Events of one turn from which on the connection is crowded: the next turn will read as much, and
/// the memory for it is kept. Taking it anew each time cost a client 200 instructions a request.
const CROWD: usize = 16;

/// Reads from a transport that takes no more writes.
const LAST_READS: usize = 64;

/// A request that a client opened.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) stream: StreamId,
    pub(crate) head: RequestHead,
    /// It has no body.
    pub(crate) end: bool,
}

/// Who takes the requests of a connection.
pub(crate) trait Accept {
    /// A request has come.
    fn accept(&mut self, engine: &mut Engine, inbound: Inbound);

    /// A stream was reset. A request that was not begun yet never will be, and gives back the stream
    /// that it was given.
    fn forget(&mut self, engine: &mut Engine, stream: StreamId);

    /// Goes on with what waits, and says whether anything moved.
    fn poll(&mut self, engine: &mut Engine, cx: &mut Context<'_>) -> bool;

    /// Whether more answers are about to come, so that writing had better wait for them.
    fn is_busy(&self) -> bool;

    /// Gives back memory that only a busy connection needs.
    fn trim(&mut self) {}

    /// No more requests will come. So it is too when this is dropped.
    fn closed(&mut self);
}

/// A client takes no requests.
#[derive(Debug)]
pub(crate) struct NoRequests;

impl Accept for NoRequests {
    fn accept(&mut self, engine: &mut Engine, inbound: Inbound) {
        engine.refuse(inbound.stream);
    }

    fn forget(&mut self, _: &mut Engine, _: StreamId) {}

    fn poll(&mut self, _: &mut Engine, _: &mut Context<'_>) -> bool {
        false
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn closed(&mut self) {}
}

/// A PING of the application.
#[derive(Debug)]
struct Ping {
    asked: Instant,
    answer: oneshot::Sender<Result<Duration, Error>>,
}

/// The protocol and everything that handles wait for; it knows no transport.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) conn: Connection,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Commands of one batch; empty between batches.
    batch: Vec<Command>,
    shared: Arc<Shared>,
    /// The streams that somebody here still has to do with.
    entries: StreamMap<Entry>,
    line: Line,
    dues: Dues,
    /// PINGs of the application that wait for their answer.
    pings: HashMap<[u8; 8], Ping>,
    next_ping: u64,
    /// Those who want to hear what belongs to no request.
    observers: Vec<broadcast::Sender<Event>>,
    /// Requests whose caller waits until their heads are written.
    beginning: VecDeque<StreamId>,
    /// Streams whose sender waits for a flush.
    flushing: Vec<StreamId>,
    /// Streams that may be given no more interim responses until those before are written.
    crowded: Vec<StreamId>,
    patience: Patience,
    /// Octets of bodies that came in this turn.
    served: usize,
    /// Octets that all streams together may have waiting beyond what each may always have.
    pool: usize,
    is_client: bool,
    /// The peer's first octets were those of an HTTP/1 response.
    http1: bool,
    /// Streams at once, at most, since memory was last given back.
    peak: usize,
    /// No handle and no stream is left.
    deserted: bool,
    /// Why the connection ended.
    closed: Option<CloseReason>,
    began: Instant,
    /// The present, as of the start of this poll.
    pub(crate) now: Instant,
}

impl Engine {
    pub(crate) fn client(
        config: &Config,
        commands: mpsc::UnboundedReceiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        let now = now();
        let conn = Connection::client(config.seeded_core(), now);
        Self::new(conn, config, commands, shared, now, true)
    }

    pub(crate) fn server(
        config: &Config,
        commands: mpsc::UnboundedReceiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        let now = now();
        let conn = Connection::server(config.seeded_core(), now);
        Self::new(conn, config, commands, shared, now, false)
    }

    fn new(
        mut conn: Connection,
        config: &Config,
        commands: mpsc::UnboundedReceiver<Command>,
        shared: Arc<Shared>,
        now: Instant,
        is_client: bool,
    ) -> Self {
        conn.set_frame_tap(config.tap());
        Self {
            conn,
            commands,
            batch: Vec::new(),
            shared,
            entries: StreamMap::with_secret(RandomState::new().hash_one(0)),
            line: Line::new(config.knobs.max_queued),
            dues: Dues::default(),
            pings: HashMap::new(),
            next_ping: 0,
            observers: Vec::new(),
            beginning: VecDeque::new(),
            flushing: Vec::new(),
            crowded: Vec::new(),
            patience: Patience::default(),
            served: 0,
            pool: config.core.send_pool,
            is_client,
            http1: false,
            peak: 0,
            deserted: false,
            closed: None,
            began: now,
            now,
        }
    }

    /// Says no to a request that nobody will begin.
    pub(crate) fn refuse(&mut self, stream: StreamId) {
        self.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
        self.conn.release_stream(stream);
    }

    /// Whether no stream is open and nobody waits for one.
    fn is_idle(&self) -> bool {
        let open = self.conn.open_outbound_streams() + self.conn.open_inbound_streams();
        open == 0 && self.entries.is_empty() && self.line.len() == 0
    }

    /// Gives back memory that only a busy connection needs.
    fn trim(&mut self) {
        self.conn.trim();
        self.shared.trim();
        self.peak = 0;
        self.entries.shrink_to_fit();
        self.line.trim();
        self.dues.trim();
        self.batch = Vec::new();
        self.beginning = VecDeque::new();
        self.flushing = Vec::new();
        self.crowded = Vec::new();
    }

    fn open_streams(&self) -> usize {
        self.conn.open_outbound_streams() + self.conn.open_inbound_streams()
    }

    /// Lets everyone see how the connection stands, before anyone in line is told.
    fn publish(&mut self) {
        let conn = &self.conn;
        let draining = conn.is_draining();
        let suspect = conn.is_suspect();
        let takes = self.is_client && !draining && !suspect;
        let free = if takes { conn.free_slots() } else { 0 };
        if draining && !self.line.is_over() {
            self.line.end();
            // A rule of this side's own began it.
            self.shared.drain(|| {
                CloseReason::retired(match conn.retired_by() {
                    Some(rule) => rule,
                    None if conn.is_used_up() => &h2_core::Origin::NoMoreStreamIds,
                    None => &h2_core::Origin::Local,
                })
            });
        }
        self.shared.publish(Picture {
            open: self.open_streams(),
            queued: self.line.len(),
            free,
            peer_limit: conn.remote_settings().max_concurrent_streams,
            draining,
            suspect,
            peak: self.peak,
        });
        if draining {
            self.dismiss_line();
        }
    }
}

/// The task itself.
pub(crate) struct Actor<IO, A> {
    engine: Engine,
    transport: Transport<IO>,
    accept: A,
    alarm: Alarm,
    /// Other tasks should run before this one goes on.
    yields: bool,
    /// When a connection that is idle gives back its memory.
    trim_at: Option<Instant>,
}

impl<IO, A> Actor<IO, A>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    A: Accept,
{
    pub(crate) fn new(io: IO, engine: Engine, accept: A) -> Self {
        let transport = Transport::new(io);
        Self { engine, transport, accept, alarm: Alarm::default(), yields: false, trim_at: None }
    }

    /// Runs the connection; ready when it is over and the transport is closed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.engine.now = now();
        self.engine.served = 0;
        let mut busy = false;
        for _ in 0..ROUNDS {
            let moved = match &self.engine.closed {
                None => self.run(cx),
                Some(reason) => {
                    let reason = reason.clone();
                    let told = self.engine.poll_last_commands(cx);
                    let parted = self.transport.is_broken() || self.part(cx).is_ready();
                    return if parted { told.map(|()| reason) } else { Poll::Pending };
                }
            };
            if std::mem::take(&mut self.yields) {
                break;
            }
            busy |= moved;
            if busy && !moved {
                let idle = self.engine.is_idle();
                self.trim_at = idle.then(|| self.engine.now + TRIM_AFTER);
                busy = false;
            }
            if !moved && !self.timer_fired(cx) {
                self.engine.publish();
                self.transport.rest();
                return Poll::Pending;
            }
        }
        // A connection that never rests keeps its deadlines all the same.
        let due = self.next_deadline().is_some_and(|at| at <= self.engine.now);
        if due && self.engine.closed.is_none() {
            self.ring();
        }
        self.engine.publish();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One round of a connection that lives; says whether anything moved.
    fn run(&mut self, cx: &mut Context<'_>) -> bool {
        let commanded = self.engine.take_commands(cx);
        let read = self.read(cx);
        let delivered = self.deliver();
        self.yields |= self.engine.served >= SERVING;
        if read {
            // What arrived may have ended the doubt for which some wait in line.
            self.engine.open_waiting();
        }
        let accepted = self.accept.poll(&mut self.engine, cx);
        // One write for all answers. They are bounded by the streams that the peer may have open.
        let later = accepted && self.accept.is_busy();
        let written = !later && self.write_unless_due(cx);
        if self.engine.closed.is_some() {
            self.accept.closed();
        }
        commanded || read || delivered || accepted || written || self.engine.closed.is_some()
    }

    /// Reads once and gives it to the protocol, and gives it again what it left before.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let engine = &mut self.engine;
        let read = match self.transport.read(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(0)) => {
                engine.conn.receive_eof(engine.now);
                true
            }
            Poll::Ready(Ok(_)) => true,
            Poll::Ready(Err(error)) => {
                engine.broken(error);
                return true;
            }
        };
        if read && engine.is_client && !engine.shared.is_ready() {
            engine.http1 |= self.transport.inbox().starts_with(b"HTTP/1.");
        }
        self.transport.feed(&mut engine.conn, engine.now, read) || read
    }

    fn deliver(&mut self) -> bool {
        let mut delivered = 0;
        while self.engine.closed.is_none() {
            let Some(event) = self.engine.conn.poll_event() else { break };
            delivered += 1;
            self.engine.deliver(event, &mut self.accept);
        }
        if delivered >= CROWD {
            self.transport.keep_memory();
        }
        delivered > 0
    }

    /// Writes, unless answers that are about to come should go out with it.
    fn write_unless_due(&mut self, cx: &mut Context<'_>) -> bool {
        if self.engine.patience.waits(self.engine.entries.len()) {
            self.yields = true;
            return false;
        }
        let written = self.write(cx);
        self.engine.patience.wrote();
        written
    }

    /// Cuts frames and writes them until the transport takes no more or nothing is left.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        match self.transport.write(cx, &mut self.engine) {
            Ok(moved) => moved,
            Err(error) => {
                self.hear_out(cx);
                self.engine.broken(error);
                true
            }
        }
    }

    /// Reads what the peer said before it stopped taking anything: that tells why better than the
    /// transport does.
    fn hear_out(&mut self, cx: &mut Context<'_>) {
        for _ in 0..LAST_READS {
            let more = self.read(cx);
            // Cutting decides whether a GOAWAY left anything to wait for.
            let _ = self.engine.conn.data_to_send(self.engine.now);
            if !self.deliver() && !more {
                break;
            }
        }
    }

    /// Writes what is left, says that nothing more will come, and lets the peer read it. The
    /// protocol says for how long.
    fn part(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.transport.leave(cx, &mut self.engine) {
                Poll::Ready(Ok(())) if self.transport.linger(cx, &mut self.engine).is_pending() => {
                }
                // A transport that fails now has nothing to tell that is not known.
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            let engine = &mut self.engine;
            let deadline = engine.conn.poll_timeout().map(|deadline| deadline.at);
            if !self.alarm.poll(cx, deadline, engine.now) {
                return Poll::Pending;
            }
            engine.now = now();
            engine.conn.handle_timeout(engine.now);
            if engine.conn.is_finished() {
                return Poll::Ready(());
            }
        }
    }

    /// Sets the timer to the next deadline; says whether one had passed.
    fn timer_fired(&mut self, cx: &mut Context<'_>) -> bool {
        let at = self.next_deadline();
        if !self.alarm.poll(cx, at, self.engine.now) {
            return false;
        }
        self.ring();
        true
    }

    fn next_deadline(&self) -> Option<Instant> {
        let deadline = self.engine.conn.poll_timeout().map(|deadline| deadline.at);
        deadline.into_iter().chain(self.trim_at).chain(self.engine.dues.next()).min()
    }

    /// Does what is due.
    fn ring(&mut self) {
        let engine = &mut self.engine;
        // The deadline lies behind the moment at which this poll began.
        engine.now = now();
        if self.trim_at.is_some_and(|at| at <= engine.now) {
            self.trim_at = None;
            engine.trim();
            self.accept.trim();
            self.transport.trim();
        }
        engine.expire();
        let due = engine.conn.poll_timeout().map(|deadline| deadline.why);
        let was_draining = engine.conn.is_draining();
        engine.conn.handle_timeout(engine.now);
        let conn = &engine.conn;
        let retires = !was_draining && conn.is_draining() && conn.close_reason().is_none();
        if let Some(timer) = due.filter(|_| retires) {
            let reason = Reason::Timeout(timer);
            engine.drains(|| CloseReason::draining(reason, ErrorCode::NO_ERROR, Bytes::new()));
        }
    }
}

impl<IO, A> Drop for Actor<IO, A> {
    fn drop(&mut self) {
        // Whoever takes requests is dropped next, and learns so that no more will come.
        self.engine.abandon();
    }
}

/// The time, as the runtime sees it: a test may have stopped it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
