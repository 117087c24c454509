//! Rules about documentation: what is asynchronous says what dropping it does.

use crate::tree::Source;

const HEADING: &str = "/// # Cancel safety";

/// Complains about public asynchronous functions, and public types that are futures, whose
/// documentation has no heading about dropping them.
pub(crate) fn silent_futures(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let futures: Vec<&str> = lines.iter().filter_map(|line| future(line)).collect();
    let mut complaints = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let name = match (line.strip_prefix("pub async fn "), line.strip_prefix("pub struct ")) {
            (Some(rest), _) => name(rest),
            (None, Some(rest)) if futures.contains(&name(rest)) => name(rest),
            _ => continue,
        };
        let above = lines.get(..at).unwrap_or_default().iter().rev();
        let mut about = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
        if !about.any(|line| *line == HEADING) {
            complaints.push(format!("{}:{}: {name}", source.path, at + 1));
        }
    }
    complaints
}

/// The type that a line makes a future.
fn future(line: &str) -> Option<&str> {
    let (_, of) = line.strip_prefix("impl")?.split_once(" Future for ")?;
    Some(name(of))
}

fn name(rest: &str) -> &str {
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Complains about names that a page about another library does not mention as code.
pub(crate) fn unmentioned(page: &Source, names: &str) -> Vec<String> {
    let mentioned: Vec<&str> = page
        .text
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let missing = names.split_whitespace().filter(|name| !mentioned.contains(name));
    missing.map(|name| format!("{}: {name}", page.path)).collect()
}

/// What python-h2 4.4 offers: methods and properties, events, options, exceptions.
pub(crate) const PYTHON_H2: &str = "
    initiate_connection initiate_upgrade_connection get_next_available_stream_id send_headers
    send_data end_stream increment_flow_control_window push_stream ping reset_stream
    close_connection update_settings advertise_alternative_service prioritize
    local_flow_control_window remote_flow_control_window acknowledge_received_data data_to_send
    clear_outbound_data_buffer receive_data open_outbound_streams open_inbound_streams
    inbound_flow_control_window outbound_flow_control_window max_outbound_frame_size
    max_inbound_frame_size local_settings remote_settings config streams MAX_CLOSED_STREAMS
    DEFAULT_MAX_HEADER_LIST_SIZE HIGHEST_ALLOWED_STREAM_ID MAX_WINDOW_INCREMENT Settings
    RequestReceived ResponseReceived TrailersReceived InformationalResponseReceived DataReceived
    WindowUpdated RemoteSettingsChanged SettingsAcknowledged PingReceived PingAckReceived
    StreamEnded StreamReset PushedStreamReceived PriorityUpdated ConnectionTerminated
    AlternativeServiceAvailable UnknownFrameReceived
    client_side header_encoding validate_outbound_headers normalize_outbound_headers
    split_outbound_cookies validate_inbound_headers normalize_inbound_headers logger
    ProtocolError FrameTooLargeError FrameDataMissingError TooManyStreamsError FlowControlError
    StreamIDTooLowError NoAvailableStreamIDError NoSuchStreamError StreamClosedError
    InvalidSettingsValueError InvalidBodyLengthError UnsupportedFrameError DenialOfServiceError
    RFC1122Error";

/// What hyperium/h2 0.4 offers.
pub(crate) const HYPERIUM_H2: &str = "
    handshake initial_window_size initial_connection_window_size max_frame_size
    max_header_list_size max_concurrent_streams initial_max_send_streams
    max_concurrent_reset_streams reset_stream_duration max_local_error_reset_streams
    max_pending_accept_reset_streams max_send_buffer_size enable_push header_table_size
    initial_stream_id enable_connect_protocol SendRequest poll_ready ready send_request
    is_extended_connect_protocol_enabled current_max_send_streams current_max_recv_streams
    max_concurrent_send_streams max_concurrent_recv_streams as_u32 set_target_window_size
    set_initial_window_size ping_pong PingPong ResponseFuture poll_informational push_promises
    PushPromises PushPromise PushedResponseFuture opaque send_ping poll_pong accept poll_closed graceful_shutdown abrupt_shutdown has_streams
    SendResponse send_informational send_response push_request SendPushedResponse send_reset
    poll_reset stream_id SendStream reserve_capacity capacity poll_capacity send_data send_trailers
    RecvStream data poll_data trailers poll_trailers is_end_stream flow_control release_capacity
    available_capacity used_capacity Protocol reason Reason is_io get_io into_io is_go_away is_reset
    is_remote is_library";

mod samples {
    use super::*;

    #[test]
    fn a_name_that_a_page_leaves_out_is_found() {
        let page =
            Source::sample("a.rs", "//! | `H2.send(x)`, `poll` | [`Other::thing`] | words |\n");
        assert!(unmentioned(&page, "H2 send poll thing").is_empty());
        assert_eq!(unmentioned(&page, "send words"), ["a.rs: words"]);
    }

    #[test]
    fn a_future_that_does_not_say_what_dropping_it_does_is_found() {
        let good = "/// Waits.\n///\n/// # Cancel safety\n///\n/// Cancel-safe.\n#[must_use]\n";
        let bad = "/// Waits.\n";
        for item in ["pub async fn wait(&self) {}\n", "    pub async fn wait<T>() {}\n"] {
            assert!(silent_futures(&Source::sample("a.rs", &format!("{good}{item}"))).is_empty());
            let found = silent_futures(&Source::sample("a.rs", &format!("{bad}{item}")));
            assert_eq!(found, ["a.rs:2: wait"]);
        }
        let future = "pub struct Wait<T>(T);\n\nimpl<T> Future for Wait<T> {}\n";
        assert!(silent_futures(&Source::sample("a.rs", &format!("{good}{future}"))).is_empty());
        let found = silent_futures(&Source::sample("a.rs", &format!("{bad}{future}")));
        assert_eq!(found, ["a.rs:2: Wait"]);
        let other = "pub struct Other;\npub(crate) async fn hidden() {}\n";
        assert!(silent_futures(&Source::sample("a.rs", other)).is_empty());
    }
}
