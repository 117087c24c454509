//! Streams that end before they should, and what everyone hears of it.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use h2_core::{End, Event, RequestHead, ResponseHead, StreamId};
use h2_tokio::{Config, ErrorCode, Outcome, Reason, RecvBody, Scope, client, server};
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{Empty, Full, StreamBody};
use tokio::io::duplex;
use tokio::sync::oneshot;

use crate::support::{
    PIPE, Peer, client_of, echo, get, head_of, hello, octets, pair, post, read, serve_on,
};

const NO_FIELDS: [(&str, &str); 0] = [];

fn core_get() -> RequestHead {
    RequestHead::new("GET", "http", "a", "/", NO_FIELDS).unwrap()
}

fn core_post() -> RequestHead {
    RequestHead::new("POST", "http", "a", "/", NO_FIELDS).unwrap()
}

fn ok() -> ResponseHead {
    ResponseHead::new(200, NO_FIELDS).unwrap()
}

/// A client and its server by hand.
fn against_a_peer() -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let peer = Peer::server(theirs, h2_core::Config::server());
    (client::spawn_connection(ours, Config::client()), peer)
}

#[tokio::test(start_paused = true)]
async fn a_reset_by_the_peer_reaches_the_caller_with_its_code() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (_, responder) = incoming.next().await.unwrap();
        responder.reset(ErrorCode::REFUSED_STREAM);
        incoming.next().await
    });
    let error = client.request(get("/")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::REFUSED_STREAM);
    assert_eq!(error.outcome(), Outcome::Refused);
    assert_eq!(error.scope(), Scope::Stream(StreamId::ONE));
}

#[tokio::test(start_paused = true)]
async fn a_responder_dropped_unused_is_an_internal_error() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        drop(incoming.next().await);
        incoming.next().await
    });
    let error = client.request(get("/")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_sender_dropped_before_its_end_resets_the_stream() {
    let (client, _server, mut incoming) = pair();
    let (mut send, _response) = client.send_request(head_of("/")).await.unwrap();
    send.send_data("half").await.unwrap();
    let (request, _responder) = incoming.next().await.unwrap();
    let mut body = request.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "half");
    drop(send);
    let error = body.data().await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::CANCEL);
    assert!(body.data().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_response_body_dropped_half_way_resets_the_stream() {
    let (client, _server, mut incoming) = pair();
    let body = tokio::spawn(async move {
        let response = client.request(get("/")).await.unwrap();
        drop(response);
        pending::<()>().await;
    });
    let (_, responder) = incoming.next().await.unwrap();
    let mut send = responder.send_response(Response::new(())).unwrap();
    let error = send.stopped().await;
    assert_eq!(error.code(), ErrorCode::CANCEL);
    assert!(send.send_data("late").await.is_err());
    body.abort();
}

#[tokio::test(start_paused = true)]
async fn a_request_given_up_cancels_the_handler() {
    let (client, _server, mut incoming) = pair();
    let request = tokio::spawn(async move {
        let _ = client.request(get("/")).await;
    });
    let (_, mut responder) = incoming.next().await.unwrap();
    request.abort();
    let error = responder.cancelled().await;
    assert_eq!(*error.reason(), Reason::Peer);
    assert_eq!(error.code(), ErrorCode::CANCEL);
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_dropped_when_its_stream_is_reset() {
    let (dropped, heard) = oneshot::channel::<()>();
    let (begun, began) = oneshot::channel::<()>();
    let mut both = Some((dropped, begun));
    let client = client_of(move |_| {
        let (dropped, begun) = both.take().unwrap();
        async move {
            begun.send(()).unwrap();
            pending::<()>().await;
            drop(dropped);
            Ok(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut request = Box::pin(client.request(get("/")));
    tokio::select! {
        _ = &mut request => unreachable!("nobody answers"),
        _ = began => {}
    }
    drop(request);
    assert!(heard.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_costs_its_own_stream_only_in_its_task_too() {
    for in_task in [false, true] {
        let client = client_of(move |request: Request<RecvBody>| async move {
            if in_task {
                tokio::task::yield_now().await;
            }
            assert!(request.uri().path() != "/panic", "on purpose");
            Ok(Response::new(Empty::<Bytes>::new()))
        });
        let error = client.request(get("/panic")).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR, "{in_task}");
        assert!(client.request(get("/")).await.is_ok(), "{in_task}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_before_the_end_of_the_request_is_whole_and_the_upload_stops() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        drop(request);
        responder.respond(Response::new("enough")).unwrap();
        incoming.next().await
    });
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let response = response.await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "enough");
    assert_eq!(send.stopped().await.code(), ErrorCode::NO_ERROR);
    assert!(send.send_data("more").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_response_to_an_upload_that_nobody_reads_is_whole() {
    let client = client_of(hello);
    let response = client.request(post(octets(1024 * 1024))).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "Hello, World!");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_is_the_error_of_its_request() {
    let client = client_of(echo);
    let (fail, failed) = oneshot::channel::<()>();
    let frames = futures::stream::once(async move {
        failed.await.unwrap();
        Err::<Frame<Bytes>, _>(std::io::Error::other("disk is gone"))
    });
    let request = Request::post("http://a/").body(StreamBody::new(Box::pin(frames))).unwrap();
    let response = client.request(request).await.unwrap();
    fail.send(()).unwrap();
    let error = read(response.into_body()).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Body);
    assert_eq!(error.to_string(), "stream 1 ended by its own body: CANCEL: disk is gone");
}

#[tokio::test(start_paused = true)]
async fn a_response_body_that_fails_is_no_clean_end() {
    let client = client_of(|_| async {
        let frames =
            [Ok(Frame::data(Bytes::from_static(b"half"))), Err(std::io::Error::other("x"))];
        Ok(Response::new(StreamBody::new(futures::stream::iter(frames))))
    });
    let outcome = match client.request(get("/")).await {
        Ok(response) => read(response.into_body()).await.map(drop),
        Err(error) => Err(error),
    };
    assert_eq!(outcome.unwrap_err().code(), ErrorCode::INTERNAL_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_response_body_that_fails_after_its_first_pieces_resets_the_stream_as_well() {
    for waits in [false, true] {
        let client = client_of(move |_| async move {
            let pieces = (0..10).map(|_| Ok(Frame::data(Bytes::from_static(&[7; 10_000]))));
            let fails = futures::stream::once(async move {
                if waits {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(std::io::Error::other("disk is gone"))
            });
            let frames = futures::StreamExt::chain(futures::stream::iter(pieces), fails);
            Ok(Response::new(StreamBody::new(Box::pin(frames))))
        });
        let response = client.request(get("/")).await.unwrap();
        let reading = tokio::time::timeout(Duration::from_secs(60), read(response.into_body()));
        let error = reading.await.expect("the reader is told").unwrap_err();
        assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR);
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_body_that_panics_after_its_first_pieces_is_an_internal_error_and_counted() {
    for in_place in [true, false] {
        let handler = |_: Request<RecvBody>| async {
            let piece = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[7; 10_000])));
            let pieces = (0..10).map(move |_| piece());
            let panics = futures::stream::once(async { panic!("on purpose") });
            let frames = futures::StreamExt::chain(futures::stream::iter(pieces), panics);
            Ok::<_, Infallible>(Response::new(StreamBody::new(Box::pin(frames))))
        };
        let (ours, theirs) = duplex(PIPE);
        let config = Config::server().poll_in_place(in_place);
        let serve = server::serve(theirs, config, server::service_fn(handler));
        let handle = serve.handle();
        tokio::spawn(serve);
        let client = client::spawn_connection(ours, Config::client());
        let response = client.request(get("/")).await.unwrap();
        let error = read(response.into_body()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR, "{in_place}");
        assert_eq!(handle.stats().failed_handlers, 1, "{in_place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_ends_inside_a_body_is_an_error() {
    let (client, mut peer) = against_a_peer();
    let request = tokio::spawn(async move { client.request(get("/")).await });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    peer.conn.send_response(stream, ok(), End::Later).unwrap();
    peer.conn.send_data(stream, &mut Bytes::from_static(b"half"), End::Later).unwrap();
    peer.flush().await;
    let mut body = request.await.unwrap().unwrap().into_body();
    peer.vanish();
    assert_eq!(body.data().await.unwrap().unwrap(), "half");
    let error = body.data().await.unwrap().unwrap_err();
    assert_eq!(*error.reason(), Reason::Eof);
    assert_eq!(error.outcome(), Outcome::ResponseStarted);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_short_has_no_trailers_but_an_error_however_often_they_are_asked_for() {
    let (client, mut peer) = against_a_peer();
    let request = tokio::spawn(async move { client.request(get("/")).await });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    peer.conn.send_response(stream, ok(), End::Later).unwrap();
    peer.conn.send_data(stream, &mut Bytes::from_static(b"half"), End::Later).unwrap();
    peer.flush().await;
    let mut body = request.await.unwrap().unwrap().into_body();
    peer.vanish();
    // A loop that stops at whatever is not a piece, as many are written.
    while let Some(Ok(_)) = body.data().await {}
    for _ in 0..2 {
        assert_eq!(*body.trailers().await.unwrap_err().reason(), Reason::Eof);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_a_whole_message_leaves_it_whole() {
    let (client, mut peer) = against_a_peer();
    let (mut send, response) = {
        let client = client.clone();
        let opened = tokio::spawn(async move { client.send_request(head_of("/")).await.unwrap() });
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        peer.conn.send_response(stream, ok(), End::Later).unwrap();
        peer.conn.send_data(stream, &mut Bytes::from_static(b"whole"), End::Now).unwrap();
        peer.conn.reset_stream(stream, ErrorCode::NO_ERROR);
        peer.flush().await;
        opened.await.unwrap()
    };
    let response = response.await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "whole");
    assert_eq!(send.stopped().await.code(), ErrorCode::NO_ERROR);
}

#[tokio::test(start_paused = true)]
async fn any_reset_inside_a_body_is_an_error_even_no_error() {
    for code in [ErrorCode::NO_ERROR, ErrorCode::CANCEL, ErrorCode::PROTOCOL_ERROR] {
        let (client, mut peer) = against_a_peer();
        let request = tokio::spawn(async move { client.request(get("/")).await });
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        peer.conn.send_response(stream, ok(), End::Later).unwrap();
        peer.flush().await;
        peer.conn.reset_stream(stream, code);
        peer.flush().await;
        let body = request.await.unwrap().unwrap().into_body();
        assert_eq!(read(body).await.unwrap_err().code(), code);
    }
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_tells_everyone() {
    let (ours, theirs) = duplex(PIPE);
    serve_on(theirs, Config::server(), |_| pending::<Result<Response<Full<Bytes>>, _>>());
    let (client, driver) = client::connection(ours, Config::client());
    let driver = tokio::spawn(driver);
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    tokio::task::yield_now().await;
    driver.abort();
    assert_eq!(*request.await.unwrap().unwrap_err().reason(), Reason::Aborted);
    assert_eq!(*client.closed().await.reason(), Reason::Aborted);
    assert!(client.request(get("/")).await.unwrap_err().is_unprocessed());
    assert!(client.ping().await.is_err());
    assert!(client.reserve().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_served_connection_that_is_dropped_drops_its_handlers() {
    let (ours, theirs) = duplex(PIPE);
    let (dropped, heard) = oneshot::channel::<()>();
    let mut dropped = Some(dropped);
    let serve = server::serve(
        theirs,
        Config::server(),
        server::service_fn(move |_| {
            let dropped = dropped.take();
            async move {
                pending::<()>().await;
                drop(dropped);
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        }),
    );
    let serve = tokio::spawn(serve);
    let client = client::spawn_connection(ours, Config::client());
    let request = tokio::spawn(async move { client.request(get("/")).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    serve.abort();
    assert!(heard.await.is_err());
    assert!(request.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_target_no_uri_holds_is_answered_414() {
    let (ours, theirs) = duplex(PIPE);
    let mut config = Config::server();
    config.core.max_header_list_size = 256 * 1024;
    serve_on(theirs, config, hello);
    let mut peer = Peer::client(ours);
    peer.flush().await;
    let path = format!("/{}", "x".repeat(65_535));
    let head = RequestHead::new("GET", "http", "a", &path, NO_FIELDS).unwrap();
    peer.conn.send_request(head, End::Now).unwrap();
    let Some(Event::ResponseReceived { head, end: true, .. }) = peer.next().await else { panic!() };
    assert_eq!(head.status(), StatusCode::URI_TOO_LONG.as_u16());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_request_after_its_response_is_declined_without_an_error() {
    let (ours, theirs) = duplex(PIPE);
    serve_on(theirs, Config::server(), hello);
    let mut peer = Peer::client(ours);
    let stream = peer.conn.send_request(core_post(), End::Later).unwrap();
    let mut whole = false;
    loop {
        let event = peer.next().await.unwrap();
        if let Event::SendStopped { stream: stopped, code } = event {
            assert_eq!((stopped, code), (stream, ErrorCode::NO_ERROR));
            break;
        }
        whole |= matches!(event, Event::DataReceived { end: true, .. });
    }
    assert!(whole);
}

#[tokio::test(start_paused = true)]
async fn a_request_reset_before_it_was_taken_is_not_given_out() {
    let (ours, theirs) = duplex(PIPE);
    let (_handle, mut incoming) = server::spawn_connection(theirs, Config::server());
    let mut peer = Peer::client(ours);
    let stream = peer.conn.send_request(core_get(), End::Now).unwrap();
    peer.flush().await;
    peer.conn.reset_stream(stream, ErrorCode::CANCEL);
    let second = peer.conn.send_request(core_get(), End::Now).unwrap();
    peer.flush().await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let (_, responder) = incoming.next().await.unwrap();
    assert_eq!(responder.stream_id(), second);
}
