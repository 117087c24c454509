//! Node's http2, Python's httpx and a blocking client on Python's h2 against `hello_server`.

use crate::ours;
use crate::process::{find, find_python, run_script};

#[test]
fn node_in_cleartext_up_to_a_graceful_shutdown() {
    let Some(node) = find("node") else { return };
    let server = ours::hello_server();
    let url = format!("http://127.0.0.1:{}", server.port);
    let said = run_script(node, "client.mjs", &[&url, &server.id().to_string()]);
    assert!(said.contains("ok graceful shutdown"), "{said}");
    assert!(server.ends_well(), "the server ended with an error after its shutdown");
}

#[test]
fn node_over_tls() {
    let Some(node) = find("node") else { return };
    let server = ours::hello_server_tls();
    run_script(node, "client.mjs", &[&format!("https://127.0.0.1:{}", server.port)]);
}

#[test]
fn httpx_in_cleartext() {
    let Some(python) = find_python("httpx, h2") else { return };
    let server = ours::hello_server();
    run_script(python, "httpx_client.py", &[&format!("http://127.0.0.1:{}", server.port)]);
}

#[test]
fn httpx_over_tls() {
    let Some(python) = find_python("httpx, h2") else { return };
    let server = ours::hello_server_tls();
    run_script(python, "httpx_client.py", &[&format!("https://127.0.0.1:{}", server.port)]);
}

/// One case of the blocking client, on a server of its own.
fn blocking_client(case: &str) {
    let Some(python) = find_python("h2") else { return };
    let server = ours::hello_server();
    run_script(python, "h2_client.py", &[&server.port.to_string(), case]);
}

#[test]
fn a_blocking_client_in_whole_frames() {
    blocking_client("whole");
}

#[test]
fn a_client_that_writes_1_to_7_bytes_at_a_time_sees_no_difference() {
    blocking_client("trickle");
}

#[test]
fn bodies_that_nobody_reads_stop_no_other_stream() {
    blocking_client("unread");
}

#[test]
fn responses_to_shut_windows_stop_no_other_stream() {
    blocking_client("shut");
}
