//! What the tests of the client handle share: whole exchanges, and the cases that every server gets.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use h2_tokio::client::{self, Handle};
use h2_tokio::{Config, Error, ErrorCode, RecvBody};
use http::{HeaderMap, HeaderValue, Request, Response};

use crate::ours;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Response<()>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

/// Runs a test on a runtime of its own; one that hangs fails.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(240), test).await })
        .expect("the test ends in time");
}

pub(crate) async fn connect(port: u16) -> Handle {
    client::connect(("127.0.0.1", port), Config::client()).await.expect("a server that listens")
}

pub(crate) fn head(method: &str, path: &str) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
    request.body(()).expect("a sound request")
}

pub(crate) async fn get(handle: &Handle, path: &str) -> Result<Answer, Error> {
    collect(handle.send_bodiless(head("GET", path)).await?.await?).await
}

async fn collect(response: Response<RecvBody>) -> Result<Answer, Error> {
    let (parts, mut received) = response.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = received.data().await {
        body.extend_from_slice(&piece?);
    }
    let trailers = received.trailers().await?;
    Ok(Answer { head: Response::from_parts(parts, ()), body, trailers })
}

/// Sends a body while the answer comes in.
pub(crate) async fn post(
    handle: &Handle,
    path: &str,
    body: &Bytes,
    trailers: Option<HeaderMap>,
) -> Result<Answer, Error> {
    let (mut sending, response) = handle.send_request(head("POST", path)).await?;
    let upload = async {
        let mut left = body.clone();
        while !left.is_empty() {
            let piece = left.split_to(left.len().min(50_000));
            sending.send_data(piece).await?;
        }
        match trailers {
            Some(trailers) => sending.send_trailers(trailers),
            None => sending.finish(),
        }
    };
    let download = async { collect(response.await?).await };
    let (sent, answer) = tokio::join!(upload, download);
    sent?;
    answer
}

/// Bodies of every size come back as they were sent.
pub(crate) async fn echoes(handle: &Handle) {
    for size in ours::SIZES {
        let sent = Bytes::from(ours::noise(size));
        let answer = post(handle, "/echo", &sent, None).await.expect("an echo");
        assert_eq!(answer.head.status(), 200);
        assert!(answer.body == sent, "echo of {size} bytes");
    }
}

/// A hundred answers at once, each whole.
pub(crate) async fn hundred_at_once(handle: &Handle, path: &str) {
    let alone = get(handle, path).await.expect("an answer");
    let all = join_all((0..100).map(|_| get(handle, path))).await;
    for answer in all {
        assert!(answer.expect("an answer").body == alone.body);
    }
}

/// The response to HEAD says the length and has no body.
pub(crate) async fn head_of(handle: &Handle, path: &str, length: &str) {
    let response = handle.send_bodiless(head("HEAD", path)).await.expect("a stream");
    let answer = collect(response.await.expect("a response")).await.expect("an end");
    assert_eq!(answer.head.status(), 200);
    assert_eq!(answer.head.headers()["content-length"], length);
    assert_eq!(answer.body.len(), 0);
}

/// 60 KiB of request headers are taken.
pub(crate) async fn large_request_headers(handle: &Handle) {
    let mut request = head("GET", "/");
    for number in 0..15 {
        let name: http::HeaderName = format!("x-fill-{number}").parse().expect("a name");
        let value = HeaderValue::from_bytes(&[b'v'; 4000]).expect("a value");
        request.headers_mut().insert(name, value);
    }
    let response = handle.send_bodiless(request).await.expect("a stream").await;
    assert_eq!(response.expect("a response").status(), 200);
}

/// A response that is dropped in the middle costs its own stream and nothing else.
pub(crate) async fn cancel(handle: &Handle, large: &str) {
    let response = handle.send_bodiless(head("GET", large)).await.expect("a stream").await;
    let mut body = response.expect("a response").into_body();
    body.data().await.expect("a body").expect("a piece of it");
    drop(body);
    let (sending, response) = handle.send_request(head("POST", "/echo")).await.expect("a stream");
    drop((sending, response));
    assert_eq!(get(handle, "/").await.expect("an answer").head.status(), 200);
}

/// A hundred tasks with a clone each make a hundred requests each, all at once.
pub(crate) async fn ten_thousand(handle: &Handle, path: &'static str, size: usize) {
    let tasks = (0..100).map(|_| {
        let handle = handle.clone();
        tokio::spawn(async move {
            for answer in join_all((0..100).map(|_| get(&handle, path))).await {
                let answer = answer.expect("an answer");
                assert_eq!((answer.head.status().as_u16(), answer.body.len()), (200, size));
            }
        })
    });
    for task in join_all(tasks).await {
        task.expect("every request succeeds");
    }
}

/// The last handle waits for its connection, which must end without an error.
pub(crate) async fn goodbye(handle: Handle) {
    handle.shutdown();
    let reason = handle.closed().await;
    assert!(reason.is_graceful(), "{reason}");
    assert_eq!(reason.code(), ErrorCode::NO_ERROR);
}
