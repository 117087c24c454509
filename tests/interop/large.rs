//! Bodies far larger than memory may hold: every byte arrives, and no process grows with them.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::ours;
use crate::process::{Process, find, required};

/// What a server may hold at most, in KiB.
const MEMORY: u64 = 64 * 1024;

fn expect_small(server: &Process) {
    if let Some(peak) = server.peak_memory() {
        assert!(peak < MEMORY, "the server held {peak} KiB");
    }
}

/// The bytes of `/bytes/N` in pieces, without an end.
fn blocks() -> impl Iterator<Item = Vec<u8>> {
    let block = ours::pattern(251 * 1024);
    std::iter::repeat(block)
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of the first `length` bytes of the pattern.
fn hash_of_pattern(length: u64) -> String {
    let mut hash = Sha256::new();
    let mut left = length;
    for block in blocks() {
        let take = left.min(block.len() as u64);
        hash.update(block.get(..usize::try_from(take).unwrap_or_default()).unwrap_or_default());
        left -= take;
        if left == 0 {
            break;
        }
    }
    hex(hash.finalize())
}

#[test]
fn a_download_to_a_slow_reader_stays_out_of_memory() {
    let Some(curl) = find("curl") else { return };
    let length: u64 = if required() { 2_147_483_648 } else { 134_217_728 };
    let server = ours::hello_server();
    let url = format!("http://127.0.0.1:{}/bytes/{length}", server.port);
    let mut child = Command::new(curl)
        .args(["-sS", "--http2-prior-knowledge", &url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl runs");
    let mut body = child.stdout.take().expect("piped");
    let mut hash = Sha256::new();
    let mut received = 0;
    let mut block = vec![0; 1 << 20];
    loop {
        let len = body.read(&mut block).expect("curl's output");
        if len == 0 {
            break;
        }
        hash.update(block.get(..len).unwrap_or_default());
        // A pause long enough for every buffer on the way to fill, then a short one now and then:
        // the reader is meant to be the slowest part.
        let first = received == 0;
        let before = received >> 20;
        received += len as u64;
        if first {
            thread::sleep(Duration::from_secs(1));
        } else if received >> 20 != before {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(child.wait().expect("curl ends").success());
    assert_eq!(received, length);
    assert_eq!(hex(hash.finalize()), hash_of_pattern(length));
    expect_small(&server);
}

#[test]
fn an_upload_to_a_slow_handler_stays_out_of_memory() {
    let Some(curl) = find("curl") else { return };
    let length: u64 = if required() { 1 << 30 } else { 64 << 20 };
    let server = ours::hello_server();
    let url = format!("http://127.0.0.1:{}/slow", server.port);
    let mut child = Command::new(curl)
        .args(["-sS", "--http2-prior-knowledge", "-X", "POST", "-T", "-", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl runs");
    let mut stdin = child.stdin.take().expect("piped");
    let mut left = length;
    for block in blocks() {
        let take = usize::try_from(left.min(block.len() as u64)).unwrap_or_default();
        stdin.write_all(block.get(..take).unwrap_or_default()).expect("curl reads its input");
        left -= take as u64;
        if left == 0 {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().expect("curl ends");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim(), format!("{length} {}", hash_of_pattern(length)));
    expect_small(&server);
}
