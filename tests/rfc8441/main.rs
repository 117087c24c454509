//! RFC 8441, WebSockets with HTTP/2: extended CONNECT, announced, checked and used in both roles.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod s3_setting;
mod s4_request;
mod s5_tunnel;

use h2_core::RequestHead;
use h2_tests::prelude::*;

const CONNECT: wire::Pair<'static> = (":method", "CONNECT");
const PROTOCOL: wire::Pair<'static> = (":protocol", "websocket");
const SCHEME: wire::Pair<'static> = (":scheme", "https");
const PATH: wire::Pair<'static> = (":path", "/chat");
const AUTHORITY: wire::Pair<'static> = (":authority", "server.example.com");

/// The request of section 5.1.
const EXTENDED: [wire::Pair<'static>; 8] = [
    CONNECT,
    PROTOCOL,
    SCHEME,
    PATH,
    AUTHORITY,
    ("sec-websocket-protocol", "chat, superchat"),
    ("sec-websocket-version", "13"),
    ("origin", "http://www.example.com"),
];

/// A server that has announced extended CONNECT.
fn server() -> Setup {
    Setup::server().config(|config| config.enable_connect_protocol = true)
}

/// A client whose server has announced it.
fn client() -> Setup {
    Setup::client().peer(&[(8, 1)])
}

fn extended() -> RequestHead {
    RequestHead::from_fields(lone::fields(&EXTENDED)).expect("sound")
}
