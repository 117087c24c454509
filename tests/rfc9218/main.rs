//! RFC 9218, extensible priorities: what both sides say, and the order in which bodies go out.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod s10_scheduling;
mod s10_starvation;
mod s2_settings;
mod s4_parameters;
mod s7_priority_update;
mod s7_reprioritize;

use h2_tests::prelude::*;

/// Octets of a full DATA frame.
const FRAME: usize = 16_384;

/// A server whose peer has windows for everything and that queues what it is given.
fn wide() -> Setup {
    Setup::server().peer(&[(4, 0x4000_0000), (9, 1)]).config(|config| {
        config.send_pool = 1 << 26;
        config.max_send_credit = 1 << 26;
    })
}

/// A GET with a `priority` field.
fn get(stream: u32, priority: &str) -> wire::Raw {
    wire::headers(stream, &wire::get_and(&[("priority", priority)])).end_stream()
}

/// Queues a whole response with a body of so many full frames; nothing is cut yet.
fn queue(server: &mut Lone, stream: u32, frames: usize) {
    server.conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
    let mut body = Bytes::from(vec![0; frames * FRAME]);
    assert_eq!(server.conn.send_data(id(stream), &mut body, End::Now), Ok(frames * FRAME));
}

/// The streams whose DATA went out since the last look, frame by frame.
fn served(server: &mut Lone) -> Vec<u32> {
    let said = server.says();
    said.iter().filter(|f| matches!(f, Frame::Data { .. })).map(Frame::stream).collect()
}

/// What is queued between `hears` and this goes out, with a window for all of it.
fn flows(server: &mut Lone) -> Vec<u32> {
    server.hears(wire::window_update(0, 0x4000_0000));
    server.must_be_fine();
    served(server)
}

/// Shuts the connection's window: its 65,535 octets go to a response on `stream`.
fn spend_the_window(server: &mut Lone, stream: u32) {
    server.hears(get(stream, "u=0"));
    server.responds(stream, 200, false);
    server.sends(stream, vec![0; 65_535], true);
    assert_eq!(server.may_send(0), 0);
    server.releases(stream);
    server.forget();
}
