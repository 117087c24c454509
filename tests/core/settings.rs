//! SETTINGS in depth: extensions, order, several in flight, each in force at its own acknowledgement.

use h2_tests::prelude::*;

fn entries(said: &[Frame]) -> Vec<Vec<(u16, u32)>> {
    let settings =
        |f: &Frame| if let Frame::Settings(list) = f { Some(list.clone()) } else { None };
    said.iter().filter_map(settings).collect()
}

#[test]
fn settings_of_extensions_go_out_with_the_first_and_by_update() {
    let setup = Setup::server().fresh().config(|config| {
        config.extra_settings = vec![(0xfa0a, 1), (0x4242, 7), (0x4, 99), (0x4242, 8)];
    });
    setup.run(|server| {
        let first = entries(&server.says()).remove(0);
        assert_eq!(first.last_chunk::<2>(), Some(&[(0xfa0a, 1), (0x4242, 8)]), "{first:?}");
        assert!(!first.contains(&(0x4, 99)), "{first:?}");
        server.hears((wire::preface(), wire::settings(&[]), wire::settings_ack()));
        assert_eq!(server.conn.local_settings().get(0x4242), Some(8));
        server.forget();
        server.act(|conn| conn.update_settings(|s| s.set_extension(0x4242, 9).unwrap())).unwrap();
        assert_eq!(entries(&server.says()), [[(0x4242, 9)]]);
        assert_eq!(server.conn.local_settings().get(0x4242), Some(8), "not before its time");
        server.hears(wire::settings_ack());
        assert_eq!(server.conn.local_settings().get(0x4242), Some(9));
        server.act(|conn| conn.update_settings(|s| s.set_extension(0x4242, 9).unwrap())).unwrap();
        assert_eq!(server.says(), [], "nothing changed");
    });
}

#[test]
fn a_known_setting_is_no_extension_and_only_so_many_are_kept() {
    lone::server(|server| {
        let known = server.act(|conn| {
            conn.update_settings(|settings| {
                assert_eq!(settings.set_extension(4, 1), Err(Misuse::InvalidSetting));
                for id in 0..16 {
                    settings.set_extension(0x1000 + id, 1).unwrap();
                }
                assert_eq!(settings.set_extension(0x2000, 1), Err(Misuse::QueueFull));
                settings.set_extension(0x1003, 2).unwrap();
            })
        });
        assert_eq!(known, Ok(()));
        server.hears(wire::settings_ack());
        assert_eq!(server.conn.local_settings().get(0x1003), Some(2));
    });
}

#[test]
fn what_the_peer_says_of_extensions_can_be_read_and_is_bounded() {
    lone::server(|server| {
        let many: Vec<(u16, u32)> = (0..60).map(|n| (0x1000 + n, u32::from(n))).collect();
        for _ in 0..3 {
            server.hears(wire::settings(&many));
        }
        server.hears(wire::settings(&[(0x1005, 77), (0x3, 9), (0x1005, 78)]));
        let events = server.events();
        let Some(Event::SettingsChanged { settings }) = events.last() else { panic!("{events:?}") };
        assert_eq!(settings.get(0x1005), Some(78), "the last one counts");
        assert_eq!((settings.get(0x1000), settings.get(0x1010)), (Some(0), None));
        assert_eq!(
            (settings.get(0x3), settings.get(0x8), settings.get(0x6)),
            (Some(9), Some(0), None)
        );
        assert_eq!(settings.extensions().count(), 16);
    });
}

#[test]
fn settings_go_out_in_the_order_that_was_asked_for() {
    let setup = Setup::client().fresh().config(|config| {
        config.extra_settings = vec![(0x4242, 7)];
        config.settings_order = vec![0x4242, 0x4, 0x2, 0x99];
    });
    setup.run(|client| {
        let first = entries(&client.says()).remove(0);
        let order: Vec<u16> = first.iter().map(|(id, _)| *id).collect();
        assert_eq!(order, [0x4242, 0x4, 0x2, 0x6, 0x9]);
    });
}

#[test]
fn pseudo_fields_go_out_in_the_order_of_the_list() {
    lone::client(|client| {
        let list = [(":method", "GET"), (":path", "/"), (":authority", "a"), (":scheme", "https")];
        let head = h2_core::RequestHead::from_fields(lone::fields(&list)).unwrap();
        client.act(|conn| conn.send_request(head, End::Now)).unwrap();
        let said = client.says();
        let Frame::Headers { fields, .. } = &said[0] else { panic!("{said:?}") };
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [":method", ":path", ":authority", ":scheme"]);
    });
}

/// RFC 9113 §6.5.3: each acknowledgement is for the oldest SETTINGS that was not acknowledged, and
/// puts exactly that one in force (python-h2 applies values of later ones too).
#[test]
fn several_in_flight_are_in_force_each_at_its_own_acknowledgement() {
    let narrow = Setup::server().config(lone::narrow);
    narrow.run(|server| {
        server.hears(wire::post(1));
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 100_000)).unwrap();
        server.act(|conn| conn.update_settings(|s| s.header_table_size = 0)).unwrap();
        server
            .act(|conn| {
                conn.update_settings(|s| {
                    s.initial_window_size = 10;
                    s.header_table_size = 4_096;
                })
            })
            .unwrap();
        assert_eq!(entries(&server.says()).len(), 3);
        assert_eq!(server.conn.local_settings().initial_window_size, 65_535);
        server.hears(wire::settings_ack());
        assert_eq!(server.conn.local_settings().initial_window_size, 100_000);
        assert_eq!(server.conn.local_settings().header_table_size, 4_096);
        server.hears(wire::settings_ack());
        assert_eq!(server.conn.local_settings().initial_window_size, 100_000);
        assert_eq!(server.conn.local_settings().header_table_size, 0);
        server.hears(wire::settings_ack());
        assert_eq!(server.conn.local_settings().initial_window_size, 10);
        assert_eq!(server.peer_may_send(1), 10, "nothing was sent on it");
        server.must_be_fine();
        server.hears(wire::settings_ack());
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn the_table_that_was_taken_away_in_between_must_be_given_up() {
    lone::server(|server| {
        server.act(|conn| conn.update_settings(|s| s.header_table_size = 0)).unwrap();
        server.act(|conn| conn.update_settings(|s| s.header_table_size = 4_096)).unwrap();
        server.hears((wire::settings_ack(), wire::settings_ack()));
        // RFC 7541 §4.2: the lowest size in between is said first.
        let block =
            [wire::size_update(0), wire::size_update(4_096), wire::block(wire::GET)].concat();
        server.hears(wire::headers_of(1, &block).end_stream());
        server.must_be_fine();
        assert_eq!(server.told(), ["request 1 GET / end"]);
    });
}

#[test]
fn debug_data_of_goaway_goes_both_ways() {
    lone::client(|client| {
        client.requests("GET", true);
        client.hears(wire::goaway(1, INTERNAL_ERROR, b"restarting \xff"));
        let events = client.events();
        let Some(Event::GoAwayReceived { debug, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!(&debug[..], b"restarting \xff");
        client.hears(wire::goaway(1, INTERNAL_ERROR, &[b'x'; 5_000]));
        client.hears_eof();
        assert_eq!(client.conn.close_reason().map(|reason| reason.debug.len()), Some(256));
    });
    lone::server(|server| {
        let debug = Bytes::from(vec![b'd'; 20_000]);
        server.act(|conn| conn.close_connection(INTERNAL_ERROR, debug));
        let said = server.says();
        let Some(Frame::GoAway { debug, code: 2, .. }) = said.last() else { panic!("{said:?}") };
        assert_eq!(debug.len(), 16_384 - 8, "as much as fits a frame");
    });
}
