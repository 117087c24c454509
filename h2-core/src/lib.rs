//! HTTP/2 (RFC 9113) as a pure state machine: bytes and time go in, bytes and events come out.
//!
//! There is no socket here, no clock, thread, task, lock or randomness. [`Connection`] is one side
//! of a connection; whoever owns it reads and writes for it. The crate `h2-tokio` is one such
//! owner.
//!
//! # The loop
//!
//! After every call that changes a connection: take what it wants to send, take its events, ask
//! for its deadline. Then wait.
//!
//! ```
//! use std::{io::{ErrorKind, Read, Write}, net::TcpListener, time::Instant};
//! use bytes::{Buf, BytesMut};
//! use h2_core::{Config, Connection, End, Event, Received, ResponseHead};
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//! # let client = std::thread::spawn(move || -> std::io::Result<bool> {
//! #     let mut socket = std::net::TcpStream::connect(address)?;
//! #     socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")?;
//! #     socket.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a")?;
//! #     socket.shutdown(std::net::Shutdown::Write)?;
//! #     let mut answer = Vec::new();
//! #     socket.read_to_end(&mut answer)?;
//! #     Ok(answer.windows(5).any(|octets| octets == b"\x05\0\0\0\x01")) // a head that ends stream 1
//! # });
//! let (mut socket, _) = listener.accept()?;
//! let mut connection = Connection::server(Config::server(), Instant::now());
//! let mut input = BytesMut::new();
//! let mut received = Received::NeedMore;
//! while !connection.is_finished() {
//!     // Send: peek, write, advance by what was taken. Cutting frames makes events.
//!     while connection.data_to_send(Instant::now()).has_remaining() {
//!         let outbox = connection.data_to_send(Instant::now());
//!         let written = socket.write(outbox.chunk())?;
//!         outbox.advance(written);
//!     }
//!     // Act on what happened; acting may make more to send, so go round before reading.
//!     if let Some(event) = connection.poll_event() {
//!         if let Event::RequestReceived { stream, .. } = event {
//!             let head = ResponseHead::new(204, [("server", "h2-core")]).expect("well formed");
//!             let _ = connection.send_response(stream, head, End::Now);
//!             connection.release_stream(stream);
//!         }
//!         continue;
//!     }
//!     // Only when everything is drained, take what is left of the last read; then read again.
//!     if received == Received::DrainFirst {
//!         received = connection.receive_data(&mut input, Instant::now());
//!         continue;
//!     }
//!     // Receive: whole frames are taken out of the buffer, the tail stays in it.
//!     let deadline = connection.poll_timeout();
//!     socket.set_read_timeout(deadline.map(|d| d.at.saturating_duration_since(Instant::now()).max(std::time::Duration::from_millis(1))))?;
//!     let mut block = [0; 16 * 1024];
//!     match socket.read(&mut block) {
//!         Ok(0) => connection.receive_eof(Instant::now()),
//!         Ok(octets) if connection.is_drained() => connection.handle_discarded(octets, Instant::now()),
//!         Ok(octets) => input.extend_from_slice(&block[..octets]),
//!         Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
//!             connection.handle_timeout(Instant::now());
//!         }
//!         Err(_) => connection.handle_failure(Instant::now()),
//!     }
//!     received = connection.receive_data(&mut input, Instant::now());
//! }
//! # drop(socket);
//! # assert!(client.join().unwrap()?);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What is whose
//!
//! * **A stream that the peer opened** occupies one of
//!   [`Config::max_concurrent_streams`] slots until it is closed *and* the application has called
//!   [`Connection::release_stream`]. So the work a peer can cause is bounded by the limit, however
//!   fast it resets its streams.
//! * **Received octets** are credited back when the application says that it used them up
//!   ([`Connection::acknowledge_received_data`]); padding and what nobody wants go back by
//!   themselves.
//! * **Octets to send** are accepted up to [`Connection::send_capacity`]; what does not fit stays
//!   with the caller, and [`Event::Writable`] says when to go on.
//! * **What the transport did not take** stays in the [`Outbox`], in order.
//! * **The last words** after an error need time to be read. When all is written
//!   ([`Connection::is_drained`]) the sending side can be shut down; the loop above reads on until
//!   [`Connection::is_finished`], so that closing does not destroy them on their way.
//! * **A transport that failed** is for [`Connection::handle_failure`], which then knows which
//!   requests were never sent.
//!
//! # Errors
//!
//! [`Violation`] is what the peer did wrong, with its code and its section; it arrives with its
//! place, as an [`Offence`] in [`Event::StreamReset`] or [`Event::ConnectionClosed`]. [`Misuse`] is
//! what the caller did wrong; it is returned and changed nothing. A request that failed says by its
//! [`Outcome`] how far it came, and by its [`Retry`] whether it may be sent again.
//!
//! # Further
//!
//! [`guide`] is about threads, buffers, sending, flow control, events and time, with code that
//! runs; it has diagrams of all states, and tables for those who come from python-h2 or libnghttp2.
//! [`Connection::set_frame_tap`] shows every frame, [`Connection::stats`] counts, and
//! [`Connection::suspect`] asks whether a silent peer is still there. [`hpack`] can be used alone.

#![forbid(unsafe_code)]

mod config;
mod connection;
mod egress;
mod error;
mod event;
mod fields;
mod flow;
mod frame;
mod guard;
pub mod guide;
pub mod hpack;
mod message;
mod moment;
mod observe;
mod priority;
mod settings;
mod stream;
mod stream_id;
mod stream_map;

pub use config::{Bucket, Config, Padding};
pub use connection::{Connection, Deadline, Permit, Received};
pub use egress::Outbox;
pub use error::{
    CloseReason, ErrorCode, HeadRule, Malformed, Misuse, Offence, OpenError, Origin, Outcome,
    Retry, Timer, Violation,
};
pub use event::{End, Event, Limit, ResetCause};
pub use fields::{Field, Fields, Iter as FieldsIter, SharedFields};
pub use message::{RequestHead, ResponseHead, Trailers};
pub use observe::{
    Blocked, FieldValue, FrameCounts, FrameDirection, FrameSummary, FrameTap, ResetCounts, Stall,
    StallCause, Stalls, Stats, StreamStats, TappedField, TappedFields, TappedFrame, TappedSettings,
};
pub use priority::Priority;
pub use settings::Settings;
pub use stream::StreamState;
pub use stream_id::StreamId;
pub use stream_map::{IntoIter as StreamMapIntoIter, StreamMap};
