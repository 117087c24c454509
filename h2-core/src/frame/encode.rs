//! Frames as octets, appended to a buffer (RFC 9113 §6).

use bytes::Bytes;

use super::head::{FrameHead, HEAD_LEN, flag, kind};
use crate::StreamId;
use crate::error::ErrorCode;

/// What a GOAWAY frame says.
#[derive(Clone, Debug)]
pub(crate) struct GoAway {
    pub(crate) last: u32,
    pub(crate) code: ErrorCode,
    pub(crate) debug: Bytes,
}

fn put_head(out: &mut Vec<u8>, len: usize, kind: u8, flags: u8, stream: u32) {
    // Callers cut payloads to the peer's frame size, far below 2^24.
    let len = u32::try_from(len).unwrap_or(0x00ff_ffff);
    out.extend_from_slice(&FrameHead { len, kind, flags, stream }.octets());
}

pub(crate) fn settings(out: &mut Vec<u8>, entries: &[(u16, u32)]) {
    put_head(out, entries.len() * 6, kind::SETTINGS, 0, 0);
    for (id, value) in entries {
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

pub(crate) fn settings_ack(out: &mut Vec<u8>) {
    put_head(out, 0, kind::SETTINGS, flag::ACK, 0);
}

pub(crate) fn ping(out: &mut Vec<u8>, ack: bool, payload: [u8; 8]) {
    put_head(out, 8, kind::PING, if ack { flag::ACK } else { 0 }, 0);
    out.extend_from_slice(&payload);
}

pub(crate) fn reset(out: &mut Vec<u8>, stream: StreamId, code: ErrorCode) {
    put_head(out, 4, kind::RST_STREAM, 0, stream.get());
    out.extend_from_slice(&code.get().to_be_bytes());
}

pub(crate) fn goaway(out: &mut Vec<u8>, goaway: &GoAway) {
    put_head(out, 8 + goaway.debug.len(), kind::GOAWAY, 0, 0);
    out.extend_from_slice(&goaway.last.to_be_bytes());
    out.extend_from_slice(&goaway.code.get().to_be_bytes());
    out.extend_from_slice(&goaway.debug);
}

pub(crate) fn window_update(out: &mut Vec<u8>, stream: Option<StreamId>, increment: u32) {
    put_head(out, 4, kind::WINDOW_UPDATE, 0, stream.map_or(0, StreamId::get));
    out.extend_from_slice(&increment.to_be_bytes());
}

pub(crate) fn priority_update(out: &mut Vec<u8>, stream: StreamId, value: &[u8]) {
    put_head(out, 4 + value.len(), kind::PRIORITY_UPDATE, 0, 0);
    out.extend_from_slice(&stream.get().to_be_bytes());
    out.extend_from_slice(value);
}

pub(crate) fn extension(out: &mut Vec<u8>, head: FrameHead, payload: &[u8]) {
    out.extend_from_slice(&head.octets());
    out.extend_from_slice(payload);
}

/// Chooses the octets of padding for so much content in a payload of at most so many octets.
pub(crate) type Pad<'a> = &'a mut dyn FnMut(usize, usize) -> Option<u8>;

/// The head of a DATA frame; `len` octets of payload must follow.
pub(crate) fn data_head(out: &mut Vec<u8>, stream: StreamId, len: usize, end: bool) {
    let flags = if end { flag::END_STREAM } else { 0 };
    put_head(out, len, kind::DATA, flags, stream.get());
}

/// A DATA frame.
pub(crate) fn data(out: &mut Vec<u8>, stream: StreamId, data: &[u8], end: bool) {
    out.reserve(HEAD_LEN + data.len());
    data_head(out, stream, data.len(), end);
    out.extend_from_slice(data);
}

/// The head of a DATA frame with padding; `len` octets of content and the padding must follow.
pub(crate) fn padded_data_head(
    out: &mut Vec<u8>,
    stream: StreamId,
    len: usize,
    end: bool,
    padding: u8,
) {
    let flags = flag::PADDED | if end { flag::END_STREAM } else { 0 };
    let payload = 1 + len + usize::from(padding);
    put_head(out, payload, kind::DATA, flags, stream.get());
    out.push(padding);
}

/// HEADERS, and as many CONTINUATION frames as the block needs. `encode` appends the block.
pub(crate) fn headers(
    out: &mut Vec<u8>,
    stream: StreamId,
    end: bool,
    max_frame_size: usize,
    pad: Option<Pad<'_>>,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    let end_flag = if end { flag::END_STREAM } else { 0 };
    block(out, (kind::HEADERS, end_flag), stream, max_frame_size, pad, encode);
}

/// PUSH_PROMISE on `parent`, and as many CONTINUATION frames as the block needs.
pub(crate) fn push_promise(
    out: &mut Vec<u8>,
    parent: StreamId,
    promised: StreamId,
    max_frame_size: usize,
    pad: Option<Pad<'_>>,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    block(out, (kind::PUSH_PROMISE, 0), parent, max_frame_size, pad, |out| {
        out.extend_from_slice(&promised.get().to_be_bytes());
        encode(out);
    });
}

fn block(
    out: &mut Vec<u8>,
    (mut kind, mut flags): (u8, u8),
    stream: StreamId,
    max_frame_size: usize,
    pad: Option<Pad<'_>>,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_LEN]);
    if pad.is_some() {
        // The length of the padding, which is not known yet.
        out.push(0);
    }
    let block_start = out.len();
    encode(out);
    let len = out.len() - block_start;
    if len + (block_start - start - HEAD_LEN) <= max_frame_size {
        flags |= flag::END_HEADERS;
        if let Some(pad) = pad {
            let octets = pad(len, max_frame_size).unwrap_or(0);
            out.resize(out.len() + usize::from(octets), 0);
            if let Some(place) = out.get_mut(block_start - 1) {
                *place = octets;
            }
            flags |= flag::PADDED;
        }
        let len = u32::try_from(out.len() - start - HEAD_LEN).unwrap_or(0x00ff_ffff);
        let head = FrameHead { len, kind, flags, stream: stream.get() };
        if let Some(place) = out.get_mut(start..start + HEAD_LEN) {
            place.copy_from_slice(&head.octets());
        }
        return;
    }
    let block = out.split_off(block_start);
    out.truncate(start);
    let mut fragments = block.chunks(max_frame_size).peekable();
    while let Some(fragment) = fragments.next() {
        if fragments.peek().is_none() {
            flags |= flag::END_HEADERS;
        }
        put_head(out, fragment.len(), kind, flags, stream.get());
        out.extend_from_slice(fragment);
        (kind, flags) = (kind::CONTINUATION, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_block_goes_on_in_continuation_frames() {
        let mut out = vec![0xee];
        headers(&mut out, StreamId::ONE, true, 4, None, |out| out.extend_from_slice(b"abcdefghi"));
        let expected: Vec<u8> = [
            &[0xee][..],
            &[0, 0, 4, 1, 1, 0, 0, 0, 1],
            b"abcd",
            &[0, 0, 4, 9, 0, 0, 0, 0, 1],
            b"efgh",
            &[0, 0, 1, 9, 4, 0, 0, 0, 1],
            b"i",
        ]
        .concat();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_short_block_is_one_frame() {
        let mut out = Vec::new();
        headers(&mut out, StreamId::ONE, false, 4, None, |out| out.extend_from_slice(b"abcd"));
        assert_eq!(out, [0, 0, 4, 1, 4, 0, 0, 0, 1, b'a', b'b', b'c', b'd']);
    }

    #[test]
    fn a_padded_block_stays_within_one_frame_or_is_not_padded() {
        let pad = |len, most| {
            let mut out = Vec::new();
            let mut choose = |_: usize, most: usize| u8::try_from(most - len - 1).ok();
            headers(&mut out, StreamId::ONE, false, most, Some(&mut choose), |out| {
                out.resize(out.len() + len, b'a');
            });
            out
        };
        assert_eq!(pad(2, 5), [0, 0, 5, 1, 12, 0, 0, 0, 1, 2, b'a', b'a', 0, 0]);
        assert_eq!(pad(2, 3), [0, 0, 3, 1, 12, 0, 0, 0, 1, 0, b'a', b'a']);
        assert_eq!(pad(3, 3)[..9], [0, 0, 3, 1, 4, 0, 0, 0, 1]);
    }
}
