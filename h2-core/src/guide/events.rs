//! Events: which carries the end, what follows what, errors, and what may be sent again.
//!
//! # One frame, one event
//!
//! A frame about a stream makes at most one event about it. The end of the peer's message is a flag
//! of the event that carried it, never an event of its own, so there is nothing to match up.
//!
//! | event | after it, on that stream |
//! |---|---|
//! | [`RequestReceived`] with `end: false` | [`DataReceived`] until one has `end: true`, or [`TrailersReceived`] |
//! | [`RequestReceived`] with `end: true` | nothing more from the client but a [`StreamReset`] |
//! | [`InformationalReceived`] | more of them, then [`ResponseReceived`] |
//! | [`ResponseReceived`] | as after a request |
//! | [`DataReceived`] with `end: true`, [`TrailersReceived`] | the peer's message is complete |
//! | [`PushReceived`] | [`ResponseReceived`] on the promised stream |
//! | [`StreamReset`] | nothing, ever |
//! | [`SendStopped`] | nothing, and the response that came is complete and good |
//! | [`SendEnded`] | whatever the peer still sends |
//! | [`Writable`] | another one, after [`send_data`] was short again |
//! | [`ConnectionClosed`] | nothing on any stream, and no other event |
//!
//! A message is complete when its end was seen, and in no other case: a body that stops with
//! [`StreamReset`] or [`ConnectionClosed`] was cut short, whatever its `content-length` said.
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, Bytes, BytesMut};
//! # use h2_core::{Config, Connection, End, Event, RequestHead, ResponseHead};
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
//! let head = RequestHead::new("GET", "http", "a", "/", [("accept", "*/*")])?;
//! let stream = client.send_request(head, End::Now)?;
//! carry(&mut client, &mut server, now);
//! server.send_informational(stream, ResponseHead::new(103, [("link", "</style.css>")])?)?;
//! server.send_response(stream, ResponseHead::new(200, [("content-length", "5")])?, End::Later)?;
//! server.send_data(stream, &mut Bytes::from("hello"), End::Now)?;
//! carry(&mut server, &mut client, now);
//!
//! let mut seen = Vec::new();
//! while let Some(event) = client.poll_event() {
//!     match event {
//!         Event::InformationalReceived { head, .. } => seen.push(format!("{}", head.status())),
//!         Event::ResponseReceived { head, end, .. } => seen.push(format!("{} {end}", head.status())),
//!         Event::DataReceived { data, end, .. } => seen.push(format!("{} octets {end}", data.len())),
//!         _ => {}
//!     }
//! }
//! assert_eq!(seen, ["103", "200 false", "5 octets true"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Events about the connection come when their frame does, between those of streams:
//! [`SettingsChanged`], [`SettingsAcknowledged`], [`PingAcknowledged`], [`GoAwayReceived`],
//! [`SlotsAvailable`], [`AlternativeService`], [`Origin`], [`UnknownFrame`]. What they need as an
//! answer was sent already. A GOAWAY resets the streams of ours that it leaves out, first, and then
//! tells of itself.
//!
//! # Three kinds of errors
//!
//! * **Yours** is a [`Misuse`], returned by the call. Nothing has changed; do something else.
//! * **The peer's, about one stream**: [`StreamReset`] with [`ResetCause::Violation`]; RST_STREAM is
//!   in the outbox, other streams go on. The [`Offence`] has the rule, its section, the frame, and
//!   the name of the field.
//! * **The peer's, about everything**: [`ConnectionClosed`] with [`Origin::Violation`]. It stays in
//!   [`close_reason`]; GOAWAY is in the outbox. The first cause wins.
//!
//! Matching on texts is never needed, and no text contains the value of a field.
//!
//! # What may be sent again
//!
//! Each request that fails says how far it came, and what to do. A request is safe to send again,
//! whatever its method, when the server cannot have acted on it (RFC 9113 §8.7):
//!
//! | [`Outcome`] | it was | send again |
//! |---|---|---|
//! | [`NotSent`] | never on the wire | yes |
//! | [`Refused`] | disowned by the server: REFUSED_STREAM, or a GOAWAY with a lower stream | yes |
//! | [`MaybeProcessed`] | sent, and nobody knows | only if it is idempotent, and you know it |
//! | [`ResponseStarted`] | answered, in part | no |
//!
//! [`Retry`] adds where: on the same connection, on another, or not at all (a server that asks for
//! less, or that ends every fresh connection, is not to be asked again).
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, BytesMut};
//! # use h2_core::{Config, Connection, End, ErrorCode, Event, Outcome, RequestHead, Retry};
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
//! let head = RequestHead::new("POST", "http", "a", "/pay", [("accept", "*/*")])?;
//! let stream = client.send_request(head, End::Now)?;
//! carry(&mut client, &mut server, now);
//! server.reset_stream(stream, ErrorCode::REFUSED_STREAM);
//! carry(&mut server, &mut client, now);
//!
//! let mut events = std::iter::from_fn(|| client.poll_event());
//! let (outcome, retry) = events.find_map(|event| match event {
//!     Event::StreamReset { outcome, retry, .. } => Some((outcome, retry)),
//!     _ => None,
//! }).unwrap();
//! assert_eq!(outcome, Outcome::Refused);
//! assert_eq!(retry, Retry::SameConnection);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Streams that [`ConnectionClosed`] cut short get no event of their own. Ask
//! [`request_outcome`] and [`retry_hint`] about each of yours. After a transport that failed, say so
//! with [`handle_failure`]: heads that it never took count as [`NotSent`].
//!
//! [`RequestReceived`]: crate::Event::RequestReceived
//! [`InformationalReceived`]: crate::Event::InformationalReceived
//! [`ResponseReceived`]: crate::Event::ResponseReceived
//! [`DataReceived`]: crate::Event::DataReceived
//! [`TrailersReceived`]: crate::Event::TrailersReceived
//! [`PushReceived`]: crate::Event::PushReceived
//! [`StreamReset`]: crate::Event::StreamReset
//! [`SendStopped`]: crate::Event::SendStopped
//! [`SendEnded`]: crate::Event::SendEnded
//! [`Writable`]: crate::Event::Writable
//! [`ConnectionClosed`]: crate::Event::ConnectionClosed
//! [`SettingsChanged`]: crate::Event::SettingsChanged
//! [`SettingsAcknowledged`]: crate::Event::SettingsAcknowledged
//! [`PingAcknowledged`]: crate::Event::PingAcknowledged
//! [`GoAwayReceived`]: crate::Event::GoAwayReceived
//! [`SlotsAvailable`]: crate::Event::SlotsAvailable
//! [`AlternativeService`]: crate::Event::AlternativeService
//! [`Origin`]: crate::Event::Origin
//! [`UnknownFrame`]: crate::Event::UnknownFrame
//! [`send_data`]: crate::Connection::send_data
//! [`close_reason`]: crate::Connection::close_reason
//! [`request_outcome`]: crate::Connection::request_outcome
//! [`retry_hint`]: crate::Connection::retry_hint
//! [`handle_failure`]: crate::Connection::handle_failure
//! [`Misuse`]: crate::Misuse
//! [`Offence`]: crate::Offence
//! [`ResetCause::Violation`]: crate::ResetCause::Violation
//! [`Origin::Violation`]: crate::Origin::Violation
//! [`Outcome`]: crate::Outcome
//! [`NotSent`]: crate::Outcome::NotSent
//! [`Refused`]: crate::Outcome::Refused
//! [`MaybeProcessed`]: crate::Outcome::MaybeProcessed
//! [`ResponseStarted`]: crate::Outcome::ResponseStarted
//! [`Retry`]: crate::Retry
