//! What keeps octets from moving, how often and for how long; it costs nothing while they move.

use std::time::Duration;

use crate::moment::Moment;

/// What holds something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StallCause {
    /// The peer's window for a stream: there is body to send and no room in it.
    StreamWindow,
    /// The peer's window for all streams together, and nothing else.
    ConnectionWindow,
    /// No stream can be opened: as many are open as the peer or we allow.
    Slot,
    /// The transport takes no output.
    Transport,
    /// The peer has used up our window for a stream, and the application holds the octets.
    StreamUnread,
    /// The peer has used up our window for all streams together, and the application holds the
    /// octets.
    ConnectionUnread,
}

/// How many causes there are.
const CAUSES: usize = 6;

impl StallCause {
    /// What holds, in words for logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StreamWindow => "the peer's window for the stream",
            Self::ConnectionWindow => "the peer's window for the connection",
            Self::Slot => "the limit on open streams",
            Self::Transport => "the transport",
            Self::StreamUnread => "octets of the stream that nobody reads",
            Self::ConnectionUnread => "octets of all streams that nobody reads",
        }
    }
}

/// Stalls of one cause, since the connection was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stall {
    /// Stalls that began.
    pub count: u64,
    /// Stalls that have not ended: of single streams how many, else at most 1.
    pub open: usize,
    /// How long they lasted, all together and as far as they have come.
    pub time: Duration,
}

/// Stalls by cause, see [`StallCause`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stalls {
    /// [`StallCause::StreamWindow`]: each stream for itself.
    pub stream_window: Stall,
    /// [`StallCause::ConnectionWindow`].
    pub connection_window: Stall,
    /// [`StallCause::Slot`]: from an attempt that found none until there is one.
    pub slot: Stall,
    /// [`StallCause::Transport`]: from the last octet that it took, seen when output was asked for
    /// again at a later time.
    pub transport: Stall,
    /// [`StallCause::StreamUnread`]: each stream for itself.
    pub stream_unread: Stall,
    /// [`StallCause::ConnectionUnread`].
    pub connection_unread: Stall,
}

/// What holds a stream back, and how long it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// What holds it.
    pub by: StallCause,
    /// For how long.
    pub lasted: Duration,
}

/// Running sums of one cause.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    count: u64,
    open: u32,
    /// The ends of all stalls minus their beginnings, the ends of open ones left out: so the time
    /// of all is known at any moment without a list of them. It wraps, and the sum comes out right.
    balance: u64,
    /// Since when a stall of the whole connection is open.
    since: Option<Moment>,
}

impl Gauge {
    fn begin(&mut self, at: Moment) {
        self.count += 1;
        self.open += 1;
        self.balance = self.balance.wrapping_sub(at.nanos());
    }

    fn end(&mut self, at: Moment) {
        // The end of the connection has ended all; streams are let go of later.
        let Some(open) = self.open.checked_sub(1) else { return };
        self.open = open;
        self.balance = self.balance.wrapping_add(at.nanos());
    }

    fn seen(&self, now: Moment) -> Stall {
        let so_far = u64::from(self.open).wrapping_mul(now.nanos());
        Stall {
            count: self.count,
            open: self.open as usize,
            time: Duration::from_nanos(self.balance.wrapping_add(so_far)),
        }
    }
}

/// The stalls of one connection. Most connections never have one, so they pay for none.
#[derive(Debug, Default)]
pub(crate) struct StallLog(Option<Box<[Gauge; CAUSES]>>);

impl StallLog {
    fn gauge(&mut self, cause: StallCause) -> Option<&mut Gauge> {
        self.0.get_or_insert_default().get_mut(cause as usize)
    }

    /// A stall of one stream begins. Whoever says so remembers it.
    pub(crate) fn begin(&mut self, cause: StallCause, at: Moment) {
        if let Some(gauge) = self.gauge(cause) {
            gauge.begin(at);
        }
    }

    /// A stall of one stream ends.
    pub(crate) fn end(&mut self, cause: StallCause, at: Moment) {
        if let Some(gauge) = self.gauge(cause) {
            gauge.end(at);
        }
    }

    /// A stall of the whole connection begins, or goes on.
    pub(crate) fn hold(&mut self, cause: StallCause, at: Moment) {
        if let Some(gauge) = self.gauge(cause)
            && gauge.since.is_none()
        {
            gauge.since = Some(at);
            gauge.begin(at);
        }
    }

    /// A stall of the whole connection ends, if there is one.
    pub(crate) fn let_go(&mut self, cause: StallCause, at: Moment) {
        if self.since(cause).is_some()
            && let Some(gauge) = self.gauge(cause)
        {
            gauge.since = None;
            gauge.end(at);
        }
    }

    /// Since when a stall of the whole connection is open.
    pub(crate) fn since(&self, cause: StallCause) -> Option<Moment> {
        self.0.as_ref()?.get(cause as usize)?.since
    }

    /// Ends all: the connection is over.
    pub(crate) fn end_all(&mut self, at: Moment) {
        for gauge in self.0.iter_mut().flat_map(|gauges| gauges.iter_mut()) {
            gauge.since = None;
            while gauge.open > 0 {
                gauge.end(at);
            }
        }
    }

    pub(crate) fn seen(&self, now: Moment) -> Stalls {
        let Some(gauges) = &self.0 else { return Stalls::default() };
        let [stream_window, connection_window, slot, transport, stream_unread, connection_unread] =
            gauges.map(|gauge| gauge.seen(now));
        Stalls {
            stream_window,
            connection_window,
            slot,
            transport,
            stream_unread,
            connection_unread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::after(Duration::from_millis(millis))
    }

    #[test]
    fn the_time_of_stalls_that_overlap_adds_up_while_they_last() {
        let mut log = StallLog::default();
        let seen = |log: &StallLog, now| log.seen(at(now)).stream_window;
        log.begin(StallCause::StreamWindow, at(10));
        log.begin(StallCause::StreamWindow, at(15));
        assert_eq!(seen(&log, 20).time, Duration::from_millis(10 + 5));
        log.end(StallCause::StreamWindow, at(30));
        assert_eq!(seen(&log, 40).time, Duration::from_millis(30 + 15));
        log.end(StallCause::StreamWindow, at(40));
        let stall = seen(&log, 1_000);
        assert_eq!((stall.count, stall.open, stall.time), (2, 0, Duration::from_millis(45)));
    }

    #[test]
    fn a_stream_that_is_let_go_of_after_the_end_of_all_adds_nothing() {
        let mut log = StallLog::default();
        log.begin(StallCause::StreamUnread, at(10));
        log.end_all(at(20));
        log.end(StallCause::StreamUnread, at(500));
        let stall = log.seen(at(1_000)).stream_unread;
        assert_eq!((stall.count, stall.open, stall.time), (1, 0, Duration::from_millis(10)));
    }

    #[test]
    fn a_stall_of_the_connection_is_one_however_often_it_is_noticed() {
        let mut log = StallLog::default();
        log.hold(StallCause::Transport, at(5));
        log.hold(StallCause::Transport, at(7));
        assert_eq!(log.since(StallCause::Transport), Some(at(5)));
        log.let_go(StallCause::Transport, at(9));
        log.let_go(StallCause::Transport, at(11));
        let stall = log.seen(at(20)).transport;
        assert_eq!((stall.count, stall.open, stall.time), (1, 0, Duration::from_millis(4)));
        log.hold(StallCause::Transport, at(30));
        log.end_all(at(31));
        assert_eq!(log.seen(at(40)).transport.time, Duration::from_millis(5));
    }
}
