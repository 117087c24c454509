//! The programs that drive the core alone, each over another kind of input and output.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::ours;
use crate::process::{Process, find, run_well};

const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What `owned_buffers` sends to everyone.
const LARGE: usize = 8 << 20;

fn futures_io() -> Process {
    Process::listening(Command::new(env!("CARGO_BIN_EXE_futures_io")).arg("127.0.0.1:0"))
}

fn owned_buffers() -> Process {
    Process::listening(Command::new(env!("CARGO_BIN_EXE_owned_buffers")).arg("127.0.0.1:0"))
}

fn blocking() -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blocking"));
    Process::listening(command.args(["server", "127.0.0.1:0"]))
}

/// What curl gets from a server.
fn curl(server: &Process, options: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(find("curl")?);
    command.args(["-sS", "--max-time", "120", "--http2-prior-knowledge"]).args(options);
    Some(run_well(command.arg(format!("http://127.0.0.1:{}/", server.port)), input))
}

/// Many requests over several connections at once, all of which must succeed.
fn load(server: &Process, requests: u32, options: &[&str]) {
    let Some(h2load) = find("h2load") else { return };
    let mut command = Command::new(h2load);
    command.args(["-c", "4", "-m", "10", "-n", &requests.to_string()]).args(options);
    let said = run_well(command.arg(format!("http://127.0.0.1:{}/", server.port)), b"");
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains(&format!("{requests} succeeded, 0 failed")), "{said}");
}

/// A client that writes `octets` and nothing else.
fn client(server: &Process, octets: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).expect("a server");
    // Longer than any of this takes, unless it hangs.
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    socket.write_all(octets).expect("a server that reads");
    socket
}

#[test]
fn the_core_in_a_task_of_smol_echoes_to_curl_and_h2load() {
    let server = futures_io();
    let Some(greeting) = curl(&server, &[], b"") else { return };
    assert_eq!(greeting, b"Hello from another runtime.\n");
    let head = curl(&server, &["-I"], b"").unwrap_or_default();
    assert!(head.starts_with(b"HTTP/2 200"), "{}", String::from_utf8_lossy(&head));
    for size in ours::SIZES {
        let sent = ours::noise(size);
        let echo = curl(&server, &["--data-binary", "@-"], &sent).unwrap_or_default();
        let greeted = size == 0 && echo == greeting;
        assert!(greeted || echo == sent, "{} of {size} octets came back", echo.len());
    }
    load(&server, 2_000, &[]);
    load(&server, 500, &["-d", concat!(env!("CARGO_MANIFEST_DIR"), "/blocking.rs")]);
}

#[test]
fn the_core_over_buffers_that_writes_own_sends_large_bodies_to_curl_and_h2load() {
    let server = owned_buffers();
    let Some(body) = curl(&server, &[], b"") else { return };
    assert!(body == ours::pattern(LARGE), "{} octets", body.len());
    let head = curl(&server, &["-I"], b"").unwrap_or_default();
    assert!(head.starts_with(b"HTTP/2 200"), "{}", String::from_utf8_lossy(&head));
    load(&server, 40, &[]);
}

#[test]
fn a_client_that_resets_what_it_has_just_asked_for_keeps_its_connection() {
    for server in [blocking(), futures_io(), owned_buffers()] {
        let request = b"\0\0\x06\x01\x04\0\0\0\x01\x82\x86\x84\x41\x01a";
        let reset = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";
        let octets = [PREFACE_AND_SETTINGS, request, reset].concat();
        let mut socket = client(&server, &octets);
        // The first answer may be written before the server acts on the request.
        answers_ping(&mut socket, b"one ping");
        answers_ping(&mut socket, b"and more");
    }
}

fn answers_ping(socket: &mut TcpStream, payload: &[u8; 8]) {
    let ping = [b"\0\0\x08\x06\0\0\0\0\0", &payload[..]].concat();
    let answer = [b"\0\0\x08\x06\x01\0\0\0\0", &payload[..]].concat();
    socket.write_all(&ping).expect("a server that reads");
    let mut heard: Vec<u8> = Vec::new();
    while !heard.windows(answer.len()).any(|octets| octets == answer) {
        let mut block = [0; 1024];
        let octets = socket.read(&mut block).expect("an answer to the PING");
        assert!(octets > 0, "the connection ended after {heard:?}");
        heard.extend(block.iter().take(octets));
    }
}

#[test]
fn a_client_that_breaks_the_protocol_hears_why_and_then_the_end() {
    for server in [futures_io(), owned_buffers()] {
        // DATA on stream 0, behind a request that is never answered.
        let request = b"\0\0\x06\x01\x04\0\0\0\x01\x82\x86\x84\x41\x01a";
        let octets = [PREFACE_AND_SETTINGS, request, b"\0\0\x01\0\0\0\0\0\0x"].concat();
        let mut heard = Vec::new();
        client(&server, &octets).read_to_end(&mut heard).expect("the end, and no reset");
        let goaway = heard.windows(17).find(|frame| frame.get(3..9) == Some(b"\x07\0\0\0\0\0"));
        let goaway = goaway.unwrap_or_else(|| panic!("no GOAWAY in {heard:?}"));
        assert_eq!(
            goaway.get(9..),
            Some(&[0, 0, 0, 1, 0, 0, 0, 1][..]),
            "stream 1, PROTOCOL_ERROR"
        );
    }
}
