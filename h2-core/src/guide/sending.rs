//! Sending: peek, write, advance; what does not fit stays with the caller; and when to do it.
//!
//! # Two queues
//!
//! What you send waits in two places. *Commands record*: a head, a piece of a body, a reset are
//! noted with their stream. *Draining cuts*: [`data_to_send`] turns what was noted into frames, at
//! most [`Config::batch`] octets ahead, and puts them into the [`Outbox`]. So a request that is
//! reset before it was cut leaves nothing on the wire, a PING is answered before a megabyte that
//! waits, and the order on the wire is always one that the peer can decode.
//!
//! # Partial writes
//!
//! The outbox is peeked, never emptied into your hands: [`chunk`](bytes::Buf::chunk) shows the next
//! octets, [`advance`](bytes::Buf::advance) says how many of them the transport took. What it did
//! not take is still there, in order. This transport takes seven octets at a time:
//!
//! ```
//! use std::{io::{self, Write}, time::Instant};
//! use bytes::{Buf, BytesMut};
//! use h2_core::{Config, Connection, End, Event, RequestHead};
//!
//! struct Narrow(BytesMut);
//!
//! impl Write for Narrow {
//!     fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
//!         let taken = octets.len().min(7);
//!         self.0.extend_from_slice(&octets[..taken]);
//!         Ok(taken)
//!     }
//!     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! }
//!
//! let now = Instant::now();
//! let mut client = Connection::client(Config::client(), now);
//! let head = RequestHead::new("GET", "http", "example.com", "/", [("accept", "*/*")])?;
//! client.send_request(head, End::Now)?;
//!
//! let mut transport = Narrow(BytesMut::new());
//! while client.data_to_send(now).has_remaining() {
//!     let outbox = client.data_to_send(now);
//!     let taken = transport.write(outbox.chunk())?;
//!     outbox.advance(taken);
//! }
//!
//! let mut server = Connection::server(Config::server(), now);
//! let _ = server.receive_data(&mut transport.0, now);
//! # let mut events = std::iter::from_fn(|| server.poll_event());
//! assert!(events.any(|event| matches!(event, Event::RequestReceived { end: true, .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`chunks_vectored`](bytes::Buf::chunks_vectored) fills slices for `writev`, and gives as many as
//! there are. [`Outbox::peek_owned`] gives buffers to transports that keep what they write until it
//! is done (`io_uring`, completion ports): advance when the write has completed. The example
//! `owned_buffers` is a server like that. After a write that failed for good, call
//! [`handle_failure`]; what the transport may have taken is to be advanced over before.
//!
//! # The write-all form
//!
//! A transport that blocks until everything is taken needs less:
//!
//! ```
//! use std::{io::Write, time::Instant};
//! use bytes::Buf;
//! use h2_core::{Config, Connection};
//!
//! fn flush(conn: &mut Connection, transport: &mut impl Write) -> std::io::Result<()> {
//!     while conn.data_to_send(Instant::now()).has_remaining() {
//!         let outbox = conn.data_to_send(Instant::now());
//!         transport.write_all(outbox.chunk())?;
//!         outbox.advance(outbox.chunk().len());
//!     }
//!     transport.flush()
//! }
//!
//! let mut client = Connection::client(Config::client(), Instant::now());
//! let mut wire = Vec::new();
//! flush(&mut client, &mut wire)?;
//! assert!(wire.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The price: nothing is read while it blocks. Two sides that both write megabytes like this, and
//! neither reads, wait for each other for ever. Read on another thread, or set a limit on what is
//! written before the next read; [`Config::write_stall_timeout`] ends a connection that nobody
//! takes anything from, but only if somebody calls [`handle_timeout`].
//!
//! # Back-pressure
//!
//! [`send_data`] takes the prefix that fits [`send_capacity`] and leaves you the rest. The room is
//! bounded by [`Config::send_credit`] for each stream, and beyond that by what is left of
//! [`Config::send_pool`], up to [`Config::max_send_credit`] and to what the peer's window would
//! take. It comes back when DATA is cut; DATA is cut when the outbox has room; the outbox has room
//! when the transport takes something. So a slow socket, or a peer that opens no window, stops the
//! producer of the body, and nothing in between grows:
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, Bytes, BytesMut};
//! # use h2_core::{Config, Connection, End, Event, RequestHead};
//! # fn carry(from: &mut Connection, to: &mut Connection, now: Instant) {
//! #     let outbox = from.data_to_send(now);
//! #     let mut wire = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
//! #     let _ = to.receive_data(&mut wire, now);
//! # }
//! # let now = Instant::now();
//! # let mut client = Connection::client(Config::client(), now);
//! # let mut server = Connection::server(Config::server(), now);
//! # carry(&mut client, &mut server, now);
//! # carry(&mut server, &mut client, now);
//! let head = RequestHead::new("POST", "http", "a", "/", [("accept", "*/*")])?;
//! let stream = client.send_request(head, End::Later)?;
//!
//! let mut body = Bytes::from(vec![7; 1 << 20]);
//! while client.send_data(stream, &mut body, End::Now)? > 0 {}
//! let queued = client.stats().queued;
//! assert_eq!(queued, 65_536); // the window that the server announced
//! assert_eq!(body.len(), (1 << 20) - queued); // the rest is still ours
//! assert_eq!(client.send_capacity(stream), 0);
//!
//! // The server takes what there is and gives credit; then there is room, and an event says so.
//! while client.data_to_send(now).has_remaining() {
//!     carry(&mut client, &mut server, now);
//! }
//! while let Some(event) = server.poll_event() {
//!     if let Event::DataReceived { stream, data, .. } = event {
//!         server.acknowledge_received_data(stream, data.len())?;
//!     }
//! }
//! carry(&mut server, &mut client, now);
//! let mut events = std::iter::from_fn(|| client.poll_event());
//! assert!(events.any(|event| event == Event::Writable { stream }));
//! assert!(client.send_data(stream, &mut body, End::Now)? > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Event::Writable`] comes only after [`send_data`] took less than it was offered, and once for
//! each time that happened. There is no need to wait for it before the first piece: try.
//!
//! With [`End::Now`] the last piece ends the message when all of it was taken; [`end_stream`] ends
//! it afterwards; [`send_trailers`] with trailers. [`watch_send_end`] asks for
//! [`Event::SendEnded`], which says that everything of the stream has been cut.
//!
//! # When to send
//!
//! * After every input and every command, and after events were taken: any of them can owe the peer
//!   something (acknowledgements of SETTINGS and PING, WINDOW_UPDATE, RST_STREAM, GOAWAY).
//! * At the deadline that [`poll_timeout`] names, after [`handle_timeout`].
//! * When the transport becomes writable, while the outbox holds octets.
//! * Before waiting, always. A connection that waits with output in the outbox keeps its peer waiting.
//! * After the end too: [`Event::ConnectionClosed`] is the last event, but the GOAWAY that tells the
//!   peer why is in the outbox. Go on until [`is_drained`], then shut down the sending side of the
//!   transport, and read on until [`is_finished`].
//!
//! Many commands before one drain are better than a drain each: one write carries all of them.
//!
//! [`data_to_send`]: crate::Connection::data_to_send
//! [`handle_failure`]: crate::Connection::handle_failure
//! [`handle_timeout`]: crate::Connection::handle_timeout
//! [`poll_timeout`]: crate::Connection::poll_timeout
//! [`send_data`]: crate::Connection::send_data
//! [`send_capacity`]: crate::Connection::send_capacity
//! [`end_stream`]: crate::Connection::end_stream
//! [`send_trailers`]: crate::Connection::send_trailers
//! [`watch_send_end`]: crate::Connection::watch_send_end
//! [`is_drained`]: crate::Connection::is_drained
//! [`is_finished`]: crate::Connection::is_finished
//! [`End::Now`]: crate::End::Now
//! [`Event::Writable`]: crate::Event::Writable
//! [`Event::SendEnded`]: crate::Event::SendEnded
//! [`Event::ConnectionClosed`]: crate::Event::ConnectionClosed
//! [`Outbox`]: crate::Outbox
//! [`Outbox::peek_owned`]: crate::Outbox::peek_owned
//! [`Config::batch`]: crate::Config::batch
//! [`Config::send_credit`]: crate::Config::send_credit
//! [`Config::send_pool`]: crate::Config::send_pool
//! [`Config::max_send_credit`]: crate::Config::max_send_credit
//! [`Config::write_stall_timeout`]: crate::Config::write_stall_timeout
