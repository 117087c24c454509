//! curl against `hello_server`, cleartext and TLS.

use std::path::PathBuf;
use std::process::Command;

use crate::ours::{self, SIZES};
use crate::process::{Process, find, run, run_well};

/// One curl on one server.
struct Curl {
    program: PathBuf,
    server: Process,
    base: String,
    tls: bool,
}

impl Curl {
    fn new(tls: bool) -> Option<Self> {
        let program = find("curl")?;
        let server = if tls { ours::hello_server_tls() } else { ours::hello_server() };
        let scheme = if tls { "https" } else { "http" };
        let base = format!("{scheme}://127.0.0.1:{}", server.port);
        Some(Self { program, server, base, tls })
    }

    fn command(&self, path: &str, options: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let version: &[&str] =
            if self.tls { &["--http2", "-k"] } else { &["--http2-prior-knowledge"] };
        command.args(["-sS", "--max-time", "120"]).args(version).args(options);
        command.arg(format!("{}{path}", self.base));
        command
    }

    /// The body of an exchange that must succeed.
    fn fetch(&self, path: &str, options: &[&str], input: &[u8]) -> Vec<u8> {
        run_well(&mut self.command(path, options), input)
    }

    /// What curl's `-w` prints of an exchange.
    fn ask(&self, path: &str, options: &[&str], what: &str) -> String {
        let options = [options, &["-o", "/dev/null", "-w", what]].concat();
        String::from_utf8_lossy(&self.fetch(path, &options, b"")).into_owned()
    }
}

fn matrix(tls: bool) {
    let Some(curl) = Curl::new(tls) else { return };
    let version_and_status = "%{http_version} %{http_code}";
    assert_eq!(curl.ask("/", &[], version_and_status), "2 200");
    assert_eq!(curl.ask("/nowhere", &[], version_and_status), "2 404");
    assert!(!curl.fetch("/", &[], b"").is_empty());

    let head = String::from_utf8_lossy(&curl.fetch("/bytes/1000", &["-I"], b"")).into_owned();
    assert!(head.starts_with("HTTP/2 200"), "{head}");
    assert!(head.contains("content-length: 1000"), "{head}");

    for size in SIZES {
        let sent = ours::noise(size);
        let echo = curl.fetch("/echo", &["--data-binary", "@-"], &sent);
        assert!(echo == sent, "echo of {size} bytes");
        let body = curl.fetch(&format!("/bytes/{size}"), &[], b"");
        assert!(body == ours::pattern(size), "{size} bytes");
    }

    let sent = ours::noise(200_000);
    let expect = ["-H", "expect: 100-continue", "-v", "--data-binary", "@-"];
    let output = run(&mut curl.command("/echo", &expect), &sent);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == sent, "{said}");
    assert!(said.contains("< HTTP/2 100"), "{said}");

    let hints = String::from_utf8_lossy(&curl.fetch("/hints", &["-i"], b"")).into_owned();
    assert!(hints.contains("HTTP/2 103") && hints.contains("HTTP/2 200"), "{hints}");
}

#[test]
fn cleartext_with_prior_knowledge() {
    matrix(false);
}

#[test]
fn tls_with_alpn() {
    matrix(true);
}

#[test]
fn a_hundred_at_once() {
    // Over TLS: with prior knowledge, curl 7.88 spoils its own connection once it does this.
    let Some(curl) = Curl::new(true) else { return };
    let options = ["--parallel", "--parallel-max", "100"];
    let all = curl.fetch("/bytes/[1000-1099]", &options, b"");
    assert_eq!(all.len(), (1000..1100).sum::<usize>());
}

#[test]
fn sixty_kibibytes_of_headers_both_ways() {
    let Some(curl) = Curl::new(false) else { return };
    let fields: Vec<String> =
        (0..15).map(|i| format!("x-fill-{i}: {}", "v".repeat(4000))).collect();
    let options: Vec<&str> = fields.iter().flat_map(|field| ["-H", field]).collect();
    assert_eq!(curl.ask("/", &options, "%{http_code}"), "200");
    let size: usize = curl.ask("/headers/61440", &[], "%{size_header}").parse().expect("a number");
    assert!(size >= 61_440, "{size}");
}

#[test]
fn trailers_are_shown() {
    let Some(curl) = Curl::new(false) else { return };
    let output = run(&mut curl.command("/trailers", &["-v"]), b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // curl prints them like header fields, after the body.
    let response = said.split("< HTTP/2 200").nth(1).unwrap_or_default();
    assert!(response.matches("\n< x-").count() > 0, "{said}");
}

#[test]
fn a_cancel_from_each_side_leaves_the_server_serving() {
    let Some(curl) = Curl::new(false) else { return };
    let reset = run(&mut curl.command("/reset/2", &[]), b"");
    assert_eq!(reset.status.code(), Some(92), "CURLE_HTTP2_STREAM");
    // The response is infinite for all that curl knows; it gives up, and the server must too.
    let endless = curl.command("/bytes/1000000000000", &["-o", "/dev/null", "-m", "1"]).output();
    assert_eq!(endless.expect("curl runs").status.code(), Some(28), "CURLE_OPERATION_TIMEDOUT");
    assert_eq!(curl.ask("/", &[], "%{http_code}"), "200");
    assert!(curl.server.port > 0);
}
