//! States: of one direction of a stream, of a stream, of a connection.
//!
//! The diagrams are drawn by a test, from what the code does; the test fails where this page shows
//! anything else.
//!
//! # One direction of a stream
//!
//! Each stream has two of these, one for what we send and one for what the peer sends. They move
//! forward only. Interim responses (1xx) move nothing. Trailers, the last DATA and a reset close it.
//!
//! ```text
//! Head
//!   ├─ head ────────────────────▶ Body
//!   ├─ head with END_STREAM ────▶ Closed
//!   └─ END_STREAM, RST_STREAM ──▶ Closed
//! Body
//!   ├─ trailers ────────────────▶ Closed
//!   └─ END_STREAM, RST_STREAM ──▶ Closed
//! Closed
//! ```
//!
//! # The seven states of a stream
//!
//! The names of RFC 9113 §5.1, as [`Connection::stream_state`] gives them: a view of the two
//! directions, and of whether the stream was promised. These are all the ways there are; frames
//! that change nothing (HEADERS with a response, DATA, WINDOW_UPDATE, PRIORITY) are left out, and
//! what a peer may not send in a state is a [`Violation`]. "send" is what we do: it counts from the
//! command on, also while the frame still waits to be written.
//!
//! ```text
//! idle
//!   ├─ recv HEADERS ──────────────────▶ open
//!   ├─ recv HEADERS with END_STREAM ──▶ half-closed (remote)
//!   ├─ recv PUSH_PROMISE ─────────────▶ reserved (remote)
//!   ├─ send HEADERS ──────────────────▶ open
//!   ├─ send HEADERS with END_STREAM ──▶ half-closed (local)
//!   └─ send PUSH_PROMISE ─────────────▶ reserved (local)
//! reserved (local)
//!   ├─ recv RST_STREAM ───────────────▶ closed
//!   ├─ send HEADERS ──────────────────▶ half-closed (remote)
//!   ├─ send HEADERS with END_STREAM ──▶ closed
//!   └─ send RST_STREAM ───────────────▶ closed
//! reserved (remote)
//!   ├─ recv HEADERS ──────────────────▶ half-closed (local)
//!   ├─ recv HEADERS with END_STREAM ──▶ closed
//!   ├─ recv RST_STREAM ───────────────▶ closed
//!   └─ send RST_STREAM ───────────────▶ closed
//! open
//!   ├─ recv END_STREAM ───────────────▶ half-closed (remote)
//!   ├─ recv RST_STREAM ───────────────▶ closed
//!   ├─ send END_STREAM ───────────────▶ half-closed (local)
//!   └─ send RST_STREAM ───────────────▶ closed
//! half-closed (local)
//!   ├─ recv END_STREAM ───────────────▶ closed
//!   ├─ recv RST_STREAM ───────────────▶ closed
//!   └─ send RST_STREAM ───────────────▶ closed
//! half-closed (remote)
//!   ├─ recv RST_STREAM ───────────────▶ closed
//!   ├─ send END_STREAM ───────────────▶ closed
//!   └─ send RST_STREAM ───────────────▶ closed
//! closed
//! ```
//!
//! A stream that is closed still occupies its slot until [`Connection::release_stream`], if the
//! peer opened it. How recent streams ended is remembered, because frames that were under way may
//! still come: on one that we reset they are ignored, on one that the peer ended they are an
//! offence (RFC 9113 §5.1, "closed").
//!
//! # The life of a connection
//!
//! One that has an open stream all the while; without one, the states between "open" and "closed"
//! are passed through at once. [`Connection::is_draining`] is true from "left" and "leaving" on,
//! [`Connection::close_reason`] from "closed" on, [`Connection::is_drained`] and
//! [`Connection::is_finished`] when they are called so here. `farewell`, `drain`, `linger` and the
//! others are the [`Timer`]s.
//!
//! ```text
//! open
//!   ├─ GOAWAY of the peer ──────────▶ left: the peer's GOAWAY came, ours is to follow
//!   ├─ a rule broken by the peer ───▶ closed: the reason stands, output may wait
//!   ├─ close_connection() ──────────▶ closed: the reason stands, output may wait
//!   ├─ end of the input ────────────▶ finished: the transport can be closed
//!   ├─ shutdown() of a client ──────▶ leaving: our GOAWAY names the last stream
//!   └─ shutdown() of a server ──────▶ leaving: our GOAWAY names no last stream
//! leaving: our GOAWAY names no last stream
//!   ├─ PING answered ───────────────▶ leaving: our GOAWAY names the last stream
//!   ├─ a rule broken by the peer ───▶ closed: the reason stands, output may wait
//!   ├─ close_connection() ──────────▶ closed: the reason stands, output may wait
//!   ├─ end of the input ────────────▶ finished: the transport can be closed
//!   ├─ farewell timed out ──────────▶ leaving: our GOAWAY names the last stream
//!   └─ the last stream ended ───────▶ closed: the reason stands, output may wait
//! left: the peer's GOAWAY came, ours is to follow
//!   ├─ a rule broken by the peer ───▶ closed: the reason stands, output may wait
//!   ├─ close_connection() ──────────▶ closed: the reason stands, output may wait
//!   ├─ end of the input ────────────▶ finished: the transport can be closed
//!   ├─ shutdown() of a client ──────▶ leaving: our GOAWAY names the last stream
//!   ├─ shutdown() of a server ──────▶ leaving: our GOAWAY names no last stream
//!   └─ the last stream ended ───────▶ closed: the reason stands, output may wait
//! leaving: our GOAWAY names the last stream
//!   ├─ a rule broken by the peer ───▶ closed: the reason stands, output may wait
//!   ├─ close_connection() ──────────▶ closed: the reason stands, output may wait
//!   ├─ drain timed out ─────────────▶ drained: all is written, the peer reads it
//!   ├─ end of the input ────────────▶ finished: the transport can be closed
//!   └─ the last stream ended ───────▶ closed: the reason stands, output may wait
//! closed: the reason stands, output may wait
//!   ├─ all written ─────────────────▶ finished: the transport can be closed
//!   ├─ all written, an error told ──▶ drained: all is written, the peer reads it
//!   ├─ linger timed out ────────────▶ finished: the transport can be closed
//!   └─ write stall timed out ───────▶ finished: the transport can be closed
//! drained: all is written, the peer reads it
//!   ├─ end of the input ────────────▶ finished: the transport can be closed
//!   └─ linger timed out ────────────▶ finished: the transport can be closed
//! finished: the transport can be closed
//! ```
//!
//! Of a server, the first GOAWAY names no last stream, so that requests that are under way are
//! still served; the answer to a PING proves that the client has read it (RFC 9113 §6.8).
//!
//! [`Connection::stream_state`]: crate::Connection::stream_state
//! [`Connection::release_stream`]: crate::Connection::release_stream
//! [`Connection::is_draining`]: crate::Connection::is_draining
//! [`Connection::close_reason`]: crate::Connection::close_reason
//! [`Connection::is_drained`]: crate::Connection::is_drained
//! [`Connection::is_finished`]: crate::Connection::is_finished
//! [`Timer`]: crate::Timer
//! [`Violation`]: crate::Violation
