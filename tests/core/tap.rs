//! The frame tap: every frame, both ways, in wire order, with its secrets left out.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use h2_core::{FieldValue, FrameDirection, FrameSummary, RequestHead, TappedFrame};
use h2_tests::prelude::*;
use serde_json::Value;

/// What a tap wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn tap(&self, conn: &mut Connection, line: fn(&TappedFrame<'_>) -> String) {
        let log = Arc::clone(&self.0);
        conn.set_frame_tap(Some(Box::new(move |frame: &TappedFrame<'_>| {
            log.lock().unwrap().push(line(frame));
        })));
    }
}

fn text(frame: &TappedFrame<'_>) -> String {
    frame.text().to_string()
}

fn json(frame: &TappedFrame<'_>) -> String {
    frame.json().to_string()
}

/// Runs a script against a server after its handshake; the tap is set before the script.
fn tapped(line: fn(&TappedFrame<'_>) -> String, script: impl Fn(&mut Lone, &Log)) {
    lone::server(|server| {
        let log = Log::default();
        log.tap(&mut server.conn, line);
        script(server, &log);
    });
}

#[test]
fn an_exchange_reads_at_a_glance() {
    tapped(text, |server, log| {
        let got = wire::headers(1, &wire::get_and(&[("accept", "é")])).end_stream();
        server.hears(got);
        server.passes(Duration::from_millis(12));
        server.responds_with(1, 200, &[("content-type", "text/plain")], false);
        server.sends(1, "hello", true);
        let lines = log.take();
        assert_eq!(
            lines,
            [
                "[  0.000] recv HEADERS stream=1 length=72 flags=0x05 END_STREAM END_HEADERS\
                 \n           :method: GET\
                 \n           :scheme: https\
                 \n           :authority: example.org\
                 \n           :path: /\
                 \n           accept: \\xc3\\xa9",
                "[  0.012] send HEADERS stream=1 length=10 flags=0x04 END_HEADERS\
                 \n           :status: 200\
                 \n           content-type: text/plain",
                "[  0.012] send DATA stream=1 length=5 flags=0x01 END_STREAM",
            ]
        );
    });
}

#[test]
fn every_frame_type_says_what_it_is() {
    let rows: &[(wire::Raw, &str)] = &[
        (
            wire::data(1, "ab").padded(2),
            "DATA stream=1 length=5 flags=0x08 PADDED|(3 octets of padding)",
        ),
        (wire::priority(3, 1, 15), "PRIORITY stream=3 length=5|depends on 1, weight 16"),
        (
            wire::priority(3, 0x8000_0001, 0),
            "PRIORITY stream=3 length=5|depends exclusively on 1, weight 1",
        ),
        (
            wire::settings(&[(1, 0), (0xfe, 9)]),
            "SETTINGS stream=0 length=12|HEADER_TABLE_SIZE = 0|0x00fe = 9",
        ),
        (wire::ping(*b"abcdefgh"), "PING stream=0 length=8|6162636465666768"),
        (wire::pong([0; 8]), "PING stream=0 length=8 flags=0x01 ACK|0000000000000000"),
        (wire::window_update(1, 7), "WINDOW_UPDATE stream=1 length=4|+7"),
        (
            wire::goaway(0, 2_u32, b"b\"\n"),
            "GOAWAY stream=0 length=11|INTERNAL_ERROR, last stream 0|b\\\"\\n",
        ),
        (wire::raw(0xbe, 0xff, 1, b"secret"), "type 0xbe stream=1 length=6 flags=0xff"),
        (
            wire::raw(0x10, 0, 0, b"\0\0\0\x01u=1"),
            "PRIORITY_UPDATE stream=0 length=7|stream 1: u=1",
        ),
        (wire::raw(0xa, 0, 0, b"\0\x01ox"), "ALTSVC stream=0 length=4|o x"),
        (wire::raw(0xc, 0, 0, b"\0\x01o"), "ORIGIN stream=0 length=3|\\x00\\x01o"),
        (wire::rst(1, 8_u32), "RST_STREAM stream=1 length=4|CANCEL"),
        (wire::rst(3, 0xabc_u32), "RST_STREAM stream=3 length=4|0xabc"),
        (
            wire::raw(2, 0, 5, b"x"),
            "PRIORITY stream=5 length=1|(not of the form that its type asks for)",
        ),
    ];
    tapped(text, |server, log| {
        server.hears((wire::post(1), wire::post(3), wire::get(5)));
        log.take();
        for (frame, expected) in rows {
            server.hears(frame.clone());
            let seen = log.take().first().map(|line| line.replace("\n           ", "|"));
            let seen = seen.expect("it was shown");
            assert_eq!(seen.strip_prefix("[  0.000] recv "), Some(*expected));
        }
    });
}

#[test]
fn what_we_send_is_shown_in_wire_order() {
    tapped(json, |server, log| {
        server.hears((wire::post(1), wire::ping([7; 8]), wire::settings(&[])));
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 7)).unwrap();
        server.responds(1, 200, false);
        server.sends(1, vec![0; 40_000], false);
        server.sends_trailers(1, &[("a", "b")]).unwrap();
        server.act(|conn| conn.close_connection(CANCEL, "bye"));
        let shown: Vec<(u64, u64, u64)> = log
            .take()
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .filter(|frame| frame["direction"] == "sent")
            .map(|f| {
                let number = |name: &str| f[name].as_u64().unwrap();
                (number("type"), number("stream"), number("length"))
            })
            .collect();
        // The independent reader's word for it.
        let said: Vec<(u64, u64, u64)> = server
            .says()
            .into_iter()
            .map(|frame| match frame {
                Frame::Data { stream, data, .. } => (0, stream.into(), data.len() as u64),
                Frame::Headers { stream, block, .. } => (1, stream.into(), block.len() as u64),
                Frame::Settings(entries) => (4, 0, 6 * entries.len() as u64),
                Frame::SettingsAck => (4, 0, 0),
                Frame::Ping(_) | Frame::Pong(_) => (6, 0, 8),
                Frame::GoAway { debug, .. } => (7, 0, 8 + debug.len() as u64),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(shown, said);
        assert!(shown.len() >= 9, "{shown:?}");
    });
}

#[test]
fn fields_are_shown_with_the_frame_that_ends_their_block() {
    tapped(text, |server, log| {
        let block = wire::block(wire::GET);
        server.hears(wire::split(1, &block, &[3, 4], true));
        let lines = log.take();
        let firsts: Vec<&str> =
            lines.iter().map(|line| line.lines().next().unwrap_or_default()).collect();
        let rest = block.len() - 7;
        assert_eq!(
            firsts,
            [
                "[  0.000] recv HEADERS stream=1 length=3 flags=0x01 END_STREAM".to_owned(),
                "[  0.000] recv CONTINUATION stream=1 length=4".to_owned(),
                format!(
                    "[  0.000] recv CONTINUATION stream=1 length={rest} flags=0x04 END_HEADERS"
                ),
            ]
        );
        assert!(lines[0].lines().count() == 1 && lines[1].lines().count() == 1);
        assert!(lines[2].contains(":path: /"), "{lines:?}");
        // Our own long block, too.
        let long = "v".repeat(20_000);
        server.responds_with(1, 200, &[("x", &long)], true);
        let lines = log.take();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("[  0.000] send HEADERS stream=1 length=16384 flags=0x01"));
        assert!(lines[1].contains("send CONTINUATION") && lines[1].contains(":status: 200"));
        assert_eq!(server.conn.stats().sent.continuation, 1);
    });
}

#[test]
fn malformed_ignored_and_broken_blocks_show_their_fields_and_leave_hpack_in_step() {
    tapped(text, |server, log| {
        // Malformed: answered with 400, and its fields enter the table all the same.
        let block = [wire::block(wire::GET), wire::incremental("Bad", "v1")].concat();
        server.hears(wire::headers_of(1, &block).end_stream());
        assert!(log.take()[0].contains("\n           Bad: v1"));
        // Ignored: the stream was reset by us.
        server.hears(wire::post(3));
        server.resets(3, CANCEL);
        log.take();
        let block = wire::incremental("late", "v2");
        server.hears(wire::headers_of(3, &block).end_stream());
        assert!(log.take()[0].contains("\n           late: v2"));
        // Both entries are in the table, in order.
        let block = [wire::block(wire::GET), wire::indexed(62), wire::indexed(62)].concat();
        server.hears(wire::headers_of(5, &block).end_stream());
        assert_eq!(log.take()[0].matches("\n           late: v2").count(), 2);
        // Broken: what was decoded before the fault.
        let block = [wire::literal("first", "1"), vec![0x80]].concat();
        server.hears(wire::headers_of(7, &block).end_stream());
        let lines = log.take();
        assert!(lines[0].contains("\n           first: 1\n           (the rest is not kept)"));
        assert!(lines[1].contains("send GOAWAY"), "{lines:?}");
        server.must_go_away(COMPRESSION_ERROR);
    });
}

#[test]
fn a_block_that_is_refused_unread_is_shown_without_fields() {
    tapped(text, |server, log| {
        server.hears(wire::headers(0, wire::GET).end_stream());
        let lines = log.take();
        assert!(lines[0].starts_with("[  0.000] recv HEADERS stream=0"), "{lines:?}");
        assert_eq!(lines[0].lines().count(), 2, "the form is wrong: {lines:?}");
        assert!(lines[1].contains("send GOAWAY"));
    });
    tapped(text, |server, log| {
        server.hears(wire::push_promise(1, 2, wire::GET));
        let lines = log.take();
        assert!(lines[0].contains("recv PUSH_PROMISE") && lines[0].contains("promises stream 2"));
        assert!(!lines[0].contains(":path"), "{lines:?}");
        assert!(lines[1].contains("send GOAWAY"), "{lines:?}");
    });
}

#[test]
fn secrets_are_hidden_both_ways_in_every_form() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    const NAMES: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    for line in [text, json, debug] {
        tapped(line, |server, log| {
            let mut block = wire::block(wire::GET);
            for name in NAMES.into_iter().chain(["Authorization", " cookie "]) {
                block.extend(wire::literal(name, SECRET));
            }
            block.extend(wire::never_indexed("x-token", SECRET));
            block.extend(wire::literal("x-plain", "shown"));
            server.hears((wire::get(1), wire::headers_of(3, &block).end_stream()));
            let fields: Vec<_> = NAMES.iter().map(|name| (*name, SECRET)).collect();
            server.responds_with(1, 200, &fields, true);
            server.hears((wire::get(5), wire::get(7)));
            let mut fields = lone::fields(&[("x-plain", "shown")]);
            fields.push_sensitive("x-token", SECRET);
            let head = h2_core::ResponseHead::from_fields(with_status(fields)).unwrap();
            server.act(|conn| conn.send_response(id(5), head, End::Now)).unwrap();
            let all = log.take().concat();
            assert!(!all.contains("hunter2"), "{all}");
            // Two blocks of four, two misspelt, two marked.
            assert!(all.contains("shown"), "{all}");
            let hidden = all.matches("23").count();
            assert!(hidden >= 12, "{hidden} lengths in {all}");
        });
    }
}

fn debug(frame: &TappedFrame<'_>) -> String {
    format!("{frame:?}")
}

fn with_status(more: h2_core::Fields) -> h2_core::Fields {
    let mut fields = lone::fields(&[(":status", "200")]);
    for field in &more {
        if field.sensitive {
            fields.push_sensitive(field.name, field.value);
        } else {
            fields.push(field.name, field.value);
        }
    }
    fields
}

#[test]
fn each_json_line_is_json_and_holds_every_octet() {
    let octets: Vec<u8> = (0..=255).collect();
    tapped(json, |server, log| {
        let block = [wire::block(wire::GET), wire::literal("x", &octets)].concat();
        server.hears([
            wire::headers_of(1, &block).end_stream(),
            wire::post(3),
            wire::raw(0xbe, 1, 0, &octets),
            wire::raw(0xa, 0, 0, &[&[0, 2][..], &octets].concat()),
            wire::raw(0xc, 0, 0, &octets),
            wire::raw(0x10, 0, 0, &[&[0, 0, 0, 1][..], &octets].concat()),
            wire::data(3, "x").padded(9),
            wire::settings(&[(4, 1), (0xffff, u32::MAX)]),
        ]);
        server.act(|conn| conn.close_connection(CANCEL, octets.clone()));
        let lines = log.take();
        let parsed: Vec<Value> = lines
            .iter()
            .map(|line| {
                assert!(!line.contains('\n') && line.is_ascii(), "{line}");
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        let value = parsed[0]["fields"].as_array().unwrap().last().unwrap()["value"].clone();
        let back: Vec<u32> = value.as_str().unwrap().chars().map(u32::from).collect();
        assert_eq!(back, (0..=255).collect::<Vec<u32>>());
        let debug = &parsed.last().unwrap()["debug"];
        assert_eq!(debug.as_str().unwrap().chars().count(), 256, "GOAWAY is the last");
        assert!(parsed.iter().any(|frame| frame["settings"][1]["value"] == u32::MAX));
    });
}

#[test]
fn a_tap_changes_nothing_of_what_is_said_and_told() {
    let run = |tap: bool| {
        let mut out = String::new();
        let mut server = Setup::server().start(lone::Delivery::Whole);
        let log = Log::default();
        if tap {
            log.tap(&mut server.conn, text);
        }
        let bad = wire::headers(9, &wire::get_and(&[("Bad", "")])).end_stream();
        server.hears((wire::get(1), wire::post(3), wire::data(3, "ab").padded(4), bad));
        server.responds_with(1, 200, &[("cookie", "abc"), ("x", "y")], false);
        server.sends(1, vec![1; 50_000], true);
        server.hears((wire::rst(3, 8_u32), wire::raw(0xbe, 0, 0, b""), wire::window_update(0, 9)));
        server.hears(wire::headers_of(11, &[0x80]));
        writeln!(out, "{:?} {:?}", server.says(), server.told()).unwrap();
        let mut stats = server.conn.stats();
        stats.age = Duration::ZERO;
        writeln!(out, "{stats:?}").unwrap();
        assert_eq!(log.take().is_empty(), !tap);
        out
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_tap_can_be_taken_away_and_sees_the_parts_of_a_frame() {
    lone::client(|client| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        client.conn.set_frame_tap(Some(Box::new(move |frame: &TappedFrame<'_>| {
            let FrameSummary::Headers { fields: Some(fields), padding } = &frame.summary else {
                return;
            };
            assert!(fields.is_whole());
            let last = fields.iter().last().map(|field| field.value);
            let hidden = matches!(last, Some(FieldValue::Hidden(3)));
            log.lock().unwrap().push((frame.direction, frame.stream, *padding, hidden));
        })));
        let stream = client.requests_with("GET", &[("authorization", "abc")], true);
        let answer = wire::headers(stream, &[(":status", "200"), ("set-cookie", "k=v")]);
        client.hears(answer.padded(5));
        client.conn.set_frame_tap(None);
        client.hears(wire::headers(stream, &[("trailer", "abc")]).end_stream());
        let seen = seen.lock().unwrap();
        assert_eq!(
            *seen,
            [(FrameDirection::Sent, stream, 0, true), (FrameDirection::Received, stream, 6, true)]
        );
    });
}

#[test]
fn promises_are_shown_on_both_sides() {
    let client = Setup::client().config(|config| {
        config.enable_push = true;
        config.max_concurrent_streams = 10;
    });
    client.run(|client| {
        let log = Log::default();
        log.tap(&mut client.conn, text);
        let stream = client.requests("GET", true);
        client.hears(wire::push_promise(stream, 2, wire::GET));
        let lines = log.take();
        assert!(lines.iter().any(|line| line.contains("recv PUSH_PROMISE")
            && line.contains("promises stream 2")
            && line.contains(":path: /")));
    });
    lone::server(|server| {
        let log = Log::default();
        log.tap(&mut server.conn, text);
        server.hears(wire::get(1));
        let request = RequestHead::new("GET", "https", "example.org", "/p", [("a", "b")]).unwrap();
        server.act(|conn| conn.push_stream(id(1), request)).unwrap();
        let lines = log.take();
        let promise = lines.iter().find(|line| line.contains("send PUSH_PROMISE stream=1"));
        assert!(promise.is_some_and(|line| line.contains("promises stream 2\n")), "{lines:?}");
        assert_eq!(server.conn.stats().sent.push_promise, 1);
    });
}
