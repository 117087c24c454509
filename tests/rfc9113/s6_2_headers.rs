//! Section 6.2: HEADERS.

use h2_tests::prelude::*;

/// "If a HEADERS frame is received whose Stream Identifier field is 0x00, the recipient MUST respond
/// with a connection error of type PROTOCOL_ERROR."
#[test]
fn headers_on_stream_0_are_a_protocol_error() {
    lone::each_ends_it(&Setup::server(), |_| {}, &[("", &wire::get(0), PROTOCOL_ERROR)]);
    lone::each_ends_it(&Setup::client(), |_| {}, &[("", &wire::ok(0), PROTOCOL_ERROR)]);
}

/// "If the length of the padding is the length of the frame payload or greater, the recipient MUST
/// treat this as a connection error of type PROTOCOL_ERROR."
#[test]
fn padding_that_fills_the_frame_is_a_protocol_error() {
    let rows: [(&str, &dyn Wire, ErrorCode); 3] = [
        ("all of it", &wire::raw(1, 0xc, 1, &[4, 0x82, 0x87, 0x84]), PROTOCOL_ERROR),
        ("more", &wire::raw(1, 0xc, 1, &[200, 0x82, 0x87, 0x84]), PROTOCOL_ERROR),
        ("into the priority", &wire::raw(1, 0x2c, 1, &[4, 0, 0, 0, 0, 1, 0, 0]), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), |_| {}, &rows);
    let requested = |client: &mut Lone| {
        client.requests("GET", true);
    };
    lone::each_ends_it(&Setup::client(), requested, &rows);
}

/// §4.2: a frame "too small to contain mandatory frame data" with a field block is a connection
/// error of type FRAME_SIZE_ERROR.
#[test]
fn headers_shorter_than_their_priority_are_a_frame_size_error() {
    let rows: [(&str, &dyn Wire, ErrorCode); 4] = [
        ("4 of 5", &wire::raw(1, 0x24, 1, &[0, 0, 0, 0]), FRAME_SIZE_ERROR),
        ("none", &wire::raw(1, 0x24, 1, &[]), FRAME_SIZE_ERROR),
        ("no Pad Length", &wire::raw(1, 0xc, 1, &[]), FRAME_SIZE_ERROR),
        ("5 with Pad Length", &wire::raw(1, 0x2c, 1, &[0; 5]), FRAME_SIZE_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), |_| {}, &rows);
    let requested = |client: &mut Lone| {
        client.requests("GET", true);
    };
    lone::each_ends_it(&Setup::client(), requested, &rows);
}

#[test]
fn padding_and_priority_are_taken_off_a_head() {
    lone::server(|server| {
        server.hears(wire::get(1).padded(0));
        server.hears(wire::get(3).padded(255));
        server.hears(wire::get(5).prioritized(0x8000_0001, 255));
        server.hears(wire::get(7).prioritized(3, 0).padded(9));
        let told = server.told();
        assert_eq!(told.len(), 4, "{told:?}");
        server.must_be_fine();
    });
}

/// "A HEADERS frame without the END_HEADERS flag set MUST be followed by a CONTINUATION frame for
/// the same stream"; END_STREAM on it holds for the whole block.
#[test]
fn end_stream_of_a_split_block_stands_on_its_headers() {
    lone::server(|server| {
        let block = wire::block(wire::GET);
        server.hears(wire::split(1, &block, &[3, 0, 20], true));
        assert_eq!(server.told(), ["request 1 GET / end"]);
    });
}

/// RFC 7540 §5.3.1 had it as a stream error, and nobody honest sends it.
#[test]
fn a_head_that_depends_on_itself_is_a_protocol_error_of_the_stream_or_the_connection() {
    lone::server(|server| {
        server.hears(wire::get(1).prioritized(1, 5));
        if server.conn.close_reason().is_some() {
            server.must_go_away(PROTOCOL_ERROR);
        } else {
            server.must_reset(1, PROTOCOL_ERROR);
            assert!(!server.told().iter().any(|e| e.starts_with("request")));
        }
    });
}
