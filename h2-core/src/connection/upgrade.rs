//! Connections that began as HTTP/1.1: `Upgrade: h2c` with `HTTP2-Settings` (RFC 7540 §3.2).
//!
//! RFC 9113 no longer has it, but peers that know no other way are still about. Stream 1 carries
//! the request that was made in HTTP/1.1.

use std::time::Instant;

use super::{Connection, Role};
use crate::StreamId;
use crate::config::Config;
use crate::error::{Fault, Misuse, Violation};
use crate::event::Event;
use crate::message::{BodyLength, RequestHead};
use crate::stream::Initiator;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Config {
    /// What a client of this configuration writes into `HTTP2-Settings` to ask for an upgrade.
    #[must_use]
    pub fn http2_settings(&self) -> String {
        let config = self.clone().checked();
        let entries =
            super::negotiate::Negotiation::new(true, &config).first(&config.settings_order);
        let mut octets = Vec::with_capacity(entries.len() * 6);
        for (id, value) in entries {
            octets.extend_from_slice(&id.to_be_bytes());
            octets.extend_from_slice(&value.to_be_bytes());
        }
        encode(&octets)
    }
}

impl Connection {
    /// A client whose request was answered with 101: the response comes on stream 1.
    ///
    /// `request` is what was asked for in HTTP/1.1; `config` is what
    /// [`Config::http2_settings`] was made of.
    #[must_use]
    pub fn upgraded_client(config: Config, request: &RequestHead, now: Instant) -> Self {
        let mut connection = Self::client(config, now);
        connection.upgraded = true;
        connection.first_settings_are_known();
        let mut stream = connection.fresh_stream(Initiator::Us);
        stream.send.head(true);
        stream.on_wire = true;
        stream.head_request = request.is_head();
        stream.connect = request.is_connect();
        connection.streams.insert(StreamId::ONE, stream);
        connection.highest_ours = StreamId::ONE.get();
        connection.wired = 1;
        connection.first_stream = StreamId::ONE;
        connection.next_stream = StreamId::ONE.next();
        connection
    }

    /// A server that answered an upgrade with 101: the request is the first event, on stream 1.
    ///
    /// The client's preface is still to come.
    ///
    /// # Errors
    ///
    /// [`Misuse::InvalidSetting`] when `http2_settings` is not base64url of a SETTINGS payload, or
    /// has a value out of range: such a request is to be answered in HTTP/1.1.
    pub fn upgraded_server(
        config: Config,
        http2_settings: &str,
        request: RequestHead,
        now: Instant,
    ) -> Result<Self, Misuse> {
        let octets = decode(http2_settings.as_bytes()).ok_or(Misuse::InvalidSetting)?;
        let (entries, rest) = octets.as_chunks::<6>();
        if !rest.is_empty() || entries.len() > config.max_settings_entries {
            return Err(Misuse::InvalidSetting);
        }
        let mut connection = Self::server(config, now);
        connection.upgraded = true;
        for [i0, i1, value @ ..] in entries {
            let (id, value) = (u16::from_be_bytes([*i0, *i1]), u32::from_be_bytes(*value));
            connection.apply_remote(id, value, true).map_err(|_| Misuse::InvalidSetting)?;
        }
        connection.open_upgraded(request).map_err(|_| Misuse::InvalidSetting)?;
        Ok(connection)
    }

    /// The request has come whole, with its body, in HTTP/1.1.
    fn open_upgraded(&mut self, head: RequestHead) -> Result<(), Fault> {
        debug_assert!(self.role == Role::Server, "only a server is asked");
        if self.stream_limit() == 0 {
            return Err(Violation::Refused.into());
        }
        let mut stream = self.fresh_stream(Initiator::Peer);
        stream.on_wire = true;
        stream.recv.head(true);
        stream.recv_length = BodyLength::default();
        stream.head_request = head.is_head();
        stream.connect = head.is_connect();
        self.highest_theirs = StreamId::ONE.get();
        self.streams_opened += 1;
        self.undelivered += super::heads::cost(&head);
        let id = StreamId::ONE;
        self.take_in(id, stream, Event::RequestReceived { stream: id, head, end: true });
        Ok(())
    }
}

/// Base64url without padding (RFC 4648 §5).
fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet));
        let bits = bits << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            let index = (bits >> (18 - 6 * digit)) & 0x3f;
            text.extend(ALPHABET.get(index as usize).map(|symbol| char::from(*symbol)));
        }
    }
    text
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_end().strip_suffix(b"=").unwrap_or(text);
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let mut octets = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for symbol in group {
            let index = ALPHABET.iter().position(|other| other == symbol)?;
            bits = bits << 6 | u32::try_from(index).ok()?;
        }
        let bits = (bits << (6 * (4 - group.len()))).to_be_bytes();
        // One symbol alone is no octet.
        let len = group.len().checked_sub(1).filter(|len| *len > 0)?;
        octets.extend_from_slice(bits.get(1..=len)?);
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_reads_what_it_writes() {
        for len in 0..20_u8 {
            let octets: Vec<u8> = (0..len).map(|n| n.wrapping_mul(97)).collect();
            assert_eq!(decode(encode(&octets).as_bytes()), Some(octets));
        }
        assert_eq!(encode(&[0, 3, 0, 0, 0, 0x64]), "AAMAAABk");
        assert_eq!(decode(b"AAMAAABk"), Some(vec![0, 3, 0, 0, 0, 0x64]));
        assert_eq!(decode(b"AAMA AABk"), None);
        assert_eq!(decode(b"A"), None);
    }
}
