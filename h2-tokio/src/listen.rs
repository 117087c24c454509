//! A whole server: connections from a listener, each served, and all ended together and in time.

use std::any::Any;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use h2_core::ErrorCode;
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::net::Listener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tower_service::Service;

use crate::body::RecvBody;
use crate::body::pump::BoxError;
use crate::config::Config;
use crate::error::CloseReason;
use crate::serve::serve;
use crate::server::{Handle, Incoming, connection};
use crate::trace;

/// The pause after the first failure to accept, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How much longer than the whole server a connection would take to drain by itself, and how much
/// longer than it may linger a connection is waited for.
const MARGIN: Duration = Duration::from_secs(1);

/// A server on a listener: it takes connections, serves each in a task of its own, and when it is
/// told to stop ends all of them gracefully.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// use h2_tokio::server::{self, CancellationToken, Server};
/// use h2_tokio::{Config, RecvBody};
/// use http::{Request, Response};
///
/// let stop = CancellationToken::new();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let service = server::service_fn(|_: Request<RecvBody>| async {
///     Ok::<_, std::convert::Infallible>(Response::new(String::from("Hello!")))
/// });
/// let report = Server::new(listener, Config::server())
///     .until(stop.clone()) // stop.cancel() ends it
///     .drain(Duration::from_secs(10))
///     .serve(service)
///     .await;
/// println!("{} streams were cut short", report.cut_streams);
/// # Ok(())
/// # }
/// ```
///
/// TCP connections are [tuned](crate::tcp::tune). When accepting fails because the system is out of something
/// (EMFILE, say), it is tried again after 5 ms, and after twice as long each time up to a second; a
/// connection that ended before it was accepted is passed over.
#[must_use = "a server does nothing until `serve` or `each` is awaited"]
pub struct Server<L: Listener, P = AsIs<<L as Listener>::Io, <L as Listener>::Addr>> {
    listener: L,
    prepare: P,
    options: Options,
}

/// Takes a transport as it comes; see [`Server::prepare`].
pub type AsIs<IO, A> = fn(IO, A, Config) -> Ready<io::Result<(IO, Config)>>;

struct Options {
    config: Config,
    stop: CancellationToken,
    drain: Option<Duration>,
    prepare_timeout: Duration,
    max_connections: Option<usize>,
}

/// What became of the connections of a [`Server`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections that spoke HTTP/2, or could have: those that were accepted and prepared.
    pub connections: usize,
    /// Connections that could not be prepared: TLS failed or took too long.
    pub unprepared: usize,
    /// Connections that the server closed because they had not ended when its time to drain was
    /// over.
    pub cut_connections: usize,
    /// Streams that were open on those.
    pub cut_streams: usize,
}

impl<L: Listener> Server<L> {
    /// A server on this listener. `config` is that of every connection.
    pub fn new(listener: L, config: Config) -> Self {
        let options = Options {
            drain: config.core.drain_timeout,
            config,
            stop: CancellationToken::new(),
            prepare_timeout: Duration::from_secs(10),
            max_connections: None,
        };
        Self { listener, prepare: |io, _, config| ready(Ok((io, config))), options }
    }
}

impl<L: Listener, P> Server<L, P> {
    /// Prepares each transport before HTTP/2 is spoken over it, in the task of its connection:
    /// `prepare` does the TLS handshake, say, and may change what the connection is run with, for
    /// instance give its requests the peer's address ([`Config::extension`]).
    ///
    /// ```
    /// # use std::io;
    /// # use std::net::SocketAddr;
    /// # use h2_tokio::{Config, server::Server};
    /// # use tokio::net::{TcpListener, TcpStream};
    /// # async fn tls(socket: TcpStream) -> io::Result<TcpStream> { Ok(socket) }
    /// # fn example(listener: TcpListener) {
    /// let server = Server::new(listener, Config::server()).prepare(
    ///     |socket: TcpStream, peer: SocketAddr, config: Config| async move {
    ///         Ok((tls(socket).await?, config.extension(peer)))
    ///     },
    /// );
    /// # let _ = server;
    /// # }
    /// ```
    pub fn prepare<F, Fut, IO>(self, prepare: F) -> Server<L, F>
    where
        F: FnMut(L::Io, L::Addr, Config) -> Fut,
        Fut: Future<Output = io::Result<(IO, Config)>>,
    {
        Server { listener: self.listener, prepare, options: self.options }
    }

    /// Time for [`prepare`](Self::prepare). Default 10 s.
    pub fn prepare_timeout(mut self, time: Duration) -> Self {
        self.options.prepare_timeout = time;
        self
    }

    /// Stops when this token is cancelled.
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.options.stop = stop;
        self
    }

    /// Time for all connections to end once the server stops; what is left then is closed. Default
    /// [`drain_timeout`](h2_core::Config::drain_timeout) of the configuration, which this does not
    /// outlast: a connection gets at least a second more for itself.
    pub fn drain(mut self, time: Duration) -> Self {
        self.options.drain = Some(time);
        self
    }

    /// Most connections at once, at least one; others wait to be accepted. Default as many as come.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.options.max_connections = Some(connections.clamp(1, Semaphore::MAX_PERMITS));
        self
    }

    /// Serves every connection with a clone of `service`, as [`serve()`](crate::server::serve) does,
    /// until the token of [`until`](Self::until) is cancelled and all connections have ended.
    ///
    /// Then it accepts no more, drops what is not prepared yet, and shuts every connection down:
    /// requests under way finish, later ones are refused. Connections that have not ended in
    /// [`drain`](Self::drain) are closed, and their handlers dropped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the listener is closed and every connection with it, at once.
    pub async fn serve<S, B, Fut, IO>(self, service: S) -> Report
    where
        P: FnMut(L::Io, L::Addr, Config) -> Fut,
        Fut: Future<Output = io::Result<(IO, Config)>> + Send + 'static,
        L::Io: 'static,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<RecvBody>, Response = Response<B>, Error: Into<BoxError>>,
        S: Service<Request<RecvBody>, Future: Send + 'static> + Clone + Send + 'static,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        self.run(|| {
            let service = service.clone();
            move |io, config| {
                let served = serve(io, config, service);
                (served.handle(), served)
            }
        })
        .await
    }

    /// As [`serve`](Self::serve), but gives the requests of each connection to a call of `each`, in
    /// a task of its own. A connection counts until that has ended too; what it leaves undone when
    /// the time to drain is over is aborted.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn each<F, Each, Fut, IO>(self, each: F) -> Report
    where
        P: FnMut(L::Io, L::Addr, Config) -> Fut,
        Fut: Future<Output = io::Result<(IO, Config)>> + Send + 'static,
        L::Io: 'static,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: FnOnce(Incoming) -> Each + Clone + Send + 'static,
        Each: Future<Output = ()> + Send + 'static,
    {
        self.run(|| {
            let each = each.clone();
            move |io, config| {
                let (handle, incoming, driver) = connection(io, config);
                let running = async move {
                    let each = AbortOnDropHandle::new(tokio::spawn(each(incoming)));
                    let reason = driver.await;
                    // A panic in it has been reported by now, and concerns nobody else.
                    let _ = each.await;
                    reason
                };
                (handle, running)
            }
        })
        .await
    }

    /// Accepts until it is stopped, then waits for those that were accepted.
    async fn run<Fut, IO, Start, Run>(mut self, mut start: impl FnMut() -> Start) -> Report
    where
        P: FnMut(L::Io, L::Addr, Config) -> Fut,
        Fut: Future<Output = io::Result<(IO, Config)>> + Send + 'static,
        L::Io: 'static,
        IO: Send + 'static,
        Start: FnOnce(IO, Config) -> (Handle, Run) + Send + 'static,
        Run: Future<Output = CloseReason> + Send + 'static,
    {
        let office = Office::new(&self.options);
        // Dropped before its end, this future takes everything down with it.
        let _dropped = (office.stop.clone().drop_guard(), office.cut.clone().drop_guard());
        let tracker = TaskTracker::new();
        let seats = self.options.max_connections.map(|most| Arc::new(Semaphore::new(most)));
        let accepting = async {
            let mut pause = PAUSES.0;
            loop {
                let seat = match &seats {
                    Some(seats) => Arc::clone(seats).acquire_owned().await.ok(),
                    None => None,
                };
                let (io, peer) = match self.listener.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) if is_about_one(&error) => continue,
                    Err(error) => {
                        trace::warn!(%error, "cannot accept");
                        tokio::time::sleep(pause).await;
                        pause = (2 * pause).min(PAUSES.1);
                        continue;
                    }
                };
                pause = PAUSES.0;
                set_nodelay(&io);
                let prepared = (self.prepare)(io, peer, self.options.config.clone());
                let (office, start) = (office.clone(), start());
                tracker.spawn(async move {
                    office.receive(prepared, start).await;
                    drop(seat);
                });
            }
        };
        let _: Option<()> = office.stop.run_until_cancelled(accepting).await;
        drop(self.listener);
        tracker.close();
        trace::debug!(connections = tracker.len(), "server stops");
        match self.options.drain {
            Some(drain) if timeout(drain, tracker.wait()).await.is_err() => office.cut.cancel(),
            _ => {}
        }
        tracker.wait().await;
        office.tally.report()
    }
}

impl<L: Listener, P> fmt::Debug for Server<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.options.config).finish_non_exhaustive()
    }
}

/// What the tasks of all connections go by.
#[derive(Clone)]
struct Office {
    /// No more requests.
    stop: CancellationToken,
    /// No more time.
    cut: CancellationToken,
    drain: Option<Duration>,
    prepare_timeout: Duration,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    connections: AtomicUsize,
    unprepared: AtomicUsize,
    cut_connections: AtomicUsize,
    cut_streams: AtomicUsize,
}

impl Tally {
    fn report(&self) -> Report {
        Report {
            connections: self.connections.load(Ordering::Relaxed),
            unprepared: self.unprepared.load(Ordering::Relaxed),
            cut_connections: self.cut_connections.load(Ordering::Relaxed),
            cut_streams: self.cut_streams.load(Ordering::Relaxed),
        }
    }
}

impl Office {
    fn new(options: &Options) -> Self {
        Self {
            stop: options.stop.child_token(),
            cut: CancellationToken::new(),
            drain: options.drain,
            prepare_timeout: options.prepare_timeout,
            tally: Arc::default(),
        }
    }

    /// Sees one connection from its first octet to its last.
    async fn receive<IO, Run>(
        &self,
        prepared: impl Future<Output = io::Result<(IO, Config)>>,
        start: impl FnOnce(IO, Config) -> (Handle, Run),
    ) where
        Run: Future<Output = CloseReason>,
    {
        let prepared = timeout(self.prepare_timeout, prepared);
        // Until it is prepared nothing was asked over it, so nothing is lost with it.
        let Some(prepared) = self.stop.run_until_cancelled(prepared).await else { return };
        let (io, mut config) = match prepared {
            Ok(Ok(prepared)) => prepared,
            failed => {
                let error = failed.map_or_else(io::Error::from, |it| match it {
                    Ok(_) => io::ErrorKind::Other.into(),
                    Err(error) => error,
                });
                trace::debug!(%error, "connection not prepared");
                self.tally.unprepared.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        self.tally.connections.fetch_add(1, Ordering::Relaxed);
        if let (Some(own), Some(drain)) = (&mut config.core.drain_timeout, self.drain) {
            // It is this server that knows what it cuts.
            *own = (*own).max(drain.saturating_add(MARGIN));
        }
        let patience = config.core.linger.saturating_add(MARGIN);
        let (handle, running) = start(io, config);
        let mut running = pin!(running);
        if self.stop.run_until_cancelled(&mut running).await.is_some() {
            return;
        }
        handle.shutdown();
        if self.cut.run_until_cancelled(&mut running).await.is_some() {
            return;
        }
        self.tally.cut_connections.fetch_add(1, Ordering::Relaxed);
        self.tally.cut_streams.fetch_add(handle.state().open, Ordering::Relaxed);
        handle.close(ErrorCode::NO_ERROR);
        // Dropped, it is closed whatever the peer does.
        let _ = timeout(patience, running).await;
    }
}

/// Whether a failure to accept is about the one connection that was to be accepted.
fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    let kind = error.kind();
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&kind)
}

/// Small frames must not wait for acknowledgements of those before them. Other transports than TCP
/// do not make them wait.
fn set_nodelay<IO: 'static>(io: &IO) {
    if let Some(socket) = (io as &dyn Any).downcast_ref::<TcpStream>() {
        // It fails when the peer has gone already, which reading will tell.
        let _ = crate::tcp::tune(socket);
    }
}
