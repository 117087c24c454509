//! Watching: every frame, numbers, states, and what an error tells.
//!
//! # Every frame
//!
//! [`Config::frame_tap`] makes a tap for each connection. It sees each frame in the order of the
//! wire, decoded, with secrets left out; `text` is for people, `json` for programs.
//!
//! ```
//! use std::sync::mpsc;
//! use h2_core::TappedFrame;
//! use h2_tokio::{Config, client};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # use h2_tokio::{RecvBody, server};
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! # let service = server::service_fn(|request: http::Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(http::Response::new(request.into_body()))
//! # });
//! # tokio::spawn(server::serve(far, Config::server(), service));
//! let (log, lines) = mpsc::channel();
//! let config = Config::client().frame_tap(move || {
//!     let log = log.clone();
//!     Box::new(move |frame: &TappedFrame<'_>| drop(log.send(frame.text().to_string())))
//! });
//! let client = client::handshake(io, config).await?;
//! assert!(lines.try_iter().any(|line| line.contains("send SETTINGS")));
//! # drop(client);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Numbers
//!
//! * `inspect` of either handle asks the connection's task for [`h2_core::Stats`]: frames by type,
//!   windows, what waits where, the HPACK ratio, what stood still and for how long.
//!   After the end it gives the last of them. `inspect_stream` says of one stream what holds it.
//! * `stats` has what the adapter did without being asked ([`Stats`]): fields left out, requests
//!   that the `http` types cannot hold, handlers that failed.
//! * `ping` measures a round trip.
//!
//! # States
//!
//! [`State`] is a picture: streams open, in line and free, whether the connection is draining or
//! suspect, why it ended. [`StateWatch`] waits for a change:
//!
//! ```
//! # use h2_tokio::{Config, RecvBody, client, server};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! # let service = server::service_fn(|request: http::Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(http::Response::new(request.into_body()))
//! # });
//! # tokio::spawn(server::serve(far, Config::server(), service));
//! let client = client::handshake(io, Config::client()).await?;
//! let mut watch = client.watch_state();
//! client.shutdown();
//! let state = watch.until(|state| state.draining).await;
//! assert!(state.drain_reason.is_some());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # What the connection tells
//!
//! `watch_events` of either handle gives what belongs to no request ([`Events`]): settings that
//! changed, alternative services and origins, frames of other extensions, limits that come near, and,
//! where [`h2_core::Config::stall_after`] is set, what stands still and why. The newest 32 are kept
//! for those who are slow, and nothing is for those who do not ask. `peer_settings`,
//! `update_settings`, `prioritize` and `send_extension_frame` are the other way.
//!
//! # Logs
//!
//! With the feature `tracing`, which is off by default, connections that end, handlers that fail and
//! attempts to connect that fail are events for the crate `tracing`: of level `warn` where somebody had
//! better look, otherwise `debug`.
//!
//! # Errors
//!
//! An [`Error`] is cheap to clone and says, without any text to match: [`Error::scope`] (a request or
//! the connection), [`Error::origin`] (the peer, us, the transport, a timer, misuse),
//! [`Error::code`], [`Error::debug_data`], [`Error::outcome`], and the source as a
//! [`std::error::Error`]. Everybody who waits on a connection that ends gets the same first cause,
//! each with the outcome of the own request.
//!
//! [`Config::frame_tap`]: crate::Config::frame_tap
//! [`Events`]: crate::Events
//! [`Stats`]: crate::Stats
//! [`State`]: crate::State
//! [`StateWatch`]: crate::StateWatch
//! [`Error`]: crate::Error
//! [`Error::scope`]: crate::Error::scope
//! [`Error::origin`]: crate::Error::origin
//! [`Error::code`]: crate::Error::code
//! [`Error::debug_data`]: crate::Error::debug_data
//! [`Error::outcome`]: crate::Error::outcome
