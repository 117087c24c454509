//! Section 3: how a connection begins.

use h2_tests::prelude::*;

/// §3.4: "This sequence MUST be followed by a SETTINGS frame".
#[test]
fn a_client_begins_with_the_preface_and_settings() {
    Setup::client().fresh().run(|client| {
        // The reader of frames takes the preface off and refuses any other.
        let said = client.says();
        assert!(matches!(said.first(), Some(Frame::Settings(_))), "{said:?}");
    });
}

/// §3.4: "The server connection preface consists of a potentially empty SETTINGS frame that MUST be
/// the first frame the server sends".
#[test]
fn a_server_begins_with_settings_before_it_has_heard_anything() {
    Setup::server().fresh().run(|server| {
        let said = server.says();
        assert!(matches!(said.first(), Some(Frame::Settings(_))), "{said:?}");
    });
}

/// §3.4: "The SETTINGS frames received from a peer as part of the connection preface MUST be
/// acknowledged after sending the connection preface."
#[test]
fn the_first_settings_are_acknowledged_after_our_own() {
    Setup::server().fresh().run(|server| {
        server.hears((wire::preface(), wire::settings(&[])));
        let said = server.says();
        let ours = said.iter().position(|f| matches!(f, Frame::Settings(_)));
        let ack = said.iter().position(|f| *f == Frame::SettingsAck);
        assert!(ours.is_some() && ours < ack, "{said:?}");
        assert!(server.conn.is_handshake_complete());
    });
    Setup::client().fresh().run(|client| {
        assert!(!client.conn.is_handshake_complete());
        client.hears(wire::settings(&[]));
        let said = client.says();
        assert_eq!(said.iter().filter(|f| **f == Frame::SettingsAck).count(), 1, "{said:?}");
        assert!(client.conn.is_handshake_complete());
    });
}

/// §3.4: "Clients and servers MUST treat an invalid connection preface as a connection error of type
/// PROTOCOL_ERROR."
#[test]
fn a_wrong_octet_anywhere_in_the_preface_is_a_protocol_error() {
    for at in 0..24 {
        let note = Note(format!("octet {at}"));
        Setup::server().fresh().run(|server| {
            let mut preface = wire::preface();
            preface[at] ^= 0x20;
            server.hears((preface, wire::settings(&[])));
            server.must_go_away(PROTOCOL_ERROR);
        });
        drop(note);
    }
}

/// §3.4, as above: other protocols that are spoken to a server.
#[test]
fn other_protocols_are_a_protocol_error() {
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 40]].concat();
    let http1 = b"GET / HTTP/1.1\r\nhost: example.org\r\n\r\n".to_vec();
    for octets in [hello, http1, vec![0; 64], vec![b'P'; 64]] {
        Setup::server().fresh().run(|server| {
            server.hears(&octets);
            server.must_go_away(PROTOCOL_ERROR);
        });
    }
}

fn every_other_first_frame() -> Vec<(&'static str, wire::Raw)> {
    vec![
        ("DATA", wire::data(1, "x")),
        ("HEADERS", wire::get(1)),
        ("PRIORITY", wire::priority(1, 0, 0)),
        ("RST_STREAM", wire::rst(1, CANCEL)),
        ("SETTINGS ACK", wire::settings_ack()),
        ("PUSH_PROMISE", wire::push_promise(1, 2, wire::GET)),
        ("PING", wire::ping([0; 8])),
        ("GOAWAY", wire::goaway(0, NO_ERROR, b"")),
        ("WINDOW_UPDATE", wire::window_update(0, 1)),
        ("CONTINUATION", wire::continuation(1, b"")),
        ("unknown", wire::raw(0xfa, 0, 0, b"hello")),
    ]
}

/// §3.4: the first frame of a client "MUST be" SETTINGS.
#[test]
fn a_client_that_begins_with_another_frame_is_a_protocol_error() {
    for (name, frame) in every_other_first_frame() {
        let note = Note(name.to_owned());
        Setup::server().fresh().run(|server| {
            server.hears((wire::preface(), &frame));
            server.must_go_away(PROTOCOL_ERROR);
        });
        drop(note);
    }
}

/// §3.4: SETTINGS "MUST be the first frame the server sends".
#[test]
fn a_server_that_begins_with_another_frame_is_a_protocol_error() {
    for (name, frame) in every_other_first_frame() {
        let note = Note(name.to_owned());
        Setup::client().fresh().run(|client| {
            client.hears(&frame);
            client.must_go_away(PROTOCOL_ERROR);
        });
        drop(note);
    }
}

/// §3.4: "clients are permitted to send additional frames to the server immediately after sending
/// the client connection preface".
#[test]
fn a_client_may_send_requests_before_it_hears_the_servers_settings() {
    Setup::client().fresh().run(|client| {
        client.forget();
        let stream = client.requests("GET", true);
        let said = client.says_on(stream);
        assert!(matches!(said[..], [Frame::Headers { end: true, .. }]), "{said:?}");
        client.hears((wire::settings(&[]), wire::settings_ack(), wire::ok(stream).end_stream()));
        assert_eq!(client.told(), ["response 1 200 end"]);
    });
}

/// §3.4: the preface, SETTINGS and requests may come in one piece.
#[test]
fn a_server_takes_requests_that_come_with_the_preface() {
    Setup::server().fresh().run(|server| {
        server.hears((wire::preface(), wire::settings(&[]), wire::get(1), wire::get(3)));
        assert_eq!(server.told(), ["request 1 GET / end", "request 3 GET / end"]);
    });
}
