//! Promised frames that are not DATA, each kind in the order of its promises.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::StreamId;
use crate::error::ErrorCode;
use crate::frame::{self, FrameHead, GoAway};
use crate::priority::Priority;
use crate::stream::Key;

/// PING acknowledgements that may wait for the transport; at this many, reading stops.
const MAX_PING_ACKS: usize = 32;
/// SETTINGS acknowledgements that may wait for the transport; at this many, reading stops.
const MAX_SETTINGS_ACKS: usize = 4;
/// Resets that may wait for the transport; at this many, reading stops. Each is 13 octets on the wire.
const MAX_RESETS: usize = 4_096;
/// PING frames of our own that may wait.
pub(crate) const MAX_PINGS: usize = 16;

/// Answers to the peer, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    ping_acks: usize,
    settings_acks: usize,
    resets: usize,
}

impl Owed {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            ping_acks: self.ping_acks + other.ping_acks,
            settings_acks: self.settings_acks + other.settings_acks,
            resets: self.resets + other.resets,
        }
    }

    /// Whether reading must wait until some are written.
    pub(crate) fn is_too_much(self) -> bool {
        self.ping_acks >= MAX_PING_ACKS
            || self.settings_acks >= MAX_SETTINGS_ACKS
            || self.resets >= MAX_RESETS
    }
}

/// What was promised and not cut.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    settings: VecDeque<Vec<(u16, u32)>>,
    settings_acks: usize,
    ping_acks: VecDeque<[u8; 8]>,
    pings: VecDeque<[u8; 8]>,
    resets: VecDeque<(StreamId, ErrorCode)>,
    goaways: VecDeque<GoAway>,
    /// Priorities of ours that the peer is to hear.
    pub(crate) priority_updates: VecDeque<(StreamId, Priority)>,
    /// Frames of extensions, and their octets together.
    extensions: VecDeque<(FrameHead, Bytes)>,
    extension_octets: usize,
    /// Streams that want to announce credit.
    pub(crate) updates: VecDeque<Key>,
    /// Streams with a head to be cut. Opening heads stand here in the order of their identifiers.
    pub(crate) heads: VecDeque<Key>,
    /// Promised streams whose response the client's limit on streams does not let begin.
    pub(crate) unbegun: VecDeque<Key>,
}

impl Agenda {
    pub(crate) fn settings(&mut self, entries: Vec<(u16, u32)>) {
        self.settings.push_back(entries);
    }

    pub(crate) fn settings_ack(&mut self) {
        self.settings_acks += 1;
    }

    pub(crate) fn ping_ack(&mut self, payload: [u8; 8]) {
        self.ping_acks.push_back(payload);
    }

    pub(crate) fn ping(&mut self, payload: [u8; 8]) {
        self.pings.push_back(payload);
    }

    pub(crate) fn pings_waiting(&self) -> usize {
        self.pings.len()
    }

    pub(crate) fn reset(&mut self, stream: StreamId, code: ErrorCode) {
        self.resets.push_back((stream, code));
    }

    pub(crate) fn goaway(&mut self, goaway: GoAway) {
        self.goaways.push_back(goaway);
    }

    /// Promises a frame of an extension, unless `cap` octets of them wait.
    pub(crate) fn extension(&mut self, head: FrameHead, payload: Bytes, cap: usize) -> bool {
        let octets = self.extension_octets + head.total();
        if octets > cap && self.extension_octets > 0 {
            return false;
        }
        self.extension_octets = octets;
        self.extensions.push_back((head, payload));
        true
    }

    /// The stream is closed: nothing may be said on it any more (RFC 9113 §5.1), and nothing need be
    /// said about it.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        self.priority_updates.retain(|(other, _)| *other != stream);
        let octets = &mut self.extension_octets;
        self.extensions.retain(|(head, _)| {
            let about_others = head.stream != stream.get();
            *octets -= if about_others { 0 } else { head.total() };
            about_others
        });
    }

    /// The answers to the peer that wait.
    pub(crate) fn owed(&self) -> Owed {
        Owed {
            ping_acks: self.ping_acks.len(),
            settings_acks: self.settings_acks,
            resets: self.resets.len(),
        }
    }

    /// Whether a control frame other than WINDOW_UPDATE waits.
    pub(crate) fn has_control(&self) -> bool {
        self.settings_acks > 0
            || !self.settings.is_empty()
            || !self.ping_acks.is_empty()
            || !self.pings.is_empty()
            || !self.resets.is_empty()
            || !self.goaways.is_empty()
            || !self.priority_updates.is_empty()
            || !self.extensions.is_empty()
    }

    /// Frames that wait; of streams with heads or credit each counts as one.
    pub(crate) fn waiting(&self) -> usize {
        self.settings.len()
            + self.settings_acks
            + self.ping_acks.len()
            + self.pings.len()
            + self.resets.len()
            + self.goaways.len()
            + self.priority_updates.len()
            + self.extensions.len()
            + self.updates.len()
            + self.heads.len()
    }

    /// Whether SETTINGS of ours wait.
    pub(crate) fn has_settings(&self) -> bool {
        !self.settings.is_empty()
    }

    /// Whether nothing but WINDOW_UPDATE waits.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_control() && self.heads.is_empty()
    }

    /// Cuts every control frame, in the order that their urgency asks for.
    pub(crate) fn cut_control(&mut self, out: &mut Vec<u8>, max_frame_size: usize) {
        // Most connections send theirs once, so no memory is kept for the next.
        for entries in std::mem::take(&mut self.settings) {
            frame::settings(out, &entries);
        }
        for _ in 0..std::mem::take(&mut self.settings_acks) {
            frame::settings_ack(out);
        }
        for payload in self.ping_acks.drain(..) {
            frame::ping(out, true, payload);
        }
        for (stream, code) in self.resets.drain(..) {
            frame::reset(out, stream, code);
        }
        for goaway in self.goaways.drain(..) {
            frame::goaway(out, &goaway);
        }
        for payload in self.pings.drain(..) {
            frame::ping(out, false, payload);
        }
        for (stream, priority) in self.priority_updates.drain(..) {
            frame::priority_update(out, stream, priority.to_string().as_bytes());
        }
        for (head, payload) in self.extensions.drain(..) {
            // The peer may have lowered its limit since; then the frame cannot be sent any more.
            if payload.len() <= max_frame_size {
                frame::extension(out, head, &payload);
            }
        }
        self.extension_octets = 0;
    }

    /// Forgets everything: the connection has ended.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives back memory that an idle connection does not need.
    pub(crate) fn trim(&mut self) {
        self.ping_acks.shrink_to_fit();
        self.pings.shrink_to_fit();
        self.resets.shrink_to_fit();
        self.updates.shrink_to_fit();
        self.heads.shrink_to_fit();
    }
}
