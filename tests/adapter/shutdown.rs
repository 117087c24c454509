//! How connections end, and what keeps them open.

use std::time::Duration;

use bytes::Bytes;
use h2_core::{End, Event, Timer};
use h2_tokio::{Config, ErrorCode, Outcome, Reason, client, server};
use http::Response;
use http_body_util::Empty;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::oneshot;

use crate::support::{PIPE, Peer, client_of, get, head_of, hello, pair, pair_with, read};

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_needs_says_goodbye() {
    let (client, handle, incoming) = pair();
    client.ready().await.unwrap();
    drop(client);
    let reason = handle.closed().await;
    assert!(reason.is_graceful(), "{reason}");
    drop(incoming);
}

#[tokio::test(start_paused = true)]
async fn a_body_keeps_its_connection_open() {
    let (client, _handle, mut incoming) = pair();
    let server = tokio::spawn(async move {
        let (_, responder) = incoming.next().await.unwrap();
        let mut body = responder.send_response(Response::new(())).unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        body.send_data("late").await.unwrap();
        body.finish().unwrap();
        incoming.next().await.is_none()
    });
    let response = client.request(get("/")).await.unwrap();
    drop(client);
    assert_eq!(read(response.into_body()).await.unwrap(), "late");
    assert!(server.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_finish_after_a_shutdown_and_new_ones_are_not_sent() {
    let (client, handle, mut incoming) = pair();
    let request = tokio::spawn({
        let client = client.clone();
        async move { read(client.request(get("/")).await?.into_body()).await }
    });
    let (_, responder) = incoming.next().await.unwrap();
    handle.shutdown();
    // The client's answer to this PING comes after it has read GOAWAY.
    handle.ping().await.unwrap();
    assert!(client.state().draining);
    let refused = client.request(get("/")).await.unwrap_err();
    assert_eq!(refused.outcome(), Outcome::NotSent);
    responder.respond(Response::new("done")).unwrap();
    assert_eq!(request.await.unwrap().unwrap(), "done");
    assert!(incoming.next().await.is_none());
    assert!(handle.closed().await.is_graceful());
    assert!(client.closed().await.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_shuts_down_gets_its_answers_first() {
    let (client, handle, mut incoming) = pair();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    let (_, responder) = incoming.next().await.unwrap();
    client.shutdown();
    tokio::task::yield_now().await;
    responder.respond(Response::new("")).unwrap();
    assert!(request.await.unwrap().is_ok());
    assert!(client.closed().await.is_graceful());
    assert!(handle.closed().await.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_streams_outlast_ends_at_its_deadline() {
    let (client, handle, mut incoming) = pair();
    let request = tokio::spawn(async move { client.request(get("/")).await });
    let (_, mut responder) = incoming.next().await.unwrap();
    handle.shutdown();
    let cut = responder.cancelled().await;
    assert_eq!(*cut.reason(), Reason::Timeout(Timer::Drain));
    assert!(request.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn closing_at_once_fails_every_stream_with_the_code() {
    let (client, handle, mut incoming) = pair();
    let request = tokio::spawn(async move { client.request(get("/")).await });
    let taken = incoming.next().await.unwrap();
    handle.close(ErrorCode::ENHANCE_YOUR_CALM);
    let error = request.await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ENHANCE_YOUR_CALM);
    assert_eq!(handle.closed().await.code(), ErrorCode::ENHANCE_YOUR_CALM);
    drop(taken);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_incoming_requests_refuses_the_next_and_serves_the_taken() {
    let (client, _handle, mut incoming) = pair();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    let (_, responder) = incoming.next().await.unwrap();
    drop(incoming);
    let refused = client.request(get("/")).await.unwrap_err();
    assert!(refused.is_unprocessed(), "{refused:?}");
    responder.respond(Response::new("")).unwrap();
    assert!(request.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_given_up() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::handshake(ours, Config::client());
    let error = client.await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Handshake));
    assert!(error.is_unprocessed());
    drop(theirs);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_http1_is_called_so() {
    let (ours, mut theirs) = duplex(PIPE);
    let handshake = tokio::spawn(client::handshake(ours, Config::client()));
    theirs.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let error = handshake.await.unwrap().unwrap_err();
    assert_eq!(*error.reason(), Reason::Http1);
}

#[tokio::test(start_paused = true)]
async fn after_a_violation_the_peer_gets_to_read_why() {
    let (ours, mut theirs) = duplex(PIPE);
    let (handle, _incoming) = server::spawn_connection(ours, Config::server());
    theirs.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let reason = handle.closed().await;
    assert!(matches!(reason.reason(), Reason::Violation(_)));
    theirs.shutdown().await.unwrap();
    let mut said = Vec::new();
    theirs.read_to_end(&mut said).await.unwrap();
    // SETTINGS first, GOAWAY last.
    assert_eq!(said[3], 4);
    assert!(said.windows(4).any(|frame| frame == [7, 0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_ends_between_streams_is_a_graceful_end() {
    let (ours, theirs) = duplex(PIPE);
    let (handle, mut incoming) = server::spawn_connection(ours, Config::server());
    let mut peer = Peer::client(theirs);
    let head = h2_core::RequestHead::new("GET", "http", "a", "/", [("x", "y")]).unwrap();
    peer.conn.send_request(head, End::Now).unwrap();
    peer.flush().await;
    incoming.next().await.unwrap().1.respond(Response::new("")).unwrap();
    while !matches!(peer.next().await, Some(Event::ResponseReceived { .. })) {}
    peer.vanish();
    let reason = handle.closed().await;
    assert!(reason.is_graceful(), "{reason}");
    assert!(incoming.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn requests_above_the_last_stream_of_a_goaway_may_be_sent_again() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    peer.vanish_with(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await;
    let error = request.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_shut_down_after_its_timeout() {
    let mut config = Config::server();
    config.core.idle_timeout = Some(Duration::from_secs(60));
    let (client, handle, _incoming) = pair_with(Config::client(), config);
    let reason = handle.closed().await;
    assert_eq!(*reason.reason(), Reason::Timeout(Timer::Idle));
    assert!(reason.is_graceful());
    assert!(client.closed().await.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_served_connection_can_be_shut_down_by_its_handle() {
    let (ours, theirs) = duplex(PIPE);
    let serve = server::serve(theirs, Config::server(), server::service_fn(hello));
    let handle = serve.handle();
    let serve = tokio::spawn(serve);
    let client = client::handshake(ours, Config::client()).await.unwrap();
    assert!(client.request(get("/")).await.is_ok());
    handle.shutdown();
    assert!(serve.await.unwrap().is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_served_connection_goes_on_without_any_handle() {
    let client = client_of(hello);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(client.request(get("/")).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_given_up_before_it_was_opened_leaves_nothing_on_the_wire() {
    let mut config = Config::server();
    config.core.max_concurrent_streams = 1;
    let (client, _handle, mut incoming) = pair_with(Config::client(), config);
    client.ready().await.unwrap();
    let (first, _response) = client.send_request(head_of("/1")).await.unwrap();
    let (begun, began) = oneshot::channel();
    let second = tokio::spawn({
        let client = client.clone();
        async move {
            begun.send(()).unwrap();
            client.request(get("/2")).await
        }
    });
    began.await.unwrap();
    tokio::task::yield_now().await;
    second.abort();
    let third = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/3")).await }
    });
    let (request, responder) = incoming.next().await.unwrap();
    assert_eq!(request.uri().path(), "/1");
    first.reset(ErrorCode::CANCEL);
    drop((request, responder));
    let (request, responder) = incoming.next().await.unwrap();
    assert_eq!(request.uri().path(), "/3");
    assert_eq!(responder.stream_id().get(), 3);
    responder.respond(Response::new("")).unwrap();
    assert!(third.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_held_by_any_of_its_parts() {
    for part in ["handle", "incoming", "body", "responder"] {
        let (client, handle, mut incoming) = pair();
        let (send, response) = client.send_request(head_of("/")).await.unwrap();
        let (request, responder) = incoming.next().await.unwrap();
        match part {
            "handle" => drop((incoming, request, responder)),
            "incoming" => drop((request, responder)),
            "body" => {
                responder.respond(Response::new(Bytes::new())).unwrap();
                drop((handle, incoming));
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(!client.is_closed(), "{part}");
                drop(request);
            }
            _ => {
                drop((handle, incoming, request));
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(!client.is_closed(), "{part}");
                drop(responder);
            }
        }
        drop((send, response));
        let _ = Empty::<Bytes>::new();
    }
}
