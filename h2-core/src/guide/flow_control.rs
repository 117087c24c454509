//! Flow control: credit that you give back for what you used up, or windows that you widen by hand.
//!
//! Only DATA is flow-controlled (RFC 9113 §5.2). The peer may send on a stream until the stream's
//! window or the connection's is used up, whichever is first. Padding counts and is given back by
//! itself; so is everything on streams that are gone or whose data nobody wants.
//!
//! # Automatic
//!
//! Give the length of each [`Event::DataReceived`] back with [`acknowledge_received_data`] when you
//! have *used it up*: written it to a file, sent it on, thrown it away. Not when it arrives: the
//! window is the only thing that keeps a fast peer from filling your memory. WINDOW_UPDATE goes out
//! when half of a window has been given back, or of a large one 512 KiB or a sixteenth, so one frame
//! serves many pieces. A stream whose content-length says that no more comes than the peer may send
//! already gets none. Both levels are credited by the one call.
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, Bytes, BytesMut};
//! # use h2_core::{Config, Connection, End, Event, Misuse, RequestHead};
//! # fn carry(from: &mut Connection, to: &mut Connection, now: Instant) {
//! #     while from.data_to_send(now).has_remaining() {
//! #         let outbox = from.data_to_send(now);
//! #         let mut wire = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
//! #         let _ = to.receive_data(&mut wire, now);
//! #     }
//! # }
//! # let now = Instant::now();
//! # let mut client = Connection::client(Config::client(), now);
//! # let mut server = Connection::server(Config::server(), now);
//! # carry(&mut client, &mut server, now);
//! # carry(&mut server, &mut client, now);
//! # let head = RequestHead::new("POST", "http", "a", "/", [("accept", "*/*")])?;
//! # let stream = client.send_request(head, End::Later)?;
//! client.send_data(stream, &mut Bytes::from(vec![7; 40_000]), End::Later)?;
//! carry(&mut client, &mut server, now);
//! assert_eq!(server.remote_flow_control_window(Some(stream))?, 65_536 - 40_000);
//!
//! let mut used_up = 0;
//! while let Some(event) = server.poll_event() {
//!     if let Event::DataReceived { data, .. } = event {
//!         used_up += data.len();
//!     }
//! }
//! server.acknowledge_received_data(stream, used_up)?;
//! // What was never received cannot be given back.
//! assert_eq!(server.acknowledge_received_data(stream, 1), Err(Misuse::ReleasedTooMuch));
//!
//! carry(&mut server, &mut client, now);
//! assert_eq!(server.remote_flow_control_window(Some(stream))?, 65_536);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A stream that is read as fast as it comes gets a larger window by itself, from the round trip and
//! the reading speed, up to [`Config::max_stream_window`]. Set it to [`Config::stream_window`] to
//! switch that off.
//!
//! # By hand
//!
//! [`increment_flow_control_window`] widens a stream's window, or the connection's, for good: the
//! window's size is that much larger from then on, and giving credit back keeps it at that. Use it
//! for a stream that deserves more. Nobody is obliged to use the automatic way: a reader that only
//! widens by hand decides itself about every octet.
//!
//! ```
//! # use std::time::Instant;
//! # use h2_core::{Config, Connection, End, RequestHead};
//! # let mut client = Connection::client(Config::client(), Instant::now());
//! # let head = RequestHead::new("GET", "http", "a", "/", [("accept", "*/*")])?;
//! # let stream = client.send_request(head, End::Now)?;
//! let before = client.remote_flow_control_window(None)?;
//! client.increment_flow_control_window(None, 1 << 20)?;
//! # use bytes::Buf;
//! # client.data_to_send(Instant::now());
//! assert!(client.remote_flow_control_window(None)? >= before + (1 << 20));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To change the window of all streams that are still to come, and of those that are open, change
//! [`Settings::initial_window_size`] with [`update_settings`]; the connection's window is not touched
//! by it (RFC 9113 §6.9.2).
//!
//! # Nobody wants it
//!
//! [`discard_received_data`] says that nobody will read this stream any more: what comes is credited
//! to the connection alone, so that the peer stops when the stream's window is used up, and other
//! streams go on. [`release_stream`] and [`reset_stream`] do the same and more.
//!
//! # Isolation
//!
//! With [`Config::isolation`], the default, the connection's window is at least as large as all
//! stream windows together. A stream that nobody reads can then never stop another one.
//!
//! # The other direction
//!
//! [`local_flow_control_window`] is what the peer lets *us* send; it may be negative after the peer
//! lowered its settings. You need not look at it: [`send_capacity`] takes it into account, and what
//! waits for a window is sent by itself when the peer opens it.
//!
//! [`acknowledge_received_data`]: crate::Connection::acknowledge_received_data
//! [`increment_flow_control_window`]: crate::Connection::increment_flow_control_window
//! [`discard_received_data`]: crate::Connection::discard_received_data
//! [`release_stream`]: crate::Connection::release_stream
//! [`reset_stream`]: crate::Connection::reset_stream
//! [`update_settings`]: crate::Connection::update_settings
//! [`local_flow_control_window`]: crate::Connection::local_flow_control_window
//! [`send_capacity`]: crate::Connection::send_capacity
//! [`Settings::initial_window_size`]: crate::Settings::initial_window_size
//! [`Event::DataReceived`]: crate::Event::DataReceived
//! [`Config::max_stream_window`]: crate::Config::max_stream_window
//! [`Config::stream_window`]: crate::Config::stream_window
//! [`Config::isolation`]: crate::Config::isolation
