//! What must be true of a schedule: while nothing is under way, and when all of it is over.

use h2_tests::prelude::*;
use serde_json::{Value, json};

use crate::observed::observed;
use crate::ours::Record;
use crate::plan::List;
use crate::schedule::Schedule;

/// Both ends see the same windows, tables and settings while nothing is under way.
pub(crate) fn agrees(schedule: &Schedule<'_>, look: &Value) {
    let conn = &schedule.ours.conn;
    let ours = [conn.local_flow_control_window(None), conn.remote_flow_control_window(None)];
    let theirs = [look["receive"].as_i64().unwrap(), look["send"].as_i64().unwrap()];
    assert_eq!(ours, theirs.map(Ok), "windows of the connection");
    for exchange in &schedule.exchanges {
        let Some(stream) = exchange.stream.filter(|stream| *stream > 0) else { continue };
        let windows = &look["streams"][stream.to_string()];
        if exchange.messages.iter().any(|message| message.reset.is_some()) || windows.is_null() {
            continue;
        }
        // A window is of no use once the sender has ended.
        let theirs_ended = look["records"][stream.to_string()]["ended"] == json!(true);
        let ours_ended = schedule.ours.records.get(&stream).is_some_and(|r| r.ended);
        if let (false, false, Ok(window)) =
            (theirs_ended, exchange.pushed, conn.local_flow_control_window(Some(id(stream))))
        {
            assert_eq!(json!(window), windows[1], "we may send on {stream}");
        }
        if let (false, false, Ok(window)) =
            (ours_ended, exchange.pushed, conn.remote_flow_control_window(Some(id(stream))))
        {
            assert_eq!(json!(window), windows[0], "h2 may send on {stream}");
        }
    }
    let shown = |s: &h2_core::Settings| {
        json!([
            s.header_table_size,
            s.initial_window_size,
            s.max_frame_size,
            s.max_header_list_size
        ])
    };
    assert_eq!(shown(conn.local_settings()), look["remote"], "our settings");
    assert_eq!(shown(conn.remote_settings()), look["local"], "the settings of h2");
    let stats = conn.stats();
    if !schedule.sent.tables {
        let tables = json!([stats.decoder_table, stats.encoder_table]);
        assert_eq!(tables, look["tables"], "the HPACK tables of both directions");
    }
}

/// Each side observed exactly what the other was told to do.
pub(crate) fn all(schedule: &Schedule<'_>, look: &Value) {
    let (ours, sent) = (&schedule.ours, &schedule.sent);
    assert_eq!(ours.pongs, sent.our_pings, "our pings were answered");
    assert_eq!(look["pongs"].as_array().unwrap().len(), sent.their_pings, "h2's pings");
    assert_eq!(ours.acks, sent.our_settings + 1, "our settings were acknowledged");
    assert_eq!(look["acks"], json!(sent.their_settings + 1), "h2's settings were acknowledged");
    assert_eq!(ours.unknown, sent.their_unknown, "unknown frames arrived");
    assert_eq!(look["unknown"], json!(sent.our_unknown), "unknown frames arrived at h2");
    let altsvc = if schedule.ours_is_server { look["altsvc"].clone() } else { json!(ours.altsvc) };
    assert_eq!(altsvc, json!(sent.altsvc), "alternative services");
    for exchange in &schedule.exchanges {
        let Some(stream) = exchange.stream.filter(|stream| *stream > 0) else { continue };
        let nothing = Record { sum: 1, ..Record::default() };
        let at_h2 = look["records"].get(stream.to_string()).map(read).unwrap_or_default();
        let at_ours = ours.records.get(&stream).unwrap_or(&nothing);
        let our_side = schedule.our_side();
        let parent = exchange.parent.map(|parent| &schedule.exchanges[parent]);
        let orphan = parent.is_some_and(|p| p.messages.iter().any(|m| m.reset.is_some()));
        observed(exchange, 1 - our_side, at_ours, orphan);
        observed(exchange, our_side, &at_h2, orphan);
    }
    let open = ours.conn.open_inbound_streams() + ours.conn.open_outbound_streams();
    assert_eq!(open, 0, "nothing is left open");
    assert_eq!(ours.conn.stats().unread, 0, "nothing is left unread");
    assert_eq!(ours.conn.stats().pool_used, 0, "nothing is left queued");
}

/// A record of the script.
fn read(value: &Value) -> Record {
    let lists = |value: &Value| serde_json::from_value::<Vec<List>>(value.clone()).unwrap();
    Record {
        promise: serde_json::from_value(value["promise"].clone()).unwrap(),
        interims: lists(&value["interims"]),
        heads: lists(&value["heads"]),
        length: value["len"].as_u64().unwrap() as usize,
        sum: value["sum"].as_u64().unwrap() as u32,
        trailers: lists(&value["trailers"]),
        ended: value["ended"] == json!(true),
        reset: value["reset"].as_u64().map(|code| code as u32),
    }
}
