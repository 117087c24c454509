//! HTTP/2 for tokio: one task owns a connection, and cloned handles talk to it.
//!
//! The protocol is [`h2_core`], a state machine without I/O. Here one task, the actor, owns such a
//! machine and its socket. [`client::Handle`] and [`server::Handle`] and everything that belongs to
//! a stream reach it through one channel, so nothing an application does, or fails to do, can block
//! the connection or another stream.
//!
//! - A client: [`client::connect`], [`client::handshake`] or [`client::spawn_connection`], then
//!   [`client::Handle::request`].
//! - A server: [`server::serve`] with a service, or [`server::spawn_connection`] for the requests
//!   one by one.
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
mod handle;
mod hub;
mod responder;
mod response;
mod serve;
pub mod server;

pub use body::{RecvBody, SendBody};
pub use config::Config;
pub use error::{CloseReason, Error, Outcome, Reason, Scope};
pub use h2_core::ErrorCode;
pub use hub::{State, Stats};
