//! Coming from python-h2 or libnghttp2: each name there, and what to use here.
//!
//! Both differ from this crate in the same three ways. Output is peeked and advanced, never handed over,
//! so a partial write loses nothing. Frames are cut when the output is drained and not when a method is
//! called, so a method that fails has written nothing. And what the caller does wrong ([`Misuse`]) is
//! another type than what the peer does wrong ([`Violation`]). For hyperium/h2, see the page of the
//! same name in `h2-tokio`.
//!
//! # python-h2: methods of `H2Connection`
//!
//! | python-h2 | here |
//! |---|---|
//! | `H2Connection(config)` | [`Connection::client`], [`Connection::server`]: the role is the constructor |
//! | `initiate_connection()` | done by the constructor; drain it |
//! | `initiate_upgrade_connection()`, client | [`Config::http2_settings`], then [`Connection::upgraded_client`] |
//! | `initiate_upgrade_connection(header)`, server | [`Connection::upgraded_server`] |
//! | `get_next_available_stream_id()` | [`Connection::next_stream_id`]; seldom needed, for [`Connection::send_request`] assigns it |
//! | `send_headers(id, headers)`, request | [`Connection::send_request`], or [`Connection::send_request_with`] a [`Permit`] |
//! | `send_headers(id, headers)`, response | [`Connection::send_response`] |
//! | `send_headers(id, headers)`, 1xx | [`Connection::send_informational`] |
//! | `send_headers(id, headers, end_stream=True)`, trailers | [`Connection::send_trailers`] |
//! | `send_headers(.., end_stream=True)` | [`End::Now`] |
//! | `send_headers(.., priority_weight=..)` | the `priority` field (RFC 9218), read by [`RequestHead::priority`]; RFC 7540's tree is gone (RFC 9113 §5.3.2) |
//! | `send_data(id, data, end_stream)` | [`Connection::send_data`]: takes what fits, cuts it into frames, keeps the windows |
//! | `send_data(.., pad_length=..)` | [`Config::padding`], a policy: [`Padding`] |
//! | `end_stream(id)` | [`Connection::end_stream`] |
//! | `increment_flow_control_window(n, id)` | [`Connection::increment_flow_control_window`] |
//! | `acknowledge_received_data(n, id)` | [`Connection::acknowledge_received_data`] with the length of the data; padding is not counted |
//! | `push_stream(parent, promised, headers)` | [`Connection::push_stream`] |
//! | `ping(data)` | [`Connection::ping`] |
//! | `reset_stream(id, code)` | [`Connection::reset_stream`]; never an error, also for streams that are gone |
//! | `close_connection(code, data)` | [`Connection::close_connection`]; gracefully: [`Connection::shutdown`], [`Connection::shutdown_within`] |
//! | `close_connection(.., last_stream_id=..)` | the last stream is counted here |
//! | `update_settings({..})` | [`Connection::update_settings`] |
//! | `advertise_alternative_service(..)` | [`Connection::advertise_alternative_service`]; origins: [`Connection::advertise_origins`] |
//! | `prioritize(id, ..)` | [`Connection::prioritize`] (RFC 9218) |
//! | `local_flow_control_window(id)` | [`Connection::local_flow_control_window`] |
//! | `remote_flow_control_window(id)` | [`Connection::remote_flow_control_window`] |
//! | `receive_data(bytes)` returns events | [`Connection::receive_data`], then [`Connection::poll_event`]; nothing is lost when the peer broke a rule |
//! | `receive_data(b"")` | [`Connection::receive_eof`] |
//! | `data_to_send(amount)` | [`Connection::data_to_send`]: an [`Outbox`], peeked and advanced |
//! | `clear_outbound_data_buffer()` | [`Connection::handle_failure`], when the transport is lost |
//! | `open_outbound_streams`, `open_inbound_streams` | [`Connection::open_outbound_streams`], [`Connection::open_inbound_streams`]; in constant time |
//! | `inbound_flow_control_window` | [`Connection::remote_flow_control_window`] of `None` |
//! | `outbound_flow_control_window` | [`Connection::local_flow_control_window`] of `None` |
//! | `max_outbound_frame_size`, `max_inbound_frame_size` | [`Settings::max_frame_size`] of [`Connection::remote_settings`], [`Connection::local_settings`] |
//! | `local_settings`, `remote_settings` | [`Connection::local_settings`], [`Connection::remote_settings`] |
//! | `config` | what was given to the constructor; [`Config::checked`] says what it came to |
//! | `streams[id]`, its state | [`Connection::stream_state`], [`Connection::stream_stats`] |
//! | `DEFAULT_MAX_HEADER_LIST_SIZE` | [`Config::max_header_list_size`] |
//! | `HIGHEST_ALLOWED_STREAM_ID` | [`StreamId::MAX`] |
//! | `MAX_WINDOW_INCREMENT` | 2^31-1; more is [`Misuse::WindowOverflow`] |
//! | `Settings`, a mapping | [`Settings`], fields; by number [`Settings::get`], of extensions [`Settings::extensions`], [`Settings::set_extension`] |
//! | `MAX_CLOSED_STREAMS` | fixed: 1,024 resets and 64 ends |
//! | no counterpart | [`Connection::release_stream`]: a server must let go of each stream |
//! | no counterpart | [`Connection::poll_timeout`], [`Connection::handle_timeout`] |
//!
//! # python-h2: events
//!
//! | python-h2 | here |
//! |---|---|
//! | `RequestReceived` | [`Event::RequestReceived`] |
//! | `ResponseReceived` | [`Event::ResponseReceived`] |
//! | `InformationalResponseReceived` | [`Event::InformationalReceived`] |
//! | `TrailersReceived` | [`Event::TrailersReceived`] |
//! | `DataReceived`, `flow_controlled_length` | [`Event::DataReceived`]; its length is the length of the data |
//! | `StreamEnded`, `stream_ended` | `end: true` of the event that carried it; trailers always end |
//! | `StreamReset`, `remote_reset` | [`Event::StreamReset`] with its [`ResetCause`], [`Outcome`] and [`Retry`]; after a complete response [`Event::SendStopped`] |
//! | `WindowUpdated` | [`Event::Writable`], when there is a reason to send |
//! | `RemoteSettingsChanged` | [`Event::SettingsChanged`] |
//! | `SettingsAcknowledged` | [`Event::SettingsAcknowledged`] |
//! | `PingReceived` | none; it is answered, and a [`FrameTap`] sees it |
//! | `PingAckReceived` | [`Event::PingAcknowledged`] |
//! | `PushedStreamReceived` | [`Event::PushReceived`] |
//! | `PriorityUpdated`, `priority_updated` | [`Event::PriorityChanged`] (RFC 9218); PRIORITY frames are checked and dropped |
//! | `ConnectionTerminated` | [`Event::GoAwayReceived`] when the peer says so, [`Event::ConnectionClosed`] at the end |
//! | `AlternativeServiceAvailable` | [`Event::AlternativeService`] |
//! | `UnknownFrameReceived` | [`Event::UnknownFrame`] |
//! | no counterpart | [`Event::SlotsAvailable`], [`Event::SendEnded`], [`Event::Origin`], [`Event::Stalled`], [`Event::LimitNear`] |
//!
//! # python-h2: `H2Configuration`
//!
//! | python-h2 | here |
//! |---|---|
//! | `client_side` | [`Config::client`] with [`Connection::client`], or the server's |
//! | `header_encoding` | fields are octets ([`Field`]); a method, scheme, authority or path is a `str` |
//! | `validate_outbound_headers`, `validate_inbound_headers` | always: a [`RequestHead`], [`ResponseHead`] or [`Trailers`] that exists is well formed |
//! | `normalize_outbound_headers` | [`Fields::normalized`] before the head is made; secrets are never indexed in any case |
//! | `split_outbound_cookies` | [`Config::split_cookies`] |
//! | `normalize_inbound_headers` | [`RequestHead::cookie`] joins; the list itself is as it came |
//! | `logger` | [`Connection::set_frame_tap`] |
//!
//! # python-h2: exceptions
//!
//! | python-h2 | here |
//! |---|---|
//! | `ProtocolError`, raised by `receive_data` | [`Event::ConnectionClosed`] or [`Event::StreamReset`] with an [`Offence`], which has the [`Violation`] |
//! | `ProtocolError`, raised by anything else | [`Misuse`] |
//! | `ProtocolError`, for headers that are not well formed | [`Malformed`], with its [`HeadRule`] |
//! | `error_code` | [`Violation::code`] |
//! | `FrameTooLargeError` of the peer | [`Violation::FrameTooLarge`]; one's own cannot be: DATA is cut to size |
//! | `FrameDataMissingError` | [`Violation::FrameLength`] |
//! | `TooManyStreamsError` | [`Misuse::NoSlot`]; of the peer [`Violation::Refused`] |
//! | `FlowControlError` | of the peer [`Violation::WindowExceeded`], [`Violation::WindowOverflow`]; one's own [`Misuse::WindowOverflow`] |
//! | `StreamIDTooLowError` | one's own cannot be: identifiers are assigned here |
//! | `NoAvailableStreamIDError` | [`Misuse::NoMoreStreamIds`] |
//! | `NoSuchStreamError`, `StreamClosedError` | [`Misuse::NoSuchStream`], [`Misuse::AlreadyEnded`]; of the peer [`Violation::IdleStream`], [`Violation::StreamClosed`] |
//! | `InvalidSettingsValueError` | [`Misuse::InvalidSetting`]; of the peer [`Violation::InvalidSetting`] |
//! | `InvalidBodyLengthError` | [`Misuse::ContentLength`]; of the peer [`Violation::ContentLength`] |
//! | `UnsupportedFrameError` | [`Event::UnknownFrame`] |
//! | `DenialOfServiceError` | the violations whose [`Violation::code`] is [`ErrorCode::ENHANCE_YOUR_CALM`] |
//! | `RFC1122Error` | [`Misuse::WrongRole`] |
//!
//! # libnghttp2: the session
//!
//! | libnghttp2 | here |
//! |---|---|
//! | `nghttp2_session_client_new`, `_server_new` | [`Connection::client`], [`Connection::server`] |
//! | `nghttp2_session_del` | drop it |
//! | `nghttp2_session_mem_recv` | [`Connection::receive_data`] |
//! | `nghttp2_session_recv`, `recv_callback` | the application reads; then [`Connection::receive_data`] |
//! | `nghttp2_session_mem_send` | [`Connection::data_to_send`]; advance by what was written |
//! | `nghttp2_session_send`, `send_callback` | the application writes |
//! | `nghttp2_session_want_read` | `false` is [`Connection::is_finished`] |
//! | `nghttp2_session_want_write` | the [`Outbox`] of [`Connection::data_to_send`] is not empty |
//! | `nghttp2_session_upgrade2` | [`Connection::upgraded_client`], [`Connection::upgraded_server`] |
//! | `nghttp2_session_terminate_session` | [`Connection::close_connection`] |
//! | `nghttp2_submit_shutdown_notice` | [`Connection::shutdown`] does both halves |
//! | `nghttp2_session_consume`, `nghttp2_option_set_no_auto_window_update` | [`Connection::acknowledge_received_data`]; there is no other way |
//! | `nghttp2_session_set_local_window_size` | [`Connection::increment_flow_control_window`]; of all streams [`Connection::update_settings`] |
//! | `nghttp2_session_get_remote_window_size`, `_get_stream_remote_window_size` | [`Connection::local_flow_control_window`]: what we may send |
//! | `nghttp2_session_get_local_window_size`, `_get_stream_local_window_size` | [`Connection::remote_flow_control_window`]: what the peer may send |
//! | `nghttp2_session_get_remote_settings`, `_get_local_settings` | [`Connection::remote_settings`], [`Connection::local_settings`] |
//! | `nghttp2_session_get_outbound_queue_size` | [`Stats::waiting_frames`], [`Stats::queued`] |
//! | `nghttp2_session_get_stream_user_data`, `_set_stream_user_data` | a map of the application, by [`StreamId`] |
//! | `nghttp2_session_find_stream`, `nghttp2_stream_get_state` | [`Connection::stream_state`] |
//! | `nghttp2_session_check_request_allowed` | [`Connection::is_draining`], [`Connection::free_slots`] |
//! | `nghttp2_session_get_next_stream_id` | [`Connection::next_stream_id`] |
//! | `nghttp2_session_set_next_stream_id` | [`Config::first_stream`] |
//! | `nghttp2_session_change_extpri_stream_priority` | [`Connection::prioritize`] |
//! | `nghttp2_session_resume_data` | [`Connection::send_data`], when there is data again |
//!
//! # libnghttp2: `nghttp2_submit_*`
//!
//! | libnghttp2 | here |
//! |---|---|
//! | `request` | [`Connection::send_request`] |
//! | `response` | [`Connection::send_response`] |
//! | `headers`, interim | [`Connection::send_informational`] |
//! | `trailer` | [`Connection::send_trailers`] |
//! | `data`, a data source | [`Connection::send_data`]: data is pushed; [`Event::Writable`] asks for more |
//! | `rst_stream` | [`Connection::reset_stream`] |
//! | `settings` | [`Connection::update_settings`]; the first are the [`Config`] |
//! | `ping` | [`Connection::ping`] |
//! | `goaway` | [`Connection::shutdown`], [`Connection::close_connection`] |
//! | `window_update` | [`Connection::increment_flow_control_window`] |
//! | `push_promise` | [`Connection::push_stream`] |
//! | `priority_update` | [`Connection::prioritize`] |
//! | `altsvc`, `origin` | [`Connection::advertise_alternative_service`], [`Connection::advertise_origins`] |
//! | `extension` | [`Connection::send_extension_frame`] |
//! | `priority` | none (RFC 9113 §5.3.2) |
//!
//! # libnghttp2: callbacks and options
//!
//! | libnghttp2 | here |
//! |---|---|
//! | `on_begin_headers`, `on_header`, `on_frame_recv` of HEADERS | one event with the whole head: [`Event::RequestReceived`], [`Event::ResponseReceived`] |
//! | `on_data_chunk_recv` | [`Event::DataReceived`], a whole frame's data |
//! | `on_frame_recv` of other types | their events; every frame: [`FrameTap`] |
//! | `on_invalid_frame_recv`, `on_invalid_header` | [`Event::StreamReset`] with [`ResetCause::Violation`] |
//! | `on_frame_send`, `before_frame_send` | [`FrameTap`]; the end of a message: [`Event::SendEnded`] |
//! | `on_frame_not_send` | the [`Misuse`] that the call returned, or [`Event::StreamReset`] |
//! | `on_stream_close` | `end: true` both ways, or [`Event::StreamReset`] |
//! | `select_padding` | [`Config::padding`] |
//! | `data_source_read_length`, `NGHTTP2_DATA_FLAG_NO_COPY` | DATA is cut by windows; payloads of 2 KiB and more are shared, not copied |
//! | `on_extension_chunk_recv`, `unpack_extension` | [`Event::UnknownFrame`] |
//! | `pack_extension` | [`Connection::send_extension_frame`] |
//! | `error_callback` | the text of an [`Offence`], a [`CloseReason`] or a [`Misuse`] |
//! | `option_set_peer_max_concurrent_streams` | [`Config::initial_outbound_streams`] |
//! | `option_set_max_send_header_block_length` | [`Misuse::FieldSectionTooLarge`], by the peer's own limit |
//! | `option_set_max_deflate_dynamic_table_size` | [`Config::encoder_table_size`] |
//! | `option_set_max_outbound_ack` | fixed: 32 and 4; reading stops there |
//! | `option_set_max_settings` | [`Config::max_settings_entries`] |
//! | `option_set_max_continuations` | [`Config::max_continuations`] |
//! | `option_set_stream_reset_rate_limit` | [`Config::reset_bucket`] |
//! | `option_set_glitch_rate_limit` | [`Config::glitch_bucket`] |
//! | `option_set_no_http_messaging` | none: messages are always checked |
//! | `option_set_no_auto_ping_ack` | none: PING is always answered |
//! | `option_set_server_fallback_rfc7540_priorities` | none: RFC 9218 alone |
//! | `nghttp2_hd_deflate_*`, `nghttp2_hd_inflate_*` | [`hpack::Encoder`](crate::hpack::Encoder), [`hpack::Decoder`](crate::hpack::Decoder) |
//!
//! [`CloseReason`]: crate::CloseReason
//! [`Config`]: crate::Config
//! [`Config::checked`]: crate::Config::checked
//! [`Config::client`]: crate::Config::client
//! [`Config::encoder_table_size`]: crate::Config::encoder_table_size
//! [`Config::first_stream`]: crate::Config::first_stream
//! [`Config::glitch_bucket`]: crate::Config::glitch_bucket
//! [`Config::http2_settings`]: crate::Config::http2_settings
//! [`Config::initial_outbound_streams`]: crate::Config::initial_outbound_streams
//! [`Config::max_continuations`]: crate::Config::max_continuations
//! [`Config::max_header_list_size`]: crate::Config::max_header_list_size
//! [`Config::max_settings_entries`]: crate::Config::max_settings_entries
//! [`Config::padding`]: crate::Config::padding
//! [`Config::reset_bucket`]: crate::Config::reset_bucket
//! [`Config::split_cookies`]: crate::Config::split_cookies
//! [`Connection::acknowledge_received_data`]: crate::Connection::acknowledge_received_data
//! [`Connection::advertise_alternative_service`]: crate::Connection::advertise_alternative_service
//! [`Connection::advertise_origins`]: crate::Connection::advertise_origins
//! [`Connection::client`]: crate::Connection::client
//! [`Connection::close_connection`]: crate::Connection::close_connection
//! [`Connection::data_to_send`]: crate::Connection::data_to_send
//! [`Connection::end_stream`]: crate::Connection::end_stream
//! [`Connection::free_slots`]: crate::Connection::free_slots
//! [`Connection::handle_failure`]: crate::Connection::handle_failure
//! [`Connection::handle_timeout`]: crate::Connection::handle_timeout
//! [`Connection::increment_flow_control_window`]: crate::Connection::increment_flow_control_window
//! [`Connection::is_draining`]: crate::Connection::is_draining
//! [`Connection::is_finished`]: crate::Connection::is_finished
//! [`Connection::local_flow_control_window`]: crate::Connection::local_flow_control_window
//! [`Connection::local_settings`]: crate::Connection::local_settings
//! [`Connection::next_stream_id`]: crate::Connection::next_stream_id
//! [`Connection::open_inbound_streams`]: crate::Connection::open_inbound_streams
//! [`Connection::open_outbound_streams`]: crate::Connection::open_outbound_streams
//! [`Connection::ping`]: crate::Connection::ping
//! [`Connection::poll_event`]: crate::Connection::poll_event
//! [`Connection::poll_timeout`]: crate::Connection::poll_timeout
//! [`Connection::prioritize`]: crate::Connection::prioritize
//! [`Connection::push_stream`]: crate::Connection::push_stream
//! [`Connection::receive_data`]: crate::Connection::receive_data
//! [`Connection::receive_eof`]: crate::Connection::receive_eof
//! [`Connection::release_stream`]: crate::Connection::release_stream
//! [`Connection::remote_flow_control_window`]: crate::Connection::remote_flow_control_window
//! [`Connection::remote_settings`]: crate::Connection::remote_settings
//! [`Connection::reset_stream`]: crate::Connection::reset_stream
//! [`Connection::send_data`]: crate::Connection::send_data
//! [`Connection::send_extension_frame`]: crate::Connection::send_extension_frame
//! [`Connection::send_informational`]: crate::Connection::send_informational
//! [`Connection::send_request`]: crate::Connection::send_request
//! [`Connection::send_request_with`]: crate::Connection::send_request_with
//! [`Connection::send_response`]: crate::Connection::send_response
//! [`Connection::send_trailers`]: crate::Connection::send_trailers
//! [`Connection::server`]: crate::Connection::server
//! [`Connection::set_frame_tap`]: crate::Connection::set_frame_tap
//! [`Connection::shutdown`]: crate::Connection::shutdown
//! [`Connection::shutdown_within`]: crate::Connection::shutdown_within
//! [`Connection::stream_state`]: crate::Connection::stream_state
//! [`Connection::stream_stats`]: crate::Connection::stream_stats
//! [`Connection::update_settings`]: crate::Connection::update_settings
//! [`Connection::upgraded_client`]: crate::Connection::upgraded_client
//! [`Connection::upgraded_server`]: crate::Connection::upgraded_server
//! [`End::Now`]: crate::End::Now
//! [`ErrorCode::ENHANCE_YOUR_CALM`]: crate::ErrorCode::ENHANCE_YOUR_CALM
//! [`Event::AlternativeService`]: crate::Event::AlternativeService
//! [`Event::ConnectionClosed`]: crate::Event::ConnectionClosed
//! [`Event::DataReceived`]: crate::Event::DataReceived
//! [`Event::GoAwayReceived`]: crate::Event::GoAwayReceived
//! [`Event::InformationalReceived`]: crate::Event::InformationalReceived
//! [`Event::LimitNear`]: crate::Event::LimitNear
//! [`Event::Origin`]: crate::Event::Origin
//! [`Event::PingAcknowledged`]: crate::Event::PingAcknowledged
//! [`Event::PriorityChanged`]: crate::Event::PriorityChanged
//! [`Event::PushReceived`]: crate::Event::PushReceived
//! [`Event::RequestReceived`]: crate::Event::RequestReceived
//! [`Event::ResponseReceived`]: crate::Event::ResponseReceived
//! [`Event::SendEnded`]: crate::Event::SendEnded
//! [`Event::SendStopped`]: crate::Event::SendStopped
//! [`Event::SettingsAcknowledged`]: crate::Event::SettingsAcknowledged
//! [`Event::SettingsChanged`]: crate::Event::SettingsChanged
//! [`Event::SlotsAvailable`]: crate::Event::SlotsAvailable
//! [`Event::Stalled`]: crate::Event::Stalled
//! [`Event::StreamReset`]: crate::Event::StreamReset
//! [`Event::TrailersReceived`]: crate::Event::TrailersReceived
//! [`Event::UnknownFrame`]: crate::Event::UnknownFrame
//! [`Event::Writable`]: crate::Event::Writable
//! [`Field`]: crate::Field
//! [`Fields::normalized`]: crate::Fields::normalized
//! [`FrameTap`]: crate::FrameTap
//! [`HeadRule`]: crate::HeadRule
//! [`Malformed`]: crate::Malformed
//! [`Misuse`]: crate::Misuse
//! [`Misuse::AlreadyEnded`]: crate::Misuse::AlreadyEnded
//! [`Misuse::ContentLength`]: crate::Misuse::ContentLength
//! [`Misuse::FieldSectionTooLarge`]: crate::Misuse::FieldSectionTooLarge
//! [`Misuse::InvalidSetting`]: crate::Misuse::InvalidSetting
//! [`Misuse::NoMoreStreamIds`]: crate::Misuse::NoMoreStreamIds
//! [`Misuse::NoSlot`]: crate::Misuse::NoSlot
//! [`Misuse::NoSuchStream`]: crate::Misuse::NoSuchStream
//! [`Misuse::WindowOverflow`]: crate::Misuse::WindowOverflow
//! [`Misuse::WrongRole`]: crate::Misuse::WrongRole
//! [`Offence`]: crate::Offence
//! [`Outbox`]: crate::Outbox
//! [`Outcome`]: crate::Outcome
//! [`Padding`]: crate::Padding
//! [`Permit`]: crate::Permit
//! [`RequestHead`]: crate::RequestHead
//! [`RequestHead::cookie`]: crate::RequestHead::cookie
//! [`RequestHead::priority`]: crate::RequestHead::priority
//! [`ResetCause`]: crate::ResetCause
//! [`ResetCause::Violation`]: crate::ResetCause::Violation
//! [`ResponseHead`]: crate::ResponseHead
//! [`Retry`]: crate::Retry
//! [`Settings`]: crate::Settings
//! [`Settings::extensions`]: crate::Settings::extensions
//! [`Settings::get`]: crate::Settings::get
//! [`Settings::max_frame_size`]: crate::Settings::max_frame_size
//! [`Settings::set_extension`]: crate::Settings::set_extension
//! [`Stats::queued`]: crate::Stats::queued
//! [`Stats::waiting_frames`]: crate::Stats::waiting_frames
//! [`StreamId`]: crate::StreamId
//! [`StreamId::MAX`]: crate::StreamId::MAX
//! [`Trailers`]: crate::Trailers
//! [`Violation`]: crate::Violation
//! [`Violation::ContentLength`]: crate::Violation::ContentLength
//! [`Violation::FrameLength`]: crate::Violation::FrameLength
//! [`Violation::FrameTooLarge`]: crate::Violation::FrameTooLarge
//! [`Violation::IdleStream`]: crate::Violation::IdleStream
//! [`Violation::InvalidSetting`]: crate::Violation::InvalidSetting
//! [`Violation::Refused`]: crate::Violation::Refused
//! [`Violation::StreamClosed`]: crate::Violation::StreamClosed
//! [`Violation::WindowExceeded`]: crate::Violation::WindowExceeded
//! [`Violation::WindowOverflow`]: crate::Violation::WindowOverflow
//! [`Violation::code`]: crate::Violation::code
