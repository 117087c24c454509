//! A client over several connections: requests go where a slot is free, and connections that drain,
//! are suspect or dead are replaced.
//!
//! Three parts: `floor` is what all share, `keeper` the task that opens and replaces connections,
//! and `send` carries one request to its response.

mod config;
mod connect;
mod floor;
mod keeper;
mod line;
mod pauses;
mod send;
mod service;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;

pub use self::config::ConnectionsConfig;
pub use self::connect::{ConnectError, tcp_connector};
use self::floor::{Closing, Pool, prove};
use self::keeper::Keeper;
use self::service::Turn;
use crate::body::RecvBody;
use crate::body::pump::BoxError;
use crate::client::{Handle, Permit};
use crate::error::Error;
use crate::unsent::{Rejected, Unsent};
use crate::watch::State;

/// A client over up to `most` connections, each made by a call of `connector`.
///
/// ```no_run
/// # async fn f() -> Result<(), h2_tokio::Error> {
/// use h2_tokio::{Config, client};
///
/// let connector = client::tcp_connector("a.example:80", Config::client());
/// let client = client::connections(4, connector);
/// let request = http::Request::get("http://a.example/").body(String::new()).unwrap();
/// let response = client.request(request).await?;
/// # Ok(())
/// # }
/// ```
///
/// The connector does whatever a connection needs, TLS and [its checks](crate::tls) for instance,
/// and gives the [`Handle`]. An error is followed by a pause and another attempt, unless it is
/// [fatal](ConnectError::fatal):
///
/// ```no_run
/// # async fn tls(_: tokio::net::TcpStream) -> std::io::Result<tokio::net::TcpStream> { todo!() }
/// # fn alpn(_: &tokio::net::TcpStream) -> Option<&[u8]> { todo!() }
/// # fn f() {
/// use h2_tokio::client::{self, ConnectError};
/// use h2_tokio::{Config, tcp, tls};
///
/// let client = client::connections(4, || async {
///     let socket = tokio::net::TcpStream::connect("a.example:443").await?;
///     tcp::tune(&socket)?;
///     let session = tls(socket).await?;
///     tls::check_alpn(alpn(&session)).map_err(ConnectError::fatal)?;
///     Ok(client::spawn_connection(session, Config::client()))
/// });
/// # let _ = client;
/// # }
/// ```
///
/// # How requests are spread
///
/// * A request goes to the connection with the most free slots; equals take turns. When none has a
///   free slot, it waits in one line for the first that becomes free on any: first come, first
///   served.
/// * The first connection is opened for the first request. Another is opened when all are full and
///   requests wait, one for each hundred of them. A connection joins when the peer's SETTINGS have
///   come.
/// * A connection that drains (GOAWAY, its age, its identifiers), is
///   [suspect](State::suspect) or has ended gets no more requests. What is open on it goes on. If
///   something was, or if it is suspect, another is opened at once, and otherwise when it is needed.
///   A suspect connection that shows life while its place is free comes back.
/// * Attempts that fail are [spaced out](ConnectionsConfig::pauses), and so are connections that
///   end before they have answered a request or with ENHANCE_YOUR_CALM. There is one attempt at a
///   time then.
/// * A request that was certainly not processed ([`Error::is_unprocessed`]) and whose body is still
///   whole is sent again, [a few times](ConnectionsConfig::retries), unless
///   [`Error::retry_hint`] says that it would fail again: on another connection, or on the same if
///   it is the only one. What may have been processed is never sent twice.
///
/// # Panics
///
/// If it is not called in a tokio runtime with its timer enabled.
pub fn connections<C, Fut>(most: usize, connector: C) -> Connections
where
    C: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handle, ConnectError>> + Send + 'static,
{
    connections_with(ConnectionsConfig::new(most), connector)
}

/// As [`connections`], with numbers of one's own.
///
/// # Panics
///
/// As there.
pub fn connections_with<C, Fut>(config: ConnectionsConfig, connector: C) -> Connections
where
    C: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handle, ConnectError>> + Send + 'static,
{
    let pool = Arc::new(Pool::new(config));
    tokio::spawn(Keeper::new(Arc::clone(&pool), connector).run());
    Connections { door: Arc::new(Door { pool }), turn: Turn::default() }
}

/// A client over several connections, made by [`connections`]. Clones are cheap and share them.
///
/// When the last clone is dropped and its requests have their responses, no more connections are
/// opened, and each of those that are open says goodbye once the last body on it is done with.
///
/// It is a [`tower_service::Service`] too. `poll_ready` is ready when this clone holds a slot, so
/// that `call` sends without waiting; it fails when the client is shut down or its connector fails
/// for good, and waits otherwise, also for a connection. A slot is held until it is used or the
/// clone is dropped; a clone of it holds none. If the connection drains meanwhile, the next
/// `poll_ready` gets another.
pub struct Connections {
    door: Arc<Door>,
    turn: Turn,
}

/// Held by everyone who may make requests.
struct Door {
    pool: Arc<Pool>,
}

impl Door {
    fn is_closing(&self) -> bool {
        self.pool.lock().closing.is_some()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.pool.desert();
    }
}

/// How a client over several connections stands; see [`Connections::state`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionsState {
    /// The connections that get new requests.
    pub serving: Vec<State>,
    /// Those that get none: draining or suspect.
    pub leaving: Vec<State>,
    /// Attempts to connect that are under way.
    pub connecting: usize,
    /// Attempts that failed, and connections that were of no use, since one did its work.
    pub failures: u32,
    /// Requests and reservations that wait for a slot on any connection.
    pub waiting: usize,
    /// Requests that could be opened at once, on all connections together.
    pub free: usize,
    /// Streams that are open on all connections together.
    pub open: usize,
    /// Whether no more requests are taken.
    pub closing: bool,
}

impl Connections {
    /// Makes a request and waits for the head of its response.
    ///
    /// # Errors
    ///
    /// As [`Handle::request`], for the last attempt. [`Reason::Connect`](crate::Reason::Connect)
    /// says that there was no connection to be had.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while the request waits, nothing is sent; afterwards its stream is
    /// reset with CANCEL. An attempt to connect that it caused goes on for others.
    pub async fn request<B>(&self, request: Request<B>) -> Result<Response<RecvBody>, Error>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Ok(send::send(&self.door.pool, None, request.into()).await?)
    }

    /// As [`request`](Self::request), but a request that was certainly not processed is handed back
    /// when it is not sent again.
    ///
    /// # Errors
    ///
    /// As there; see [`Handle::try_request`] for when the request comes with it.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_request<B>(
        &self,
        request: impl Into<Unsent<B>>,
    ) -> Result<Response<RecvBody>, Rejected<Unsent<B>>>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        send::send(&self.door.pool, None, request.into()).await
    }

    /// Waits for the right to open one stream, on the connection with the most free slots. What is
    /// done with it is not done again elsewhere.
    ///
    /// # Errors
    ///
    /// Too many wait, there is no connection to be had, or the client is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe; the place in line is lost.
    pub async fn reserve(&self) -> Result<Permit, Error> {
        let held = Arc::clone(&self.door.pool).reserve(None, false).await?;
        let (permit, _, proved) = held.into_parts();
        // Nobody tells what becomes of it.
        prove(&proved);
        Ok(permit)
    }

    /// How the connections stand, and all together: a picture that may be one turn of their tasks
    /// old.
    #[must_use]
    pub fn state(&self) -> ConnectionsState {
        let floor = self.door.pool.lock();
        let (serving, leaving) = floor.states();
        let (connecting, failures) = (floor.connecting, floor.failures);
        let (waiting, closing) = (floor.line.len(), floor.closing.is_some());
        drop(floor);
        let free = serving.iter().fold(0, |sum: usize, state| sum.saturating_add(state.free));
        let open = serving.iter().chain(&leaving).map(|state| state.open).sum();
        ConnectionsState { serving, leaving, connecting, failures, waiting, free, open, closing }
    }

    /// Takes no more requests and ends all connections gracefully, as [`Handle::shutdown`] does.
    /// Requests that wait for a slot fail, unprocessed; attempts to connect are dropped.
    ///
    /// Returns at once; [`closed`](Self::closed) waits for the end.
    pub fn shutdown(&self) {
        self.door.pool.close(Closing::Shutdown, None);
    }

    /// As [`shutdown`](Self::shutdown), but open streams have `drain` to finish, as in
    /// [`Handle::shutdown_within`]. Called again, it only brings the end forward.
    pub fn shutdown_within(&self, drain: Duration) {
        self.door.pool.close(Closing::Shutdown, Some(drain));
    }

    /// Waits until no more requests are taken and all connections have ended.
    ///
    /// # Errors
    ///
    /// The connector failed [for good](ConnectError::fatal): its error.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn closed(&self) -> Result<(), Error> {
        let pool = &self.door.pool;
        pool.done.cancelled().await;
        let closing = pool.lock().closing.clone();
        match closing {
            Some(Closing::Fatal(error)) => Err(error),
            Some(Closing::Shutdown | Closing::Deserted) | None => Ok(()),
        }
    }

    /// Whether no more requests are taken.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.door.is_closing()
    }
}

impl Clone for Connections {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door), turn: Turn::default() }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Connections");
        text.field("turn", &self.turn).field("state", &self.state()).finish_non_exhaustive()
    }
}

const _: () = {
    const fn is_shared<T: Clone + Send + Sync>() {}
    is_shared::<Connections>();
};
