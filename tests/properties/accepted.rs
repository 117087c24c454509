//! P15: what was accepted and then overtaken by the peer's SETTINGS goes out as these allow, or not
//! at all. An acknowledgement goes out first, so the peer holds us to it.

use h2_tests::prelude::*;

/// RFC 9113 §4.2: no frame is longer than the peer's SETTINGS_MAX_FRAME_SIZE.
#[test]
fn a_waiting_extension_frame_does_not_outgrow_a_smaller_frame_limit() {
    Setup::server().peer(&[(5, 70_000)]).run_once(|server| {
        let payload = Bytes::from(vec![0; 60_000]);
        server.conn.send_extension_frame(0xbe, 0, 0, payload).unwrap();
        // The reader of output takes nothing above 16,384 octets.
        server.hears(wire::settings(&[(5, 16_384)]));
        server.must_live();
    });
}

/// RFC 9113 §6.6: "PUSH_PROMISE MUST NOT be sent if the SETTINGS_ENABLE_PUSH setting of the peer
/// endpoint is set to 0"; §6.5.2 makes it a connection error after the acknowledgement.
#[test]
fn a_waiting_promise_is_not_sent_when_the_client_has_switched_push_off() {
    Setup::server().peer(&[(2, 1)]).run_once(|server| {
        server.hears(wire::get(1));
        server.forget();
        server.conn.push_stream(id(1), lone::request("GET", &[])).unwrap();
        server.hears(wire::settings(&[(2, 0)]));
        let said = server.says();
        assert!(said.contains(&Frame::SettingsAck), "said {said:?}");
        let promised =
            |frame: &Frame| matches!(frame, Frame::Other { kind: wire::PUSH_PROMISE, .. });
        assert!(!said.iter().any(promised), "said {said:?}");
    });
}

/// RFC 9113 §5.1.2: "Endpoints MUST NOT exceed the limit set by their peer."
#[test]
fn waiting_requests_do_not_exceed_a_lower_limit_on_streams() {
    Setup::client().peer(&[(3, 10)]).run_once(|client| {
        for _ in 0..5 {
            client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        }
        client.hears(wire::settings(&[(3, 2)]));
        let said = client.says();
        assert!(said.contains(&Frame::SettingsAck), "said {said:?}");
        let opened = said.iter().filter(|frame| matches!(frame, Frame::Headers { .. })).count();
        assert!(opened <= 2, "{opened} streams opened after a limit of 2 was acknowledged");
    });
}

/// RFC 9113 §6.9.2: a smaller initial window counts for what is queued.
#[test]
fn waiting_data_does_not_outgrow_a_smaller_window() {
    Setup::server().run_once(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.forget();
        let mut data = Bytes::from(vec![0; 10_000]);
        server.conn.send_data(id(1), &mut data, End::Now).unwrap();
        server.hears(wire::settings(&[(4, 100)]));
        let sent: usize = server
            .says()
            .iter()
            .map(|frame| if let Frame::Data { data, .. } = frame { data.len() } else { 0 })
            .sum();
        assert_eq!(sent, 100);
    });
}

/// RFC 7541 §4.2: blocks that were accepted before a smaller table are encoded after it.
#[test]
fn waiting_heads_are_encoded_with_the_table_that_was_acknowledged() {
    Setup::server().run_once(|server| {
        for n in 0..3 {
            server.hears(wire::get(2 * n + 1));
            server.responds_with(2 * n + 1, 200, &[("x-long", "stays in the table")], true);
        }
        server.hears(wire::get(7));
        server.forget();
        let head = lone::response(200, &[("x-long", "stays in the table")]);
        server.conn.send_response(id(7), head, End::Now).unwrap();
        server.hears(wire::settings(&[(1, 0)]));
        let said = server.says();
        let block = said.iter().find_map(|frame| match frame {
            Frame::Headers { block, .. } => Some(block.clone()),
            _ => None,
        });
        assert_eq!(block.expect("an answer")[0], 0x20, "a size update of 0 leads the block");
    });
}
