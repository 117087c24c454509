//! Error codes: 32 bits on the wire, fourteen of them with a name (RFC 9113 §7).

use std::fmt;

/// An error code of RST_STREAM and GOAWAY.
///
/// Codes without a name are kept as they came; RFC 9113 §7 treats them like INTERNAL_ERROR.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(u32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The RFC's name of the code, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// No error: a graceful end.
    NO_ERROR = 0x0,
    /// The peer broke a rule that has no code of its own.
    PROTOCOL_ERROR = 0x1,
    /// The sender failed for a reason of its own.
    INTERNAL_ERROR = 0x2,
    /// The peer broke the flow-control rules.
    FLOW_CONTROL_ERROR = 0x3,
    /// SETTINGS were not acknowledged in time.
    SETTINGS_TIMEOUT = 0x4,
    /// A frame came on a stream that was already closed in its direction.
    STREAM_CLOSED = 0x5,
    /// A frame had a length that its type does not allow.
    FRAME_SIZE_ERROR = 0x6,
    /// The stream was refused before any of it was processed; the request may be sent again.
    REFUSED_STREAM = 0x7,
    /// The stream is no longer wanted.
    CANCEL = 0x8,
    /// A header block did not decode.
    COMPRESSION_ERROR = 0x9,
    /// The connection of a CONNECT tunnel was reset or closed.
    CONNECT_ERROR = 0xa,
    /// The peer makes more work than is bearable.
    ENHANCE_YOUR_CALM = 0xb,
    /// The transport does not meet the security requirements.
    INADEQUATE_SECURITY = 0xc,
    /// The request needs HTTP/1.1.
    HTTP_1_1_REQUIRED = 0xd,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<u32> for ErrorCode {
    fn from(code: u32) -> Self {
        Self(code)
    }
}

impl From<ErrorCode> for u32 {
    fn from(code: ErrorCode) -> Self {
        code.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
