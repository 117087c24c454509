//! Section 2.1: SETTINGS_NO_RFC7540_PRIORITIES.

use h2_tests::prelude::*;

/// "The value of SETTINGS_NO_RFC7540_PRIORITIES MUST be 0 or 1. Any value other than 0 or 1 MUST be
/// treated as a connection error of type PROTOCOL_ERROR."
#[test]
fn the_setting_is_a_flag() {
    for setup in [Setup::server(), Setup::client()] {
        for value in [2, 256, u32::MAX] {
            let settings = wire::settings(&[(9, value)]);
            let preface = if setup.is_client() { Vec::new() } else { wire::preface() };
            setup.clone().fresh().run(|lone| {
                lone.hears((&preface, &settings));
                lone.must_go_away(PROTOCOL_ERROR);
            });
        }
        for value in [0, 1] {
            setup.clone().peer(&[(9, value)]).run(|lone| {
                lone.must_be_fine();
                assert_eq!(lone.conn.remote_settings().no_rfc7540_priorities, value == 1);
            });
        }
    }
}

/// "If endpoints use SETTINGS_NO_RFC7540_PRIORITIES, they MUST send it in the first SETTINGS frame."
#[test]
fn both_roles_say_it_in_their_first_settings() {
    for setup in [Setup::server(), Setup::client()] {
        setup.fresh().run(|lone| {
            let said = lone.says();
            let Frame::Settings(entries) = &said[0] else { panic!("{said:?}") };
            assert!(entries.contains(&(9, 1)), "{entries:?}");
        });
    }
}

/// "Senders MUST NOT change the SETTINGS_NO_RFC7540_PRIORITIES value after the first SETTINGS frame."
#[test]
fn we_never_change_it() {
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            let changed = lone.act(|conn| {
                conn.update_settings(|settings| settings.no_rfc7540_priorities = false)
            });
            assert_eq!(changed, Err(Misuse::InvalidSetting));
            lone.act(|conn| conn.update_settings(|s| s.max_frame_size = 20_000)).unwrap();
            assert_eq!(lone.says(), [Frame::Settings(vec![(5, 20_000)])]);
        });
    }
}

/// "Receivers that detect a change MAY treat it as a connection error of type PROTOCOL_ERROR." The
/// initial value is 0, so a first SETTINGS without it has said 0.
#[test]
fn a_change_by_the_peer_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        for (first, then) in [(vec![], 1), (vec![(9, 0)], 1), (vec![(9, 1)], 0)] {
            setup.clone().peer(&first).run(|lone| {
                lone.hears(wire::settings(&[(9, u32::from(then == 0))]));
                lone.must_be_fine();
                lone.forget();
                lone.hears(wire::settings(&[(9, then)]));
                lone.must_go_away(PROTOCOL_ERROR);
            });
        }
    }
}

/// "A server that receives SETTINGS_NO_RFC7540_PRIORITIES with a value of 1 MUST ignore HTTP/2 priority
/// signals": a weight of 256 wins nothing, and a dependency orders nothing.
#[test]
fn the_signals_of_rfc_7540_change_no_order() {
    crate::wide().run(|server| {
        server.hears((wire::get(1).prioritized(3, 0), wire::get(3).prioritized(0, 255)));
        server.hears(wire::priority(1, 0x8000_0003, 0));
        server.must_be_fine();
        server.forget();
        for stream in [1, 3] {
            crate::queue(server, stream, 4);
        }
        assert_eq!(crate::flows(server), [1, 3, 1, 3, 1, 3, 1, 3]);
    });
}

/// Section 2.1.1: once a server's first SETTINGS lack the parameter, a client "SHOULD stop sending
/// PRIORITY_UPDATE frames"; before that it sends them.
#[test]
fn a_client_sends_no_updates_to_a_server_that_would_ignore_them() {
    let urgent = h2_core::Priority { urgency: 0, incremental: false };
    for (settings, sent) in [(vec![], 0), (vec![(9, 0)], 0), (vec![(9, 1)], 1)] {
        Setup::client().peer(&settings).run(|client| {
            let stream = client.requests("GET", true);
            client.forget();
            client.act(|conn| conn.prioritize(id(stream), urgent)).unwrap();
            assert_eq!(client.says().len(), sent, "{settings:?}");
        });
    }
    Setup::client().fresh().run(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.act(|conn| conn.prioritize(id(stream), urgent)).unwrap();
        assert_eq!(client.says().len(), 1);
    });
}
