//! Counters that cost an addition each, and a snapshot of them.

use std::time::Duration;

use super::{Blocked, Stalls};
use crate::config::Bucket;

/// Frames by type (RFC 9113 §6), since the connection was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameCounts {
    /// DATA.
    pub data: u64,
    /// HEADERS.
    pub headers: u64,
    /// PRIORITY.
    pub priority: u64,
    /// RST_STREAM.
    pub rst_stream: u64,
    /// SETTINGS, acknowledgements included.
    pub settings: u64,
    /// PUSH_PROMISE.
    pub push_promise: u64,
    /// PING, acknowledgements included.
    pub ping: u64,
    /// GOAWAY.
    pub goaway: u64,
    /// WINDOW_UPDATE.
    pub window_update: u64,
    /// CONTINUATION.
    pub continuation: u64,
    /// Everything beyond RFC 9113.
    pub other: u64,
}

impl FrameCounts {
    /// Counts a frame.
    #[inline]
    pub(crate) fn count(&mut self, kind: u8) {
        *match kind {
            0 => &mut self.data,
            1 => &mut self.headers,
            2 => &mut self.priority,
            3 => &mut self.rst_stream,
            4 => &mut self.settings,
            5 => &mut self.push_promise,
            6 => &mut self.ping,
            7 => &mut self.goaway,
            8 => &mut self.window_update,
            9 => &mut self.continuation,
            _ => &mut self.other,
        } += 1;
    }

    /// Frames of all types.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.data
            + self.headers
            + self.priority
            + self.rst_stream
            + self.settings
            + self.push_promise
            + self.ping
            + self.goaway
            + self.window_update
            + self.continuation
            + self.other
    }
}

/// Streams that ended by a reset, by who or what caused it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResetCounts {
    /// By RST_STREAM of the peer.
    pub by_peer: u64,
    /// By the application, also before anything was sent.
    pub by_us: u64,
    /// By us, because the peer broke a rule.
    pub by_violation: u64,
    /// By us, because the peer opened more than it may.
    pub refused: u64,
    /// By the peer's GOAWAY: not processed.
    pub not_processed: u64,
}

/// How a connection stands and what it has done. Taken with
/// [`Connection::stats`](crate::Connection::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Time since the connection was made, by what it was told last.
    pub age: Duration,
    /// Frames that arrived.
    pub received: FrameCounts,
    /// Frames that were cut.
    pub sent: FrameCounts,
    /// Octets of frames that arrived, frame heads included, the preface not.
    pub octets_received: u64,
    /// Octets that the transport took, everything included.
    pub octets_sent: u64,
    /// Octets of the field sections that arrived: as encoded, and as RFC 9113 §6.5.2 counts them.
    pub header_octets_received: u64,
    /// See [`header_octets_received`](Self::header_octets_received).
    pub header_list_size_received: u64,
    /// Octets of the field sections that were cut: as encoded, and as RFC 9113 §6.5.2 counts them.
    pub header_octets_sent: u64,
    /// See [`header_octets_sent`](Self::header_octets_sent).
    pub header_list_size_sent: u64,
    /// Streams ever opened, by either side.
    pub streams_opened: u64,
    /// Streams of ours that are open.
    pub open_outbound_streams: usize,
    /// Streams of the peer that are open.
    pub open_inbound_streams: usize,
    /// Promised streams whose response has not begun.
    pub reserved_streams: usize,
    /// Streams of the peer that hold a slot: open, or not released by the application.
    pub held_streams: usize,
    /// Requests that wait for a slot.
    pub waiting_requests: usize,
    /// Streams that were reset.
    pub resets: ResetCounts,
    /// Events that nobody has taken.
    pub waiting_events: usize,
    /// What the request heads among them cost: §6.5.2's size and 96 octets a field.
    pub undelivered: usize,
    /// Frames other than DATA that wait to be cut.
    pub waiting_frames: usize,
    /// Octets of body that wait to be cut.
    pub queued: usize,
    /// Those of them that are beyond what every stream may have queued.
    pub pool_used: usize,
    /// Octets that wait for the transport.
    pub outbox: usize,
    /// Octets of body that were received and not released.
    pub unread: usize,
    /// Octets that the peer takes on all streams together; negative values cannot occur here.
    pub send_window: i64,
    /// Octets that the peer may send on all streams together.
    pub receive_window: i64,
    /// What kept octets from moving.
    pub stalls: Stalls,
    /// Tokens left in the reset bucket; `None` when it is off.
    pub reset_tokens: Option<u64>,
    /// Tokens left in the glitch bucket; `None` when it is off.
    pub glitch_tokens: Option<u64>,
    /// The reset bucket itself.
    pub reset_bucket: Option<Bucket>,
    /// The glitch bucket itself.
    pub glitch_bucket: Option<Bucket>,
    /// Glitches that were charged, whether the bucket is on or off.
    pub glitches: u64,
    /// What the last of them was.
    pub last_glitch: Option<&'static str>,
    /// Octets in the HPACK table that the peer's encoder fills.
    pub decoder_table: usize,
    /// Octets in the HPACK table that our encoder fills.
    pub encoder_table: usize,
    /// The shortest round trip that was seen.
    pub round_trip: Option<Duration>,
}

impl Stats {
    /// Encoded octets for each octet of the field sections that arrived, 32 a field counted with
    /// them; the less, the better the peer compresses. `None` before the first.
    #[must_use]
    pub fn hpack_ratio_received(&self) -> Option<f64> {
        ratio(self.header_octets_received, self.header_list_size_received)
    }

    /// The same for the field sections that were cut.
    #[must_use]
    pub fn hpack_ratio_sent(&self) -> Option<f64> {
        ratio(self.header_octets_sent, self.header_list_size_sent)
    }
}

/// Exact up to 2^53 octets.
#[allow(clippy::cast_precision_loss)]
fn ratio(encoded: u64, plain: u64) -> Option<f64> {
    (plain > 0).then(|| encoded as f64 / plain as f64)
}

/// How one stream stands. Taken with
/// [`Connection::stream_stats`](crate::Connection::stream_stats).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStats {
    /// Time since it was opened.
    pub age: Duration,
    /// Octets that the peer takes on it, the window of the connection aside. Negative after the
    /// peer shrank its window below what is in flight.
    pub send_window: i64,
    /// Octets that the peer may send on it, the window of the connection aside.
    pub receive_window: i64,
    /// Octets of body that wait to be cut.
    pub queued: usize,
    /// Octets of body that were received and not released.
    pub unread: usize,
    /// Octets of body that passed, both ways, padding included.
    pub moved: u64,
    /// What keeps us from sending what waits.
    pub send_blocked: Option<Blocked>,
    /// What keeps the peer from sending.
    pub receive_blocked: Option<Blocked>,
}
