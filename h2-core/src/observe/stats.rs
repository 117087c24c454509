//! Counters that cost an addition each, and a snapshot of them.

use std::time::Duration;

/// Frames by type.
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

/// How a connection stands and what it has done. Taken with
/// [`Connection::stats`](crate::Connection::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames that arrived.
    pub received: FrameCounts,
    /// Octets of them, frame heads included, the preface not.
    pub octets_received: u64,
    /// Octets that the transport took, everything included.
    pub octets_sent: u64,
    /// Octets of the field sections that arrived: as encoded, and as RFC 9113 §6.5.2 counts them.
    pub header_octets_received: u64,
    /// See [`header_octets_received`](Self::header_octets_received).
    pub header_list_size_received: u64,
    /// Streams ever opened, by either side.
    pub streams_opened: u64,
    /// Streams of ours that are open.
    pub open_outbound_streams: usize,
    /// Streams of the peer that are open.
    pub open_inbound_streams: usize,
    /// Requests that wait for a slot.
    pub waiting_requests: usize,
    /// Octets of body that wait to be cut, beyond what every stream may have queued.
    pub pool_used: usize,
    /// Octets that wait for the transport.
    pub outbox: usize,
    /// Octets of body that were received and not released.
    pub unread: usize,
    /// Octets that the peer takes on all streams together; negative values cannot occur here.
    pub send_window: i64,
    /// Octets that the peer may send on all streams together.
    pub receive_window: i64,
    /// DATA frames sent.
    pub data_frames_sent: u64,
    /// Tokens left in the reset bucket; `None` when it is off.
    pub reset_tokens: Option<u64>,
    /// Tokens left in the glitch bucket; `None` when it is off.
    pub glitch_tokens: Option<u64>,
    /// Octets in the HPACK table that the peer's encoder fills.
    pub decoder_table: usize,
    /// Octets in the HPACK table that our encoder fills.
    pub encoder_table: usize,
    /// The shortest round trip that was seen.
    pub round_trip: Option<Duration>,
}
