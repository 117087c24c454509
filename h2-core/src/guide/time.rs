//! Time, the end, and looking on: deadlines, the two ways to end, taps and numbers.
//!
//! # Deadlines
//!
//! A connection has no clock. Every call that may depend on the time takes it as an argument, and
//! [`poll_timeout`] says until when to wait, and why. Call [`handle_timeout`] then; a call that
//! comes early does nothing, and a late one does what was due. Time never runs back: an earlier
//! moment than the last one counts as the last one. Ask again after every input, command and drain,
//! for deadlines come and go.
//!
//! | [`Timer`] | set by | what it does |
//! |---|---|---|
//! | [`Handshake`] | [`Config::handshake_timeout`] | ends with SETTINGS_TIMEOUT |
//! | [`HeaderBlock`] | [`Config::header_block_timeout`] | ends with ENHANCE_YOUR_CALM |
//! | [`SettingsAck`] | [`Config::settings_ack_timeout`] | ends with SETTINGS_TIMEOUT |
//! | [`WriteStall`] | [`Config::write_stall_timeout`] | ends: the transport took nothing for so long |
//! | [`KeepAlive`] | [`Config::keep_alive_interval`], [`Config::keep_alive_timeout`] | asks by PING, then ends |
//! | [`Idle`] | [`Config::idle_timeout`] | begins a graceful end |
//! | [`MaxAge`] | [`Config::max_age`] | begins a graceful end |
//! | [`Farewell`] | one second | names the last stream in a second GOAWAY |
//! | [`Drain`] | [`Config::drain_timeout`] | cuts the streams that are still open |
//! | [`Linger`] | [`Config::linger`] | the transport can be closed |
//! | [`Stall`] | [`Config::stall_after`] | tells of what stands still |
//! | [`Trim`] | one second without streams | gives memory back |
//! | [`Request`] | the application | never set here |
//!
//! Because time is an argument, a test needs no waiting, and a recorded connection replays:
//!
//! ```
//! use std::time::{Duration, Instant};
//! use h2_core::{Config, Connection, Event, Origin, Timer};
//!
//! let start = Instant::now();
//! let mut server = Connection::server(Config::server(), start);
//! let deadline = server.poll_timeout().unwrap();
//! assert_eq!(deadline.why, Timer::Handshake);
//! assert_eq!(deadline.at, start + Duration::from_secs(10));
//!
//! server.handle_timeout(deadline.at);
//! let Some(Event::ConnectionClosed { reason }) = server.poll_event() else { panic!() };
//! assert_eq!(reason.origin, Origin::Timeout(Timer::Handshake));
//! ```
//!
//! A deadline of one request is the application's: reset its stream when it has passed. Say so with
//! [`suspect`] before: if nothing at all has arrived since the request was sent, one PING asks
//! whether the peer is still there, and [`is_suspect`] keeps others from using the connection until
//! something arrives.
//!
//! # The end
//!
//! * [`shutdown`] is graceful: what was begun is finished, within [`Config::drain_timeout`]; see
//!   [`shutdown_within`] for a time of your own. A server says GOAWAY twice, so that no request that
//!   was under way is lost (RFC 9113 §6.8).
//! * [`close_connection`] is at once: every stream is gone, one GOAWAY says why.
//! * The peer's GOAWAY is [`Event::GoAwayReceived`]; streams that it leaves out are reset and may
//!   be sent again. The connection ends when the others have.
//!
//! Whatever the way: [`Event::ConnectionClosed`] comes once and last, then the output that is left
//! is written. [The diagram](super::states#the-life-of-a-connection) has every way through.
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, BytesMut};
//! # use h2_core::{Config, Connection, End, Event, Misuse, RequestHead, ResponseHead};
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
//! let get = || RequestHead::new("GET", "http", "a", "/", [("accept", "*/*")]);
//! let under_way = client.send_request(get()?, End::Now)?;
//! carry(&mut client, &mut server, now);
//! carry(&mut server, &mut client, now);
//!
//! server.shutdown(now);
//! carry(&mut server, &mut client, now);
//! // No more are opened, but the one under way is served.
//! assert_eq!(client.send_request(get()?, End::Now).unwrap_err().why, Misuse::Draining);
//! server.send_response(under_way, ResponseHead::new(204, [("server", "x")])?, End::Now)?;
//! server.release_stream(under_way);
//! for _ in 0..2 {
//!     carry(&mut client, &mut server, now);
//!     carry(&mut server, &mut client, now);
//! }
//! let mut events = std::iter::from_fn(|| client.poll_event());
//! assert!(events.any(|event| matches!(event, Event::ResponseReceived { .. })));
//! assert!(server.close_reason().unwrap().is_graceful());
//! assert!(server.is_finished());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Looking on
//!
//! * [`set_frame_tap`] shows every frame in the order of the wire, decoded and without secrets, as
//!   a [`TappedFrame`]: [`text`](crate::TappedFrame::text) for people,
//!   [`json`](crate::TappedFrame::json) for programs. Without a tap it costs a branch a frame.
//! * [`stats`] and [`stream_stats`] are numbers: frames by type, octets, windows, what waits where,
//!   what is left of the buckets, the round trip. Asking allocates nothing.
//! * [`Config::stall_after`] asks for [`Event::Stalled`], which names what holds octets back: a
//!   window, a slot, the transport, or the application that does not read.
//! * [`Event::LimitNear`] warns before a bucket is empty.
//!
//! ```
//! use std::{sync::mpsc, time::Instant};
//! use h2_core::{Config, Connection, TappedFrame};
//!
//! let (tap, seen) = mpsc::channel();
//! let now = Instant::now();
//! let mut client = Connection::client(Config::client(), now);
//! client.set_frame_tap(Some(Box::new(move |frame: &TappedFrame<'_>| {
//!     let _ = tap.send(frame.kind_name());
//! })));
//! client.data_to_send(now);
//! assert_eq!(seen.recv(), Ok(Some("SETTINGS")));
//! assert_eq!(client.stats().sent.settings, 1);
//! ```
//!
//! [`poll_timeout`]: crate::Connection::poll_timeout
//! [`handle_timeout`]: crate::Connection::handle_timeout
//! [`suspect`]: crate::Connection::suspect
//! [`is_suspect`]: crate::Connection::is_suspect
//! [`shutdown`]: crate::Connection::shutdown
//! [`shutdown_within`]: crate::Connection::shutdown_within
//! [`close_connection`]: crate::Connection::close_connection
//! [`set_frame_tap`]: crate::Connection::set_frame_tap
//! [`stats`]: crate::Connection::stats
//! [`stream_stats`]: crate::Connection::stream_stats
//! [`TappedFrame`]: crate::TappedFrame
//! [`Event::GoAwayReceived`]: crate::Event::GoAwayReceived
//! [`Event::ConnectionClosed`]: crate::Event::ConnectionClosed
//! [`Event::Stalled`]: crate::Event::Stalled
//! [`Event::LimitNear`]: crate::Event::LimitNear
//! [`Timer`]: crate::Timer
//! [`Handshake`]: crate::Timer::Handshake
//! [`HeaderBlock`]: crate::Timer::HeaderBlock
//! [`SettingsAck`]: crate::Timer::SettingsAck
//! [`WriteStall`]: crate::Timer::WriteStall
//! [`KeepAlive`]: crate::Timer::KeepAlive
//! [`Idle`]: crate::Timer::Idle
//! [`MaxAge`]: crate::Timer::MaxAge
//! [`Farewell`]: crate::Timer::Farewell
//! [`Drain`]: crate::Timer::Drain
//! [`Linger`]: crate::Timer::Linger
//! [`Stall`]: crate::Timer::Stall
//! [`Trim`]: crate::Timer::Trim
//! [`Request`]: crate::Timer::Request
//! [`Config::handshake_timeout`]: crate::Config::handshake_timeout
//! [`Config::header_block_timeout`]: crate::Config::header_block_timeout
//! [`Config::settings_ack_timeout`]: crate::Config::settings_ack_timeout
//! [`Config::write_stall_timeout`]: crate::Config::write_stall_timeout
//! [`Config::keep_alive_interval`]: crate::Config::keep_alive_interval
//! [`Config::keep_alive_timeout`]: crate::Config::keep_alive_timeout
//! [`Config::idle_timeout`]: crate::Config::idle_timeout
//! [`Config::max_age`]: crate::Config::max_age
//! [`Config::drain_timeout`]: crate::Config::drain_timeout
//! [`Config::linger`]: crate::Config::linger
//! [`Config::stall_after`]: crate::Config::stall_after
