//! Requests and responses that go well.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use h2_core::TappedFrame;
use h2_tokio::{Config, RecvBody};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};

use crate::support::{client_of, client_with, echo, get, head_of, hello, octets, pair, post, read};

#[tokio::test(start_paused = true)]
async fn a_get_is_answered() {
    let client = client_of(hello);
    let response = client.request(get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(read(response.into_body()).await.unwrap(), "Hello, World!");
}

#[tokio::test(start_paused = true)]
async fn a_service_sends_a_date_and_a_content_length() {
    let client = client_of(hello);
    let response = client.request(get("/")).await.unwrap();
    assert!(response.headers().contains_key("date"));
    assert_eq!(response.headers()["content-length"], "13");
    assert_eq!(response.body().size_hint().exact(), Some(13));
}

#[tokio::test(start_paused = true)]
async fn the_date_can_be_left_out() {
    let client = client_with(Config::server().add_date(false), hello);
    let response = client.request(get("/")).await.unwrap();
    assert!(!response.headers().contains_key("date"));
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_head_has_a_length_and_no_body() {
    let client = client_of(hello);
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let response = client.request(request).await.unwrap();
    assert_eq!(response.headers()["content-length"], "13");
    assert!(response.body().is_end_stream());
    assert_eq!(read(response.into_body()).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_any_size_come_back_as_they_went() {
    let client = client_of(echo);
    for size in [0, 1, 13, 16_384, 65_535, 65_536, 10 * 1024 * 1024] {
        let body = octets(size);
        let response = client.request(post(body.clone())).await.unwrap();
        let back = read(response.into_body()).await.unwrap();
        assert!(back == body, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_in_tasks_of_their_own_answer_the_same() {
    let client = client_with(Config::server().poll_in_place(false), echo);
    for size in [0, 1, 65_536] {
        let body = octets(size);
        let response = client.request(post(body.clone())).await.unwrap();
        assert!(read(response.into_body()).await.unwrap() == body, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_target_and_the_fields_arrive_as_they_were_sent() {
    let client = client_of(|request: Request<RecvBody>| async move {
        let uri = request.uri().to_string();
        let mut response = Response::new(Empty::<Bytes>::new());
        response.headers_mut().insert("x-uri", uri.parse().unwrap());
        response.headers_mut().extend(request.headers().clone());
        Ok(response)
    });
    let mut request = get("/a/b?c=d");
    request.headers_mut().append("x", HeaderValue::from_static("1"));
    request.headers_mut().append("x", HeaderValue::from_static("2"));
    let mut secret = HeaderValue::from_static("s");
    secret.set_sensitive(true);
    request.headers_mut().insert("authorization", secret);
    let response = client.request(request).await.unwrap();
    assert_eq!(response.headers()["x-uri"], "http://a.example/a/b?c=d");
    let values: Vec<_> = response.headers().get_all("x").iter().collect();
    assert_eq!(values, ["1", "2"]);
    assert!(response.headers()["authorization"].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_an_http1_connection_is_left_out_and_counted() {
    let client = client_of(|_| async {
        let response = Response::builder().header("connection", "close").header("x", "1");
        Ok(response.body(Empty::<Bytes>::new()).unwrap())
    });
    let mut request = get("/");
    request.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let response = client.request(request).await.unwrap();
    assert!(!response.headers().contains_key("connection"));
    assert_eq!(client.stats().stripped_fields, 1);
}

#[tokio::test(start_paused = true)]
async fn trailers_pass_both_ways() {
    let client = client_of(echo);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    let frames = [
        Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(b"abc"))),
        Ok(Frame::trailers(trailers.clone())),
    ];
    let body = StreamBody::new(futures::stream::iter(frames));
    let request = Request::post("http://a.example/").body(body).unwrap();
    let response = client.request(request).await.unwrap();
    let back = BodyExt::collect(response.into_body()).await.unwrap();
    assert_eq!(back.trailers(), Some(&trailers));
    assert_eq!(back.to_bytes(), "abc");
}

#[tokio::test(start_paused = true)]
async fn data_ends_before_trailers_which_are_asked_for_by_themselves() {
    let (client, _server, mut incoming) = pair();
    let server = tokio::spawn(async move {
        let (_, responder) = incoming.next().await.unwrap();
        let mut body = responder.send_response(Response::new(())).unwrap();
        body.send_data("abc").await.unwrap();
        let trailers = HeaderMap::from_iter([("x".parse().unwrap(), HeaderValue::from(1))]);
        body.send_trailers(trailers).unwrap();
        incoming.next().await.is_none()
    });
    let mut body = client.request(get("/")).await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "abc");
    assert!(body.data().await.is_none());
    assert_eq!(body.trailers().await.unwrap().unwrap()["x"], "1");
    drop((body, client));
    assert!(server.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn interim_responses_come_before_the_final_one() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (_, mut responder) = incoming.next().await.unwrap();
        for status in [102, 103] {
            let response = Response::builder().status(status).header("x", status).body(());
            responder.send_informational(response.unwrap()).unwrap();
        }
        responder.respond(Response::new("end")).unwrap();
        incoming.next().await
    });
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    assert_eq!(response.informational().await.unwrap().status(), StatusCode::PROCESSING);
    assert_eq!(response.informational().await.unwrap().headers()["x"], "103");
    assert!(response.informational().await.is_none());
    let body = response.await.unwrap().into_body();
    assert_eq!(read(body).await.unwrap(), "end");
}

#[tokio::test(start_paused = true)]
async fn a_plain_request_drops_interim_responses_and_counts_them() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (_, mut responder) = incoming.next().await.unwrap();
        let early = Response::builder().status(103).body(()).unwrap();
        responder.send_informational(early).unwrap();
        responder.respond(Response::new("")).unwrap();
        incoming.next().await
    });
    assert!(client.request(get("/")).await.is_ok());
    assert_eq!(client.stats().dropped_informational, 1);
}

#[tokio::test(start_paused = true)]
async fn an_expected_continue_comes_when_the_handler_asks_for_the_body() {
    let client = client_of(echo);
    let request = Request::post("http://a.example/").header("expect", "100-continue");
    let (mut send, mut response) = client.send_request(request.body(()).unwrap()).await.unwrap();
    let interim = response.informational().await.unwrap();
    assert_eq!(interim.status(), StatusCode::CONTINUE);
    send.send_data("body").await.unwrap();
    send.finish().unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "body");
}

#[tokio::test(start_paused = true)]
async fn streams_flow_both_ways_at_once() {
    let client = client_of(echo);
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let mut body = response.await.unwrap().into_body();
    for round in 0..10_u8 {
        send.send_data(vec![round; 1000]).await.unwrap();
        let mut got = 0;
        while got < 1000 {
            let piece = body.data().await.unwrap().unwrap();
            assert!(piece.iter().all(|octet| *octet == round));
            got += piece.len();
        }
    }
    send.finish().unwrap();
    assert!(body.data().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_a_sink_that_ends_when_it_is_closed() {
    let client = client_of(echo);
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    send.feed(Bytes::from_static(b"a")).await.unwrap();
    send.send(Bytes::from_static(b"b")).await.unwrap();
    send.close().await.unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "ab");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_at_once_are_all_answered() {
    let client = client_of(echo);
    let requests = (0..100_usize).map(|at| {
        let client = client.clone();
        async move {
            let body = octets(at * 997);
            let response = client.request(post(body.clone())).await.unwrap();
            read(response.into_body()).await.unwrap() == body
        }
    });
    assert!(join_all(requests).await.into_iter().all(|same| same));
}

#[tokio::test(start_paused = true)]
async fn requests_are_a_stream() {
    let (client, _server, incoming) = pair();
    tokio::spawn(incoming.for_each(|(request, responder)| async move {
        responder.respond(Response::new(request.uri().path().to_owned())).unwrap();
    }));
    let response = client.request(get("/x")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "/x");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_ready_is_streamed_by_a_task() {
    let (mut tx, rx) = futures::channel::mpsc::channel::<Result<Frame<Bytes>, h2_tokio::Error>>(1);
    let client = client_of(echo);
    let request = Request::post("http://a.example/").body(StreamBody::new(rx)).unwrap();
    let response = client.request(request).await.unwrap();
    let mut body = response.into_body();
    for piece in ["one", "two"] {
        tx.send(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))).await.unwrap();
        assert_eq!(body.data().await.unwrap().unwrap(), piece);
    }
    drop(tx);
    assert!(body.data().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered() {
    let client = client_of(|_| async { Ok(Response::new(Full::new(Bytes::new()))) });
    assert!(client.ping().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_tap_sees_the_frames_of_each_connection_and_a_handle_learns_how_it_stands() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let config = Config::server().frame_tap(move || {
        let log = Arc::clone(&log);
        Box::new(move |frame: &TappedFrame<'_>| log.lock().unwrap().push(frame.text().to_string()))
    });
    for connections in 1..=2 {
        let client = client_with(config.clone(), hello);
        read(client.request(get("/")).await.unwrap().into_body()).await.unwrap();
        let frames = seen.lock().unwrap().concat();
        assert_eq!(frames.matches("recv HEADERS stream=1").count(), connections);
        assert_eq!(frames.matches("send HEADERS stream=1").count(), connections);
        let stats = client.inspect().await.unwrap();
        assert_eq!((stats.sent.headers, stats.received.headers), (1, 1));
        assert_eq!((stats.open_outbound_streams, stats.unread), (0, 0));
        client.close(h2_tokio::ErrorCode::NO_ERROR);
        client.closed().await;
        let last = client.inspect().await.unwrap();
        assert_eq!((last.sent.headers, last.received.headers), (1, 1), "known after the end");
    }
}
