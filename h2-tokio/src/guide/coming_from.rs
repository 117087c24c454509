//! Coming from hyperium/h2: each name of its interface, and what to use here.
//!
//! The largest difference: a connection is driven by a task of its own. Nothing needs to be polled for
//! another stream to go on, handles can be dropped in any order, and there is no lock around the
//! protocol. Capacity needs no reserving: `send_data` waits for room.
//!
//! # Making a connection
//!
//! | hyperium/h2 | here |
//! |---|---|
//! | `client::handshake(io)` | [`client::handshake`], which waits for the peer's SETTINGS; [`client::spawn_connection`] does not wait |
//! | `client::Builder::handshake` | [`Config`] and the same functions |
//! | `client::Connection`, spawned by hand | done; by hand: [`client::connection`], whose [`client::Driver`] is the future |
//! | `server::handshake(io)`, `server::Builder` | [`server::spawn_connection`], [`server::connection`], [`server::serve()`] |
//! | `TcpStream::connect`, `set_nodelay` | [`client::connect`], [`tcp::tune`] |
//! | `initial_window_size`, `set_initial_window_size` | [`h2_core::Config::stream_window`] |
//! | `initial_connection_window_size`, `set_target_window_size` | [`h2_core::Config::connection_window`] |
//! | `max_frame_size` | [`h2_core::Config::max_frame_size`]; brought into range instead of a panic |
//! | `max_header_list_size` | [`h2_core::Config::max_header_list_size`] |
//! | `max_concurrent_streams` | [`h2_core::Config::max_concurrent_streams`] |
//! | `initial_max_send_streams` | [`h2_core::Config::initial_outbound_streams`] |
//! | `max_concurrent_reset_streams`, `reset_stream_duration` | none to set: the last 1,024 are remembered |
//! | `max_local_error_reset_streams`, `max_pending_accept_reset_streams` | [`h2_core::Config::reset_bucket`], [`h2_core::Config::glitch_bucket`] |
//! | `max_send_buffer_size` | [`h2_core::Config::max_send_credit`], [`h2_core::Config::send_pool`] |
//! | `header_table_size` | [`h2_core::Config::header_table_size`] |
//! | `enable_push` | [`h2_core::Config::enable_push`] |
//! | `enable_connect_protocol` | [`h2_core::Config::enable_connect_protocol`] |
//! | `initial_stream_id` | [`h2_core::Config::first_stream`] |
//!
//! # Client
//!
//! | hyperium/h2 | here |
//! |---|---|
//! | `SendRequest` | [`client::Handle`] |
//! | `SendRequest::ready`, `poll_ready` | [`client::Handle::reserve`]: a slot, and not a guess; for the first SETTINGS [`client::Handle::ready`] |
//! | `send_request(request, false)` | [`client::Handle::send_request`] |
//! | `send_request(request, true)` | [`client::Handle::send_bodiless`]; with the response awaited, [`client::Handle::request`] |
//! | `current_max_send_streams` | [`State::peer_limit`] |
//! | `current_max_recv_streams`, `max_concurrent_send_streams`, `max_concurrent_recv_streams` | [`State::peer_limit`], and the own [`h2_core::Config::max_concurrent_streams`] |
//! | `is_extended_connect_protocol_enabled` | [`client::Handle::open_tunnel`] says so, as an error |
//! | `ResponseFuture` | [`client::ResponseFuture`] |
//! | `ResponseFuture::poll_informational` | [`client::ResponseFuture::informational`] |
//! | `ResponseFuture::push_promises`, `PushPromises`, `PushPromise`, `PushedResponseFuture` | [`client::ResponseFuture::pushes`]; [`client::PushedResponses::next`] gives request and [`client::ResponseFuture`] |
//! | `ResponseFuture::stream_id` | not needed to tell streams apart; in errors: [`Scope::Stream`] |
//! | `Connection::ping_pong`, `PingPong` | [`client::Handle::ping`]; several at once |
//! | `Ping::opaque`, `send_ping`, `poll_pong` | payloads are chosen here; the answer is the time it took |
//! | `StreamId::as_u32` | [`h2_core::StreamId::get`] |
//! | dropping the last `SendRequest` | the same: a graceful end |
//!
//! # Server
//!
//! | hyperium/h2 | here |
//! |---|---|
//! | `Connection::accept` | [`server::Incoming::next`]; nobody has to call it for I/O to go on |
//! | `poll_closed` | [`server::Handle::closed`] |
//! | `graceful_shutdown` | [`server::Handle::shutdown`], [`server::Handle::shutdown_within`]; of a whole server [`server::Server`] |
//! | `abrupt_shutdown(reason)` | [`server::Handle::close`] |
//! | `has_streams` | [`State::open`] |
//! | `SendResponse` | [`server::Responder`] |
//! | `send_informational` | [`server::Responder::send_informational`] |
//! | `send_response(response, false)` | [`server::Responder::send_response`] |
//! | `send_response(response, true)` | [`server::Responder::respond`] |
//! | `push_request`, `SendPushedResponse` | [`server::Responder::push`], which gives another [`server::Responder`] |
//! | `send_reset` | [`server::Responder::reset`] |
//! | `poll_reset` | [`server::Responder::cancelled`] |
//! | `stream_id` | [`server::Responder::stream_id`] |
//!
//! # Bodies
//!
//! | hyperium/h2 | here |
//! |---|---|
//! | `SendStream` | [`SendBody`] |
//! | `reserve_capacity`, `capacity`, `poll_capacity` | nothing: [`SendBody::send_data`] waits for room |
//! | `send_data(data, false)` | [`SendBody::send_data`] |
//! | `send_data(data, true)` | [`SendBody::send_data`], then [`SendBody::finish`]; END_STREAM rides on the last DATA |
//! | `send_trailers` | [`SendBody::send_trailers`] |
//! | `send_reset` | [`SendBody::reset`] |
//! | `poll_reset` | [`SendBody::stopped`] |
//! | dropped without end | the same: CANCEL |
//! | `RecvStream` | [`RecvBody`] |
//! | `RecvStream::data`, `poll_data` | [`RecvBody::data`], [`RecvBody::poll_data`] |
//! | `trailers`, `poll_trailers` | [`RecvBody::trailers`] |
//! | `is_end_stream` | that of [`http_body::Body`] |
//! | `flow_control().release_capacity(n)` | nothing: reading releases; by hand [`RecvBody::into_manual`], [`Credit`] |
//! | `available_capacity`, `used_capacity` | [`client::Handle::inspect`], [`server::Handle::inspect`] |
//! | `ext::Protocol` | [`ext::Protocol`] |
//!
//! # Errors
//!
//! | hyperium/h2 | here |
//! |---|---|
//! | `Error` | [`Error`], which is `Clone` |
//! | `reason()` | [`Error::code`]; what is wrong, [`Error::reason`] |
//! | `Reason` | [`ErrorCode`] |
//! | `is_io`, `get_io`, `into_io` | [`Error::io`] |
//! | `is_go_away`, `is_reset` | [`Error::scope`] |
//! | `is_remote`, `is_library` | [`Error::origin`] |
//! | debug data, in the text alone | [`Error::debug_data`] |
//! | whether to retry: no answer | [`Error::outcome`], [`Error::retry_hint`], [`client::Handle::try_request`] |
//! | `UserError` | [`Reason::Misuse`] |
//!
//! [`Config`]: crate::Config
//! [`Credit`]: crate::Credit
//! [`Error`]: crate::Error
//! [`Error::code`]: crate::Error::code
//! [`Error::debug_data`]: crate::Error::debug_data
//! [`Error::io`]: crate::Error::io
//! [`Error::origin`]: crate::Error::origin
//! [`Error::outcome`]: crate::Error::outcome
//! [`Error::reason`]: crate::Error::reason
//! [`Error::retry_hint`]: crate::Error::retry_hint
//! [`Error::scope`]: crate::Error::scope
//! [`ErrorCode`]: crate::ErrorCode
//! [`Reason::Misuse`]: crate::Reason::Misuse
//! [`RecvBody`]: crate::RecvBody
//! [`RecvBody::data`]: crate::RecvBody::data
//! [`RecvBody::into_manual`]: crate::RecvBody::into_manual
//! [`RecvBody::poll_data`]: crate::RecvBody::poll_data
//! [`RecvBody::trailers`]: crate::RecvBody::trailers
//! [`Scope::Stream`]: crate::Scope::Stream
//! [`SendBody`]: crate::SendBody
//! [`SendBody::finish`]: crate::SendBody::finish
//! [`SendBody::reset`]: crate::SendBody::reset
//! [`SendBody::send_data`]: crate::SendBody::send_data
//! [`SendBody::send_trailers`]: crate::SendBody::send_trailers
//! [`SendBody::stopped`]: crate::SendBody::stopped
//! [`State::open`]: crate::State::open
//! [`State::peer_limit`]: crate::State::peer_limit
//! [`client::Driver`]: crate::client::Driver
//! [`client::Handle`]: crate::client::Handle
//! [`client::Handle::inspect`]: crate::client::Handle::inspect
//! [`client::Handle::open_tunnel`]: crate::client::Handle::open_tunnel
//! [`client::Handle::ping`]: crate::client::Handle::ping
//! [`client::Handle::ready`]: crate::client::Handle::ready
//! [`client::Handle::request`]: crate::client::Handle::request
//! [`client::Handle::reserve`]: crate::client::Handle::reserve
//! [`client::Handle::send_bodiless`]: crate::client::Handle::send_bodiless
//! [`client::Handle::send_request`]: crate::client::Handle::send_request
//! [`client::Handle::try_request`]: crate::client::Handle::try_request
//! [`client::PushedResponses::next`]: crate::client::PushedResponses::next
//! [`client::ResponseFuture`]: crate::client::ResponseFuture
//! [`client::ResponseFuture::informational`]: crate::client::ResponseFuture::informational
//! [`client::ResponseFuture::pushes`]: crate::client::ResponseFuture::pushes
//! [`client::connect`]: crate::client::connect
//! [`client::connection`]: crate::client::connection
//! [`client::handshake`]: crate::client::handshake
//! [`client::spawn_connection`]: crate::client::spawn_connection
//! [`ext::Protocol`]: crate::ext::Protocol
//! [`server::Handle::close`]: crate::server::Handle::close
//! [`server::Handle::closed`]: crate::server::Handle::closed
//! [`server::Handle::inspect`]: crate::server::Handle::inspect
//! [`server::Handle::shutdown`]: crate::server::Handle::shutdown
//! [`server::Handle::shutdown_within`]: crate::server::Handle::shutdown_within
//! [`server::Incoming::next`]: crate::server::Incoming::next
//! [`server::Responder`]: crate::server::Responder
//! [`server::Responder::cancelled`]: crate::server::Responder::cancelled
//! [`server::Responder::push`]: crate::server::Responder::push
//! [`server::Responder::reset`]: crate::server::Responder::reset
//! [`server::Responder::respond`]: crate::server::Responder::respond
//! [`server::Responder::send_informational`]: crate::server::Responder::send_informational
//! [`server::Responder::send_response`]: crate::server::Responder::send_response
//! [`server::Responder::stream_id`]: crate::server::Responder::stream_id
//! [`server::Server`]: crate::server::Server
//! [`server::connection`]: crate::server::connection
//! [`server::serve()`]: crate::server::serve()
//! [`server::spawn_connection`]: crate::server::spawn_connection
//! [`tcp::tune`]: crate::tcp::tune
