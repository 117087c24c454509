//! After the end: the last words are written, and the peer gets the time to read them.

use std::time::Instant;

use super::Connection;
use crate::error::{CloseReason, Origin, Timer};

/// Octets that are thrown away while the peer reads our last words.
const MOST_DISCARDED: usize = 64 * 1024;

/// How the transport is to be left.
#[derive(Debug, Default)]
pub(super) struct Parting {
    /// The transport should stay open although all is written.
    lingers: bool,
    /// The application wants it over at once.
    hurries: bool,
    /// All was written.
    drained: bool,
    discarded: usize,
}

impl Connection {
    /// Whether the transport can be closed: everything is over and written, and after an error the
    /// peer had the time to read our last words.
    ///
    /// [`is_drained`](Self::is_drained) is true before that, and says that the sending side can be
    /// shut down. Then read on until this is true, and throw away what comes
    /// ([`handle_discarded`](Self::handle_discarded)): to close a socket with unread octets in it
    /// destroys what is still on its way to the peer. It is true when the peer has closed its side,
    /// when 64 KiB were thrown away, or [`Config::linger`](crate::Config::linger) after the last
    /// octet was written; and at once when there was no error to report, or nobody to read it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_drained() && !self.parting.lingers
    }

    /// So many octets arrived after the end and were thrown away.
    pub fn handle_discarded(&mut self, octets: usize, now: Instant) {
        self.clock.hear(now);
        self.parting.discarded = self.parting.discarded.saturating_add(octets);
        if self.reason.is_some() && self.parting.discarded >= MOST_DISCARDED {
            self.parting.lingers = false;
        }
    }

    /// The connection has ended.
    pub(super) fn part(&mut self, reason: &CloseReason) {
        let deaf = matches!(
            reason.origin,
            Origin::Eof | Origin::Transport | Origin::Timeout(Timer::WriteStall)
        );
        self.parting.lingers = !reason.is_graceful() && !deaf;
        // The deadlines are gone; that of output which waits is set again if any does.
        self.output_since = None;
        // Otherwise what waits is the rest of complete messages: it may take as long as it moves.
        if self.parting.lingers || self.parting.hurries {
            self.clock.set(Timer::Linger, Some(self.config.linger));
        }
    }

    /// The end that comes is to be quick.
    pub(super) fn hurry(&mut self) {
        self.parting.hurries = true;
    }

    /// Looks whether the last words were taken; from then on the time to read them counts, or,
    /// without an error, the time to close the transport.
    pub(super) fn watch_parting(&mut self) {
        let drained = self.is_drained();
        if drained && !std::mem::replace(&mut self.parting.drained, drained) {
            self.clock.set(Timer::Linger, Some(self.config.linger));
        }
    }

    /// Nobody reads what is written, or will.
    pub(super) fn stop_lingering(&mut self) {
        if self.reason.is_some() {
            self.parting.lingers = false;
        }
    }

    /// The time for the last words is over.
    pub(super) fn linger_fired(&mut self) {
        self.stop_lingering();
        self.egress.outbox.clear();
    }
}
