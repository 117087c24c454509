//! Section 3: SETTINGS_ENABLE_CONNECT_PROTOCOL.

use h2_tests::prelude::*;

use crate::{EXTENDED, extended};

/// "The value of the parameter MUST be 0 or 1."
#[test]
fn the_setting_is_a_flag() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("2", &wire::settings(&[(8, 2)]), PROTOCOL_ERROR),
        ("a large one", &wire::settings(&[(8, u32::MAX)]), PROTOCOL_ERROR),
    ];
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &rows);
        setup.peer(&[(8, 0)]).run(|lone| {
            assert!(!lone.conn.remote_settings().enable_connect_protocol);
            lone.hears(wire::settings(&[(8, 1)]));
            lone.must_be_fine();
            assert!(lone.conn.remote_settings().enable_connect_protocol);
        });
    }
}

/// "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL parameter with the value of 0 after
/// previously sending a value of 1."
#[test]
fn we_never_take_it_back() {
    crate::server().run(|server| {
        let refused =
            server.act(|conn| conn.update_settings(|s| s.enable_connect_protocol = false));
        assert_eq!(refused, Err(Misuse::InvalidSetting));
        assert_eq!(server.says(), []);
        server.hears(wire::headers(1, &EXTENDED));
        assert_eq!(server.told(), ["request 1 CONNECT /chat"]);
    });
    // Neither while the announcement is still under way.
    Setup::server().run(|server| {
        server.act(|conn| conn.update_settings(|s| s.enable_connect_protocol = true)).unwrap();
        let refused =
            server.act(|conn| conn.update_settings(|s| s.enable_connect_protocol = false));
        assert_eq!(refused, Err(Misuse::InvalidSetting));
        assert_eq!(server.says(), [Frame::Settings(vec![(8, 1)])]);
    });
}

/// The same, received: in a later frame, and inside one.
#[test]
fn a_peer_that_takes_it_back_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
            ("later", &wire::settings(&[(8, 0)]), PROTOCOL_ERROR),
            ("in one frame", &wire::settings(&[(8, 1), (8, 0)]), PROTOCOL_ERROR),
        ];
        lone::each_ends_it(&setup.peer(&[(8, 1)]), |_| {}, &rows);
    }
}

/// "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client MAY use the Extended
/// CONNECT": without it, it may not, and nothing of a refused request is sent.
#[test]
fn a_client_uses_it_once_it_was_announced_and_not_before() {
    let refuses = |client: &mut Lone| {
        let refused = client.act(|conn| conn.send_request(extended(), End::Later)).unwrap_err();
        assert_eq!(refused.why, Misuse::NotEnabled);
        assert_eq!(*refused.head, extended(), "the request is handed back");
    };
    Setup::client().fresh().run(|client| {
        client.forget();
        refuses(client);
        client.hears(wire::settings(&[(8, 1)]));
        client.forget();
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        assert_eq!(client.says()[0].field(":protocol"), Some("websocket"));
    });
    for settings in [vec![], vec![(8, 0)]] {
        Setup::client().peer(&settings).run(|client| {
            refuses(client);
            assert_eq!(client.says(), []);
            client.hears(wire::settings(&[(8, 1)]));
            client.forget();
            let stream = client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
            assert_eq!(stream, id(1), "the refused one used up no identifier");
        });
    }
}

/// An ordinary CONNECT needs no announcement.
#[test]
fn an_ordinary_connect_needs_no_announcement() {
    lone::client(|client| {
        let none: [wire::Pair<'_>; 0] = [];
        let head = h2_core::RequestHead::connect("a.example:443", none).unwrap();
        client.act(|conn| conn.send_request(head, End::Later)).unwrap();
        assert_eq!(client.says()[0].field(":method"), Some("CONNECT"));
    });
}

/// "Receipt of this parameter by a server does not have any impact": what counts is what the server
/// itself has said.
#[test]
fn what_a_client_says_has_no_impact() {
    Setup::server().peer(&[(8, 1)]).run(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        server.must_answer_and_reset(1, "400");
    });
    for said in [vec![], vec![(8, 0)], vec![(8, 1)]] {
        crate::server().peer(&said).run(|server| {
            server.hears(wire::headers(1, &EXTENDED));
            server.must_be_fine();
            assert_eq!(server.told(), ["request 1 CONNECT /chat"]);
        });
    }
}

/// A server says it when it is on, and only then; a client never does.
#[test]
fn the_announcement_is_the_servers() {
    let announced = |setup: Setup| {
        let seen = std::cell::Cell::new(false);
        setup.fresh().run(|lone| {
            let said = lone.says();
            let Frame::Settings(entries) = &said[0] else { panic!("{said:?}") };
            seen.set(entries.iter().any(|(setting, _)| *setting == 8));
        });
        seen.get()
    };
    assert!(announced(crate::server()));
    assert!(!announced(Setup::server()));
    assert!(!announced(Setup::client().config(|config| config.enable_connect_protocol = true)));
}

/// Switched on at run time it is in force at once: a client can only know it from what we sent.
#[test]
fn a_server_may_announce_it_later() {
    lone::server(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        server.must_answer_and_reset(1, "400");
        server.act(|conn| conn.update_settings(|s| s.enable_connect_protocol = true)).unwrap();
        assert_eq!(server.says(), [Frame::Settings(vec![(8, 1)])]);
        server.hears(wire::headers(3, &EXTENDED));
        assert_eq!(server.told(), ["request 3 CONNECT /chat"]);
    });
}
