//! Frames beyond RFC 9113: alternative services, origins, and types that nobody here knows.

use std::time::Instant;

use bytes::Bytes;

use super::receive::Place;
use super::{Connection, Role};
use crate::StreamId;
use crate::error::{Fault, Misuse};
use crate::event::Event;
use crate::fields::{has_value_octets, is_origin};
use crate::frame::{FrameHead, kind};

/// Octets of an unknown frame that its event keeps.
const UNKNOWN_KEPT: usize = 16 * 1024;
/// Octets of extension frames of ours that may wait to be cut.
const MAX_WAITING: usize = 64 * 1024;

impl Connection {
    pub(super) fn on_unknown(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), Fault> {
        self.guard.glitch(1, "unknown_frame", now)?;
        let kept = payload.get(..UNKNOWN_KEPT).unwrap_or(payload);
        self.events.push_back(Event::UnknownFrame {
            kind: head.kind,
            flags: head.flags,
            stream: head.stream,
            payload: Bytes::copy_from_slice(kept),
        });
        Ok(())
    }

    /// RFC 7838 §4: only a client listens; on stream 0 the frame names its origin, on another one
    /// the origin is that of the stream. What is no origin is none that we trust the peer with.
    pub(super) fn on_altsvc(
        &mut self,
        stream: u32,
        origin: &[u8],
        value: &[u8],
        now: Instant,
    ) -> Result<(), Fault> {
        self.guard.glitch(1, "altsvc", now)?;
        let id = StreamId::new(stream);
        let known = id.is_none_or(|id| matches!(self.place(id), Place::Live(_)));
        let named = if id.is_some() { origin.is_empty() } else { is_origin(origin) };
        if self.role == Role::Client && known && named {
            self.events.push_back(Event::AlternativeService {
                stream: id,
                origin: Bytes::copy_from_slice(origin),
                value: Bytes::copy_from_slice(value),
            });
        }
        Ok(())
    }

    /// RFC 8336 §2: only a client listens, and not after an upgrade to h2c. An entry that is no
    /// origin is left out; one that is cut off ends the list.
    pub(super) fn on_origin(&mut self, mut entries: &[u8], now: Instant) -> Result<(), Fault> {
        self.guard.glitch(1, "origin", now)?;
        if self.role == Role::Server || self.upgraded {
            return Ok(());
        }
        let mut origins = Vec::new();
        while let Some((len, rest)) = entries.split_first_chunk::<2>() {
            let len = usize::from(u16::from_be_bytes(*len));
            let Some((origin, rest)) = rest.split_at_checked(len) else { break };
            if is_origin(origin) {
                origins.push(Bytes::copy_from_slice(origin));
            }
            entries = rest;
        }
        self.events.push_back(Event::Origin { origins });
        Ok(())
    }

    /// Tells a client of an alternative service (server only, RFC 7838): for `origin`, or for the
    /// origin of `stream`. Exactly one of both is given.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongRole`]; [`Misuse::InvalidFrame`] unless exactly one of `origin` and `stream`
    /// is given, for an origin that is no ASCII serialization of one (RFC 6454 §6.2), for a `value`
    /// that is no field value in ASCII, or for what does not fit a frame; [`Misuse::NoSuchStream`];
    /// [`Misuse::QueueFull`]; [`Misuse::ConnectionClosed`].
    pub fn advertise_alternative_service(
        &mut self,
        origin: Option<&str>,
        stream: Option<StreamId>,
        value: &str,
    ) -> Result<(), Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        let names = match (origin, stream) {
            (Some(origin), None) => is_origin(origin.as_bytes()),
            (None, Some(_)) => true,
            _ => false,
        };
        if !names || !value.is_ascii() || !has_value_octets(value.as_bytes()) {
            return Err(Misuse::InvalidFrame);
        }
        if let Some(stream) = stream {
            self.usable(stream)?;
        }
        let origin = origin.unwrap_or_default();
        let len = u16::try_from(origin.len()).map_err(|_| Misuse::InvalidFrame)?;
        let payload = [&len.to_be_bytes(), origin.as_bytes(), value.as_bytes()].concat();
        self.queue_extension(kind::ALTSVC, 0, stream.map_or(0, StreamId::get), payload.into())
    }

    /// Tells a client for which origins this connection is good (server only, RFC 8336). It counts
    /// only over TLS: clients ignore it on a connection in the clear.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongRole`]; [`Misuse::InvalidFrame`] for what is no ASCII serialization of an origin
    /// (RFC 6454 §6.2), or for what does not fit a frame;
    /// [`Misuse::QueueFull`]; [`Misuse::ConnectionClosed`].
    pub fn advertise_origins(&mut self, origins: &[&str]) -> Result<(), Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        let mut payload = Vec::new();
        for origin in origins {
            if !is_origin(origin.as_bytes()) {
                return Err(Misuse::InvalidFrame);
            }
            let len = u16::try_from(origin.len()).map_err(|_| Misuse::InvalidFrame)?;
            payload.extend_from_slice(&len.to_be_bytes());
            payload.extend_from_slice(origin.as_bytes());
        }
        self.queue_extension(kind::ORIGIN, 0, 0, payload.into())
    }

    /// Sends a frame of an extension (RFC 9113 §5.5). Its type must be one that this crate does not
    /// know, `stream` is 0 for the connection. It goes out before heads and DATA.
    ///
    /// # Errors
    ///
    /// [`Misuse::InvalidFrame`] for a type that is known here, and for a payload longer than the
    /// peer takes; [`Misuse::QueueFull`] while 64 KiB wait to be written;
    /// [`Misuse::ConnectionClosed`].
    pub fn send_extension_frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: Bytes,
    ) -> Result<(), Misuse> {
        let known = kind <= kind::CONTINUATION
            || matches!(kind, kind::ALTSVC | kind::ORIGIN | kind::PRIORITY_UPDATE);
        if known || stream > StreamId::MAX.get() {
            return Err(Misuse::InvalidFrame);
        }
        self.queue_extension(kind, flags, stream, payload)
    }

    fn queue_extension(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: Bytes,
    ) -> Result<(), Misuse> {
        if self.reason.is_some() {
            return Err(Misuse::ConnectionClosed);
        }
        if payload.len() > self.egress.max_frame_size {
            return Err(Misuse::InvalidFrame);
        }
        let len = u32::try_from(payload.len()).map_err(|_| Misuse::InvalidFrame)?;
        if !self.egress.agenda.extension(
            FrameHead { len, kind, flags, stream },
            payload,
            MAX_WAITING,
        ) {
            return Err(Misuse::QueueFull);
        }
        Ok(())
    }
}
