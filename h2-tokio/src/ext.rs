//! What HTTP/2 adds to requests and `http::Request` has no place for: extensions of it.

use std::fmt;
use std::time::Duration;

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

    /// The name, `websocket` for instance (RFC 8441 §4).
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

/// How long a request may take: an extension of a request, in the place of
/// [`Config::request_timeout`](crate::Config::request_timeout).
///
/// The time runs from the call on: in line for a stream, while the request is written, and until
/// the head of the response is there. A request that is not answered in time fails with
/// [`Timer::Request`](h2_core::Timer::Request) as its reason, and its stream is reset with CANCEL.
///
/// ```
/// use std::time::Duration;
/// use h2_tokio::ext::RequestTimeout;
///
/// let request = http::Request::get("http://a.example/")
///     .extension(RequestTimeout::new(Duration::from_secs(5)))
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimeout {
    pub(crate) after: Duration,
    pub(crate) whole: bool,
}

impl RequestTimeout {
    /// As long as it takes, whatever the connection's default is.
    pub const NONE: Self = Self::new(Duration::MAX);

    /// Until the head of the response.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self { after, whole: false }
    }

    /// Until the end of the response, its body and trailers included.
    #[must_use]
    pub const fn with_body(mut self) -> Self {
        self.whole = true;
        self
    }
}
