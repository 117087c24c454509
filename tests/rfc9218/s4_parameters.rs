//! Sections 4 and 5: the parameters, and the `priority` field that carries them.

use h2_core::Priority;
use h2_tests::prelude::*;

/// What a request with these `priority` lines says.
#[track_caller]
fn says(lines: &[&str], expected: Option<(u8, bool)>) {
    let more: Vec<wire::Pair<'_>> = lines.iter().map(|line| ("priority", *line)).collect();
    lone::server(|server| {
        server.hears(wire::headers(1, &wire::get_and(&more)).end_stream());
        server.must_be_fine();
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        let seen = head.priority().map(|p| (p.urgency, p.incremental));
        assert_eq!(seen, expected, "{lines:?}");
    });
}

/// §4.1: "The urgency (u) parameter value is Integer, between 0 and 7 inclusive ... The default is 3."
#[test]
fn urgency_is_an_integer_from_0_to_7() {
    for urgency in 0..=7 {
        says(&[&format!("u={urgency}")], Some((urgency, false)));
        says(&[&format!("u=00{urgency}")], Some((urgency, false)));
    }
    says(&[], None);
    says(&[""], Some((3, false)));
    says(&["i"], Some((3, true)));
}

/// §4.2: "The incremental (i) parameter value is Boolean ... The default value ... is false (0)."
#[test]
fn incremental_is_a_boolean() {
    says(&["i"], Some((3, true)));
    says(&["i=?1"], Some((3, true)));
    says(&["i=?0"], Some((3, false)));
    says(&["u=5, i"], Some((5, true)));
    says(&["i,u=5"], Some((5, true)));
}

/// §4: "unknown priority parameters, priority parameters with out-of-range values, or values of
/// unexpected types MUST be ignored." The rest of the dictionary counts.
#[test]
fn what_is_unknown_or_out_of_range_is_ignored_and_the_rest_counts() {
    for unknown in
        ["x", "x=1", "foo=\"u=0, i\"", "*a=tok", "x=(1 2);y", "x=:AAA=:", "x=1.5", "uu=1"]
    {
        says(&[&format!("{unknown}, u=1, i")], Some((1, true)));
        says(&[&format!("u=1,i,{unknown}")], Some((1, true)));
    }
    for out_of_range in ["u=8", "u=-1", "u=256", "u=259", "u=999999999999999", "u=-0008"] {
        says(&[&format!("{out_of_range}, i")], Some((3, true)));
    }
    for unexpected in ["u", "u=?1", "u=1.0", "u=\"1\"", "u=a", "u=(1)", "u=:MQ==:"] {
        says(&[&format!("{unexpected}, i")], Some((3, true)));
    }
    for unexpected in ["i=1", "i=\"?1\"", "i=yes", "i=(?1)", "i=1.0"] {
        says(&[&format!("{unexpected}, u=2")], Some((2, false)));
    }
}

/// §4: "Receivers parse the Dictionary as described in Section 4.2 of [STRUCTURED-FIELDS]": parameters
/// of a member are read over, blanks may stand around commas, the last of equal keys counts.
#[test]
fn a_dictionary_is_read_as_structured_fields_say() {
    says(&["u=2;x=1;y, i;q=\"a,b\""], Some((2, true)));
    says(&["u=2 ,\ti \t,  x"], Some((2, true)));
    says(&["u=1, u=2, u=6"], Some((6, false)));
    says(&["i, i=?0"], Some((3, false)));
    // The last one counts, and what it says is out of range.
    says(&["u=1, u=9"], Some((3, false)));
}

/// RFC 8941 §4.2: "When parsing a ... field fails, the entire field value MUST be ignored".
#[test]
fn what_is_no_dictionary_is_ignored_as_a_whole() {
    let bad = [
        "u=1,",
        "u=1,,i",
        "u=1 i",
        "u = 1",
        "u=1; i=",
        "U=1",
        "u=",
        "u=1, I",
        "u=01.",
        "u=1, ?1",
        "u=+1",
        "u=1;=",
        "u=1, x=\"",
        "u=1, x=(",
        "u=1, x=\u{e9}",
        "u=1234567890123456",
        "{u: 1}",
        "u=1, x=?2",
    ];
    for value in bad {
        says(&[value], None);
    }
}

/// RFC 8941 §4.2: the lines of a field are one dictionary.
#[test]
fn several_lines_are_one_dictionary() {
    says(&["u=1", "i"], Some((1, true)));
    says(&["u=1", "u=6"], Some((6, false)));
    says(&["u=1", "i,"], None);
}

/// §4: "When receiving an HTTP request that does not carry these priority parameters, a server SHOULD
/// act as if their default values were specified."
#[test]
fn without_a_field_a_request_stands_between_two_and_four() {
    crate::wide().run(|server| {
        server.hears((
            crate::get(1, "u=4"),
            wire::get(3),
            crate::get(5, "u=2"),
            crate::get(7, "u=,"),
        ));
        for stream in [1, 3, 5, 7] {
            crate::queue(server, stream, 1);
        }
        assert_eq!(crate::flows(server), [5, 3, 7, 1]);
    });
}

/// §5: the field is end to end: both directions carry it as it is.
#[test]
fn the_field_passes_both_ways_as_it_is() {
    lone::client(|client| {
        let stream = client.requests_with("GET", &[("priority", "u=5, i, x=9")], true);
        let said = client.says();
        assert_eq!(said[0].field("priority"), Some("u=5, i, x=9"));
        client.hears(
            wire::headers(stream, &[(":status", "200"), ("priority", "u=1,,")]).end_stream(),
        );
        let events = client.events();
        let [Event::ResponseReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("priority"), Some(&b"u=1,,"[..]));
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds_with(1, 200, &[("priority", "u=0")], true);
        assert_eq!(server.says_on(1)[0].field("priority"), Some("u=0"));
    });
}

/// What we write is the same representation, and reads back the same.
#[test]
fn a_priority_is_written_as_a_dictionary() {
    for (urgency, incremental, text) in
        [(3, false, "u=3"), (0, true, "u=0, i"), (7, true, "u=7, i")]
    {
        let priority = Priority { urgency, incremental };
        assert_eq!(priority.to_string(), text);
        assert_eq!(Priority::parse(text.as_bytes()), Some(priority));
    }
}
