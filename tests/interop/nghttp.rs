//! nghttp and h2load, the clients of libnghttp2, against our servers.

use std::process::Command;

use crate::ours;
use crate::process::{find, required, run_well};

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn nghttp_shows_no_error_in_any_frame() {
    let Some(nghttp) = find("nghttp") else { return };
    let server = ours::hello_server();
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    let verbose = |options: &[&str], path: &str| {
        text(&run_well(Command::new(&nghttp).arg("-nv").args(options).arg(url(path)), b""))
    };
    for (options, path, wanted) in [
        (&[][..], "/", ":status: 200"),
        (&["-H:method: HEAD"], "/bytes/1000", "content-length: 1000"),
        (&[], "/trailers", "; END_STREAM | END_HEADERS"),
        (&[], "/hints", ":status: 103"),
        (&[], "/headers/61440", ":status: 200"),
        (&[], "/reset/7", "error_code=REFUSED_STREAM(0x07)"),
        (&["-m", "100"], "/bytes/1000", ":status: 200"),
        (&["--no-dep"], "/nowhere", ":status: 404"),
    ] {
        let said = verbose(options, path);
        assert!(said.contains(wanted), "{path}: {wanted} in\n{said}");
        assert!(said.contains("recv SETTINGS frame"), "{said}");
        assert!(!said.contains("PROTOCOL_ERROR") && !said.contains("[ERROR]"), "{said}");
    }
}

#[test]
fn nghttp_uploads_and_waits_for_100_continue() {
    let Some(nghttp) = find("nghttp") else { return };
    let server = ours::hello_server();
    let url = format!("http://127.0.0.1:{}/echo", server.port);
    let sent = ours::noise(300_000);
    let file = std::env::temp_dir().join(format!("h2-interop-{}", std::process::id()));
    std::fs::write(&file, &sent).expect("a file in the temporary folder");
    let upload = |options: &[&str]| {
        run_well(Command::new(&nghttp).args(options).arg("-d").arg(&file).arg(&url), b"")
    };
    let echo = upload(&[]);
    let expecting = text(&upload(&["-nv", "--expect-continue"]));
    let with_trailers = text(&upload(&["-nv", "--trailer=x-sum: 7"]));
    drop(std::fs::remove_file(&file));
    assert!(echo == sent, "{} bytes came back", echo.len());
    assert!(expecting.contains(":status: 100"), "{expecting}");
    let echoed = with_trailers.split(":status: 200").nth(1).unwrap_or_default();
    assert!(echoed.contains("x-sum: 7"), "{with_trailers}");
}

/// All of `requests` must succeed with a 2xx.
fn load(options: &[&str], requests: u32, url: &str) {
    let Some(h2load) = find("h2load") else { return };
    let count = requests.to_string();
    let said =
        text(&run_well(Command::new(h2load).args(["-n", &count]).args(options).arg(url), b""));
    let all = format!("{requests} succeeded, 0 failed, 0 errored, 0 timeout");
    assert!(said.contains(&all), "{said}");
    assert!(said.contains(&format!("status codes: {requests} 2xx")), "{said}");
}

#[test]
fn h2load_succeeds_with_every_request() {
    let requests = if required() { 200_000 } else { 20_000 };
    for options in [&["1"][..], &["2"], &["1", "--spawn"]] {
        let server = ours::bench_server(options);
        let url = format!("http://127.0.0.1:{}/", server.port);
        load(&["-c", "10", "-m", "100"], requests, &url);
    }
}

#[test]
fn h2load_moves_large_bodies_both_ways() {
    let server = ours::bench_server(&["1"]);
    let url = format!("http://127.0.0.1:{}", server.port);
    load(&["-c", "2", "-m", "4"], 16, &format!("{url}/mb/16"));
    let file = std::env::temp_dir().join(format!("h2-interop-load-{}", std::process::id()));
    std::fs::write(&file, ours::noise(1 << 20)).expect("a file in the temporary folder");
    load(&["-c", "2", "-m", "4", "-d", &file.to_string_lossy()], 64, &format!("{url}/upload"));
    drop(std::fs::remove_file(&file));
}
