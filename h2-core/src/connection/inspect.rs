//! How a connection and its streams stand, as numbers; asking changes and allocates nothing.

use super::Connection;
use crate::StreamId;
use crate::observe::{FrameCounts, FrameTap, ResetCounts, Stats, StreamStats};
use crate::stream::{Half, Initiator, Standing, StreamState};

/// Counters of what arrived, and of what became of streams.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) received: FrameCounts,
    pub(super) octets_received: u64,
    pub(super) header_octets: u64,
    pub(super) header_list_size: u64,
    pub(super) resets: ResetCounts,
}

impl Connection {
    /// How the connection stands and what it has done. Allocates nothing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (reset_tokens, glitch_tokens) = self.guard.tokens();
        let sent = &self.egress.sent;
        Stats {
            age: self.clock.age(),
            received: self.counted.received,
            sent: sent.frames,
            octets_received: self.counted.octets_received,
            octets_sent: self.egress.outbox.taken(),
            header_octets_received: self.counted.header_octets,
            header_list_size_received: self.counted.header_list_size,
            header_octets_sent: sent.header_octets,
            header_list_size_sent: sent.header_list_size,
            streams_opened: self.streams_opened,
            open_outbound_streams: self.streams.open_ours(),
            open_inbound_streams: self.streams.open_theirs(),
            reserved_streams: self.streams.reserved(),
            held_streams: self.streams.slots(),
            waiting_requests: self.streams.waiting(),
            resets: self.counted.resets,
            waiting_events: self.events.len(),
            undelivered: self.undelivered,
            waiting_frames: self.egress.agenda.waiting(),
            queued: self.queued,
            pool_used: self.pool_used,
            outbox: self.egress.outbox.len(),
            unread: self.inbound.unread(),
            send_window: self.egress.window.size(),
            receive_window: self.inbound.promised(),
            stalls: self.stalls.seen(self.clock.moment()),
            reset_tokens,
            glitch_tokens,
            reset_bucket: self.config.reset_bucket,
            glitch_bucket: self.config.glitch_bucket,
            glitches: self.guard.glitched,
            last_glitch: self.guard.last_glitch,
            decoder_table: self.decoder.table_size(),
            encoder_table: self.egress.encoder.table_size(),
            round_trip: self.round_trip,
        }
    }

    /// The last stream that the peer opened or promised; `None` before the first. What was refused
    /// counts.
    #[must_use]
    pub fn last_inbound_stream(&self) -> Option<StreamId> {
        StreamId::new(self.highest_theirs)
    }

    /// The last stream that we opened or promised and whose first frame was cut; `None` before the
    /// first.
    #[must_use]
    pub fn last_outbound_stream(&self) -> Option<StreamId> {
        StreamId::new(self.highest_ours)
    }

    /// How one stream stands, by the time that the connection was told last; `None` for streams
    /// that are gone. Allocates nothing.
    #[must_use]
    pub fn stream_stats(&self, stream: StreamId) -> Option<StreamStats> {
        let found = self.find(stream).and_then(|key| self.streams.get(key))?;
        let live = self.reason.is_none();
        Some(StreamStats {
            age: found.opened.until(self.clock.moment()),
            send_window: found.send_window.size(),
            receive_window: found.inbound.promised(),
            queued: found.out.queued(),
            unread: found.inbound.unread(),
            moved: found.moved,
            send_blocked: if live { self.send_blocked(found) } else { None },
            receive_blocked: if live { self.receive_blocked(found) } else { None },
        })
    }

    /// Where a stream stands in the seven states of RFC 9113 §5.1.
    ///
    /// What was commanded counts as sent, also while it still waits to be cut. An identifier below one
    /// that was used is closed (§5.1.1). After the end of the connection it says how
    /// the stream stood then.
    ///
    /// ```
    /// use std::time::Instant;
    /// use h2_core::{Config, Connection, End, RequestHead, StreamId, StreamState};
    ///
    /// let mut client = Connection::client(Config::client(), Instant::now());
    /// assert_eq!(client.stream_state(StreamId::ONE), StreamState::Idle);
    /// let head = RequestHead::new("GET", "https", "example.com", "/", [("te", "trailers")])?;
    /// let stream = client.send_request(head, End::Now)?;
    /// assert_eq!(client.stream_state(stream), StreamState::HalfClosedLocal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stream_state(&self, stream: StreamId) -> StreamState {
        let Some(key) = self.find(stream) else {
            let fresh = if self.is_ours(stream) {
                self.next_stream.is_some_and(|next| stream >= next)
            } else {
                stream.get() > self.highest_theirs
            };
            return if fresh { StreamState::Idle } else { StreamState::Closed };
        };
        let Some(found) = self.streams.get(key) else { return StreamState::Closed };
        match (self.streams.standing(key), found.initiator) {
            (Standing::Over, _) => StreamState::Closed,
            (Standing::Reserved, Initiator::Us) if found.send == Half::Head => {
                StreamState::ReservedLocal
            }
            (Standing::Reserved, Initiator::Peer) if found.recv == Half::Head => {
                StreamState::ReservedRemote
            }
            (Standing::Reserved | Standing::Open, _) => StreamState::of(found.send, found.recv),
        }
    }

    /// Lets somebody look at every frame from here on, or with `None` nobody.
    ///
    /// The tap sees the frames in the order of the wire, with secrets left out; see [`FrameTap`].
    /// A connection without one pays a branch a frame. One that was just made has not cut any
    /// frame, so a tap that is set at once sees all of them.
    ///
    /// ```
    /// use std::time::Instant;
    /// use h2_core::{Config, Connection, TappedFrame};
    ///
    /// let now = Instant::now();
    /// let mut connection = Connection::client(Config::client(), now);
    /// connection.set_frame_tap(Some(Box::new(|frame: &TappedFrame<'_>| eprintln!("{}", frame.text()))));
    /// connection.data_to_send(now); // [  0.000] send SETTINGS stream=0 length=36 ...
    /// ```
    pub fn set_frame_tap(&mut self, tap: Option<Box<dyn FrameTap>>) {
        self.egress.tap.set(tap, self.clock.born(), self.clock.now());
    }
}
