//! Threads: one owner and a channel, or a lock that is held from the call to the last octet.
//!
//! A [`Connection`] is [`Send`] and [`Sync`], and has no lock inside: every method that changes it
//! takes `&mut self`, so the compiler keeps two threads from calling at once. What it cannot keep
//! in order is what you do with the *output*. Octets must reach the transport in the order in which
//! they left the outbox: header compression is one state for the whole connection (RFC 7541 §2.2),
//! and identifiers must rise (RFC 9113 §5.1.1). So whoever calls must also be the one who writes.
//!
//! # One owner, and messages
//!
//! The best way. One thread or task owns the connection and the transport. Everybody else sends it
//! messages; so does the reader of the transport. Nothing is locked, nothing can deadlock, and one
//! wake-up serves many messages. `h2-tokio` is made like this. Here it is with plain threads and two
//! connections that talk to each other:
//!
//! ```
//! use std::{collections::HashMap, sync::mpsc, thread, time::{Duration, Instant}};
//! use bytes::{Buf, BytesMut};
//! use h2_core::{Config, Connection, End, ErrorCode, Event, Received, RequestHead, ResponseHead};
//!
//! enum Message {
//!     /// The transport delivered octets.
//!     Arrived(Vec<u8>),
//!     /// The application wants something, and to hear of it.
//!     Get { path: &'static str, status: mpsc::Sender<u16> },
//!     Goodbye,
//! }
//!
//! const NONE: [(&str, &str); 0] = [];
//!
//! fn own(mut conn: Connection, inbox: mpsc::Receiver<Message>, wire: impl Fn(Vec<u8>)) {
//!     let mut input = BytesMut::new();
//!     let mut waiting = HashMap::new();
//!     let mut received = Received::NeedMore;
//!     while !conn.is_finished() {
//!         // Until nothing moves: write, act on events, go on with what reading left.
//!         loop {
//!             let outbox = conn.data_to_send(Instant::now());
//!             if outbox.has_remaining() {
//!                 wire(outbox.copy_to_bytes(outbox.remaining()).to_vec());
//!             } else if let Some(event) = conn.poll_event() {
//!                 match event {
//!                     Event::RequestReceived { stream, .. } => {
//!                         let head = ResponseHead::new(204, NONE).expect("well formed");
//!                         let _ = conn.send_response(stream, head, End::Now);
//!                         conn.release_stream(stream);
//!                     }
//!                     Event::ResponseReceived { stream, head, .. } => {
//!                         let status: Option<mpsc::Sender<u16>> = waiting.remove(&stream);
//!                         let _ = status.map(|status| status.send(head.status()));
//!                     }
//!                     _ => {}
//!                 }
//!             } else if received == Received::DrainFirst {
//!                 received = conn.receive_data(&mut input, Instant::now());
//!             } else {
//!                 break;
//!             }
//!         }
//!         // Then wait, for as long as the connection says.
//!         let wait = conn.poll_timeout().map_or(Duration::MAX, |deadline| {
//!             deadline.at.saturating_duration_since(Instant::now())
//!         });
//!         match inbox.recv_timeout(wait) {
//!             Ok(Message::Arrived(octets)) => {
//!                 input.extend_from_slice(&octets);
//!                 received = conn.receive_data(&mut input, Instant::now());
//!             }
//!             Ok(Message::Get { path, status }) => {
//!                 let head = RequestHead::new("GET", "http", "a", path, NONE).expect("well formed");
//!                 // Without a slot the sender is dropped, and who waits for it hears that.
//!                 if let Ok(stream) = conn.send_request(head, End::Now) {
//!                     waiting.insert(stream, status);
//!                 }
//!             }
//!             Ok(Message::Goodbye) => conn.shutdown(Instant::now()),
//!             Err(mpsc::RecvTimeoutError::Timeout) => conn.handle_timeout(Instant::now()),
//!             Err(mpsc::RecvTimeoutError::Disconnected) => {
//!                 conn.close_connection(ErrorCode::NO_ERROR, "");
//!                 conn.receive_eof(Instant::now());
//!             }
//!         }
//!     }
//! }
//!
//! let (to_client, client_inbox) = mpsc::channel();
//! let (to_server, server_inbox) = mpsc::channel();
//! let answer = to_client.clone();
//! let server = thread::spawn(move || {
//!     let conn = Connection::server(Config::server(), Instant::now());
//!     own(conn, server_inbox, |octets| drop(answer.send(Message::Arrived(octets))));
//! });
//! let client = thread::spawn(move || {
//!     let conn = Connection::client(Config::client(), Instant::now());
//!     own(conn, client_inbox, |octets| drop(to_server.send(Message::Arrived(octets))));
//! });
//!
//! // Any thread that has a sender can make requests.
//! let callers: Vec<_> = ["/a", "/b", "/c"].map(|path| {
//!     let handle = to_client.clone();
//!     thread::spawn(move || {
//!         let (status, answered) = mpsc::channel();
//!         handle.send(Message::Get { path, status }).expect("the owner lives");
//!         answered.recv().expect("it was answered")
//!     })
//! }).into();
//! for caller in callers {
//!     assert_eq!(caller.join().unwrap(), 204);
//! }
//! to_client.send(Message::Goodbye).unwrap();
//! client.join().unwrap();
//! server.join().unwrap();
//! ```
//!
//! # A lock
//!
//! Where nothing may own the connection, put a lock around it *and the transport*, and hold it from
//! the call until the output is written or stored in order:
//!
//! ```
//! use std::{sync::{Arc, Mutex}, thread, time::Instant};
//! use bytes::{Buf, BytesMut};
//! use h2_core::{Config, Connection, End, Event, RequestHead};
//!
//! struct Shared {
//!     conn: Connection,
//!     /// Stands for the socket.
//!     wire: BytesMut,
//! }
//!
//! impl Shared {
//!     /// To be called before the lock is let go of.
//!     fn drain(&mut self) {
//!         while self.conn.data_to_send(Instant::now()).has_remaining() {
//!             let outbox = self.conn.data_to_send(Instant::now());
//!             let taken = outbox.chunk().len();
//!             self.wire.extend_from_slice(outbox.chunk());
//!             outbox.advance(taken);
//!         }
//!     }
//! }
//!
//! let conn = Connection::client(Config::client(), Instant::now());
//! let shared = Arc::new(Mutex::new(Shared { conn, wire: BytesMut::new() }));
//! let callers: Vec<_> = (0..4).map(|n| {
//!     let shared = Arc::clone(&shared);
//!     thread::spawn(move || {
//!         let agent = format!("caller {n}");
//!         let head = RequestHead::new("GET", "http", "a", "/", [("user-agent", agent)]).unwrap();
//!         let mut guard = shared.lock().unwrap();
//!         guard.conn.send_request(head, End::Now).unwrap();
//!         guard.drain(); // under the same lock
//!     })
//! }).collect();
//! for caller in callers {
//!     caller.join().unwrap();
//! }
//!
//! let mut server = Connection::server(Config::server(), Instant::now());
//! let mut guard = shared.lock().unwrap();
//! let _ = server.receive_data(&mut guard.wire, Instant::now());
//! let events = std::iter::from_fn(|| server.poll_event());
//! assert_eq!(events.filter(|e| matches!(e, Event::RequestReceived { .. })).count(), 4);
//! ```
//!
//! What goes wrong when the lock ends with the call: two threads take their octets one after the
//! other and write them the other way round. The peer sees stream 3 before stream 1, and a header
//! block that refers to a table entry it has not got:
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, Bytes, BytesMut};
//! # use h2_core::{Config, Connection, End, ErrorCode, RequestHead};
//! # fn taken(conn: &mut Connection, now: Instant) -> Bytes {
//! #     let outbox = conn.data_to_send(now);
//! #     outbox.copy_to_bytes(outbox.remaining())
//! # }
//! # let now = Instant::now();
//! # let mut client = Connection::client(Config::client(), now);
//! # let mut server = Connection::server(Config::server(), now);
//! # let preface = taken(&mut client, now);
//! let get = |agent| RequestHead::new("GET", "http", "a", "/", [("user-agent", agent)]);
//! client.send_request(get("the same")?, End::Now)?;
//! let first = taken(&mut client, now);
//! client.send_request(get("the same")?, End::Now)?;
//! let second = taken(&mut client, now);
//! # let _ = server.receive_data(&mut BytesMut::from(&preface[..]), now);
//!
//! let mut swapped = BytesMut::from(&[second, first].concat()[..]);
//! let _ = server.receive_data(&mut swapped, now);
//! assert_eq!(server.close_reason().unwrap().code, ErrorCode::COMPRESSION_ERROR);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Events need no such care, but what you *do* about them is a call again. Do not hold the lock
//! while the application works on an event, nor across anything that waits.
//!
//! [`Connection`]: crate::Connection
