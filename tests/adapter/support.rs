//! A client and a server that are connected, and the bodies they exchange.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{Connection, Event};
use h2_tokio::{Config, Error, RecvBody, client, server};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

/// Octets that a pipe in memory holds.
pub(crate) const PIPE: usize = 64 * 1024;

pub(crate) type Pair = (client::Handle, server::Handle, server::Incoming);

/// A client and the requests that reach its server, over a pipe.
pub(crate) fn pair() -> Pair {
    pair_with(Config::client(), Config::server())
}

pub(crate) fn pair_with(client: Config, server: Config) -> Pair {
    let (ours, theirs) = duplex(PIPE);
    let (handle, incoming) = server::spawn_connection(theirs, server);
    (client::spawn_connection(ours, client), handle, incoming)
}

/// A client of a server that answers every request with `handler`.
pub(crate) fn client_of<F, Fut, B>(handler: F) -> client::Handle
where
    F: FnMut(Request<RecvBody>) -> Fut + Send + Unpin + 'static,
    Fut: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    client_with(Config::server(), handler)
}

pub(crate) fn client_with<F, Fut, B>(config: Config, handler: F) -> client::Handle
where
    F: FnMut(Request<RecvBody>) -> Fut + Send + Unpin + 'static,
    Fut: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (ours, theirs) = duplex(PIPE);
    serve_on(theirs, config, handler);
    client::spawn_connection(ours, Config::client())
}

pub(crate) fn serve_on<IO, F, Fut, B>(io: IO, config: Config, handler: F)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: FnMut(Request<RecvBody>) -> Fut + Send + Unpin + 'static,
    Fut: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    tokio::spawn(server::serve(io, config, server::service_fn(handler)));
}

/// Sends the body of a request back, with its trailers.
pub(crate) async fn echo(request: Request<RecvBody>) -> Result<Response<RecvBody>, Infallible> {
    Ok(Response::new(request.into_body()))
}

pub(crate) async fn hello(_: Request<RecvBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"Hello, World!"))))
}

pub(crate) fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://a.example{path}")).body(Empty::new()).unwrap()
}

pub(crate) fn head_of(path: &str) -> Request<()> {
    Request::post(format!("http://a.example{path}")).body(()).unwrap()
}

pub(crate) fn post(body: Bytes) -> Request<Full<Bytes>> {
    Request::post("http://a.example/").body(Full::new(body)).unwrap()
}

/// Octets that are not all the same.
pub(crate) fn octets(count: usize) -> Bytes {
    (0..count).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

pub(crate) async fn read(body: RecvBody) -> Result<Bytes, Error> {
    Ok(body.collect().await?.to_bytes())
}

/// A peer by hand: the bare protocol over one end of a pipe.
pub(crate) struct Peer {
    pub(crate) conn: Connection,
    io: DuplexStream,
    input: BytesMut,
}

impl Peer {
    pub(crate) fn client(io: DuplexStream) -> Self {
        Self::new(Connection::client(h2_core::Config::client(), now()), io)
    }

    pub(crate) fn server(io: DuplexStream, config: h2_core::Config) -> Self {
        Self::new(Connection::server(config, now()), io)
    }

    fn new(conn: Connection, io: DuplexStream) -> Self {
        Self { conn, io, input: BytesMut::new() }
    }

    /// Writes everything that waits.
    pub(crate) async fn flush(&mut self) {
        while self.conn.data_to_send(now()).has_remaining() {
            let outbox = self.conn.data_to_send(now());
            let written = self.io.write(outbox.chunk()).await.unwrap();
            outbox.advance(written);
        }
    }

    /// The next event that is not about settings; `None` at the end of the transport.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            self.flush().await;
            match self.conn.poll_event() {
                Some(Event::SettingsChanged { .. } | Event::SettingsAcknowledged { .. }) => {
                    continue;
                }
                Some(event) => return Some(event),
                None => {}
            }
            if self.io.read_buf(&mut self.input).await.unwrap() == 0 {
                return None;
            }
            let _ = self.conn.receive_data(&mut self.input, now());
        }
    }

    /// Talks until the other side has nothing more to say, and gives what was heard of interest.
    pub(crate) async fn settle(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        // The time is stopped, so it passes only when nobody has anything to do.
        let patience = Duration::from_millis(1);
        while let Ok(Some(event)) = tokio::time::timeout(patience, self.next()).await {
            events.push(event);
        }
        events
    }

    /// Ends the transport without a word.
    pub(crate) fn vanish(self) {}

    /// Writes octets that the protocol knows nothing of.
    pub(crate) async fn write(&mut self, octets: &[u8]) {
        self.io.write_all(octets).await.unwrap();
    }

    /// Ends the transport after these octets.
    pub(crate) async fn vanish_with(mut self, last: &[u8]) {
        self.io.write_all(last).await.unwrap();
    }
}

fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
