//! The cases of the conversation. Each is given a client and hears what ends in the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{AnyBody, BoxError, Client, Ended, any, empty, full, noise, sum};

fn request(method: Method, path: &str, body: AnyBody) -> Request<AnyBody> {
    let request = Request::builder().method(method).uri(format!("http://peer.example{path}"));
    request.body(body).expect("a sound request")
}

async fn get(client: &impl Client, path: &str) -> Result<Bytes, BoxError> {
    let response = client.send(request(Method::GET, path, empty())).await?;
    assert_eq!(response.status(), StatusCode::OK, "GET {path}");
    Ok(response.into_body().collect().await?.to_bytes())
}

/// The connection is as good as before.
async fn still_good(client: &impl Client) {
    assert_eq!(get(client, "/").await.expect("an answer"), "hello");
}

/// A body that is sent as it is fed.
fn fed() -> (mpsc::Sender<Result<Frame<Bytes>, BoxError>>, AnyBody) {
    let (feed, fed) = mpsc::channel(1);
    (feed, any(StreamBody::new(ReceiverStream::new(fed))))
}

async fn next_piece(response: &mut Response<AnyBody>) -> Option<Result<Bytes, BoxError>> {
    let frame = response.body_mut().frame().await?;
    Some(frame.map(|frame| frame.into_data().expect("data before trailers")))
}

pub async fn a_get_is_answered(client: impl Client, _: Ended) {
    still_good(&client).await;
    let nowhere = client.send(request(Method::GET, "/nowhere", empty())).await;
    assert_eq!(nowhere.expect("an answer").status(), StatusCode::NOT_FOUND);
}

pub async fn a_head_says_the_length_and_has_no_body(client: impl Client, _: Ended) {
    let response = client.send(request(Method::HEAD, "/", empty())).await.expect("an answer");
    assert_eq!(response.headers()["content-length"], "5");
    assert!(response.into_body().collect().await.expect("an end").to_bytes().is_empty());
    still_good(&client).await;
}

pub async fn a_post_is_echoed_with_its_trailers(client: impl Client, _: Ended) {
    let sent = noise(1 << 20);
    let trailers = async { Some(Ok(sum())) };
    let body = any(Full::new(sent.clone()).map_err(BoxError::from).with_trailers(trailers));
    let response = client.send(request(Method::POST, "/echo", body)).await.expect("an answer");
    let echo = response.into_body().collect().await.expect("an echo");
    assert_eq!(echo.trailers(), Some(&sum()));
    assert!(echo.to_bytes() == sent, "the echo differs");
}

pub async fn bodies_of_every_size_are_echoed(client: impl Client, _: Ended) {
    for size in [0, 1, 16_384, 65_535, 65_536, 10 << 20] {
        let sent = noise(size);
        let post = request(Method::POST, "/echo", full(sent.clone()));
        let response = client.send(post).await.expect("an answer");
        let echo = response.into_body().collect().await.expect("an echo").to_bytes();
        assert!(echo == sent, "echo of {size} octets");
    }
}

pub async fn an_echo_is_a_conversation(client: impl Client, _: Ended) {
    let (feed, body) = fed();
    let mut response = client.send(request(Method::POST, "/echo", body)).await.expect("an answer");
    for turn in 0..100 {
        let said = Bytes::from(format!("turn {turn}"));
        feed.send(Ok(Frame::data(said.clone()))).await.expect("the body is read");
        assert_eq!(next_piece(&mut response).await.expect("a piece").expect("no error"), said);
    }
    drop(feed);
    let rest = response.into_body().collect().await.expect("an end");
    assert!(rest.to_bytes().is_empty());
}

pub async fn a_hundred_requests_at_once_are_answered(client: impl Client, _: Ended) {
    let requests: Vec<_> = (0..100_usize)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let sent = noise(number * 1000);
                let post = request(Method::POST, "/echo", full(sent.clone()));
                let response = client.send(post).await.expect("an answer");
                let echo = response.into_body().collect().await.expect("an echo").to_bytes();
                assert!(echo == sent, "echo of {number} thousand octets");
            })
        })
        .collect();
    for request in requests {
        request.await.expect("no panic");
    }
}

pub async fn fields_of_15_kib_pass_both_ways(client: impl Client, _: Ended) {
    // hyper takes 16 KiB unless it is told otherwise.
    let mut large = request(Method::GET, "/fields", empty());
    for number in 0..15 {
        let name: http::HeaderName = format!("x-fill-{number}").parse().expect("a name");
        let value = HeaderValue::from_bytes(&[b'v'; 1000]).expect("a value");
        large.headers_mut().insert(name, value);
    }
    let response = client.send(large).await.expect("an answer");
    let back = response.headers().iter().filter(|(name, _)| name.as_str().starts_with("x-fill"));
    assert_eq!(back.map(|(_, value)| value.len()).sum::<usize>(), 15_000);
}

pub async fn an_answer_before_the_end_of_the_request_arrives_whole(client: impl Client, _: Ended) {
    // The body ends only after the response has.
    let (feed, body) = fed();
    let feeding = feed.clone();
    let done = Arc::new(AtomicBool::new(false));
    let feeder = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            while !done.load(Ordering::Relaxed) {
                if feeding.send(Ok(Frame::data(Bytes::from_static(&[7; 10_000])))).await.is_err() {
                    break;
                }
            }
        }
    });
    let response = client.send(request(Method::POST, "/early", body)).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let answer = response.into_body().collect().await.expect("the whole answer").to_bytes();
    assert!(answer == noise(100_000), "the answer differs");
    done.store(true, Ordering::Relaxed);
    drop(feed);
    still_good(&client).await;
    feeder.abort();
}

pub async fn an_interim_response_disturbs_nobody(client: impl Client, _: Ended) {
    let mut post = request(Method::POST, "/echo", full("said"));
    post.headers_mut().insert("expect", HeaderValue::from_static("100-continue"));
    let response = client.send(post).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.expect("an echo").to_bytes(), "said");
}

pub async fn a_client_that_waits_no_more_ends_the_handler(client: impl Client, mut ended: Ended) {
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.send(request(Method::GET, "/silent", empty())).await.map(drop) }
    });
    assert_eq!(ended.recv().await, Some("begun"));
    still_good(&client).await;
    waiting.abort();
    assert_eq!(ended.recv().await, Some("handler"));
    still_good(&client).await;
}

pub async fn a_client_that_reads_no_more_ends_the_body(client: impl Client, mut ended: Ended) {
    let response = client.send(request(Method::GET, "/endless", empty())).await;
    let mut response = response.expect("an answer");
    next_piece(&mut response).await.expect("a body").expect("a piece");
    drop(response);
    assert_eq!(ended.recv().await, Some("body"));
    still_good(&client).await;
}

pub async fn a_handler_that_fails_fails_its_own_stream_only(client: impl Client, _: Ended) {
    let mut endless =
        client.send(request(Method::GET, "/endless", empty())).await.expect("an answer");
    get(&client, "/fails").await.expect_err("the handler failed");
    next_piece(&mut endless).await.expect("a body").expect("a piece");
    still_good(&client).await;
}

pub async fn a_body_that_fails_never_looks_complete(client: impl Client, _: Ended) {
    get(&client, "/torn").await.expect_err("the body was cut short");
    still_good(&client).await;
}

pub async fn a_request_whose_body_fails_never_looks_complete(
    client: impl Client,
    mut ended: Ended,
) {
    let (feed, body) = fed();
    let sending = tokio::spawn({
        let client = client.clone();
        async move { client.send(request(Method::POST, "/swallow", body)).await.map(drop) }
    });
    feed.send(Ok(Frame::data(noise(1000)))).await.expect("the body is read");
    assert_eq!(ended.recv().await, Some("begun"));
    feed.send(Err("as it was asked to".into())).await.expect("the body is read");
    sending.await.expect("no panic").expect_err("an answer to half a request");
    assert_eq!(ended.recv().await, Some("handler"));
    still_good(&client).await;
}
