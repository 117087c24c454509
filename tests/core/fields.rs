//! Names, values and connection-specific fields: rows N, V and C of the table of header rules.

use h2_core::{HeadRule, Trailers};
use h2_tests::prelude::*;

use crate::rows::{STATUS, everywhere, get_and, response, trailer};

fn name_of(octet: u8) -> &'static [u8] {
    Box::leak(Box::new([b'x', octet]))
}

fn is_token(octet: u8) -> bool {
    octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[test]
fn row_n1_a_name_is_not_empty() {
    everywhere((b"", b"v"), Some(HeadRule::EmptyName));
    everywhere((b"", b""), Some(HeadRule::EmptyName));
    everywhere((b"x", b"v"), None);
}

#[test]
fn row_n2_a_name_has_no_control_no_blank_no_upper_case_and_nothing_above_ascii() {
    for octet in (0..=0x20_u8).chain(0x41..=0x5a).chain(0x7f..=0xff) {
        let upper = octet.is_ascii_uppercase();
        let rule = if upper { HeadRule::UppercaseName } else { HeadRule::InvalidName };
        everywhere((name_of(octet), b"v"), Some(rule));
    }
}

#[test]
fn row_n3_a_colon_begins_known_pseudo_fields_and_stands_nowhere_else() {
    for name in [&b"x:"[..], b"x:y", b"method:"] {
        everywhere((name, b"v"), Some(HeadRule::InvalidName));
    }
    for name in [&b":"[..], b":x", b"::path", b":Path"] {
        get_and(&[(name, b"v")], Some(HeadRule::UnknownPseudo));
        response(&[STATUS, (name, b"v")], Some(HeadRule::UnknownPseudo));
        trailer((name, b"v"), Some(HeadRule::PseudoInTrailers));
    }
}

#[test]
fn row_n4_a_name_is_a_token() {
    for octet in (0x21..0x7f_u8).filter(|octet| !octet.is_ascii_uppercase()) {
        let rule = (!is_token(octet)).then_some(HeadRule::InvalidName);
        everywhere((name_of(octet), b"v"), rule);
    }
}

fn value_of(octet: u8) -> &'static [u8] {
    Box::leak(Box::new([b'x', octet, b'x']))
}

#[test]
fn row_v1_a_value_has_no_nul_no_line_feed_and_no_carriage_return() {
    for octet in [0, b'\n', b'\r'] {
        everywhere((b"x", value_of(octet)), Some(HeadRule::InvalidValue));
        let (first, last): (&[u8], &[u8]) =
            (Box::leak(Box::new([octet, b'x'])), Box::leak(Box::new([b'x', octet])));
        for value in [first, last] {
            everywhere((b"x", value), Some(HeadRule::InvalidValue));
        }
    }
}

#[test]
fn row_v2_a_value_has_no_blanks_around_it() {
    let padded: [&[u8]; 6] = [b" v", b"\tv", b"v ", b"v\t", b" ", b"\t\t"];
    for value in padded {
        everywhere((b"x", value), Some(HeadRule::PaddedValue));
    }
    everywhere((b"x", b"a b\tc"), None);
}

#[test]
fn row_v3_a_value_has_no_control_octet_but_the_tab() {
    for octet in (0..0x20).chain([0x7f]) {
        let rule = (octet != b'\t').then_some(HeadRule::InvalidValue);
        everywhere((b"x", value_of(octet)), rule);
    }
}

#[test]
fn row_v4_a_value_may_have_octets_above_ascii() {
    for octet in (0x20..0x7f).chain(0x80..=0xff) {
        everywhere((b"x", value_of(octet)), None);
    }
}

#[test]
fn row_v5_a_value_may_be_empty() {
    everywhere((b"x", b""), None);
}

/// What a particular field means is not ours to judge.
#[test]
fn row_v6_nonsense_in_a_known_field_is_no_offence() {
    let odd: [crate::rows::Octets; 4] =
        [(b"date", b"soon"), (b"age", b"-1"), (b"content-type", b"///"), (b"etag", b"x y")];
    for field in odd {
        everywhere(field, None);
    }
}

#[test]
fn row_c1_connection_specific_fields_are_refused_everywhere() {
    let names: [&[u8]; 5] =
        [b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"];
    for name in names {
        everywhere((name, b"x"), Some(HeadRule::ConnectionSpecific));
        everywhere((name, b""), Some(HeadRule::ConnectionSpecific));
        response(&[(b":status", b"103"), (name, b"x")], Some(HeadRule::ConnectionSpecific));
    }
}

#[test]
fn row_c2_te_is_trailers_alone() {
    for value in [&b"trailers"[..], b"Trailers", b"TRAILERS"] {
        get_and(&[(b"te", value)], None);
    }
    for value in [&b""[..], b"gzip", b"trailers, gzip", b"trailers;q=1", b"trailer"] {
        get_and(&[(b"te", value)], Some(HeadRule::Te));
    }
}

#[test]
fn row_c3_te_stands_in_requests_alone() {
    for value in [&b"trailers"[..], b"Trailers", b"gzip", b""] {
        response(&[STATUS, (b"te", value)], Some(HeadRule::Te));
        trailer((b"te", value), Some(HeadRule::Te));
        assert!(Trailers::new([(&b"te"[..], value)].into_iter().collect()).is_err());
    }
}

#[test]
fn row_c4_what_only_asks_for_an_upgrade_is_a_field_like_any_other() {
    everywhere((b"http2-settings", b"x"), None);
    everywhere((b"upgrade-insecure-requests", b"1"), None);
}

/// The same rules hold for fields that come as indices of the static table.
#[test]
fn the_static_table_is_no_way_around_the_rules() {
    // Transfer-encoding (57) by name, :status 200 (8) and a second :path (4), host (38) twice.
    let get = wire::block(wire::GET);
    let rows: [&[u8]; 5] = [
        &[0x0f, 57 - 15, 1, b'x'],
        &[0x88],
        &[0x84],
        &[0x0f, 38 - 15, 1, b'a', 0x0f, 38 - 15, 1, b'a'],
        &[0x0f, 28 - 15, 1, b'x'],
    ];
    for row in rows {
        lone::server(|server| {
            server.hears(wire::headers_of(1, &[&get, row].concat()).end_stream());
            server.must_answer_and_reset(1, "400");
        });
    }
    lone::server(|server| {
        // The same by the dynamic table, where the field was stored by an earlier block.
        let stored = wire::incremental("transfer-encoding", "chunked");
        server.hears(wire::headers_of(1, &[&get[..], &stored].concat()).end_stream());
        server.must_answer_and_reset(1, "400");
        let again = [&get[..], &wire::indexed(62)].concat();
        server.hears(wire::headers_of(3, &again).end_stream());
        server.must_answer_and_reset(3, "400");
    });
}
