//! Cookies on the wire: split when asked to, joined when asked for (RFC 9113 §8.2.3).

use h2_tests::prelude::*;

fn cookies(said: &[Frame]) -> Vec<&str> {
    let Some(Frame::Headers { fields, .. }) = said.last() else { panic!("{said:?}") };
    fields.iter().filter(|(name, _)| name == "cookie").map(|(_, value)| value.as_str()).collect()
}

const MANY: &[(&str, &str)] = &[("cookie", "a=b; c=d; e=f"), ("x", "y"), ("cookie", "g=h")];

#[test]
fn cookies_go_out_as_they_were_given_unless_they_are_to_be_split() {
    lone::client(|client| {
        client.requests_with("GET", MANY, true);
        assert_eq!(cookies(&client.says()), ["a=b; c=d; e=f", "g=h"]);
    });
    Setup::client().config(|config| config.split_cookies = true).run(|client| {
        client.requests_with("GET", MANY, true);
        let said = client.says();
        assert_eq!(cookies(&said), ["a=b", "c=d", "e=f", "g=h"]);
        assert_eq!(said[0].field("x"), Some("y"));
    });
    let setup = Setup::server().peer(&[(2, 1)]).config(|config| config.split_cookies = true);
    setup.run(|server| {
        server.hears(wire::get(1));
        server.forget();
        server.act(|conn| conn.push_stream(id(1), lone::request("GET", MANY))).unwrap();
        server.must_be_fine();
    });
}

#[test]
fn the_limit_of_the_peer_is_kept_by_what_goes_out() {
    let list: usize = wire::GET.iter().chain(&MANY[..1]).map(|(n, v)| n.len() + v.len() + 32).sum();
    let split = list + 2 * (32 + 6 - 2);
    for (limit, fits) in [(split, true), (split - 1, false)] {
        let limit = u32::try_from(limit).unwrap();
        let setup = Setup::client().config(|config| config.split_cookies = true);
        setup.peer(&[(6, limit)]).run(|client| {
            let head = lone::request("GET", &MANY[..1]);
            let sent = client.act(|conn| conn.send_request(head, End::Now));
            match sent {
                Ok(_) => assert!(fits, "limit {limit}"),
                Err(error) => {
                    assert_eq!(error.why, Misuse::FieldSectionTooLarge { size: split, limit });
                    assert!(!fits);
                    assert_eq!(error.head.get("cookie"), Some(&b"a=b; c=d; e=f"[..]));
                }
            }
        });
    }
}

#[test]
fn crumbs_are_one_value_to_whoever_asks() {
    lone::server(|server| {
        let crumbs = wire::get_and(&[("cookie", "a=b"), ("x", "y"), ("cookie", "c=d; e=f")]);
        server.hears(wire::headers(1, &crumbs).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.cookie().as_deref(), Some(&b"a=b; c=d; e=f"[..]));
        assert_eq!(head.fields().count(), 3, "as they came");
    });
}
