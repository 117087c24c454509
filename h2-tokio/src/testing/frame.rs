//! A frame as a scripted peer heard it, and the numbers of types and flags.

use std::fmt;

use bytes::{Buf, Bytes};
use h2_core::{ErrorCode, Fields};

/// Types of frames (RFC 9113 §6); every other number is one as well.
#[allow(missing_docs)]
pub mod kind {
    pub const DATA: u8 = 0x0;
    pub const HEADERS: u8 = 0x1;
    pub const PRIORITY: u8 = 0x2;
    pub const RST_STREAM: u8 = 0x3;
    pub const SETTINGS: u8 = 0x4;
    pub const PUSH_PROMISE: u8 = 0x5;
    pub const PING: u8 = 0x6;
    pub const GOAWAY: u8 = 0x7;
    pub const WINDOW_UPDATE: u8 = 0x8;
    pub const CONTINUATION: u8 = 0x9;

    const NAMES: &str = "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY \
        WINDOW_UPDATE CONTINUATION";

    pub(in crate::testing) fn name(kind: u8) -> String {
        let known = NAMES.split(' ').nth(kind.into());
        known.map_or_else(|| format!("type {kind:#x}"), str::to_owned)
    }
}

/// Flags of frames (RFC 9113 §6).
pub mod flag {
    /// Of DATA and HEADERS: the sender says no more on the stream.
    pub const END_STREAM: u8 = 0x1;
    /// Of SETTINGS and PING: an answer.
    pub const ACK: u8 = 0x1;
    /// Of HEADERS, PUSH_PROMISE and CONTINUATION: no CONTINUATION follows.
    pub const END_HEADERS: u8 = 0x4;
    /// Of DATA, HEADERS and PUSH_PROMISE: the payload begins with the length of its padding.
    pub const PADDED: u8 = 0x8;
    /// Of HEADERS: five octets of priority stand before the field block.
    pub const PRIORITY: u8 = 0x20;
}

/// A frame that was heard. HEADERS or PUSH_PROMISE and their CONTINUATIONs are one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// Its type, one of [`kind`] or another.
    pub kind: u8,
    /// Its flags; END_HEADERS is set whichever frame of a field block had it.
    pub flags: u8,
    /// Its stream, 0 for the connection.
    pub stream: u32,
    /// What it carries, without padding, and with the field block of its CONTINUATIONs.
    pub payload: Bytes,
    /// The fields of HEADERS and PUSH_PROMISE in the order of the wire; of all others none.
    pub fields: Fields,
}

impl Frame {
    /// Whether one of these flags is set.
    #[must_use]
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Why RST_STREAM or GOAWAY was said; `None` of other frames.
    #[must_use]
    pub fn error_code(&self) -> Option<ErrorCode> {
        let from = match self.kind {
            kind::RST_STREAM => 0,
            kind::GOAWAY => 4,
            _ => return None,
        };
        self.payload.get(from..)?.first_chunk().map(|code| u32::from_be_bytes(*code).into())
    }

    /// The entries of SETTINGS, identifier and value, in the order of the wire; of others none.
    pub fn settings(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let payload: &[u8] = if self.kind == kind::SETTINGS { &self.payload } else { &[] };
        payload.chunks_exact(6).map(|mut entry| (entry.get_u16(), entry.get_u32()))
    }

    /// Whether it answers another.
    pub(super) fn is_ack(&self) -> bool {
        matches!(self.kind, kind::SETTINGS | kind::PING) && self.has(flag::ACK)
    }

    pub(super) fn opens_block(&self) -> bool {
        matches!(self.kind, kind::HEADERS | kind::PUSH_PROMISE)
    }

    /// Takes padding off; gives nothing if there is less than it says.
    pub(super) fn unpad(&mut self) -> Option<()> {
        if self.has(flag::PADDED) && (self.opens_block() || self.kind == kind::DATA) {
            let padding = usize::from(self.payload.try_get_u8().ok()?);
            self.payload.truncate(self.payload.len().checked_sub(padding)?);
        }
        Some(())
    }

    /// The field block, which comes after a priority or a promised stream.
    pub(super) fn block(&self) -> Option<&[u8]> {
        let from = match self.kind {
            kind::PUSH_PROMISE => 4,
            _ if self.has(flag::PRIORITY) => 5,
            _ => 0,
        };
        self.payload.get(from..)
    }
}

/// The frame in a line, for the text of a failed test.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on stream {}, flags {:#x}", kind::name(self.kind), self.stream, self.flags)?;
        if let Some(code) = self.error_code() {
            write!(f, ", {code}")?;
        }
        if self.opens_block() {
            return write!(f, ", {:?}", self.fields);
        }
        let shown = self.payload.get(..64).unwrap_or(&self.payload);
        write!(f, ", {} octets: {}", self.payload.len(), shown.escape_ascii())
    }
}
