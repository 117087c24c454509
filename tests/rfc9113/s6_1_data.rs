//! Section 6.1: DATA.

use h2_tests::prelude::*;

/// "If a DATA frame is received whose Stream Identifier field is 0x00, the recipient MUST respond
/// with a connection error of type PROTOCOL_ERROR."
#[test]
fn data_on_stream_0_is_a_protocol_error() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &[("DATA", &wire::data(0, "x"), PROTOCOL_ERROR)]);
    }
}

/// "If a DATA frame is received whose stream is not in the 'open' or 'half-closed (local)' state, the
/// recipient MUST respond with a stream error of type STREAM_CLOSED."
#[test]
fn data_after_end_stream_is_a_stream_closed_error() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::data(1, "a").end_stream(), wire::data(1, "b")));
        server.must_reset(1, STREAM_CLOSED);
        assert_eq!(
            server.told(),
            ["request 1 POST /", "data 1 1 end", "reset 1 STREAM_CLOSED rule"]
        );
    });
    lone::client(|client| {
        client.requests("POST", false);
        client.hears((wire::ok(1), wire::data(1, "a").end_stream(), wire::data(1, "b")));
        client.must_reset(1, STREAM_CLOSED);
    });
}

/// "If the length of the padding is the length of the frame payload or greater, the recipient MUST
/// treat this as a connection error of type PROTOCOL_ERROR."
#[test]
fn padding_that_fills_the_frame_is_a_protocol_error() {
    let server = |server: &mut Lone| {
        server.hears(wire::post(1));
    };
    let client = |client: &mut Lone| {
        client.requests("GET", true);
        client.hears(wire::ok(1));
    };
    let rows: [(&str, &dyn Wire, ErrorCode); 3] = [
        ("as long as the payload", &wire::raw(0, 8, 1, &[1]), PROTOCOL_ERROR),
        ("longer", &wire::raw(0, 8, 1, &[5, 0, 0, 0, 0]), PROTOCOL_ERROR),
        ("255 of 1", &wire::raw(0, 8, 1, &[255]), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), server, &rows);
    lone::each_ends_it(&Setup::client(), client, &rows);
}

/// §4.2: a frame too small for its mandatory part is a FRAME_SIZE_ERROR or a padding error.
#[test]
fn a_padded_frame_without_a_pad_length_ends_the_stream_or_the_connection() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.forget();
        server.hears(wire::raw(0, 8, 1, &[]));
        let errors: Vec<u32> = server
            .says()
            .iter()
            .filter_map(|f| match f {
                Frame::GoAway { code, .. } | Frame::Reset { stream: 1, code } => Some(*code),
                _ => None,
            })
            .collect();
        assert!(matches!(errors[..], [0x1 | 0x6]), "{errors:x?}");
    });
}

/// "Padding octets MUST be set to zero when sending", here and in sections 6.2 and 6.6: there are none.
#[test]
fn we_send_no_padding() {
    Setup::server().run_once(|server| {
        server.hears((wire::post(1), wire::get(3)));
        server.peer_reads(false);
        server.pushes(1).unwrap();
        server.responds_with(1, 200, &[("x", "y")], false);
        server.sends(1, vec![7; 40_000], false);
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        server.responds(2, 200, false);
        server.sends(2, "pushed", true);
        let now = server.now;
        let mut octets = Vec::new();
        loop {
            let outbox = server.conn.data_to_send(now);
            if !outbox.has_remaining() {
                break;
            }
            octets.extend(outbox.copy_to_bytes(outbox.remaining()));
        }
        let mut kinds = Vec::new();
        let mut rest = &octets[..];
        while let [a, b, c, kind, flags, ..] = *rest {
            rest = &rest[9 + u32::from_be_bytes([0, a, b, c]) as usize..];
            assert!(flags & wire::PADDED == 0 || !matches!(kind, 0 | 1 | 5), "{kind} {flags}");
            kinds.push(kind);
        }
        for kind in [wire::DATA, wire::HEADERS, wire::PUSH_PROMISE] {
            assert!(kinds.contains(&kind), "{kinds:?}");
        }
    });
}

/// Padding may be nothing but its length octet, and up to 255 octets; the body is what remains.
#[test]
fn padding_of_any_length_is_taken_off() {
    lone::server(|server| {
        server.hears((
            wire::post(1),
            wire::data(1, "abc").padded(0),
            wire::data(1, "de").padded(255),
            wire::data(1, "").padded(255),
            wire::data(1, "f").padded(1).end_stream(),
        ));
        assert_eq!(server.told(), ["request 1 POST /", "data 1 6 end"]);
    });
}

/// The padding's value is not ours to judge: receivers "MAY treat non-zero padding as a connection
/// error", and this one does not.
#[test]
fn padding_that_is_not_zero_is_taken_or_a_protocol_error() {
    Setup::server().run_once(|server| {
        server.hears((wire::post(1), wire::raw(0, 9, 1, &[2, b'a', 1, 1])));
        if server.conn.close_reason().is_some() {
            server.must_go_away(PROTOCOL_ERROR);
        } else {
            assert_eq!(server.told(), ["request 1 POST /", "data 1 1 end"]);
        }
    });
}

/// "The entire DATA frame payload is included in flow control, including the Pad Length and Padding
/// fields if present."
#[test]
fn padding_counts_for_flow_control() {
    let small = Setup::server().config(|config| {
        config.stream_window = 100;
        config.isolation = false;
    });
    small.clone().run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 49).padded(50)));
        server.must_be_fine();
    });
    small.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 50).padded(50)));
        server.must_reset(1, FLOW_CONTROL_ERROR);
    });
}
