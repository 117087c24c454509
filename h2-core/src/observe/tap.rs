//! A look at every frame in wire order, both ways, with the secrets left out.

use std::fmt;
use std::time::{Duration, Instant};

use super::json::Json;
use super::text::Text;
use crate::error::ErrorCode;
use crate::fields::{Field, Fields};
use crate::frame::{Frame, FrameHead, HEAD_LEN, decode, flag, kind};

/// Somebody who looks at the frames of a connection, set with
/// [`Connection::set_frame_tap`](crate::Connection::set_frame_tap).
///
/// A frame that is sent is shown when it is cut, one that is received when it is taken: both in
/// the order of the wire. The call comes in the middle of the connection's work, so it should be
/// short; it must not panic. Closures are taps.
pub trait FrameTap: Send + Sync {
    /// A frame passed.
    fn frame(&mut self, frame: &TappedFrame<'_>);
}

impl<F: FnMut(&TappedFrame<'_>) + Send + Sync> FrameTap for F {
    fn frame(&mut self, frame: &TappedFrame<'_>) {
        self(frame);
    }
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum FrameDirection {
    /// From the peer.
    Received,
    /// To the peer.
    Sent,
}

/// One frame, as a [`FrameTap`] sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TappedFrame<'a> {
    /// Which way it went.
    pub direction: FrameDirection,
    /// When, by the time that the connection was told last.
    pub at: Instant,
    /// The same, counted from the moment at which the connection was made.
    pub age: Duration,
    /// The type (RFC 9113 §4.1).
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The stream, or 0 for the connection.
    pub stream: u32,
    /// Octets of the payload.
    pub length: u32,
    /// What it says.
    pub summary: FrameSummary<'a>,
}

/// What a frame says. Bodies are not shown, and neither are secrets, see [`FieldValue`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FrameSummary<'a> {
    /// DATA.
    Data {
        /// Octets without padding.
        octets: usize,
        /// Octets of padding and of the field that says how much there is.
        padding: usize,
    },
    /// HEADERS.
    Headers {
        /// The fields, when the block ends with this frame.
        fields: Option<TappedFields<'a>>,
        /// Octets of padding and of the field that says how much there is.
        padding: usize,
    },
    /// PRIORITY, which RFC 9113 §5.3.2 has retired.
    Priority {
        /// The stream that this one depends on.
        depends_on: u32,
        /// Whether it depends on it exclusively.
        exclusive: bool,
        /// The weight, 1 to 256.
        weight: u16,
    },
    /// RST_STREAM.
    Reset {
        /// Why.
        code: ErrorCode,
    },
    /// SETTINGS with their entries, also those that this crate does not know.
    Settings(TappedSettings<'a>),
    /// The acknowledgement of SETTINGS.
    SettingsAck,
    /// PUSH_PROMISE.
    PushPromise {
        /// The stream of the promised response.
        promised: u32,
        /// The fields, when the block ends with this frame.
        fields: Option<TappedFields<'a>>,
        /// Octets of padding and of the field that says how much there is.
        padding: usize,
    },
    /// PING, or with `ack` its answer.
    Ping {
        /// Whether it is an answer.
        ack: bool,
        /// The payload.
        payload: [u8; 8],
    },
    /// GOAWAY.
    GoAway {
        /// The highest stream that was or might be processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// What else is said about it.
        debug: &'a [u8],
    },
    /// WINDOW_UPDATE.
    WindowUpdate {
        /// Octets by which the window grows.
        increment: u32,
    },
    /// CONTINUATION.
    Continuation {
        /// The fields of the whole block, when it ends with this frame.
        fields: Option<TappedFields<'a>>,
    },
    /// PRIORITY_UPDATE (RFC 9218 §7.1).
    PriorityUpdate {
        /// The stream whose priority it is.
        stream: u32,
        /// The priority.
        value: &'a [u8],
    },
    /// ALTSVC (RFC 7838 §4).
    AltSvc {
        /// The origin, empty when it is that of the stream.
        origin: &'a [u8],
        /// What an `alt-svc` field would say.
        value: &'a [u8],
    },
    /// ORIGIN (RFC 8336 §2): entries of a length in two octets and so many octets.
    Origin {
        /// The entries as they stand in the frame.
        entries: &'a [u8],
    },
    /// A frame of a type that this crate does not know. What it says may be a secret.
    Unknown,
    /// A frame that has not the form that its type asks for.
    Broken,
}

/// The entries of SETTINGS: identifiers and values, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TappedSettings<'a>(&'a [u8]);

impl TappedSettings<'_> {
    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u32)> {
        let (entries, _) = self.0.as_chunks::<6>();
        entries.iter().map(|[i0, i1, value @ ..]| {
            (u16::from_be_bytes([*i0, *i1]), u32::from_be_bytes(*value))
        })
    }
}

/// The fields of a header block, in order, also when the message they make is malformed or nobody
/// wants it.
#[derive(Clone, Copy)]
pub struct TappedFields<'a> {
    fields: &'a Fields,
    whole: bool,
}

impl<'a> TappedFields<'a> {
    /// The fields, one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = TappedField<'a>> + use<'a> {
        self.fields.iter().map(|field| TappedField { name: field.name, value: shown(&field) })
    }

    /// Whether these are all: false when the block did not decode, or was longer than the
    /// connection keeps.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl fmt::Debug for TappedFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One field of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TappedField<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The value, unless it is a secret.
    pub value: FieldValue<'a>,
}

/// What is shown of a value.
///
/// Secrets are `authorization`, `proxy-authorization`, `cookie`, `set-cookie`, and whatever is
/// marked never-indexed (RFC 7541 §7.1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum FieldValue<'a> {
    /// The octets.
    Shown(&'a [u8]),
    /// How many octets there are.
    Hidden(usize),
}

impl fmt::Debug for TappedField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.name.escape_ascii(), self.value)
    }
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(value) => write!(f, "{}", value.escape_ascii()),
            Self::Hidden(len) => write!(f, "({len} octets hidden)"),
        }
    }
}

const SECRETS: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];

fn shown<'a>(field: &Field<'a>) -> FieldValue<'a> {
    // In a malformed block the name may be spelt in any way.
    let name = field.name.trim_ascii();
    let secret = SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    if field.sensitive || secret {
        FieldValue::Hidden(field.value.len())
    } else {
        FieldValue::Shown(field.value)
    }
}

impl TappedFrame<'_> {
    /// The frame in lines for people: one that says which frame it is, and one for each thing it
    /// says. Without a line break at the end.
    #[must_use]
    pub fn text(&self) -> impl fmt::Display {
        Text(self)
    }

    /// The frame as one line of JSON, without a line break at the end.
    ///
    /// Octets of names, values and debug data are the code points U+0000 to U+00FF of its strings.
    /// A hidden value is missing, and `hidden` says how long it is.
    #[must_use]
    pub fn json(&self) -> impl fmt::Display {
        Json(self)
    }

    /// The name of the type, if this crate knows it.
    #[must_use]
    pub fn kind_name(&self) -> Option<&'static str> {
        Some(match self.kind {
            kind::DATA => "DATA",
            kind::HEADERS => "HEADERS",
            kind::PRIORITY => "PRIORITY",
            kind::RST_STREAM => "RST_STREAM",
            kind::SETTINGS => "SETTINGS",
            kind::PUSH_PROMISE => "PUSH_PROMISE",
            kind::PING => "PING",
            kind::GOAWAY => "GOAWAY",
            kind::WINDOW_UPDATE => "WINDOW_UPDATE",
            kind::CONTINUATION => "CONTINUATION",
            kind::ALTSVC => "ALTSVC",
            kind::ORIGIN => "ORIGIN",
            kind::PRIORITY_UPDATE => "PRIORITY_UPDATE",
            _ => return None,
        })
    }

    /// The names of the flags that are set and mean something in this type.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        const NAMED: [(u8, &[u8], &str); 5] = [
            (flag::ACK, &[kind::SETTINGS, kind::PING], "ACK"),
            (flag::END_STREAM, &[kind::DATA, kind::HEADERS], "END_STREAM"),
            (
                flag::END_HEADERS,
                &[kind::HEADERS, kind::PUSH_PROMISE, kind::CONTINUATION],
                "END_HEADERS",
            ),
            (flag::PADDED, &[kind::DATA, kind::HEADERS, kind::PUSH_PROMISE], "PADDED"),
            (flag::PRIORITY, &[kind::HEADERS], "PRIORITY"),
        ];
        let (set, kind) = (self.flags, self.kind);
        NAMED
            .iter()
            .filter(move |(flag, kinds, _)| set & flag != 0 && kinds.contains(&kind))
            .map(|(_, _, name)| *name)
    }
}

/// The tap of a connection, if it has one. Without one, every call is one branch.
#[derive(Default)]
pub(crate) struct Tap(Option<Box<Listener>>);

struct Listener {
    to: Box<dyn FrameTap>,
    born: Instant,
    now: Instant,
    /// The frame that ended a block, until the fields are known.
    ending: Option<Ending>,
}

/// What a frame that ends a block says, its fields aside.
#[derive(Clone, Copy)]
struct Ending {
    head: FrameHead,
    promised: u32,
    padding: usize,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tap(set)" } else { "Tap" })
    }
}

impl Tap {
    pub(crate) fn set(&mut self, tap: Option<Box<dyn FrameTap>>, born: Instant, now: Instant) {
        self.0 = tap.map(|to| Box::new(Listener { to, born, now, ending: None }));
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The time of what follows.
    #[inline]
    pub(crate) fn hear(&mut self, now: Instant) {
        if let Some(listener) = &mut self.0 {
            listener.now = now;
        }
    }

    /// A frame came. One that ends a block waits for its [`fields`](Self::fields).
    #[inline]
    pub(crate) fn received(&mut self, head: FrameHead, payload: &[u8]) {
        if let Some(listener) = &mut self.0 {
            listener.received(head, payload);
        }
    }

    /// The fields of the block that the last frame ended; `whole` says whether these are all.
    #[inline]
    pub(crate) fn fields(&mut self, fields: &Fields, whole: bool) {
        if let Some(listener) = &mut self.0 {
            listener.ended(Some(TappedFields { fields, whole }));
        }
    }

    /// The block that the last frame ended, if it ended one, will not be decoded.
    #[inline]
    pub(crate) fn no_fields(&mut self) {
        if let Some(listener) = &mut self.0 {
            listener.ended(None);
        }
    }

    /// Frames were cut; of DATA the payload need not be there. Of a block these are the fields.
    pub(crate) fn sent(&mut self, octets: &[u8], fields: Option<&Fields>) {
        if let Some(listener) = &mut self.0 {
            listener.sent(octets, fields);
        }
    }
}

impl Listener {
    #[cold]
    fn received(&mut self, head: FrameHead, payload: &[u8]) {
        self.ended(None);
        let summary = summary(head, payload, None);
        let (promised, padding) = if let FrameSummary::Headers { padding, .. } = summary {
            (0, padding)
        } else if let FrameSummary::PushPromise { promised, padding, .. } = summary {
            (promised, padding)
        } else {
            (0, 0)
        };
        if ends_block(head) && !matches!(summary, FrameSummary::Broken) {
            self.ending = Some(Ending { head, promised, padding });
        } else {
            self.show(FrameDirection::Received, head, summary);
        }
    }

    #[cold]
    fn ended(&mut self, fields: Option<TappedFields<'_>>) {
        let Some(Ending { head, promised, padding }) = self.ending.take() else { return };
        let summary = match head.kind {
            kind::HEADERS => FrameSummary::Headers { fields, padding },
            kind::PUSH_PROMISE => FrameSummary::PushPromise { promised, fields, padding },
            _ => FrameSummary::Continuation { fields },
        };
        self.show(FrameDirection::Received, head, summary);
    }

    fn sent(&mut self, mut octets: &[u8], fields: Option<&Fields>) {
        while let Some((head, rest)) = octets.split_first_chunk::<HEAD_LEN>() {
            let head = FrameHead::parse(*head);
            let payload = rest.get(..head.len as usize).unwrap_or_default();
            octets = rest.get(head.len as usize..).unwrap_or_default();
            let fields = fields
                .filter(|_| ends_block(head))
                .map(|fields| TappedFields { fields, whole: true });
            let summary = if head.kind == kind::DATA {
                let padded = rest.first().filter(|_| head.has(flag::PADDED));
                let padding = padded.map_or(0, |octets| 1 + usize::from(*octets));
                FrameSummary::Data { octets: (head.len as usize).saturating_sub(padding), padding }
            } else {
                summary(head, payload, fields)
            };
            self.show(FrameDirection::Sent, head, summary);
        }
    }

    fn show(&mut self, direction: FrameDirection, head: FrameHead, summary: FrameSummary<'_>) {
        let FrameHead { len, kind, flags, stream } = head;
        let age = self.now.saturating_duration_since(self.born);
        let at = self.now;
        self.to.frame(&TappedFrame {
            direction,
            at,
            age,
            kind,
            flags,
            stream,
            length: len,
            summary,
        });
    }
}

/// Whether a header block ends with this frame.
fn ends_block(head: FrameHead) -> bool {
    matches!(head.kind, kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION)
        && head.has(flag::END_HEADERS)
}

#[inline(never)]
fn summary<'a>(
    head: FrameHead,
    payload: &'a [u8],
    fields: Option<TappedFields<'a>>,
) -> FrameSummary<'a> {
    let Ok(frame) = decode(head, payload) else { return FrameSummary::Broken };
    match frame {
        Frame::Data { data, flow, .. } => {
            FrameSummary::Data { octets: data.len(), padding: flow - data.len() }
        }
        Frame::Headers { fragment, .. } => {
            FrameSummary::Headers { fields, padding: padding_of(head, payload, fragment) }
        }
        Frame::Priority { .. } => priority(payload),
        Frame::Reset { code, .. } => FrameSummary::Reset { code },
        Frame::Settings { entries } => FrameSummary::Settings(TappedSettings(entries)),
        Frame::SettingsAck => FrameSummary::SettingsAck,
        Frame::PushPromise { promised, fragment, .. } => {
            let padding = padding_of(head, payload, fragment);
            FrameSummary::PushPromise { promised, fields, padding }
        }
        Frame::Ping { ack, payload } => FrameSummary::Ping { ack, payload },
        Frame::GoAway { last, code, debug } => {
            FrameSummary::GoAway { last_stream: last, code, debug }
        }
        Frame::WindowUpdate { increment, .. } => FrameSummary::WindowUpdate { increment },
        Frame::Continuation { .. } => FrameSummary::Continuation { fields },
        Frame::PriorityUpdate { stream, value } => FrameSummary::PriorityUpdate { stream, value },
        Frame::AltSvc { origin, value, .. } => FrameSummary::AltSvc { origin, value },
        Frame::Origin { entries } => FrameSummary::Origin { entries },
        Frame::Unknown { .. } => FrameSummary::Unknown,
        Frame::Ignored { .. } => FrameSummary::Broken,
    }
}

/// What of the payload of HEADERS or PUSH_PROMISE is neither a fixed field nor the fragment.
fn padding_of(head: FrameHead, payload: &[u8], fragment: &[u8]) -> usize {
    let fixed = match head.kind {
        kind::PUSH_PROMISE => 4,
        _ if head.has(flag::PRIORITY) => 5,
        _ => 0,
    };
    payload.len().saturating_sub(fixed + fragment.len())
}

fn priority(payload: &[u8]) -> FrameSummary<'static> {
    let Ok([a, b, c, d, weight]) = <[u8; 5]>::try_from(payload) else {
        return FrameSummary::Broken;
    };
    let word = u32::from_be_bytes([a, b, c, d]);
    FrameSummary::Priority {
        depends_on: word & 0x7fff_ffff,
        exclusive: word >> 31 == 1,
        weight: u16::from(weight) + 1,
    }
}
