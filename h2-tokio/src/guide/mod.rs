//! How to: short answers with code, and a table for those who come from hyperium/h2.
//!
//! * [`serving`]: a server, its graceful end, limits, TLS and ALPN, tuning.
//! * [`requesting`]: a client, several connections, deadlines, what to send again.
//! * [`streaming`]: bodies in both directions, trailers, back-pressure, tunnels and WebSocket.
//! * [`watching`]: the frame tap, numbers, states, errors.
//! * [`performance`]: where the time of a request goes, and how that is measured.
//! * [`coming_from`]: hyperium/h2's names, and what to use here.
//!
//! What the protocol itself does is in the pages of [`h2_core::guide`].

pub mod coming_from;
pub mod performance;
pub mod requesting;
pub mod serving;
pub mod streaming;
pub mod watching;
