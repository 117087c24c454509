//! CONNECT and extended CONNECT: a stream as a transport of its own, in both roles.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use h2_core::Misuse;
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use crate::body::{BodyReader, BodyWriter, RecvBody, SendBody};
use crate::client::Handle;
use crate::error::Error;
use crate::ext::Protocol;
use crate::responder::Responder;
use crate::unsent::Rejected;

/// Octets both ways over one stream, as [`AsyncRead`], [`AsyncBufRead`] and [`AsyncWrite`].
///
/// A client gets one from [`Handle::open_tunnel`], a server from [`Responder::accept_tunnel`].
///
/// - Each direction ends by itself. Shutting down ends ours with END_STREAM; reading zero octets
///   means that the peer ended its own. Whatever else ends the stream or the connection is an
///   error, never an end.
/// - A write waits while the peer does not read. Waiting to be sent are at most the stream's send
///   credit ([`h2_core::Config::send_credit`] and its pool) and 16 KiB; waiting to be read is at
///   most the stream's window.
/// - Dropped before it was shut down, it resets the stream with CANCEL. Shut down, but dropped
///   before the peer has ended its direction, it resets the stream too, with CANCEL on a client and
///   NO_ERROR on a server. A reset overtakes what was written and has not left, so shut down a
///   tunnel after a library that merely drops its transport, as those for WebSocket do.
#[derive(Debug)]
pub struct Tunnel {
    // Dropped in this order: what was not ended is cancelled before anything else is said.
    writer: BodyWriter,
    reader: BodyReader,
}

impl Tunnel {
    /// Joins the two directions of a stream, of whatever method.
    #[must_use]
    pub fn new(send: SendBody, receive: RecvBody) -> Self {
        Self::join(receive.into_reader(), send.into_writer())
    }

    /// Joins what [`into_split`](Self::into_split) separated.
    #[must_use]
    pub fn join(reader: BodyReader, writer: BodyWriter) -> Self {
        Self { writer, reader }
    }

    /// The two directions, for tasks of their own; there is no lock between them.
    ///
    /// On a client the reader must live as long as the stream is needed: dropped before the peer's
    /// end, it resets the stream.
    #[must_use]
    pub fn into_split(self) -> (BodyReader, BodyWriter) {
        (self.reader, self.writer)
    }

    /// Waits until the peer, or the end of the connection, makes writing pointless, and says why.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn stopped(&mut self) -> Error {
        self.writer.get_mut().stopped().await
    }
}

/// # Tunnels
impl Handle {
    /// Asks for a tunnel with CONNECT (RFC 9113 §8.5), and waits for the answer.
    ///
    /// The URI of a plain one is an authority with a port, `example.com:443`. With [`Protocol`]
    /// among the extensions of the request it is an extended CONNECT (RFC 8441), whose URI is a
    /// whole one; it waits for the peer's SETTINGS, at most
    /// [`h2_core::Config::handshake_timeout`], because only they allow it. The method is
    /// CONNECT, whatever the request says. Interim responses are dropped.
    ///
    /// # Errors
    ///
    /// [`TunnelError::Refused`] is the peer's answer when its status is not 2xx. Anything else is
    /// [`TunnelError::Failed`]; with [`Misuse::NotEnabled`] for a reason, the peer does not allow
    /// extended CONNECT and nothing was sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is sent, or the stream is reset with CANCEL.
    pub async fn open_tunnel(&self, request: Request<()>) -> Result<Response<Tunnel>, TunnelError> {
        let tunnel = self.try_open_tunnel(request).await;
        tunnel.map_err(|error| match error {
            TunnelError::Unsent(rejected) => TunnelError::Failed(rejected.into_error()),
            other @ (TunnelError::Refused(_) | TunnelError::Failed(_)) => other,
        })
    }

    /// As [`open_tunnel`](Self::open_tunnel), but a request of which nothing was sent is handed
    /// back, its method being CONNECT by then.
    ///
    /// # Errors
    ///
    /// As there, and [`TunnelError::Unsent`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_open_tunnel(
        &self,
        mut request: Request<()>,
    ) -> Result<Response<Tunnel>, TunnelError> {
        *request.method_mut() = Method::CONNECT;
        if request.extensions().get::<Protocol>().is_some()
            && let Err(error) = self.ready().await
        {
            return Err(TunnelError::Unsent(Rejected::new(error, Some(request))));
        }
        let opened = self.try_send_request(request).await;
        let (send, response) = opened.map_err(TunnelError::Unsent)?;
        let response = response.await?;
        if !response.status().is_success() {
            // A stream that has ended already needs no other end.
            let _ = send.finish();
            return Err(TunnelError::Refused(Box::new(response)));
        }
        Ok(response.map(|receive| Tunnel::new(send, receive)))
    }
}

/// # Tunnels
impl Responder {
    /// Agrees to a CONNECT request; `receive` is the body that came with it. A `content-length` is
    /// left out (RFC 9110 §9.3.6). To refuse, answer with any other status.
    ///
    /// Extended CONNECT must be allowed with [`h2_core::Config::enable_connect_protocol`]; the
    /// request then has a [`Protocol`] among its extensions.
    ///
    /// # Errors
    ///
    /// As for [`send_response`](Self::send_response); and [`Misuse::WrongStatusKind`] when the
    /// status is not 2xx, or the response cannot have a body. Then the stream is reset.
    pub fn accept_tunnel(
        self,
        mut response: Response<()>,
        receive: RecvBody,
    ) -> Result<Tunnel, Error> {
        if !response.status().is_success() || self.is_void(response.status()) {
            return Err(Error::misuse(Misuse::WrongStatusKind));
        }
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(Tunnel::new(self.send_response(response)?, receive))
    }
}

/// Why there is no tunnel.
#[derive(Debug)]
#[non_exhaustive]
pub enum TunnelError {
    /// The peer said no, or something else than yes: its answer.
    Refused(Box<Response<RecvBody>>),
    /// There is no answer.
    Failed(Error),
    /// Nothing was sent. Only [`Handle::try_open_tunnel`] says so.
    Unsent(Rejected<Request<()>>),
}

impl From<Error> for TunnelError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(response) => write!(f, "tunnel refused: {}", response.status()),
            Self::Failed(error) => error.fmt(f),
            Self::Unsent(rejected) => rejected.fmt(f),
        }
    }
}

impl std::error::Error for TunnelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(error) => error.source(),
            Self::Unsent(rejected) => rejected.source(),
        }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncBufRead for Tunnel {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().reader).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, octets: usize) {
        Pin::new(&mut self.reader).consume(octets);
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
