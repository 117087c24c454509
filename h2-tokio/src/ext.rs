//! What HTTP/2 adds to requests and `http::Request` has no place for: extensions of it.

use std::fmt;

use bytes::Bytes;

/// The protocol of an extended CONNECT, `:protocol` (RFC 8441): an extension of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Protocol(Bytes);

impl Protocol {
    /// A protocol from its name, `websocket` for instance. It is checked when it is sent.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(Bytes::from_static(name.as_bytes()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn received(name: Bytes) -> Self {
        Self(name)
    }
}

impl From<&str> for Protocol {
    fn from(name: &str) -> Self {
        Self(Bytes::copy_from_slice(name.as_bytes()))
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
