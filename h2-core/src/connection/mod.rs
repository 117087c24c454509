//! One HTTP/2 connection: inputs, commands, outputs and questions, owned by whoever calls them.
//!
//! This room keeps one promise: errors are sticky, events come in the order of the frames that
//! caused them, a command that fails changes nothing, and after the end there is silence.

mod body;
mod bound;
#[cfg(test)]
mod chaos;
mod clock;
mod commands;
#[cfg(test)]
mod drawn;
mod extensions;
mod farewell;
mod heads;
mod inspect;
mod lifecycle;
mod liveness;
mod negotiate;
mod outcome;
mod output;
mod parting;
mod priorities;
mod push;
mod receive;
mod spare;
mod upgrade;
mod watch;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use clock::Clock;
pub use clock::Deadline;
use farewell::Farewell;
use inspect::Counted;
use liveness::Liveness;
use negotiate::Negotiation;
use parting::Parting;
use spare::Spare;

use crate::config::{Config, SplitMix};
use crate::egress::{Egress, Outbox, Padder};
use crate::error::{CloseReason, Misuse, Timer};
use crate::event::Event;
use crate::flow::Inbound;
use crate::frame::{Block, BlockLimits, PREFACE, Reader};
use crate::guard::Guard;
use crate::hpack::{Decoder, ListLimits};
use crate::moment::Moment;
use crate::observe::StallLog;
use crate::priority::Priority;
use crate::settings::{DEFAULT_WINDOW, Settings};
use crate::stream::{ClosedStreams, Key, Table};
use crate::{ErrorCode, StreamId};

/// One side of an HTTP/2 connection: a state machine without a socket, a clock or a thread.
///
/// # The four kinds of methods
///
/// * **Inputs** tell it what happened outside: [`receive_data`](Self::receive_data),
///   [`receive_eof`](Self::receive_eof), [`handle_timeout`](Self::handle_timeout),
///   [`handle_failure`](Self::handle_failure), [`handle_flushed`](Self::handle_flushed),
///   [`handle_discarded`](Self::handle_discarded). They never fail: what went wrong is an event.
/// * **Commands** say what the application wants: [`send_request`](Self::send_request),
///   [`send_data`](Self::send_data) and the like. One that returns an error changed nothing.
/// * **Outputs** say what is to be done outside: [`data_to_send`](Self::data_to_send),
///   [`poll_event`](Self::poll_event), [`poll_timeout`](Self::poll_timeout).
/// * **Questions** change nothing: [`stream_state`](Self::stream_state), [`stats`](Self::stats),
///   [`close_reason`](Self::close_reason), [`is_finished`](Self::is_finished) and the like.
///
/// # The rule
///
/// After every input or command, take what it wants to send and take its events until there is
/// neither; then ask for its deadline; then wait. Cutting frames makes events, and taking output or
/// events lets [`receive_data`](Self::receive_data) go on after [`Received::DrainFirst`].
///
/// # Sharing
///
/// One owner calls it. To share a connection between threads or tasks, give it to one of them and
/// send that one messages, as the crate `h2-tokio` does. [`guide::sharing`](crate::guide::sharing)
/// shows that, and a lock.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    config: Config,
    clock: Clock,
    reader: Reader,
    block: Block,
    decoder: Decoder,
    negotiation: Negotiation,
    /// What the peer may send on all streams together.
    inbound: Inbound,
    /// Octets by which stream windows were widened, and by which they may be.
    grown: u32,
    growth_pool: u32,
    /// Some DATA of the peer carried padding.
    peer_pads: bool,
    /// The shortest round trip that was seen.
    round_trip: Option<Duration>,
    streams: Table,
    closed_streams: ClosedStreams,
    egress: Egress,
    guard: Guard,
    farewell: Farewell,
    liveness: Liveness,
    parting: Parting,
    events: VecDeque<Event>,
    /// What the request heads in `events` cost, see [`heads`].
    undelivered: usize,
    /// The first stream we open, and the next.
    first_stream: StreamId,
    next_stream: Option<StreamId>,
    /// The highest stream of ours whose opening head was cut; 0 for none.
    highest_ours: u32,
    /// The highest stream that the peer opened; 0 for none.
    highest_theirs: u32,
    /// The highest stream of the peer that was given to the application; 0 for none.
    highest_processed: u32,
    /// Requests ever made: on a server by the peer, on a client by us.
    requests: u64,
    /// Streams ever opened, for what WINDOW_UPDATE frames may cost.
    streams_opened: u64,
    /// How many of them there were when memory was last given back.
    trimmed_at: u64,
    /// Octets that streams have queued, and those of them beyond what is their own.
    queued: usize,
    pool_used: usize,
    /// What stands still, and when it was last told of.
    stalls: StallLog,
    stalls_told: Option<Moment>,
    /// Since when the output that waits has waited, the last octet that was taken counted as a
    /// beginning.
    output_since: Option<Moment>,
    /// What the outbox had given away when progress was last looked at.
    taken: u64,
    /// Streams of ours that are open and whose opening was cut.
    wired: usize,
    /// Permits given out and not used or returned.
    permits: usize,
    /// Somebody found no slot and wants to hear of one.
    slot_wanted: bool,
    /// What PRIORITY_UPDATE said of streams that are still to come.
    early_priorities: Vec<(StreamId, Priority)>,
    /// Payloads of the application's PING frames that were not answered, oldest first.
    pings: VecDeque<([u8; 8], Instant)>,
    /// Room for the fields of the next block, so that they seldom have to move.
    usual_fields: (usize, usize),
    spare: Spare,
    counted: Counted,
    random: SplitMix,
    /// It began as HTTP/1.1 in the clear (RFC 7540 §3.2).
    upgraded: bool,
    reason: Option<CloseReason>,
}

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// What [`Connection::receive_data`] did with its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
#[must_use]
pub enum Received {
    /// Every whole frame was taken; what is left is the beginning of one.
    NeedMore,
    /// It stopped early. Take the events and the output, then call again with what is left, even
    /// if nothing has arrived.
    DrainFirst,
    /// The connection has ended; nothing more is taken.
    Ended,
}

/// The right to open one stream: use it with
/// [`send_request_with`](Connection::send_request_with) or give it back with
/// [`release_slot`](Connection::release_slot). Dropped, its slot is lost until the connection ends.
#[derive(Debug)]
#[must_use]
pub struct Permit(());

/// Events that may wait; at this many, reading stops.
const MAX_EVENTS: usize = 256;

impl Connection {
    /// A client. Its preface and SETTINGS already wait to go out (RFC 9113 §3.4). Values of
    /// `config` that are out of range are brought into it, see [`Config::checked`].
    #[must_use]
    pub fn client(config: Config, now: Instant) -> Self {
        let mut connection = Self::new(Role::Client, config, now);
        connection.egress.outbox.gather(|out| out.extend_from_slice(PREFACE));
        connection
    }

    /// A server. Its SETTINGS already wait to go out (RFC 9113 §3.4). Values of `config` that are
    /// out of range are brought into it, see [`Config::checked`].
    #[must_use]
    pub fn server(config: Config, now: Instant) -> Self {
        Self::new(Role::Server, config, now)
    }

    fn new(role: Role, config: Config, now: Instant) -> Self {
        let config = config.checked();
        let negotiation = Negotiation::new(role == Role::Client, &config);
        let settings = Settings::default();
        let usual = match role {
            Role::Client => StreamId::ONE,
            Role::Server => StreamId::TWO,
        };
        let ours = |id: &StreamId| id.is_client_initiated() == usual.is_client_initiated();
        let first_stream = config.first_stream.filter(ours).unwrap_or(usual);
        // Its own source of numbers: what is padded must not tell what a PING will say.
        let padder = Padder::new(config.padding, !config.seed);
        let mut connection = Self {
            role,
            clock: Clock::new(now),
            reader: Reader::new(role == Role::Server, settings.max_frame_size),
            block: Block::default(),
            decoder: Decoder::new(settings.header_table_size as usize).looking(),
            inbound: Inbound::new(DEFAULT_WINDOW, config.connection_window),
            grown: 0,
            growth_pool: config.growth_pool(),
            peer_pads: false,
            round_trip: None,
            streams: Table::new(SplitMix::new(config.seed.rotate_left(32)).next()),
            closed_streams: ClosedStreams::default(),
            egress: Egress::new(config.encoder_table_size as usize, padder),
            guard: Guard::new(config.reset_bucket, config.glitch_bucket, now),
            farewell: Farewell::default(),
            liveness: Liveness::default(),
            parting: Parting::default(),
            events: VecDeque::new(),
            undelivered: 0,
            first_stream,
            next_stream: Some(first_stream),
            highest_ours: 0,
            highest_theirs: 0,
            highest_processed: 0,
            requests: 0,
            streams_opened: 0,
            trimmed_at: u64::MAX,
            queued: 0,
            pool_used: 0,
            stalls: StallLog::default(),
            stalls_told: None,
            output_since: None,
            taken: 0,
            wired: 0,
            permits: 0,
            slot_wanted: false,
            early_priorities: Vec::new(),
            pings: VecDeque::new(),
            usual_fields: (8, 64),
            spare: Spare::default(),
            counted: Counted::default(),
            random: SplitMix::new(config.seed),
            upgraded: false,
            reason: None,
            negotiation,
            config,
        };
        connection.begin();
        connection
    }

    /// Promises the first SETTINGS and starts the deadlines that run from the beginning.
    fn begin(&mut self) {
        let entries = self.negotiation.first(&self.config.settings_order);
        self.reader.max_frame_size = self.negotiation.largest_frame();
        self.egress.agenda.settings(entries);
        self.clock.set(Timer::Handshake, self.config.handshake_timeout);
        if let Some(age) = self.config.max_age {
            let jitter = age / 2_560 * u32::from(self.random.next().to_le_bytes()[0]);
            self.clock.set(Timer::MaxAge, Some(age.saturating_add(jitter)));
        }
    }

    // A. Inputs.

    /// Takes whole frames out of `input` and leaves the tail there, for the next octets to be
    /// appended to.
    ///
    /// Payloads of 16 KiB and more are shared with `input`, shorter ones are copied out of it, so
    /// that a short payload never keeps a large buffer alive.
    pub fn receive_data(&mut self, input: &mut BytesMut, now: Instant) -> Received {
        let now = self.hear(now);
        if self.liveness.is_news(input.len()) && self.reason.is_none() {
            self.heard_from_peer();
        }
        let received = self.take_frames(input, now);
        self.liveness.leaves(input.len());
        received
    }

    /// The transport has delivered its end: no more octets will come.
    ///
    /// Without open streams that is a graceful end. Otherwise every open stream was cut short.
    /// After the end it says that the peer needs no more time for our last words.
    pub fn receive_eof(&mut self, now: Instant) {
        self.hear(now);
        self.end_of_input();
    }

    /// The transport failed: nothing more can be read or written.
    ///
    /// What waits in the outbox is dropped. Heads of which the transport did not take the last
    /// octet count as [`Outcome::NotSent`](crate::Outcome::NotSent); so first advance over what it
    /// may have taken. After the end it only drops what waits.
    pub fn handle_failure(&mut self, now: Instant) {
        self.clock.hear(now);
        self.transport_failed();
    }

    /// To be called at or after the moment that [`poll_timeout`](Self::poll_timeout) named. A call
    /// that comes early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.hear(now);
        while let Some(timer) = self.clock.take_due() {
            self.timer_fired(timer);
        }
    }

    /// Everything that was advanced over in the outbox has left the transport's own buffers.
    /// Optional: the connection hears the time, and that a PING of its own was taken.
    pub fn handle_flushed(&mut self, now: Instant) {
        self.clock.hear(now);
        self.watch_question();
    }

    // C. Outputs.

    /// What is ready to be written: cuts frames until the outbox holds a batch
    /// ([`Config::batch`]) or there is nothing to cut.
    ///
    /// Write as much as the transport takes and [`advance`](bytes::Buf::advance) by that. Cutting
    /// makes events ([`Event::Writable`]): take them afterwards.
    pub fn data_to_send(&mut self, now: Instant) -> &mut Outbox {
        self.hear(now);
        self.cut();
        &mut self.egress.outbox
    }

    /// The next thing that happened, in the order of the frames that caused it; `None` when there
    /// is nothing to tell. At 256 events that wait, [`receive_data`](Self::receive_data) stops.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.deliver_first();
        // Moved once: events are large, and many.
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.clock.next()
    }

    // D. Questions.

    /// Whether everything is over and written: the sending side of the transport can be shut down.
    /// The rest of it can be closed when [`is_finished`](Self::is_finished).
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.reason.is_some() && self.egress.outbox.is_empty()
    }

    /// Whether no more streams will be opened: by GOAWAY of either side, or for want of
    /// identifiers.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.reason.is_some() || !self.farewell.is_open() || self.next_stream.is_none()
    }

    /// Whether all identifiers of our streams are used up: more requests need another connection.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.next_stream.is_none()
    }

    /// Why the connection ended, once it has: the first cause, which stays. It is what
    /// [`Event::ConnectionClosed`] says.
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.reason.as_ref()
    }

    /// Whether the peer's first SETTINGS have arrived.
    #[must_use]
    pub fn is_handshake_complete(&self) -> bool {
        self.negotiation.is_remote_known()
    }

    /// The identifier of the next stream that we open; `None` when they are used up. Asking does
    /// not reserve it.
    #[must_use]
    pub fn next_stream_id(&self) -> Option<StreamId> {
        self.next_stream
    }

    /// Octets the peer lets us send on a stream, or with `None` on all together (RFC 9113 §6.9.1):
    /// for a stream the smaller of both. Negative after the peer shrank its window below what is in
    /// flight.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoSuchStream`] for a stream that is gone or was never there.
    pub fn local_flow_control_window(&self, stream: Option<StreamId>) -> Result<i64, Misuse> {
        let connection = self.egress.window.size();
        let Some(id) = stream else { return Ok(connection) };
        let stream = self.find(id).and_then(|key| self.streams.get(key));
        stream
            .map(|stream| stream.send_window.size().min(connection))
            .ok_or(Misuse::NoSuchStream(id))
    }

    /// Octets we let the peer send on a stream, or with `None` on all together (RFC 9113 §6.9.1):
    /// for a stream the smaller of both.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoSuchStream`] for a stream that is gone or was never there.
    pub fn remote_flow_control_window(&self, stream: Option<StreamId>) -> Result<i64, Misuse> {
        let connection = self.inbound.promised();
        let Some(id) = stream else { return Ok(connection) };
        let stream = self.find(id).and_then(|key| self.streams.get(key));
        stream
            .map(|stream| stream.inbound.promised().min(connection))
            .ok_or(Misuse::NoSuchStream(id))
    }

    /// Streams of ours that count against the peer's limit: open or half-closed, or opened and
    /// still to be cut (RFC 9113 §5.1.2).
    #[must_use]
    pub fn open_outbound_streams(&self) -> usize {
        self.streams.open_ours()
    }

    /// Streams of the peer that count against our limit: open or half-closed (RFC 9113 §5.1.2).
    /// Those that are closed and not released are in
    /// [`Stats::held_streams`](crate::Stats::held_streams).
    #[must_use]
    pub fn open_inbound_streams(&self) -> usize {
        self.streams.open_theirs()
    }

    /// The shortest round trip that was seen: from our SETTINGS or a PING of the application to the
    /// answer. `None` before the first answer.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The settings of ours that the peer has acknowledged: the RFC's defaults until it has
    /// acknowledged the first (RFC 9113 §6.5.3).
    #[must_use]
    pub fn local_settings(&self) -> &Settings {
        self.negotiation.local()
    }

    /// The settings of the peer that are in force: the RFC's defaults until its first SETTINGS have
    /// arrived (RFC 9113 §6.5.2).
    #[must_use]
    pub fn remote_settings(&self) -> &Settings {
        self.negotiation.remote()
    }

    /// Gives back memory that only a busy connection needs: scratch space, the unused part of the
    /// HPACK tables. It costs the allocations that the next burst makes again. A connection does it
    /// by itself when it has had no stream for a second ([`Timer::Trim`]).
    pub fn trim(&mut self) {
        self.decoder.trim();
        self.egress.encoder.trim();
        self.egress.outbox.trim();
        self.egress.agenda.trim();
        self.egress.scheduler.trim();
        self.streams.trim();
        self.spare = Spare::default();
        self.closed_streams.trim();
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
    }

    /// Hears the time, and lets a tap know it.
    fn hear(&mut self, now: Instant) -> Instant {
        let now = self.clock.hear(now);
        self.egress.tap.hear(now);
        now
    }

    fn find(&self, stream: StreamId) -> Option<Key> {
        self.streams.find(stream)
    }

    /// Whether a stream is one that we open.
    fn is_ours(&self, stream: StreamId) -> bool {
        stream.is_client_initiated() == (self.role == Role::Client)
    }

    /// The key of a stream that we opened.
    fn ours(&self, stream: StreamId) -> Option<Key> {
        self.is_ours(stream).then(|| self.find(stream)).flatten()
    }

    /// Whether a stream is the first that we opened.
    fn is_first(&self, stream: StreamId) -> bool {
        stream == self.first_stream
    }

    fn block_limits(&self) -> BlockLimits {
        BlockLimits {
            max_octets: self.config.max_header_block,
            max_continuations: self.config.max_continuations,
        }
    }

    fn list_limits(&self) -> ListLimits {
        let max_list_size = self.config.max_header_list_size as usize;
        ListLimits {
            max_list_size,
            max_fields: self.config.max_header_fields,
            hard_list_size: max_list_size.saturating_mul(4),
        }
    }
}

/// The code that a connection without an error ends with.
const GRACEFUL: ErrorCode = ErrorCode::NO_ERROR;
