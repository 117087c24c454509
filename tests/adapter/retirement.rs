//! Connections that have made as many requests as they may, or as many as there are identifiers:
//! whoever uses them is told in time, nothing that was begun is lost, and others take their place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::join_all;
use h2_core::{Misuse, StreamId};
use h2_tests::{Frame, wire};
use h2_tokio::client::{Connections, ConnectionsConfig};
use h2_tokio::{CloseReason, Config, Outcome, Reason, Retry, client, server};
use http::Response;
use tokio::io::duplex;

use crate::byhand::ByHand;
use crate::support::{PIPE, get, head_of, hello, pair_with, read, serve_on};

/// The last but one of a client's identifiers.
const LAST_BUT_ONE: Option<StreamId> = StreamId::new((1 << 31) - 3);

/// The last one is replaced at once if something was still open on it.
const TEN: std::ops::RangeInclusive<usize> = 10..=11;

fn with(mut config: Config, change: impl FnOnce(&mut h2_core::Config)) -> Config {
    change(&mut config.core);
    config
}

/// A client over one connection at a time, each with this configuration, and how many it made.
fn pool(config: Config) -> (Connections, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let connector = move || {
        count.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = duplex(PIPE);
        serve_on(theirs, Config::server(), hello);
        std::future::ready(Ok(client::spawn_connection(ours, config.clone())))
    };
    (client::connections_with(ConnectionsConfig::new(1), connector), made)
}

/// Makes requests, at most `at_once` at a time; all are answered, each once.
async fn all_are_answered(client: &Connections, requests: usize, at_once: usize) {
    for _ in 0..requests / at_once {
        let one = || async { client.request(get("/")).await.map(|it| it.status().as_u16()) };
        let answers = join_all((0..at_once).map(|_| one())).await;
        assert!(answers.iter().all(|answer| *answer.as_ref().unwrap() == 200));
    }
}

/// A request on a connection that takes no more comes back, to be sent over another.
async fn takes_no_more(client: &client::Handle) {
    let mut rejected = client.try_request(get("/late")).await.unwrap_err();
    let error = rejected.error().clone();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::Draining));
    assert_eq!((error.outcome(), error.retry_hint()), (Outcome::NotSent, Retry::NewConnection));
    assert_eq!(rejected.take_request().unwrap().head().uri.path(), "/late");
    assert_eq!(*client.reserve().await.unwrap_err().reason(), Reason::Misuse(Misuse::Draining));
}

#[tokio::test(start_paused = true)]
async fn a_server_says_goodbye_after_its_last_request_and_answers_all_that_came_before_it() {
    let (mut peer, theirs) = ByHand::new().await;
    let config = with(Config::server(), |core| core.max_requests = Some(3));
    let ended: tokio::task::JoinHandle<CloseReason> =
        tokio::spawn(server::serve(theirs, config, server::service_fn(hello)));
    peer.say((wire::get(1), wire::get(3), wire::get(5), wire::get(7))).await;
    let rest = peer.rest().await;
    let answered = |stream| {
        let whole = |frame: &Frame| matches!(frame, Frame::Data { end: true, .. });
        rest.iter().any(|frame| frame.stream() == stream && whole(frame))
    };
    // What had been sent before the client could know is served too (RFC 9113 §6.8).
    assert!([1, 3, 5, 7].into_iter().all(answered), "{rest:?}");
    let goodbyes = rest.iter().filter_map(|frame| match frame {
        Frame::GoAway { last, code: 0, .. } => Some(*last),
        _ => None,
    });
    assert_eq!(goodbyes.collect::<Vec<_>>(), [(1 << 31) - 1, 7]);
    let reason = ended.await.unwrap();
    assert!(reason.is_graceful(), "{reason}");
    assert_eq!((reason.reason(), reason.streams_cut()), (&Reason::MaxRequests, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_made_its_requests_takes_no_more_and_finishes_them() {
    let config = with(Config::client(), |core| core.max_requests = Some(2));
    let (client, _server, mut incoming) = pair_with(config, Config::server());
    let asked = [0; 2].map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.request(get("/")).await })
    });
    let (_, first) = incoming.next().await.unwrap();
    let (_, second) = incoming.next().await.unwrap();
    let state = client.state();
    assert!(state.draining && state.free == 0);
    assert_eq!(*state.drain_reason.unwrap().reason(), Reason::MaxRequests);
    takes_no_more(&client).await;
    for responder in [first, second] {
        responder.respond(Response::new("done")).unwrap();
    }
    for answer in join_all(asked).await {
        assert_eq!(read(answer.unwrap().unwrap().into_body()).await.unwrap(), "done");
    }
    let reason = client.closed().await;
    assert!(reason.is_graceful() && reason.streams_cut() == 0, "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_identifiers_says_so_before_anything_fails_and_finishes_its_streams() {
    let config = with(Config::client(), |core| core.first_stream = LAST_BUT_ONE);
    let (client, _server, mut incoming) = pair_with(config, Config::server());
    let first = client.send_request(head_of("/")).await.unwrap();
    assert!(!client.state().draining);
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let (_, other) = incoming.next().await.unwrap();
    let (request, last) = incoming.next().await.unwrap();
    let state = client.state();
    assert!(state.draining && state.free == 0);
    let reason = state.drain_reason.unwrap();
    assert_eq!(*reason.reason(), Reason::NoMoreStreamIds);
    takes_no_more(&client).await;
    // The last stream of all goes both ways.
    send.finish().unwrap();
    assert_eq!(read(request.into_body()).await.unwrap(), Bytes::new());
    last.respond(Response::new("the last")).unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "the last");
    drop((first, other));
    assert!(client.closed().await.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_pool_replaces_what_has_made_its_requests_or_has_no_identifiers_and_no_request_fails() {
    for at_once in [1, 4] {
        let (client, made) = pool(with(Config::client(), |core| core.max_requests = Some(10)));
        all_are_answered(&client, 100, at_once).await;
        assert!(TEN.contains(&made.load(Ordering::Relaxed)), "{made:?} {at_once}");
        let (client, made) = pool(with(Config::client(), |core| core.first_stream = LAST_BUT_ONE));
        all_are_answered(&client, 20, at_once).await;
        assert!(TEN.contains(&made.load(Ordering::Relaxed)), "{made:?} {at_once}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_identifiers_promises_nothing_and_goes_on_answering() {
    let client = with(Config::client(), |core| {
        core.enable_push = true;
        core.max_concurrent_streams = 8;
    });
    let server = with(Config::server(), |core| core.first_stream = StreamId::new((1 << 31) - 2));
    let (client, server, mut incoming) = pair_with(client, server);
    let (_send, mut response) = client.send_request(head_of("/")).await.unwrap();
    let mut pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let pushed = responder.push(get("/1").map(drop)).await.unwrap();
    let error = responder.push(get("/2").map(drop)).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::NoMoreStreamIds));
    pushed.respond(Response::new("pushed")).unwrap();
    let (promised, response) = pushes.next().await.unwrap();
    assert_eq!(promised.uri().path(), "/1");
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "pushed");
    assert!(!client.state().draining && server.state().closed.is_none());
    let asked = tokio::spawn(async move { client.request(get("/more")).await });
    let (_, responder) = incoming.next().await.unwrap();
    responder.respond(Response::new("answered")).unwrap();
    assert_eq!(read(asked.await.unwrap().unwrap().into_body()).await.unwrap(), "answered");
}
