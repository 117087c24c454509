//! HTTP/2 for tokio: one task owns a connection, and cloned handles talk to it.
//!
//! The protocol is [`h2_core`], a state machine without I/O. Here one task, the actor, owns such a
//! machine and its socket. [`client::Handle`] and [`server::Handle`] and everything that belongs to
//! a stream reach it through one channel, so nothing an application does, or fails to do, can block
//! the connection or another stream.
//!
//! ```text
//!   your tasks                         the actor, one task a connection
//!
//!   Handle, Incoming ──┐             ┌──────────────────────────────────┐
//!   Responder ─────────┤  one mpsc   │ commands ▶ h2_core::Connection   │      socket
//!   SendBody ──────────┼────────────▶│              ▲           │       │
//!   RecvBody ──────────┘  16 octets  │           octets      octets ────┼────▶ write
//!        ▲                           │              └──── read ◀────────┼───── read
//!        └── a slot a stream ◀───────┤ events ◀ h2_core::Connection     │
//!            (heads, pieces, wakers) └──────────────────────────────────┘
//! ```
//!
//! * **A command says "look at this slot"**; heads, pieces of bodies and wakers lie in the slot of
//!   their stream. Its lock is never held across a wait, so there is nothing to deadlock.
//! * **Sending waits for room** and receiving for data; the peer's windows, the socket and the
//!   application each slow down only the stream that is concerned.
//! * **Dropping is safe**: half a body resets its stream and never looks whole; a future that is
//!   dropped cancels its request and nothing else; the last handle that goes ends the connection
//!   gracefully.
//! * **Every waiter hears of the end**, once, with its one cause, and with how far its own request
//!   had come.
//!
//! - A client: [`client::connect`], [`client::handshake`] or [`client::spawn_connection`], then
//!   [`client::Handle::request`]; [`client::Handle::try_request`] hands back what was not
//!   processed, and [`client::Handle::watch_state`] tells when to go elsewhere. Over TLS, [`tls`]
//!   says what to agree on and checks it.
//! - A client of several connections that replaces them as they go: [`client::connections`].
//! - A tunnel through CONNECT, a WebSocket for instance: [`client::Handle::open_tunnel`] and
//!   [`server::Responder::accept_tunnel`].
//! - A server: [`server::serve`] with a service, or [`server::spawn_connection`] for the requests
//!   one by one.
//!
//! ```no_run
//! # async fn example(io: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
//! use bytes::Bytes;
//! use h2_tokio::{Config, RecvBody, client, server};
//! use http::{Request, Response};
//!
//! // A server that sends every body back.
//! let service = server::service_fn(|request: Request<RecvBody>| async move {
//!     Ok::<_, h2_tokio::Error>(Response::new(request.into_body()))
//! });
//! tokio::spawn(server::serve(io, Config::server(), service));
//!
//! // A client that sends one in two pieces.
//! let client = client::connect("127.0.0.1:8080", Config::client()).await?;
//! let head = Request::post("http://127.0.0.1:8080/").body(())?;
//! let (mut send, response) = client.send_request(head).await?;
//! send.send_data("Hello, ").await?;
//! send.send_data(Bytes::from("World!")).await?;
//! send.finish()?;
//! let mut body = response.await?.into_body();
//! while let Some(piece) = body.data().await {
//!     println!("{} octets", piece?.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`guide`] has short answers to "how do I": servers and their graceful end, clients, streaming,
//! tunnels and WebSocket, deadlines and retries, TLS, taps, tuning; and a table for those who come
//! from hyperium/h2.
//!
//! # Features
//!
//! * `tracing`, off by default: events for the crate of that name, at `warn` where a connection ends by
//!   a violation or a timer, a service fails, or no connection can be made, and at `debug` where one
//!   ends otherwise, something stands still, a limit is near, or a handler or its body fails. There
//!   are no spans, and nothing for a frame or for a request that goes well. Off, none of it is
//!   compiled.
//! * `testing`, off by default: the module of that name, a peer that follows the script of a test frame
//!   by frame, for your own tests of what you build on this crate.
//!
//! Messages are those of the `http` crate; bodies are [`http_body::Body`]s and streams of
//! [`bytes::Bytes`].

#![forbid(unsafe_code)]

mod actor;
mod body;
mod chunks;
pub mod client;
mod config;
mod convert;
mod error;
mod exchange;
pub mod ext;
pub mod guide;
mod handle;
mod hub;
mod listen;
mod pool;
mod protocol;
mod pushed;
#[cfg(all(test, shuttle))]
mod races;
mod responder;
mod response;
mod serve;
pub mod server;
mod sync;
pub mod tcp;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
mod trace;
mod tunnel;
mod unsent;
mod watch;

pub use body::{BodyReader, BodyWriter, Credit, ManualBody, Piece, RecvBody, SendBody};
pub use config::Config;
pub use error::{CloseReason, Error, Origin, Outcome, Reason, Retry, Scope};
pub use h2_core::ErrorCode;
pub use hub::Stats;
pub use protocol::Events;
pub use tunnel::{Tunnel, TunnelError};
pub use unsent::{Rejected, Unsent, UnsentBody};
pub use watch::{State, StateWatch};
