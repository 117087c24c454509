//! Requesting: whole and streamed requests, deadlines, and what may be sent again.
//!
//! # A client
//!
//! [`client::connect`] for TCP with prior knowledge, [`client::handshake`] or
//! [`client::spawn_connection`] for a transport that you have, a TLS stream for instance. The handle
//! is cheap to clone; clones are used at once from any number of tasks. The connection lives as long
//! as a handle, a body or an awaited response does.
//!
//! ```
//! use h2_tokio::{Config, client};
//! use http::Request;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # use h2_tokio::{RecvBody, server};
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! # let service = server::service_fn(|request: Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(http::Response::new(request.into_body()))
//! # });
//! # tokio::spawn(server::serve(far, Config::server(), service));
//! let client = client::handshake(io, Config::client()).await?;
//!
//! // The body is any `http_body::Body`; here it is whole.
//! let request = Request::post("http://example.com/echo").body(String::from("Hello!"))?;
//! let response = client.request(request).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.into_body().data().await.unwrap()?, "Hello!");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! Requests beyond what the peer allows wait in line, first come, first served, at most
//! [`Config::max_queued`]. [`Handle::reserve`] waits for a stream first, so that the request can be
//! chosen when there is one; [`Handle::try_reserve`] does not wait.
//!
//! # Several connections
//!
//! [`client::connections`] spreads requests over several connections, replaces those that drain,
//! are suspect or dead, and sends again what was certainly not processed. It is a tower `Service`
//! too. The connector makes a connection whenever one is needed:
//!
//! ```
//! use h2_tokio::{Config, RecvBody, client, server};
//! use http::{Request, Response};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # let service = server::service_fn(|_: Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(Response::new(String::from("Hello!")))
//! # });
//! # tokio::spawn(server::Server::new(listener, Config::server()).serve(service));
//! let client = client::connections(4, client::tcp_connector(address, Config::client()));
//! let request = Request::get("http://example.com/").body(String::new())?;
//! let mut body = client.request(request).await?.into_body();
//! assert_eq!(body.data().await.unwrap()?, "Hello!");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Deadlines
//!
//! A deadline runs from the call on: in line, while writing, until the head of the response is
//! there, or with [`RequestTimeout::with_body`] until its end. It belongs to the connection's
//! [`Config::request_timeout`], or to the request:
//!
//! ```
//! use std::time::Duration;
//! use h2_tokio::{Config, client, ext::RequestTimeout};
//! # use h2_tokio::{RecvBody, server};
//! use http::Request;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! # let service = server::service_fn(|_: Request<RecvBody>| {
//! #     std::future::pending::<Result<http::Response<String>, h2_tokio::Error>>()
//! # });
//! # tokio::spawn(server::serve(far, Config::server(), service));
//! let client = client::handshake(io, Config::client()).await?;
//! let request = Request::get("http://example.com/slow")
//!     .extension(RequestTimeout::new(Duration::from_millis(20)))
//!     .body(String::new())?;
//! let error = client.request(request).await.unwrap_err();
//! assert_eq!(error.origin(), h2_tokio::Origin::Timer(h2_core::Timer::Request));
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! Dropping the future of a request cancels it, so `tokio::time::timeout` works as well; a deadline
//! of the connection's own costs no timer a request. A request that ran out of time on a connection
//! from which nothing arrives makes it [suspect](crate::State::suspect): one PING asks whether the
//! peer is there.
//!
//! # What may be sent again
//!
//! [`Error::is_unprocessed`] is true when the server cannot have acted on the request, whatever its
//! method is. [`Error::retry_hint`] says where to send it again. [`Handle::try_request`] hands the
//! request back, head and body, where that is so:
//!
//! ```
//! use h2_tokio::{Error, RecvBody, Retry, client::Handle};
//! use http::{Request, Response};
//!
//! async fn with_one_retry(
//!     first: &Handle,
//!     second: &Handle,
//!     request: Request<String>,
//! ) -> Result<Response<RecvBody>, Error> {
//!     let mut rejected = match first.try_request(request).await {
//!         Ok(response) => return Ok(response),
//!         Err(rejected) => rejected,
//!     };
//!     let again = match rejected.error().retry_hint() {
//!         Retry::SameConnection => first,
//!         Retry::NewConnection => second,
//!         Retry::DoNot => return Err(rejected.into_error()),
//!     };
//!     match rejected.take_request() {
//!         Some(request) => Ok(again.try_request(request).await?),
//!         None => Err(rejected.into_error()),
//!     }
//! }
//! # let _ = with_one_retry;
//! ```
//!
//! A response of status 421 is a response; [`client::directed`] turns it into an error that may be
//! sent again on another connection.
//!
//! # The end
//!
//! [`Handle::shutdown`] lets what was begun finish; [`Handle::close`] does not;
//! [`Handle::closed`] waits, and says why it ended. The last handle that is dropped shuts down too.
//!
//! [`client::connect`]: crate::client::connect
//! [`client::handshake`]: crate::client::handshake
//! [`client::spawn_connection`]: crate::client::spawn_connection
//! [`client::connections`]: crate::client::connections
//! [`client::directed`]: crate::client::directed
//! [`Handle::reserve`]: crate::client::Handle::reserve
//! [`Handle::try_reserve`]: crate::client::Handle::try_reserve
//! [`Handle::try_request`]: crate::client::Handle::try_request
//! [`Handle::shutdown`]: crate::client::Handle::shutdown
//! [`Handle::close`]: crate::client::Handle::close
//! [`Handle::closed`]: crate::client::Handle::closed
//! [`RequestTimeout::with_body`]: crate::ext::RequestTimeout::with_body
//! [`Config::request_timeout`]: crate::Config::request_timeout
//! [`Config::max_queued`]: crate::Config::max_queued
//! [`Error::is_unprocessed`]: crate::Error::is_unprocessed
//! [`Error::retry_hint`]: crate::Error::retry_hint
