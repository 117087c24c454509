//! What is told: by errors and reasons about what went wrong, by a body about its length; and what
//! was not sent is given back.

use std::time::Duration;

use h2_core::{Event, Misuse, StreamId};
use h2_tests::wire::{self, Wire};
use h2_tokio::{Config, Error, ErrorCode, Origin, Outcome, Reason, RecvBody, TunnelError, client};
use http::{Method, Request, Response};
use http_body::Body;
use tokio::io::duplex;

use crate::support::{PIPE, Peer, get, head_of, pair, pair_with, read};

/// A client of a peer by hand.
async fn by_hand(config: Config) -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let client = client::spawn_connection(ours, config);
    peer.flush().await;
    client.ready().await.unwrap();
    (client, peer)
}

/// A request of this method, which the peer has heard.
async fn asked(client: &client::Handle, peer: &mut Peer, method: Method) -> client::ResponseFuture {
    let head = Request::builder().method(method).uri("http://a.example/").body(()).unwrap();
    let response = client.send_bodiless(head).await.unwrap();
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    response
}

async fn turns() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_the_server_wants_no_more_of_is_stopped_and_not_reset() {
    let (client, mut peer) = by_hand(Config::client()).await;
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    peer.write(&(wire::ok(1).end_stream(), wire::rst(1, ErrorCode::NO_ERROR)).octets()).await;
    let error = send.stopped().await;
    assert_eq!((error.reason(), error.origin()), (&Reason::Stopped, Origin::Peer));
    assert_eq!((error.code(), error.outcome()), (ErrorCode::NO_ERROR, Outcome::ResponseStarted));
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "");
}

/// A client that takes as many fields as anybody cares to send.
fn gullible() -> Config {
    let mut config = Config::client();
    config.core.max_header_fields = 100_000;
    config.core.max_header_list_size = 1 << 24;
    config.core.max_header_block = 1 << 20;
    config
}

/// More names than a map of `http` holds.
fn fields(first: &[u8]) -> Vec<u8> {
    let names = (0..25_000).flat_map(|at| wire::literal(format!("{at:05}"), ""));
    first.iter().copied().chain(names).collect()
}

/// A block in frames that are not too long.
async fn send_block(peer: &mut Peer, block: &[u8], end: bool) {
    let sizes = vec![16_000; block.len() / 16_000];
    for frame in wire::split(1, block, &sizes, end) {
        peer.write(&frame.octets()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_http_cannot_hold_is_called_so() {
    let (client, mut peer) = by_hand(gullible()).await;
    let response = asked(&client, &mut peer, Method::GET).await;
    send_block(&mut peer, &fields(&wire::indexed(8)), false).await;
    let error = response.await.unwrap_err();
    assert_eq!((error.reason(), error.origin()), (&Reason::Unmappable, Origin::Us));
    assert_eq!((error.code(), error.outcome()), (ErrorCode::CANCEL, Outcome::ResponseStarted));
    let text = "stream 1 ended, for `http` cannot hold what arrived: CANCEL";
    assert_eq!(error.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn trailers_that_http_cannot_hold_are_an_error_and_not_none() {
    let (client, mut peer) = by_hand(gullible()).await;
    let response = asked(&client, &mut peer, Method::GET).await;
    peer.write(&(wire::ok(1), wire::data(1, "whole")).octets()).await;
    send_block(&mut peer, &fields(&[]), true).await;
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "whole");
    for _ in 0..2 {
        assert_eq!(*body.trailers().await.unwrap_err().reason(), Reason::Unmappable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_tells_how_old_the_connection_was_and_how_far_it_had_come() {
    let (client, server, mut incoming) = pair();
    let mut kept = Vec::new();
    for _ in 0..2 {
        let response = client.send_bodiless(head_of("/")).await.unwrap();
        kept.push((response, incoming.next().await.unwrap()));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.close(ErrorCode::CANCEL);
    let (ours, theirs) = (client.closed().await, server.closed().await);
    let third = StreamId::new(3);
    assert_eq!((ours.last_outbound_stream(), ours.last_inbound_stream()), (third, None));
    assert_eq!((theirs.last_outbound_stream(), theirs.last_inbound_stream()), (None, third));
    for reason in [&ours, &theirs] {
        assert_eq!((reason.age(), reason.streams_cut()), (Duration::from_secs(5), 2));
    }
    let (response, _) = kept.pop().unwrap();
    let same = response.await.unwrap_err().close_reason().unwrap();
    assert_eq!((same.age(), same.last_outbound_stream()), (ours.age(), third));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_carried_its_last_request_says_so() {
    let mut few = Config::server();
    few.core.max_requests = Some(1);
    let (client, server, mut incoming) = pair_with(Config::client(), few);
    let response = client.send_bodiless(head_of("/")).await.unwrap();
    let (_, responder) = incoming.next().await.unwrap();
    let drains = server.watch_state().until(|state| state.draining).await.drain_reason.unwrap();
    assert_eq!((drains.reason(), drains.origin()), (&Reason::MaxRequests, Origin::Us));
    responder.respond(Response::new("")).unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "");
    let reason = server.closed().await;
    assert_eq!(*reason.reason(), Reason::MaxRequests);
    assert!(reason.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_identifiers_are_used_up_says_so() {
    let mut last = Config::client();
    last.core.first_stream = Some(StreamId::MAX);
    let (client, _server, mut incoming) = pair_with(last, Config::server());
    let response = client.send_bodiless(head_of("/")).await.unwrap();
    let (_, responder) = incoming.next().await.unwrap();
    let error = client.reserve().await.unwrap_err();
    assert_eq!((error.origin(), error.outcome()), (Origin::Us, Outcome::NotSent));
    let drains = client.state().drain_reason.unwrap();
    assert_eq!(*drains.reason(), Reason::NoMoreStreamIds);
    responder.respond(Response::new("")).unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "");
    assert_eq!(*client.closed().await.reason(), Reason::NoMoreStreamIds);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_finds_the_pings_too_many_is_understood() {
    let (client, mut peer) = by_hand(Config::client()).await;
    let response = asked(&client, &mut peer, Method::GET).await;
    let calm = ErrorCode::ENHANCE_YOUR_CALM;
    peer.vanish_with(&wire::goaway(1, calm, b"too_many_pings").octets()).await;
    assert!(response.await.unwrap_err().is_too_many_pings());
    let reason = client.closed().await;
    assert!(reason.is_too_many_pings(), "{reason:?}");
    let (client, mut peer) = by_hand(Config::client()).await;
    let response = asked(&client, &mut peer, Method::GET).await;
    peer.vanish_with(&wire::goaway(1, calm, b"too many requests").octets()).await;
    assert!(!response.await.unwrap_err().is_too_many_pings());
}

fn exactly(body: &RecvBody) -> Option<u64> {
    body.size_hint().exact()
}

#[tokio::test(start_paused = true)]
async fn a_response_without_a_body_has_no_length_even_if_its_end_comes_late() {
    for (method, status) in [(Method::HEAD, "200"), (Method::GET, "304")] {
        let (client, mut peer) = by_hand(Config::client()).await;
        let response = asked(&client, &mut peer, method).await;
        let head = wire::headers(1, &[(":status", status), ("content-length", "10")]);
        peer.write(&head.octets()).await;
        let mut body = response.await.unwrap().into_body();
        assert_eq!(exactly(&body), Some(0), "{status}");
        peer.write(&wire::data(1, "").end_stream().octets()).await;
        assert!(body.data().await.is_none());
        assert_eq!(exactly(&body), Some(0), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_arrived_knows_its_length() {
    let (client, mut peer) = by_hand(Config::client()).await;
    let response = asked(&client, &mut peer, Method::GET).await;
    peer.write(&(wire::ok(1), wire::data(1, "12345")).octets()).await;
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "12345");
    assert_eq!(exactly(&body), None, "more may come");
    peer.write(&wire::data(1, "678").end_stream().octets()).await;
    turns().await;
    assert_eq!(exactly(&body), Some(3));
    assert_eq!(body.data().await.unwrap().unwrap(), "678");
    assert_eq!(exactly(&body), Some(0));
}

#[tokio::test(start_paused = true)]
async fn every_way_to_send_a_head_gives_back_what_it_did_not_send() {
    let (client, _server, _incoming) = pair();
    client.ready().await.unwrap();
    let permit = client.reserve().await.unwrap();
    let _open = client.send_request(head_of("/open")).await.unwrap();
    client.shutdown();
    turns().await;
    let unsent = |error: &Error| {
        assert_eq!(*error.reason(), Reason::Misuse(Misuse::Draining));
        assert_eq!(error.outcome(), Outcome::NotSent);
    };
    let mut rejected = permit.try_send_request(head_of("/1")).await.unwrap_err();
    unsent(rejected.error());
    assert_eq!(rejected.take_request().unwrap().uri().path(), "/1");
    let mut rejected = client.try_send_bodiless(head_of("/2")).await.unwrap_err();
    unsent(rejected.error());
    assert_eq!(rejected.take_request().unwrap().uri().path(), "/2");
    let tunnel = || Request::connect("b.example:443").body(()).unwrap();
    let TunnelError::Unsent(mut rejected) = client.try_open_tunnel(tunnel()).await.unwrap_err()
    else {
        panic!()
    };
    unsent(rejected.error());
    assert_eq!(rejected.take_request().unwrap().uri(), "b.example:443");
    let TunnelError::Failed(error) = client.open_tunnel(tunnel()).await.unwrap_err() else {
        panic!()
    };
    unsent(&error);
    assert!(client.request(get("/")).await.is_err());
}
