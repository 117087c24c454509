//! Section 6.5: SETTINGS.

use h2_tests::prelude::*;

/// The form of SETTINGS: stream 0, a multiple of 6 octets, an empty ACK.
#[test]
fn settings_of_a_wrong_form_end_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("on a stream", &wire::settings(&[]).on_stream(1), PROTOCOL_ERROR),
                ("5 octets", &wire::raw(4, 0, 0, &[0; 5]), FRAME_SIZE_ERROR),
                ("7 octets", &wire::raw(4, 0, 0, &[0; 7]), FRAME_SIZE_ERROR),
                ("1 octet", &wire::raw(4, 0, 0, &[0]), FRAME_SIZE_ERROR),
                ("ACK with content", &wire::settings(&[(3, 1)]).flags(1), FRAME_SIZE_ERROR),
                ("ACK of 1 octet", &wire::raw(4, 1, 0, &[0]), FRAME_SIZE_ERROR),
                ("ACK on a stream", &wire::settings_ack().on_stream(1), PROTOCOL_ERROR),
            ],
        );
    }
}

/// §6.5.2: what each value may be.
#[test]
fn values_out_of_range_end_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("ENABLE_PUSH 2", &wire::settings(&[(2, 2)]), PROTOCOL_ERROR),
                ("ENABLE_PUSH max", &wire::settings(&[(2, u32::MAX)]), PROTOCOL_ERROR),
                ("window 2^31", &wire::settings(&[(4, 1 << 31)]), FLOW_CONTROL_ERROR),
                ("window max", &wire::settings(&[(4, u32::MAX)]), FLOW_CONTROL_ERROR),
                ("frame size 0", &wire::settings(&[(5, 0)]), PROTOCOL_ERROR),
                ("frame size 16383", &wire::settings(&[(5, 16_383)]), PROTOCOL_ERROR),
                ("frame size 2^24", &wire::settings(&[(5, 1 << 24)]), PROTOCOL_ERROR),
                ("second of two", &wire::settings(&[(3, 1), (5, 3)]), PROTOCOL_ERROR),
            ],
        );
        setup.clone().run(|lone| {
            lone.hears(wire::settings(&[(4, 0x7fff_ffff), (5, 0xff_ffff), (6, 0), (1, u32::MAX)]));
            lone.hears(wire::settings(&[(4, 0), (5, 16_384), (2, 0), (6, u32::MAX), (1, 0)]));
            lone.must_be_fine();
        });
    }
}

/// §6.5.2: "A client MUST treat receipt of a SETTINGS frame with SETTINGS_ENABLE_PUSH set to 1 as a
/// connection error of type PROTOCOL_ERROR."
#[test]
fn a_server_may_not_enable_push() {
    let push = wire::settings(&[(2, 1)]);
    lone::each_ends_it(&Setup::client(), |_| {}, &[("push", &push, PROTOCOL_ERROR)]);
    lone::client(|client| {
        client.hears(wire::settings(&[(2, 0)]));
        client.must_be_fine();
    });
    lone::server(|server| {
        server.hears(&push);
        server.must_be_fine();
    });
}

/// §6.5.2: "A server MUST NOT explicitly set this value to 1." A client that takes no pushes says so.
#[test]
fn we_never_offer_push() {
    Setup::server().fresh().run(|server| {
        let said = server.says();
        let Some(Frame::Settings(entries)) = said.first() else { panic!("{said:?}") };
        assert!(!entries.contains(&(2, 1)), "{entries:?}");
    });
    Setup::client().fresh().run(|client| {
        let said = client.says();
        let Some(Frame::Settings(entries)) = said.first() else { panic!("{said:?}") };
        assert!(entries.contains(&(2, 0)), "{entries:?}");
    });
}

/// §6.5.3: each frame of settings is acknowledged exactly once, an acknowledgement never.
#[test]
fn every_settings_frame_is_acknowledged_once() {
    lone::server(|server| {
        server.hears((wire::settings(&[]), wire::settings(&[(3, 4)]), wire::settings(&[(3, 5)])));
        assert_eq!(server.says(), [Frame::SettingsAck, Frame::SettingsAck, Frame::SettingsAck]);
        assert_eq!(server.conn.remote_settings().max_concurrent_streams, Some(5));
    });
}

/// §6.5.3: "The values in the SETTINGS frame MUST be processed in the order they appear".
#[test]
fn the_last_of_repeated_values_counts() {
    lone::server(|server| {
        server.hears(wire::settings(&[(4, 1), (5, 20_000), (4, 2), (4, 70), (5, 16_384)]));
        assert_eq!(server.conn.remote_settings().initial_window_size, 70);
        assert_eq!(server.conn.remote_settings().max_frame_size, 16_384);
        assert_eq!(server.says(), [Frame::SettingsAck]);
    });
}

/// §6.5.3: values take effect for the frames after them; the acknowledgement precedes what relies
/// on them.
#[test]
fn settings_apply_at_once_and_the_ack_goes_first() {
    Setup::server().peer(&[(4, 10)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        assert_eq!(server.sends(1, vec![1; 50], true), 50);
        server.forget();
        server.hears(wire::settings(&[(4, 40)]));
        let said = server.says();
        let [Frame::SettingsAck, Frame::Data { data, end: false, .. }] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!(data.len(), 30);
    });
}

/// §6.5.3: an acknowledgement answers the oldest of our SETTINGS, and only that.
#[test]
fn acknowledgements_apply_our_settings_one_by_one() {
    lone::server(|server| {
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 1_000)).unwrap();
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 2_000)).unwrap();
        let said = server.says();
        assert_eq!(said, [Frame::Settings(vec![(4, 1_000)]), Frame::Settings(vec![(4, 2_000)])]);
        let mut windows = Vec::new();
        for _ in 0..2 {
            windows.push(server.conn.local_settings().initial_window_size);
            server.hears(wire::settings_ack());
        }
        windows.push(server.conn.local_settings().initial_window_size);
        assert_eq!(windows, [65_536, 1_000, 2_000]);
        let acknowledged = |e: &Event| matches!(e, Event::SettingsAcknowledged { .. });
        assert_eq!(server.events().iter().filter(|e| acknowledged(e)).count(), 2);
    });
}

/// §6.5.3: an acknowledgement of nothing is no part of the protocol.
#[test]
fn an_acknowledgement_of_nothing_is_a_protocol_error() {
    for setup in [Setup::server(), Setup::client()] {
        let ack = wire::settings_ack();
        lone::each_ends_it(&setup, |_| {}, &[("ack", &ack, PROTOCOL_ERROR)]);
    }
}

/// §6.5.3: "If the sender of a SETTINGS frame does not receive an acknowledgment within a reasonable
/// amount of time, it MAY issue a connection error of type SETTINGS_TIMEOUT."
#[test]
fn settings_that_stay_unacknowledged_time_out() {
    Setup::server().unacknowledged().run(|server| {
        server.passes(Duration::from_secs(9));
        server.must_be_fine();
        server.passes(Duration::from_secs(2));
        server.must_go_away(SETTINGS_TIMEOUT);
    });
}

/// §6.5.2, MAX_FRAME_SIZE and §6.9.2, INITIAL_WINDOW_SIZE: our own announced values are in range.
#[test]
fn our_settings_say_what_the_configuration_says() {
    let setup = Setup::server().fresh().config(|config| {
        config.max_concurrent_streams = 7;
        config.stream_window = 70_000;
        config.max_frame_size = 20_000;
        config.max_header_list_size = 9_000;
        config.header_table_size = 1_000;
    });
    setup.run(|server| {
        let said = server.says();
        let Some(Frame::Settings(entries)) = said.first() else { panic!("{said:?}") };
        for entry in [(1, 1_000), (3, 7), (4, 70_000), (5, 20_000), (6, 9_000)] {
            assert!(entries.contains(&entry), "{entry:?} of {entries:?}");
        }
    });
}
