//! What a frame says: its payload taken apart, its form checked (RFC 9113 §6).

use std::ops::Range;

use super::head::{FrameHead, flag, kind};
use crate::StreamId;
use crate::error::{ErrorCode, Fault, Violation};

/// A frame whose form is legal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// Where the octets lie in the payload; the rest of it is padding. `flow` is all of it.
    Data {
        stream: StreamId,
        data: Range<usize>,
        flow: usize,
        end: bool,
    },
    Headers {
        stream: StreamId,
        fragment: &'a [u8],
        end: bool,
        end_headers: bool,
        on_itself: bool,
    },
    Priority {
        stream: StreamId,
        on_itself: bool,
    },
    Reset {
        stream: StreamId,
        code: ErrorCode,
    },
    /// Entries of six octets each.
    Settings {
        entries: &'a [u8],
    },
    SettingsAck,
    PushPromise {
        stream: StreamId,
        promised: u32,
        fragment: &'a [u8],
        end_headers: bool,
    },
    Ping {
        ack: bool,
        payload: [u8; 8],
    },
    GoAway {
        last: u32,
        code: ErrorCode,
        debug: &'a [u8],
    },
    /// `None` is the connection.
    WindowUpdate {
        stream: Option<StreamId>,
        increment: u32,
    },
    Continuation {
        stream: StreamId,
        fragment: &'a [u8],
        end_headers: bool,
    },
    PriorityUpdate {
        stream: u32,
        value: &'a [u8],
    },
    /// `stream` is 0 for the connection.
    AltSvc {
        stream: u32,
        origin: &'a [u8],
        value: &'a [u8],
    },
    /// Entries of a length in two octets and so many octets.
    Origin {
        entries: &'a [u8],
    },
    Unknown {
        head: FrameHead,
        payload: &'a [u8],
    },
    /// Of a known type, and to be ignored for what is wrong with it.
    Ignored {
        kind: u8,
    },
}

/// Takes a payload apart. `payload` has exactly the announced length.
// Every frame passes here; the other caller is a tap, which must not cost those without one a call.
#[inline(always)]
pub(crate) fn decode(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Fault> {
    Ok(match head.kind {
        kind::DATA => {
            let stream = stream_of(head)?;
            let data = unpad(head, payload, 0)?;
            Frame::Data { stream, data, flow: payload.len(), end: head.has(flag::END_STREAM) }
        }
        kind::HEADERS => headers(head, payload)?,
        kind::PRIORITY => {
            let stream = stream_of(head)?;
            let Ok(octets) = <[u8; 5]>::try_from(payload) else {
                return Err(Fault::Stream(stream, length(head)));
            };
            Frame::Priority { stream, on_itself: depends_on(octets) == stream.get() }
        }
        kind::RST_STREAM => {
            let stream = stream_of(head)?;
            Frame::Reset { stream, code: ErrorCode::from(exactly_u32(head, payload)?) }
        }
        kind::SETTINGS => settings(head, payload)?,
        kind::PUSH_PROMISE => push_promise(head, payload)?,
        kind::PING => {
            on_connection(head)?;
            let payload = <[u8; 8]>::try_from(payload).map_err(|_| length(head))?;
            Frame::Ping { ack: head.has(flag::ACK), payload }
        }
        kind::GOAWAY => {
            on_connection(head)?;
            let Some((fixed, debug)) = payload.split_first_chunk::<8>() else {
                return Err(length(head).into());
            };
            let [a, b, c, d, code @ ..] = *fixed;
            let last = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
            Frame::GoAway { last, code: ErrorCode::from(u32::from_be_bytes(code)), debug }
        }
        kind::WINDOW_UPDATE => {
            let increment = exactly_u32(head, payload)? & 0x7fff_ffff;
            Frame::WindowUpdate { stream: StreamId::new(head.stream), increment }
        }
        kind::CONTINUATION => Frame::Continuation {
            stream: stream_of(head)?,
            fragment: payload,
            end_headers: head.has(flag::END_HEADERS),
        },
        kind::PRIORITY_UPDATE => {
            on_connection(head)?;
            let Some((stream, value)) = payload.split_first_chunk::<4>() else {
                return Err(length(head).into());
            };
            Frame::PriorityUpdate { stream: u32::from_be_bytes(*stream) & 0x7fff_ffff, value }
        }
        kind::ALTSVC => alternative_service(head, payload),
        // RFC 8336 §2.2: on any stream but 0 it is ignored, and with one of the first four flags,
        // which are kept for changes that an endpoint would have to know.
        kind::ORIGIN if head.stream == 0 && head.flags & 0x0f == 0 => {
            Frame::Origin { entries: payload }
        }
        kind::ORIGIN => Frame::Ignored { kind: head.kind },
        _ => Frame::Unknown { head, payload },
    })
}

/// RFC 7838 §4 knows no error for a frame of the wrong form, so one is ignored.
fn alternative_service(head: FrameHead, payload: &[u8]) -> Frame<'_> {
    let parts = payload
        .split_first_chunk::<2>()
        .and_then(|(len, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*len))));
    match parts {
        Some((origin, value)) => Frame::AltSvc { stream: head.stream, origin, value },
        None => Frame::Ignored { kind: head.kind },
    }
}

fn headers(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Fault> {
    let stream = stream_of(head)?;
    let prefix = if head.has(flag::PRIORITY) { 5 } else { 0 };
    let body = unpad(head, payload, prefix)?;
    let priority: Option<[u8; 5]> =
        payload.get(body.start - prefix..body.start).and_then(|octets| octets.try_into().ok());
    Ok(Frame::Headers {
        stream,
        fragment: payload.get(body).unwrap_or_default(),
        end: head.has(flag::END_STREAM),
        end_headers: head.has(flag::END_HEADERS),
        on_itself: priority.is_some_and(|octets| depends_on(octets) == stream.get()),
    })
}

fn push_promise(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Fault> {
    let stream = stream_of(head)?;
    let body = unpad(head, payload, 4)?;
    let promised = payload
        .get(body.start - 4..body.start)
        .and_then(|octets| octets.try_into().ok())
        .map_or(0, u32::from_be_bytes);
    Ok(Frame::PushPromise {
        stream,
        promised: promised & 0x7fff_ffff,
        fragment: payload.get(body).unwrap_or_default(),
        end_headers: head.has(flag::END_HEADERS),
    })
}

fn settings(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Fault> {
    on_connection(head)?;
    match (head.has(flag::ACK), payload.len()) {
        (true, 0) => Ok(Frame::SettingsAck),
        (false, len) if len % 6 == 0 => Ok(Frame::Settings { entries: payload }),
        _ => Err(length(head).into()),
    }
}

/// Where the content of a padded frame lies: behind Pad Length and `prefix` octets of fixed
/// fields, before the padding.
fn unpad(head: FrameHead, payload: &[u8], prefix: usize) -> Result<Range<usize>, Violation> {
    let (start, padding) = match (head.has(flag::PADDED), payload.first()) {
        (false, _) => (prefix, 0),
        (true, Some(pad)) => (prefix + 1, usize::from(*pad)),
        (true, None) => return Err(length(head)),
    };
    if payload.len() < start {
        return Err(length(head));
    }
    // RFC 9113 §6.1: padding that reaches into the fields before it is a PROTOCOL_ERROR.
    let end = payload.len().checked_sub(padding).ok_or(Violation::Padding)?;
    if end < start { Err(Violation::Padding) } else { Ok(start..end) }
}

fn depends_on([a, b, c, d, _weight]: [u8; 5]) -> u32 {
    u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff
}

fn stream_of(head: FrameHead) -> Result<StreamId, Violation> {
    StreamId::new(head.stream).ok_or(Violation::NeedsStream { kind: head.kind })
}

fn on_connection(head: FrameHead) -> Result<(), Violation> {
    if head.stream == 0 { Ok(()) } else { Err(Violation::NeedsConnection { kind: head.kind }) }
}

fn exactly_u32(head: FrameHead, payload: &[u8]) -> Result<u32, Violation> {
    payload.try_into().map(u32::from_be_bytes).map_err(|_| length(head))
}

fn length(head: FrameHead) -> Violation {
    Violation::FrameLength { kind: head.kind, len: head.len }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> FrameHead {
        FrameHead { len: u32::try_from(payload.len()).unwrap(), kind, flags, stream }
    }

    fn connection_fault(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Violation {
        match decode(head(kind, flags, stream, payload), payload) {
            Err(Fault::Connection(violation)) => violation,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn padding_may_fill_a_frame_but_not_exceed_it() {
        let stream = StreamId::ONE;
        let full = decode(head(0, 8, 1, &[2, 0, 0]), &[2, 0, 0]).unwrap();
        assert_eq!(full, Frame::Data { stream, data: 1..1, flow: 3, end: false });
        let zero = decode(head(0, 9, 1, &[0, b'a']), &[0, b'a']).unwrap();
        assert_eq!(zero, Frame::Data { stream, data: 1..2, flow: 2, end: true });
        assert_eq!(connection_fault(0, 8, 1, &[3, 0, 0]), Violation::Padding);
        assert_eq!(connection_fault(1, 0x28, 1, &[1, 0, 0, 0, 0, 0]), Violation::Padding);
        assert!(matches!(connection_fault(0, 8, 1, &[]), Violation::FrameLength { .. }));
    }

    #[test]
    fn a_priority_of_the_wrong_length_is_a_stream_error() {
        let fault = decode(head(2, 0, 5, &[0; 4]), &[0; 4]);
        assert!(
            matches!(fault, Err(Fault::Stream(id, Violation::FrameLength { .. })) if id.get() == 5)
        );
    }

    #[test]
    fn lengths_that_a_type_does_not_allow_are_frame_size_errors() {
        for (kind, flags, stream, len) in [
            (3, 0, 1, 3),
            (4, 0, 0, 5),
            (4, 1, 0, 6),
            (6, 0, 0, 7),
            (7, 0, 0, 7),
            (8, 0, 0, 5),
            (1, 0x20, 1, 4),
            (5, 0, 1, 3),
        ] {
            let violation = connection_fault(kind, flags, stream, &[0; 8][..len]);
            assert_eq!(violation.code(), ErrorCode::FRAME_SIZE_ERROR, "{kind}");
        }
    }

    #[test]
    fn frames_about_a_stream_need_one_and_frames_about_the_connection_have_none() {
        for kind in [0, 1, 2, 3, 5, 9] {
            assert_eq!(connection_fault(kind, 0, 0, &[0; 5]), Violation::NeedsStream { kind });
        }
        for kind in [4, 6, 7] {
            assert_eq!(connection_fault(kind, 0, 1, &[0; 8]), Violation::NeedsConnection { kind });
        }
    }
}
