//! Section 6.9: WINDOW_UPDATE and flow control, as receiver and as sender.

use h2_tests::prelude::*;

/// A length other than 4: FRAME_SIZE_ERROR. An increment of 0 for the connection: PROTOCOL_ERROR.
/// A window above 2^31-1: FLOW_CONTROL_ERROR. All are connection errors.
#[test]
fn a_window_update_of_a_wrong_form_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("3 octets", &wire::raw(8, 0, 0, &[0, 0, 1]), FRAME_SIZE_ERROR),
                ("5 octets", &wire::raw(8, 0, 0, &[0, 0, 0, 1, 0]), FRAME_SIZE_ERROR),
                ("3 octets on a stream", &wire::raw(8, 0, 1, &[0, 0, 1]), FRAME_SIZE_ERROR),
                ("nothing on a stream", &wire::raw(8, 0, 1, &[]), FRAME_SIZE_ERROR),
                ("increment 0", &wire::window_update(0, 0), PROTOCOL_ERROR),
                ("increment 0 with R", &wire::window_update(0, 1 << 31), PROTOCOL_ERROR),
                ("overflow", &wire::window_update(0, 0x7fff_ffff), FLOW_CONTROL_ERROR),
                ("overflow by 1", &wire::window_update(0, 0x7fff_0001), FLOW_CONTROL_ERROR),
            ],
        );
        setup.clone().run(|lone| {
            lone.hears(wire::window_update(0, 0x7fff_ffff - 65_535));
            lone.must_ignore();
            assert_eq!(lone.may_send(0), 0x7fff_ffff);
        });
    }
}

/// "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control window increment
/// of 0 as a stream error of type PROTOCOL_ERROR"; an overflow of a stream's window is a stream error
/// of type FLOW_CONTROL_ERROR.
#[test]
fn errors_of_a_streams_window_end_the_stream() {
    let rows = [(0, PROTOCOL_ERROR), (0x7fff_ffff, FLOW_CONTROL_ERROR)];
    for (increment, code) in rows {
        lone::server(|server| {
            server.hears((wire::post(1), wire::get(3)));
            server.forget();
            server.hears(wire::window_update(1, increment));
            server.must_reset(1, code);
            assert_eq!(server.told(), [format!("reset 1 {code} rule")]);
            server.responds(3, 200, true);
            server.must_be_fine();
        });
        lone::client(|client| {
            let stream = client.requests("POST", false);
            client.forget();
            client.hears(wire::window_update(stream, increment));
            client.must_reset(stream, code);
        });
    }
}

/// "WINDOW_UPDATE can be sent by a peer that has sent a frame with the END_STREAM flag set ... A
/// receiver MUST NOT treat this as an error".
#[test]
fn a_window_update_on_a_half_closed_stream_is_used() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "0123456789", true);
        server.forget();
        server.hears(wire::window_update(1, 4));
        let said = server.says();
        let [Frame::Data { data, end: false, .. }] = &said[..] else { panic!("{said:?}") };
        assert_eq!(data, b"0123");
        server.hears(wire::window_update(1, 100));
        let said = server.says();
        let [Frame::Data { data, end: true, .. }] = &said[..] else { panic!("{said:?}") };
        assert_eq!(data, b"456789");
    });
}

/// §6.9.1: "The sender MUST NOT send a flow-controlled frame with a length that exceeds the space
/// available in either of the flow-control windows advertised by the receiver."
#[test]
fn bodies_keep_to_both_windows() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.forget();
        for stream in [1, 3] {
            server.responds(stream, 200, false);
            server.sends(stream, vec![0; 50_000], true);
        }
        assert_eq!(body(&server.says()), 65_535, "the connection's window");
        server.hears(wire::window_update(0, 10));
        assert_eq!(body(&server.says()), 10);
        server.hears(wire::window_update(0, 1_000_000));
        assert_eq!(body(&server.says()), 100_000 - 65_545);
    });
    Setup::server().peer(&[(4, 1_000)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.forget();
        for stream in [1, 3] {
            server.responds(stream, 200, false);
            server.sends(stream, vec![0; 5_000], true);
        }
        assert_eq!(body(&server.says()), 2_000, "the streams' windows");
    });
}

/// As above, as a client.
#[test]
fn bodies_of_requests_keep_to_both_windows() {
    Setup::client().peer(&[(4, 40_000)]).run(|client| {
        for _ in 0..2 {
            let stream = client.requests("POST", false);
            client.forget();
            assert_eq!(client.sends(stream, vec![0; 40_000], false), 40_000);
        }
        assert_eq!(body(&client.says_on(3)), 25_535, "the connection's window");
        client.hears(wire::window_update(0, 100_000));
        assert_eq!(body(&client.says()), 14_465, "the stream's window");
        client.hears(wire::settings(&[(4, 30_000)]));
        for stream in [1, 3] {
            assert_eq!(client.sends(stream, vec![0; 10_000], true), 10_000);
        }
        client.hears((wire::window_update(1, 10_000), wire::window_update(3, 10_001)));
        assert_eq!(body(&client.says()), 1, "the windows were ten thousand below zero");
        client.hears(wire::settings(&[(4, 100_000)]));
        assert_eq!(body(&client.says()), 19_999);
    });
    let begin = |client: &mut Lone| {
        client.requests("POST", false);
        client.hears(wire::window_update(1, 1_000));
    };
    let settings = wire::settings(&[(4, 0x7fff_ffff)]);
    lone::each_ends_it(&Setup::client(), begin, &[("", &settings, FLOW_CONTROL_ERROR)]);
}

/// §6.9: "Frames that are exempt from flow control MUST be accepted and processed", when the windows
/// are used up too.
#[test]
fn what_is_no_data_is_taken_although_the_windows_are_full() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears(wire::post(1));
        for octets in [16_384, 16_384, 16_384, 16_383] {
            server.hears(wire::data_of(1, octets));
        }
        assert_eq!((server.peer_may_send(0), server.peer_may_send(1)), (0, 0));
        server.forget();
        let trailers = wire::headers(1, &[("x", "y")]).end_stream();
        server.hears((wire::get(3), wire::ping([6; 8]), wire::settings(&[]), trailers));
        server.hears((wire::window_update(3, 5), wire::priority(3, 0, 0), wire::rst(3, CANCEL)));
        server.must_be_fine();
        assert_eq!(server.says(), [Frame::SettingsAck, Frame::Pong([6; 8])]);
        assert_eq!(server.told(), ["request 3 GET / end", "trailers 1", "reset 3 CANCEL peer"]);
    });
}

fn body(said: &[Frame]) -> usize {
    said.iter().map(|f| if let Frame::Data { data, .. } = f { data.len() } else { 0 }).sum()
}

/// §6.9.1: "Frames with zero length with the END_STREAM flag set (that is, an empty DATA frame) MAY
/// be sent if there is no available space in either flow-control window."
#[test]
fn an_empty_end_needs_no_window() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.forget();
        server.act(|conn| conn.end_stream(id(1))).unwrap();
        let said = server.says();
        assert!(matches!(&said[..], [Frame::Data { data, end: true, .. }] if data.is_empty()));
    });
}

/// §6.9.2: "a receiver MUST adjust the size of all stream flow-control windows that it maintains by
/// the difference between the new value and the old value", and never the connection's.
#[test]
fn a_new_initial_window_shifts_the_windows_of_streams_alone() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3), wire::window_update(3, 7)));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 100], false);
        server.hears(wire::settings(&[(4, 1_000)]));
        assert_eq!(server.may_send(1), 900);
        assert_eq!(server.may_send(3), 1_007);
        assert_eq!(server.may_send(0), 65_535 - 100);
        server.hears((wire::settings(&[(4, 2_000)]), wire::get(5)));
        assert_eq!(server.may_send(1), 1_900);
        assert_eq!(server.may_send(5), 2_000);
    });
}

/// §6.9.2: "A sender MUST track the negative flow-control window and MUST NOT send new
/// flow-controlled frames until it receives WINDOW_UPDATE frames that cause the flow-control window
/// to become positive." The numbers are those of the section's example.
#[test]
fn a_window_below_zero_is_tracked() {
    Setup::server().peer(&[(4, 60_000)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 60_000], false);
        server.sends(1, vec![0; 10_000], true);
        assert_eq!(body(&server.says()), 60_000);
        server.hears(wire::settings(&[(4, 16_000)]));
        assert_eq!(server.may_send(1), -44_000);
        server.forget();
        server.hears(wire::window_update(1, 44_000));
        assert_eq!(body(&server.says()), 0, "the window is zero");
        server.hears(wire::window_update(1, 1));
        assert_eq!(body(&server.says()), 1);
    });
}

/// §6.9.2: "An endpoint MUST treat a change to SETTINGS_INITIAL_WINDOW_SIZE that causes any
/// flow-control window to exceed the maximum size as a connection error of type FLOW_CONTROL_ERROR."
#[test]
fn an_initial_window_that_overflows_a_stream_ends_the_connection() {
    let begin = |server: &mut Lone| {
        server.hears((wire::get(1), wire::window_update(1, 1_000)));
    };
    let settings = wire::settings(&[(4, 0x7fff_ffff)]);
    lone::each_ends_it(&Setup::server(), begin, &[("", &settings, FLOW_CONTROL_ERROR)]);
}

/// §6.9.3: after a smaller window was announced, "the receiver MUST be prepared to receive data that
/// exceeds this window size", until it is acknowledged.
#[test]
fn our_smaller_window_binds_from_its_acknowledgement_on() {
    let begin = |server: &mut Lone| {
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 100)).unwrap();
    };
    lone::server(|server| {
        begin(server);
        server.hears((wire::post(1), wire::data_of(1, 10_000)));
        server.must_be_fine();
    });
    lone::server(|server| {
        begin(server);
        server.hears((wire::settings_ack(), wire::post(1), wire::data_of(1, 100)));
        server.must_be_fine();
        server.hears(wire::data_of(1, 1));
        server.must_reset(1, FLOW_CONTROL_ERROR);
    });
    Setup::server().config(|c| c.stream_window = 100).unacknowledged().run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 16_000)));
        server.must_be_fine();
    });
    lone::client(|client| {
        client.requests("GET", true);
        begin(client);
        client.hears((wire::ok(1), wire::data_of(1, 10_000)));
        client.must_be_fine();
        client.hears((wire::settings_ack(), wire::data_of(1, 1)));
        client.must_reset(1, FLOW_CONTROL_ERROR);
    });
}

/// §6.9.1: a receiver that gets more than it allowed may end the stream or the connection.
#[test]
fn more_data_than_the_window_allows_is_a_flow_control_error() {
    let small = Setup::server().config(|config| {
        config.stream_window = 1_000;
        config.isolation = false;
    });
    small.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 1_000)));
        server.must_be_fine();
        server.hears(wire::data_of(1, 1));
        server.must_reset(1, FLOW_CONTROL_ERROR);
    });
    let tight = Setup::server().config(|config| {
        config.connection_window = 65_535;
        config.stream_window = 1_000_000;
        config.isolation = false;
    });
    tight.run(|server| {
        server.hears(wire::post(1));
        for _ in 0..4 {
            server.hears(wire::data_of(1, 16_383));
        }
        server.hears(wire::data_of(1, 3));
        server.must_be_fine();
        server.hears(wire::data_of(1, 1));
        server.must_go_away(FLOW_CONTROL_ERROR);
    });
}

/// §6.9: "A receiver that receives a flow-controlled frame MUST always account for its contribution
/// against the connection flow-control window", and it gives back what was used up.
#[test]
fn credit_comes_back_when_it_is_released() {
    let setup = Setup::server().config(|config| {
        config.stream_window = 10_000;
        config.connection_window = 65_535;
        config.isolation = false;
    });
    setup.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10_000)));
        server.forget();
        assert_eq!(server.peer_may_send(1), 0);
        assert_eq!(server.peer_may_send(0), 55_535);
        server.acknowledges(1, 10_000);
        let said = server.says_on(1);
        let [Frame::WindowUpdate { increment, .. }] = said[..] else { panic!("{said:?}") };
        assert!(increment >= 10_000, "{increment}");
        server.hears(wire::data_of(1, 10_000));
        server.must_be_fine();
    });
}
