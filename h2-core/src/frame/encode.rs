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

/// The head of a DATA frame; `len` octets of payload must follow.
pub(crate) fn data_head(out: &mut Vec<u8>, stream: StreamId, len: usize, end: bool) {
    let flags = if end { flag::END_STREAM } else { 0 };
    put_head(out, len, kind::DATA, flags, stream.get());
}

/// HEADERS, and as many CONTINUATION frames as the block needs. `encode` appends the block.
pub(crate) fn headers(
    out: &mut Vec<u8>,
    stream: StreamId,
    end: bool,
    max_frame_size: usize,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    let end_flag = if end { flag::END_STREAM } else { 0 };
    block(out, kind::HEADERS, stream, end_flag, max_frame_size, encode);
}

/// PUSH_PROMISE on `parent`, and as many CONTINUATION frames as the block needs.
pub(crate) fn push_promise(
    out: &mut Vec<u8>,
    parent: StreamId,
    promised: StreamId,
    max_frame_size: usize,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    block(out, kind::PUSH_PROMISE, parent, 0, max_frame_size, |out| {
        out.extend_from_slice(&promised.get().to_be_bytes());
        encode(out);
    });
}

fn block(
    out: &mut Vec<u8>,
    mut kind: u8,
    stream: StreamId,
    end_flag: u8,
    max_frame_size: usize,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_LEN]);
    let block_start = out.len();
    encode(out);
    let len = out.len() - block_start;
    if len <= max_frame_size {
        let flags = end_flag | flag::END_HEADERS;
        let len = u32::try_from(len).unwrap_or(0x00ff_ffff);
        let head = FrameHead { len, kind, flags, stream: stream.get() };
        if let Some(place) = out.get_mut(start..block_start) {
            place.copy_from_slice(&head.octets());
        }
        return;
    }
    let block = out.split_off(block_start);
    out.truncate(start);
    let mut fragments = block.chunks(max_frame_size).peekable();
    let mut flags = end_flag;
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
        headers(&mut out, StreamId::ONE, true, 4, |out| out.extend_from_slice(b"abcdefghi"));
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
        headers(&mut out, StreamId::ONE, false, 4, |out| out.extend_from_slice(b"abcd"));
        assert_eq!(out, [0, 0, 4, 1, 4, 0, 0, 0, 1, b'a', b'b', b'c', b'd']);
    }
}
