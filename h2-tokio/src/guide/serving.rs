//! Serving: one connection or a listener, a graceful end, TLS, and what can be tuned.
//!
//! # A server
//!
//! [`Server`] accepts connections and serves each in a task of its own; a service is a tower
//! `Service` or, by [`service_fn`], an asynchronous function.
//!
//! ```
//! use h2_tokio::{Config, RecvBody, client, server};
//! use http::{Request, Response};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let service = server::service_fn(|request: Request<RecvBody>| async move {
//!     Ok::<_, h2_tokio::Error>(Response::new(format!("You asked for {}", request.uri().path())))
//! });
//! tokio::spawn(server::Server::new(listener, Config::server()).serve(service));
//!
//! let client = client::connect(address, Config::client()).await?;
//! let request = Request::get("http://localhost/hello").body(String::new())?;
//! let mut body = client.request(request).await?.into_body();
//! assert_eq!(body.data().await.unwrap()?, "You asked for /hello");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! [`serve`] does the same for one transport that you have. [`spawn_connection`] gives the requests
//! one by one, each with a [`Responder`], for those who want to decide themselves what runs where.
//!
//! # A graceful end
//!
//! ```
//! use std::time::Duration;
//! use h2_tokio::{Config, RecvBody, client, server};
//! use http::{Request, Response};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # let service = server::service_fn(|_: Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(Response::new(String::new()))
//! # });
//! let stop = server::CancellationToken::new();
//! let serving = server::Server::new(listener, Config::server())
//!     .until(stop.clone())
//!     .drain(Duration::from_secs(10))
//!     .serve(service);
//! let serving = tokio::spawn(serving);
//!
//! # let client = client::connect(address, Config::client()).await?;
//! stop.cancel(); // from a handler of signals, say
//! let report = serving.await?;
//! assert_eq!(report.cut_streams, 0);
//! assert!(client.closed().await.is_graceful());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! No more connections are accepted; each says GOAWAY twice, so that requests that are under way
//! are served (RFC 9113 §6.8); what is not done in time is cut and counted in the [`Report`]. One
//! connection alone ends by [`Handle::shutdown`].
//!
//! # What the client did to you
//!
//! * A handler is dropped when its client resets the stream or goes away. One that must go on
//!   spawns a task. A [`Responder`] waits for that moment with [`Responder::cancelled`].
//! * A handler that panics, or fails, resets its own stream with INTERNAL_ERROR.
//! * Handlers alive never exceed
//!   [`max_concurrent_streams`](h2_core::Config::max_concurrent_streams), however fast requests
//!   are made and reset.
//! * [`Config::extension`] puts a value into every request, the peer's address for instance; see
//!   [`Server::prepare`].
//!
//! # TLS and ALPN
//!
//! This crate knows no TLS library: anything that is `AsyncRead + AsyncWrite` is a transport. Offer
//! [`tls::ALPN`], allow TLS 1.2 and 1.3 alone, and check what was agreed on before the first octet
//! of HTTP/2. With tokio-rustls, on a server:
//!
//! ```
//! # use std::{io, net::SocketAddr};
//! # use h2_tokio::{Config, server::Server};
//! # use tokio::net::{TcpListener, TcpStream};
//! # // Stands for tokio-rustls, which this crate does not depend on.
//! # #[derive(Clone)]
//! # struct TlsAcceptor;
//! # struct TlsStream(TcpStream, Session);
//! # struct Session;
//! # impl TlsAcceptor {
//! #     async fn accept(&self, io: TcpStream) -> io::Result<TlsStream> { Ok(TlsStream(io, Session)) }
//! # }
//! # impl TlsStream {
//! #     fn get_ref(&self) -> (&TcpStream, &Session) { (&self.0, &self.1) }
//! # }
//! # impl Session { fn alpn_protocol(&self) -> Option<&[u8]> { Some(b"h2") } }
//! # fn example(listener: TcpListener, acceptor: TlsAcceptor) {
//! // `acceptor` is a `tokio_rustls::TlsAcceptor`, of a `ServerConfig` with
//! // `alpn_protocols: vec![h2_tokio::tls::ALPN.to_vec()]`.
//! let prepare = move |socket: TcpStream, peer: SocketAddr, config: Config| {
//!     let acceptor = acceptor.clone();
//!     async move {
//!         let stream = acceptor.accept(socket).await?;
//!         let protocol = stream.get_ref().1.alpn_protocol();
//!         h2_tokio::tls::check_alpn(protocol).map_err(io::Error::other)?;
//!         Ok((stream, config.extension(peer)))
//!     }
//! };
//! let server = Server::new(listener, Config::server()).prepare(prepare);
//! # drop(server);
//! # }
//! ```
//!
//! The programs `get` and `hello_server` among the examples are complete. The checks by themselves:
//!
//! ```
//! use h2_tokio::tls;
//!
//! assert!(tls::check_alpn(Some(b"h2")).is_ok());
//! assert!(tls::check_alpn(Some(b"http/1.1")).is_err());
//! assert!(tls::check_cipher_suite(0x0303, 0xc02f).is_ok()); // ECDHE and AES-GCM, TLS 1.2
//! assert!(tls::check_cipher_suite(0x0303, 0x003c).is_err()); // RSA and CBC
//! ```
//!
//! # Tuning
//!
//! The defaults are made for the open Internet. [`Config::core`] has the protocol's numbers:
//!
//! ```
//! use std::time::Duration;
//! use h2_tokio::Config;
//!
//! let mut config = Config::server().poll_in_place(true);
//! config.core.max_concurrent_streams = 256; // handlers alive for one connection
//! config.core.stream_window = 256 * 1024; // for uploads over long paths
//! config.core.max_header_list_size = 16 * 1024; // smaller heads, less to attack
//! config.core.idle_timeout = Some(Duration::from_secs(300));
//! config.core.max_age = Some(Duration::from_secs(3600)); // so that load spreads again
//! // What the protocol holds of one connection at worst, whatever its client does. Handlers, and what
//! // they have taken and keep, come on top.
//! assert!(config.core.worst_case_memory() < 256 << 20);
//! ```
//!
//! * Handlers that compute for long without waiting belong into `spawn_blocking`; or switch
//!   [`Config::poll_in_place`] off, and they hold up nothing but their own task.
//! * Large responses: give whole bodies (`Bytes`, `String`) where you can; they are shared, not
//!   copied.
//! * TCP: [`tcp::tune`] sets what HTTP/2 wants (no delay, a small queue of unsent octets in the
//!   kernel, so that urgent streams overtake); [`Server`] and [`client::connect`] do it.
//!
//! [`Server`]: crate::server::Server
//! [`Server::prepare`]: crate::server::Server::prepare
//! [`Report`]: crate::server::Report
//! [`Responder`]: crate::server::Responder
//! [`Responder::cancelled`]: crate::server::Responder::cancelled
//! [`Handle::shutdown`]: crate::server::Handle::shutdown
//! [`service_fn`]: crate::server::service_fn
//! [`serve`]: crate::server::serve()
//! [`spawn_connection`]: crate::server::spawn_connection
//! [`client::connect`]: crate::client::connect
//! [`tls::ALPN`]: crate::tls::ALPN
//! [`tcp::tune`]: crate::tcp::tune
//! [`Config::core`]: crate::Config::core
//! [`Config::extension`]: crate::Config::extension
//! [`Config::poll_in_place`]: crate::Config::poll_in_place
