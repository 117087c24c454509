//! Buffers: what each limit is, what happens when nobody drains, and why nothing grows.
//!
//! | what waits | for whom | its limit | at the limit |
//! |---|---|---|---|
//! | octets of a part of a frame | the peer | in *your* buffer: [`Config::max_frame_size`] and 9 | a longer frame is refused by its head |
//! | a header block in pieces | the peer | [`Config::max_header_block`], [`Config::max_continuations`] | the connection ends |
//! | a field section | | [`Config::max_header_list_size`], [`Config::max_header_fields`] | 431 or a reset; at four times, the end |
//! | events | you | 256, and what requests that waited bring with them | [`Received::DrainFirst`]: reading stops |
//! | request heads among them | you | 1 MiB, 128 octets a field counted with it | such requests are refused |
//! | requests that wait for a slot | you | [`Config::max_concurrent_streams`] | REFUSED_STREAM |
//! | octets of bodies, unread | you | the windows: [`Config::stream_window`], [`Config::connection_window`] | the peer must stop |
//! | octets of bodies to be cut | the transport, or the peer's windows | [`Config::send_credit`] a stream and [`Config::send_pool`] | [`send_data`] takes less |
//! | cut octets, in the outbox | the transport | [`Config::batch`] and one frame | nothing more is cut |
//! | answers owed: PING, SETTINGS, RST_STREAM | the transport | 32, 4, 4,096 | [`Received::DrainFirst`] |
//! | PINGs of yours without an answer | the peer | 16 | [`Misuse::QueueFull`] |
//! | changes of settings | the peer | 16 | [`Misuse::QueueFull`] |
//! | extension frames of yours | the transport | 64 KiB | [`Misuse::QueueFull`] |
//! | HPACK tables | | [`Config::header_table_size`], [`Config::encoder_table_size`] | old entries go |
//! | how recent streams ended | | 1,024 resets, 64 ends | the oldest are forgotten |
//!
//! # When nobody drains
//!
//! The peer cannot make a connection hold more by sending more. Where events or answers wait for
//! you, reading stops and your input buffer keeps the rest; stop reading the transport then, and
//! TCP stops the peer. Nothing is lost: take the events, write, and call [`receive_data`] again.
//!
//! ```
//! # use std::time::Instant;
//! # use bytes::{Buf, BytesMut};
//! # use h2_core::{Config, Connection, Received};
//! # let now = Instant::now();
//! # let mut server = Connection::server(Config::server(), now);
//! # let mut client = Connection::client(Config::client(), now);
//! # let outbox = client.data_to_send(now);
//! # let mut input = BytesMut::from(&outbox.copy_to_bytes(outbox.remaining())[..]);
//! // A peer that sends a thousand PINGs and reads no answer.
//! for n in 0..1_000_u64 {
//!     input.extend_from_slice(&[0, 0, 8, 6, 0, 0, 0, 0, 0]);
//!     input.extend_from_slice(&n.to_be_bytes());
//! }
//! assert_eq!(server.receive_data(&mut input, now), Received::DrainFirst);
//! let left = input.len();
//! assert!(left > 16_000);
//! // Asking again without draining takes nothing.
//! assert_eq!(server.receive_data(&mut input, now), Received::DrainFirst);
//! assert_eq!(input.len(), left);
//! // After a drain it goes on.
//! let outbox = server.data_to_send(now);
//! outbox.advance(outbox.remaining());
//! let _ = server.receive_data(&mut input, now);
//! assert!(input.len() < left);
//! ```
//!
//! # The worst case
//!
//! The limits add up, and [`Config::worst_case_memory`] is their sum in octets; attacks in the tests
//! are held against it.
//!
//! | | sum | bodies among it |
//! |---|---|---|
//! | [`Config::server`] | less than 81 MiB | 16 MiB received, 3 MiB to be sent |
//! | [`Config::client`] | less than 105 MiB | 64 MiB received, 6 MiB to be sent |
//! | a server with 16 streams, windows of 64 KiB and sections of 8 KiB | less than 28 MiB | 64 KiB received, 1.3 MiB to be sent |
//!
//! ```
//! # use h2_core::Config;
//! let mut config = Config::server();
//! assert!(config.worst_case_memory() < 81 << 20);
//! config.max_header_list_size = 16 * 1024;
//! assert!(config.worst_case_memory() < 61 << 20);
//! ```
//!
//! It takes an attacker *and* an application that never drains to come near it. Most of what is not
//! bodies is events with the largest field sections, 256 of them. An idle connection holds a few KiB.
//!
//! # Your buffer
//!
//! Received payloads of 16 KiB and more are slices of your input buffer, shorter ones are copies, so
//! a short piece never keeps a long read alive. A block of input that no piece refers to any more
//! can be reused.
//!
//! [`Config::worst_case_memory`]: crate::Config::worst_case_memory
//! [`Config::server`]: crate::Config::server
//! [`Config::client`]: crate::Config::client
//! [`Config::max_frame_size`]: crate::Config::max_frame_size
//! [`Config::max_header_block`]: crate::Config::max_header_block
//! [`Config::max_continuations`]: crate::Config::max_continuations
//! [`Config::max_header_list_size`]: crate::Config::max_header_list_size
//! [`Config::max_header_fields`]: crate::Config::max_header_fields
//! [`Config::max_concurrent_streams`]: crate::Config::max_concurrent_streams
//! [`Config::stream_window`]: crate::Config::stream_window
//! [`Config::connection_window`]: crate::Config::connection_window
//! [`Config::send_credit`]: crate::Config::send_credit
//! [`Config::send_pool`]: crate::Config::send_pool
//! [`Config::batch`]: crate::Config::batch
//! [`Config::header_table_size`]: crate::Config::header_table_size
//! [`Config::encoder_table_size`]: crate::Config::encoder_table_size
//! [`Received::DrainFirst`]: crate::Received::DrainFirst
//! [`Misuse::QueueFull`]: crate::Misuse::QueueFull
//! [`send_data`]: crate::Connection::send_data
//! [`receive_data`]: crate::Connection::receive_data
