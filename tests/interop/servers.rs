//! The client handle and the program `get` against nghttpd and Node's http2 server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use h2_tokio::ErrorCode;
use http::{HeaderMap, HeaderValue};

use crate::client::{self, connect, get, head, post, run};
use crate::ours;
use crate::process::{Process, find, free_port, required, run_well, script};

/// nghttpd over a folder of its own; it echoes what is uploaded and sends a trailer.
struct Nghttpd {
    server: Process,
    folder: PathBuf,
}

const LARGE: usize = 32 << 20;

impl Nghttpd {
    fn new(options: &[&str]) -> Option<Self> {
        let program = find("nghttpd")?;
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("h2-nghttpd-{port}"));
        let file = |name: &str, content: &[u8]| {
            std::fs::write(folder.join(name), content).expect("a file in the temporary folder");
        };
        std::fs::create_dir_all(&folder).expect("a folder for the files");
        file("index.html", b"Hello from nghttpd.\n");
        file("large", &ours::pattern(LARGE));
        let mut command = Command::new(program);
        command.args(["--no-tls", "--echo-upload", "-d"]).arg(&folder).args(options);
        command.arg(port.to_string());
        Some(Self { server: Process::accepting(&mut command, port), folder })
    }
}

impl Drop for Nghttpd {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    // What stays behind is the temporary folder's to clean.
    drop(std::fs::remove_dir_all(folder));
}

fn node(streams: u32) -> Option<Process> {
    let node = find("node")?;
    let mut command = Command::new(node);
    Some(Process::listening(command.arg(script("server.mjs")).arg(streams.to_string())))
}

fn sum() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    trailers
}

#[test]
fn the_handle_and_nghttpd() {
    let Some(nghttpd) = Nghttpd::new(&["--trailer=x-sum: 7"]) else { return };
    run(async {
        let handle = connect(nghttpd.server.port).await;
        let answer = get(&handle, "/").await.expect("an answer");
        assert_eq!(answer.body, b"Hello from nghttpd.\n");
        assert_eq!(answer.trailers, Some(sum()));
        let large = get(&handle, "/large").await.expect("an answer");
        assert!(large.body == ours::pattern(LARGE));
        assert_eq!(get(&handle, "/nowhere").await.expect("an answer").head.status(), 404);
        client::head_of(&handle, "/", "20").await;
        client::echoes(&handle).await;
        client::hundred_at_once(&handle, "/").await;
        client::large_request_headers(&handle).await;
        client::cancel(&handle, "/large").await;
        client::goodbye(handle).await;
    });
}

#[test]
fn the_handle_and_node() {
    let Some(server) = node(100) else { return };
    run(async {
        let handle = connect(server.port).await;
        assert_eq!(get(&handle, "/").await.expect("an answer").body, b"Hello from Node.\n");
        assert_eq!(get(&handle, "/nowhere").await.expect("an answer").head.status(), 404);
        client::head_of(&handle, "/bytes/1000", "1000").await;
        client::echoes(&handle).await;
        client::hundred_at_once(&handle, "/bytes/10000").await;
        client::large_request_headers(&handle).await;
        client::cancel(&handle, "/bytes/10000000").await;

        let answer = get(&handle, "/headers/61440").await.expect("an answer");
        let fields = answer.head.headers();
        let size: usize =
            fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        assert!(size >= 61_440, "{size} bytes of headers");

        assert_eq!(get(&handle, "/trailers").await.expect("an answer").trailers, Some(sum()));
        let one = Bytes::from_static(b"x");
        let echo = post(&handle, "/echo", &one, Some(sum())).await.expect("an echo");
        assert_eq!((&*echo.body, echo.trailers), (&b"x"[..], Some(sum())));

        let reset = get(&handle, "/reset/11").await.expect_err("a reset stream");
        assert_eq!(reset.code(), ErrorCode::ENHANCE_YOUR_CALM);
        assert!(!reset.is_connection(), "{reset}");
        client::goodbye(handle).await;
    });
}

#[test]
fn interim_responses_of_node_arrive_before_the_final_one() {
    let Some(server) = node(100) else { return };
    run(async {
        let handle = connect(server.port).await;
        let mut pending = handle.send_bodiless(head("GET", "/hints")).await.expect("a stream");
        assert_eq!(pending.informational().await.expect("hints").status(), 103);
        assert_eq!(pending.await.expect("a response").status(), 200);

        let mut request = head("POST", "/echo");
        request.headers_mut().insert("expect", HeaderValue::from_static("100-continue"));
        let (mut sending, mut pending) = handle.send_request(request).await.expect("a stream");
        assert_eq!(pending.informational().await.expect("leave to go on").status(), 100);
        sending.send_data("go on").await.expect("a stream that is open");
        sending.finish().expect("a stream that is open");
        let mut body = pending.await.expect("a response").into_body();
        assert_eq!(body.data().await.expect("a body").expect("a piece"), "go on");
    });
}

#[test]
fn no_request_fails_when_node_says_goodbye_in_the_middle() {
    let Some(server) = node(100) else { return };
    run(async {
        let handle = connect(server.port).await;
        let mut waiting = Vec::new();
        for _ in 0..50 {
            waiting.push(handle.send_bodiless(head("GET", "/wait/300")).await.expect("a stream"));
        }
        // Its stream is the highest, so Node has seen the others when it says goodbye.
        get(&handle, "/goaway").await.expect("an answer");
        for response in join_all(waiting).await {
            let response = response.expect("a request under way is answered");
            assert_eq!(response.status(), 200);
        }
        let refused = get(&handle, "/").await.expect_err("no request after the goodbye");
        assert!(refused.is_unprocessed(), "{refused}");
        let reason = handle.closed().await;
        assert!(reason.is_graceful(), "{reason}");
    });
}

#[test]
fn ten_thousand_requests_at_once_to_nghttpd() {
    let Some(nghttpd) = Nghttpd::new(&[]) else { return };
    run(async {
        let handle = connect(nghttpd.server.port).await;
        client::ten_thousand(&handle, "/", 20).await;
        client::goodbye(handle).await;
    });
}

#[test]
fn ten_thousand_requests_at_once_to_node_that_takes_fifty() {
    let Some(server) = node(50) else { return };
    run(async {
        let handle = connect(server.port).await;
        client::ten_thousand(&handle, "/", 17).await;
        client::goodbye(handle).await;
    });
}

#[test]
fn get_prints_what_it_fetched() {
    let server = ours::hello_server_tls();
    let url = |path: &str| format!("https://127.0.0.1:{}{path}", server.port);
    let length = if required() { 200 << 20 } else { 20 << 20 };
    let body = run_well(ours::get().arg("-k").arg(url(&format!("/bytes/{length}"))), b"");
    assert!(body == ours::pattern(length), "{} bytes", body.len());
    let mut many = ours::get();
    many.args(["-k", "-v"]).args((0..100).map(|i| url(&format!("/bytes/{i}"))));
    let output = many.arg(url("/hints")).arg(url("/trailers")).output().expect("get runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("200 ")).count(), 102, "{said}");
    assert!(said.contains("103 ") && said.contains("x-lines: 1"), "{said}");
    let stranger = ours::get().arg(url("/")).output().expect("get runs");
    assert!(!stranger.status.success(), "nobody has signed that certificate");
}

#[test]
fn get_fails_fast() {
    let server = ours::hello_server();
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let wait = url("/wait/60000");
    for arguments in
        [vec![nobody.as_str()], vec![&wait, &url("/reset/2")], vec!["--max-time", "0.3", &wait]]
    {
        let start = Instant::now();
        let output = ours::get().args(&arguments).output().expect("get runs");
        assert!(!output.status.success(), "{arguments:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{arguments:?}: {:?}", start.elapsed());
        assert!(output.stderr.starts_with(b"get: "), "{output:?}");
    }
}

#[test]
fn get_and_other_servers() {
    if let Some(nghttpd) = Nghttpd::new(&[]) {
        let url = format!("http://127.0.0.1:{}/", nghttpd.server.port);
        assert_eq!(run_well(ours::get().arg(url), b""), b"Hello from nghttpd.\n");
    }
    if let Some(server) = node(100) {
        let url = format!("http://127.0.0.1:{}/bytes/5000", server.port);
        assert_eq!(run_well(ours::get().arg(url), b""), ours::pattern(5000));
    }
}

#[test]
fn the_core_over_blocking_sockets_serves_itself_and_others() {
    let program = env!("CARGO_BIN_EXE_blocking");
    let said = run_well(&mut Command::new(program), b"");
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("1048576 octets came back as they were sent"), "{said}");
    if let Some(curl) = find("curl") {
        let server = Process::listening(Command::new(program).args(["server", "127.0.0.1:0"]));
        let url = format!("http://127.0.0.1:{}/echo", server.port);
        let sent = ours::noise(3 << 20);
        let options = ["-sS", "--http2-prior-knowledge", "--data-binary", "@-"];
        assert!(run_well(Command::new(curl).args(options).arg(url), &sent) == sent);
    }
    if let Some(server) = Nghttpd::new(&[]) {
        let address = format!("127.0.0.1:{}", server.server.port);
        run_well(Command::new(program).args(["client", &address]), b"");
    }
}
