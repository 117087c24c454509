//! Rules that implementations got wrong, by their number: those about capacity, shutdown, messages
//! and floods that the other two files leave out.

use h2_core::{Bucket, HeadRule, RequestHead, ResponseHead, Trailers};
use h2_tests::prelude::*;

#[test]
fn trap_16_integers_strings_and_indices_that_cannot_be_are_errors_and_no_panic() {
    let bad: [(&str, &[u8]); 13] = [
        ("an integer cut off", &[0x3f]),
        ("an integer without end", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("an integer too large", &[0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        ("a zero in many octets", &[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
        ("index 0", &[0x80]),
        ("an index beyond both tables", &[0xbe]),
        ("a name beyond both tables", &[0x7f, 0x10, 0x01, b'a']),
        ("a string cut off", &[0x00, 0x05, b'a']),
        ("a string longer than memory", &[0x00, 0x7f, 0x81, 0xff, 0xff, 0xff, 0x07]),
        ("EOS in a string", &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00]),
        ("padding of zeros", &[0x00, 0x81, 0x00, 0x01, b'a']),
        ("padding of eight bits", &[0x00, 0x82, 0x1f, 0xff, 0x01, b'a']),
        ("a size above the limit", &[0x3f, 0xe2, 0x1f]),
    ];
    for (name, block) in bad {
        let frame = wire::headers_of(1, block).end_stream();
        lone::each_ends_it(&Setup::server(), |_| {}, &[(name, &frame, COMPRESSION_ERROR)]);
        let begin = |client: &mut Lone| {
            client.requests("GET", true);
        };
        lone::each_ends_it(&Setup::client(), begin, &[(name, &frame, COMPRESSION_ERROR)]);
    }
}

#[test]
fn trap_34_capacity_follows_the_window_down_and_is_never_told_where_there_is_none() {
    let setup = Setup::server().peer(&[(4, 100_000)]).config(|config| {
        config.send_credit = 1_000;
        config.max_send_credit = 50_000;
    });
    setup.run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        assert_eq!(server.conn.send_capacity(id(1)), 50_000);
        server.hears(wire::settings(&[(4, 0)]));
        assert_eq!(server.conn.send_capacity(id(1)), 1_000, "what is every stream's own");
        assert_eq!(server.sends(1, vec![0; 40_000], false), 1_000);
        server.forget();
        // It opens and shuts before anybody looks.
        server.hears((wire::settings(&[(4, 70_000)]), wire::settings(&[(4, 0)])));
        for event in server.events() {
            if let Event::Writable { stream } = event {
                assert!(server.conn.send_capacity(stream) > 0, "told of room that is not there");
            }
        }
        server.must_be_fine();
    });
}

#[test]
fn trap_58_a_graceful_shutdown_serves_what_was_under_way() {
    lone::server(|server| {
        server.hears(wire::get(1));
        let payload = server.begins_to_part();
        // Sent before the client could read that.
        server.hears((wire::get(3), wire::pong(payload), wire::get(5)));
        server.must_serve_up_to(3);
        server.must_part_after(&[1, 3]);
    });
}

#[test]
fn trap_65_a_connection_that_swallows_requests_is_asked_once_and_given_up() {
    lone::client(|client| {
        let streams: Vec<u32> = (0..5).map(|_| client.requests("GET", true)).collect();
        client.forget();
        client.passes(Duration::from_secs(5));
        for stream in streams {
            client.act(|conn| {
                conn.suspect(id(stream));
                conn.reset_stream(id(stream), CANCEL);
            });
        }
        assert!(client.conn.is_suspect(), "a pool can see it and go elsewhere");
        let pings = client.says().into_iter().filter(|f| matches!(f, Frame::Ping(_))).count();
        assert_eq!(pings, 1, "servers punish those who ask often");
        client.passes(Duration::from_secs(20));
        assert!(client.conn.close_reason().is_some_and(|reason| !reason.is_graceful()));
    });
}

#[test]
fn trap_67_a_second_head_ends_the_stream_alone_and_trailers_keep_the_rules_of_fields() {
    for status in ["200", "404"] {
        lone::client(|client| {
            let (stream, other) = (client.requests("GET", true), client.requests("GET", true));
            client.forget();
            client.hears((wire::ok(stream), wire::headers(stream, &[(":status", status)])));
            client.must_reset(stream, PROTOCOL_ERROR);
            client.hears(wire::ok(other).end_stream());
            client.must_be_fine();
        });
    }
    for field in [(":path", "/"), (":status", "200"), ("connection", "close"), ("upgrade", "h2c")] {
        assert!(Trailers::new(lone::fields(&[field])).is_err(), "{field:?}");
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.forget();
            client.hears((wire::ok(stream), wire::headers(stream, &[field]).end_stream()));
            client.must_reset(stream, PROTOCOL_ERROR);
        });
        lone::server(|server| {
            server.hears((wire::post(1), wire::headers(1, &[field]).end_stream()));
            server.must_reset(1, PROTOCOL_ERROR);
        });
    }
}

#[test]
fn trap_69_a_tunnel_has_a_host_and_a_port_and_then_nothing_but_octets() {
    let connect = |more: &[wire::Pair<'static>]| {
        let authority = (":authority", "a.example:443");
        [&[(":method", "CONNECT"), authority][..], more].concat()
    };
    for more in [&[(":scheme", "https")][..], &[(":path", "/")], &[(":protocol", "websocket")]] {
        lone::server(|server| {
            server.hears(wire::headers(1, &connect(more)));
            server.must_answer_and_reset(1, "400");
        });
    }
    let begin = |server: &mut Lone| {
        server.hears(wire::headers(1, &connect(&[])));
        server.responds(1, 200, false);
        server.must_be_fine();
        server.forget();
    };
    lone::server(|server| {
        begin(server);
        server.hears((wire::data(1, "octets"), wire::window_update(1, 1), wire::priority(1, 0, 1)));
        server.must_be_fine();
        server.hears(wire::headers(1, &[("x", "y")]).end_stream());
        server.must_reset(1, PROTOCOL_ERROR);
    });
    lone::server(|server| {
        begin(server);
        let trailers = lone::trailers(&[("x", "y")]);
        assert!(server.act(|conn| conn.send_trailers(id(1), trailers)).is_err());
        server.hears(wire::rst(1, CANCEL));
        assert_eq!(server.told(), ["reset 1 CANCEL peer"]);
    });
}

#[test]
fn trap_70_there_is_no_switching_of_protocols() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers(stream, &[(":status", "101")]));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    let none: [wire::Pair<'_>; 0] = [];
    let refused = ResponseHead::new(101, none).unwrap_err();
    assert_eq!(refused.rule(), HeadRule::SwitchingProtocols);
}

#[test]
fn trap_76_resets_of_the_peer_and_resets_that_it_provokes_come_out_of_one_bucket() {
    let ten = Some(Bucket { burst: 10, per_second: 0 });
    Setup::server().config(|config| config.reset_bucket = ten).run_once(|server| {
        for n in 0..5 {
            let (own, provoked) = (4 * n + 1, 4 * n + 3);
            server.hears((wire::get(own), wire::rst(own, CANCEL)));
            server.hears((wire::get(provoked), wire::window_update(provoked, 0)));
            for stream in [own, provoked] {
                server.releases(stream);
            }
        }
        assert!(server.conn.close_reason().is_none());
        server.hears((wire::get(21), wire::rst(21, CANCEL)));
        assert!(server.conn.close_reason().is_some_and(|r| r.code == ENHANCE_YOUR_CALM));
    });
}

#[test]
fn trap_77_small_frames_that_nobody_takes_stop_the_reading_and_are_no_offence() {
    Setup::server().run_once(|server| {
        server.hears(wire::post(1));
        server.forget();
        let mut input = bytes::BytesMut::new();
        for _ in 0..10_000 {
            input.extend_from_slice(&wire::data(1, "x").octets());
        }
        assert_eq!(server.conn.receive_data(&mut input, server.now), Received::DrainFirst);
        let taken = 10_000 - input.len() / 10;
        assert!(taken <= 256, "{taken} events for as many octets");
        server.hears(input.to_vec());
        server.must_be_fine();
        assert_eq!(server.told(), ["data 1 10000"]);
    });
}

#[test]
fn trap_78_continuations_are_limited_in_number_and_octets_and_the_empty_ones_too() {
    let endless: [(&str, usize); 3] = [("empty", 0), ("small", 1), ("full", 16_384)];
    for (name, octets) in endless {
        let note = Note(name.to_owned());
        Setup::server().run_once(|server| {
            server.hears(wire::headers_of(1, &[0x82]).no_end_headers());
            let mut frames = 0;
            while server.conn.close_reason().is_none() {
                server.hears(wire::continuation(1, &vec![0x82; octets]).flags(0));
                frames += 1;
                assert!(frames <= 17, "{frames} frames and no end");
            }
            server.must_go_away(ENHANCE_YOUR_CALM);
        });
        drop(note);
    }
}

/// What a request that was made is, to have one in the hand.
#[test]
fn trap_71_cookie_crumbs_stay_apart_inside_http2_and_in_their_order() {
    let crumbs = [("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f")];
    lone::server(|server| {
        server.hears(wire::headers(1, &wire::get_and(&crumbs)).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        let seen: Vec<&[u8]> = head.fields().map(|field| field.value).collect();
        assert_eq!(seen, [b"a=b", b"c=d", b"e=f"]);
        let made = RequestHead::from_fields(lone::fields(&wire::get_and(&crumbs))).unwrap();
        assert_eq!(*head, made);
    });
}
