//! What peers do wrong: one variant a rule, each with exactly one code and one section.

use std::fmt;

use super::{ErrorCode, Malformed};
use crate::StreamId;

/// How far a violation reaches.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection ends with GOAWAY (RFC 9113 §5.4.1).
    Connection(Violation),
    /// The stream ends with RST_STREAM (RFC 9113 §5.4.2).
    Stream(StreamId, Violation),
}

impl From<Violation> for Fault {
    fn from(violation: Violation) -> Self {
        Self::Connection(violation)
    }
}

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$fdoc:meta])* $field:ident : $ty:ty),* })?
        = $code:ident, $section:literal, $text:literal;)*) => {
        /// A rule that the peer broke.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Violation {
            $($(#[$doc])* $name $({ $($(#[$fdoc])* $field: $ty),* })?,)*
        }

        impl Violation {
            /// The code that RST_STREAM or GOAWAY carries for it.
            #[must_use]
            pub const fn code(&self) -> ErrorCode {
                match self { $(Self::$name { .. } => ErrorCode::$code,)* }
            }

            /// The section that has the rule, of RFC 9113 unless another number precedes it.
            #[must_use]
            pub const fn section(&self) -> &'static str {
                match self { $(Self::$name { .. } => $section,)* }
            }
        }

        impl fmt::Display for Violation {
            #[allow(unused_variables)]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),* })? => write!(f, $text)?,)*
                }
                write!(f, " (section {})", self.section())
            }
        }
    };
}

violations! {
    /// The connection did not begin with the client preface.
    Preface = PROTOCOL_ERROR, "3.4", "invalid connection preface";
    /// The first frame was not a SETTINGS frame.
    FirstFrameNotSettings { /** Type of the frame. */ kind: u8 }
        = PROTOCOL_ERROR, "3.4", "first frame is of type {kind:#x}, not SETTINGS";
    /// A frame was longer than our SETTINGS_MAX_FRAME_SIZE.
    FrameTooLarge { /** Announced length. */ len: u32, /** Our limit. */ max: u32 }
        = FRAME_SIZE_ERROR, "4.2", "frame of {len} octets, limit {max}";
    /// A frame had a length that its type does not allow.
    FrameLength { /** Type of the frame. */ kind: u8, /** Its length. */ len: u32 }
        = FRAME_SIZE_ERROR, "4.2", "frame of type {kind:#x} with {len} octets";
    /// Padding as long as the frame, or longer.
    Padding = PROTOCOL_ERROR, "6.1", "padding exceeds the frame";
    /// A frame that needs a stream came on stream 0.
    NeedsStream { /** Type of the frame. */ kind: u8 }
        = PROTOCOL_ERROR, "6", "frame of type {kind:#x} on stream 0";
    /// A frame about the connection came on a stream.
    NeedsConnection { /** Type of the frame. */ kind: u8 }
        = PROTOCOL_ERROR, "6", "frame of type {kind:#x} on a stream";
    /// Another frame inside a header block.
    Interleaved { /** Type of the frame. */ kind: u8 }
        = PROTOCOL_ERROR, "4.3", "frame of type {kind:#x} inside a header block";
    /// CONTINUATION without a header block to continue.
    StrayContinuation = PROTOCOL_ERROR, "6.10", "CONTINUATION without HEADERS";
    /// A header block with more octets than we take.
    HeaderBlockTooLarge { /** Octets so far. */ len: usize }
        = ENHANCE_YOUR_CALM, "10.5.1", "header block of {len} octets";
    /// A header block in more frames than we take.
    TooManyContinuations = ENHANCE_YOUR_CALM, "10.5", "too many CONTINUATION frames";
    /// A field section beyond the hard limit.
    FieldSectionTooLarge = ENHANCE_YOUR_CALM, "10.5.1", "field section far above the limit";
    /// A header block did not decode.
    Compression { /** What the decoder found. */ cause: crate::hpack::DecodeError }
        = COMPRESSION_ERROR, "4.3", "header block: {cause}";
    /// A setting with a value outside its range.
    InvalidSetting { /** Identifier of the setting. */ id: u16, /** Its value. */ value: u32 }
        = PROTOCOL_ERROR, "6.5.2", "setting {id:#x} with value {value}";
    /// SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1.
    InitialWindowTooLarge { /** The value. */ value: u32 }
        = FLOW_CONTROL_ERROR, "6.5.2", "initial window of {value}";
    /// More entries in one SETTINGS frame than we take.
    TooManySettings { /** Entries. */ count: usize }
        = ENHANCE_YOUR_CALM, "10.5", "{count} settings in one frame";
    /// An acknowledgement of SETTINGS that nobody sent.
    UnsolicitedSettingsAck = PROTOCOL_ERROR, "6.5.3", "acknowledgement of no SETTINGS";
    /// A window grew beyond 2^31-1.
    WindowOverflow = FLOW_CONTROL_ERROR, "6.9.1", "flow-control window above 2^31-1";
    /// WINDOW_UPDATE with an increment of zero.
    ZeroIncrement = PROTOCOL_ERROR, "6.9", "window increment of 0";
    /// More DATA than the window allowed.
    WindowExceeded { /** Octets of the frame. */ len: u32 }
        = FLOW_CONTROL_ERROR, "6.9.1", "{len} octets of DATA exceed the window";
    /// A frame on a stream that nobody opened.
    IdleStream { /** Type of the frame. */ kind: u8, /** The stream. */ stream: StreamId }
        = PROTOCOL_ERROR, "5.1", "frame of type {kind:#x} on idle stream {stream}";
    /// A frame other than HEADERS, RST_STREAM and PRIORITY on a stream that the server has promised
    /// and not begun.
    ReservedStream { /** Type of the frame. */ kind: u8, /** The stream. */ stream: StreamId }
        = PROTOCOL_ERROR, "5.1", "frame of type {kind:#x} on reserved stream {stream}";
    /// A frame on a stream that the peer had ended.
    StreamClosed { /** Type of the frame. */ kind: u8, /** The stream. */ stream: StreamId }
        = STREAM_CLOSED, "5.1", "frame of type {kind:#x} on closed stream {stream}";
    /// A new stream with an identifier that is not above all earlier ones, or of the wrong parity.
    StreamIdOrder { /** The stream. */ stream: StreamId }
        = PROTOCOL_ERROR, "5.1.1", "stream {stream} cannot be opened";
    /// A stream that depends on itself.
    SelfDependency = PROTOCOL_ERROR, "5.3", "stream depends on itself";
    /// A stream above our SETTINGS_MAX_CONCURRENT_STREAMS, or above what we can hold.
    Refused = REFUSED_STREAM, "5.1.2", "too many concurrent streams";
    /// DATA before the head of its message.
    DataBeforeHead = PROTOCOL_ERROR, "8.1", "DATA before the final header section";
    /// A message that breaks a rule of HTTP.
    Malformed { /** Which rule, and which field broke it. */ why: Malformed }
        = PROTOCOL_ERROR, "8.1.1", "malformed message: {why}";
    /// A body whose length is not its content-length.
    ContentLength { /** What the head said. */ expected: u64, /** What came. */ received: u64 }
        = PROTOCOL_ERROR, "8.1.1", "body of {received} octets, content-length {expected}";
    /// PUSH_PROMISE although push is off, or from a client.
    UnexpectedPush = PROTOCOL_ERROR, "8.4", "unexpected PUSH_PROMISE";
    /// A promised stream that cannot be reserved.
    InvalidPromise { /** The promised stream. */ stream: u32 }
        = PROTOCOL_ERROR, "6.6", "invalid promised stream {stream}";
    /// A frame other than DATA, RST_STREAM, WINDOW_UPDATE and PRIORITY in a CONNECT tunnel.
    FrameInTunnel { /** Type of the frame. */ kind: u8 }
        = PROTOCOL_ERROR, "8.5", "frame of type {kind:#x} in a CONNECT tunnel";
    /// More interim responses than we take.
    TooManyInformational = ENHANCE_YOUR_CALM, "8.1", "too many interim responses";
    /// PRIORITY_UPDATE for stream 0, or sent by a server.
    PriorityUpdate = PROTOCOL_ERROR, "9218 7.1", "invalid PRIORITY_UPDATE";
    /// More early resets than the reset bucket holds (CVE-2023-44487, CVE-2025-8671).
    TooManyResets = ENHANCE_YOUR_CALM, "10.5", "too_many_resets";
    /// More useless frames than the glitch bucket holds.
    TooManyGlitches { /** What emptied the bucket. */ last: &'static str }
        = ENHANCE_YOUR_CALM, "10.5", "too_many_glitches: {last}";
}

impl std::error::Error for Violation {}
