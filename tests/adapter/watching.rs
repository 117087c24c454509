//! The state of a connection, looked at and watched.

use std::time::Duration;

use h2_core::{Event, Misuse, Timer};
use h2_tokio::{Config, ErrorCode, Reason, client};
use tokio::io::duplex;

use crate::support::{PIPE, Peer, get, head_of, pair, pair_with};

fn one_stream() -> Config {
    let mut config = Config::server();
    config.core.max_concurrent_streams = 1;
    config
}

#[tokio::test(start_paused = true)]
async fn a_watch_sees_the_limit_the_streams_and_the_line() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), one_stream());
    let mut watch = client.watch_state();
    let state = watch.until(|state| state.ready).await;
    assert_eq!((state.peer_limit, state.free, state.open), (Some(1), 1, 0));
    let _first = client.send_request(head_of("/1")).await.unwrap();
    let state = watch.until(|state| state.open == 1).await;
    assert_eq!((state.free, state.queued), (0, 0));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/2")).await }
    });
    assert_eq!(watch.until(|state| state.queued == 1).await.open, 1);
    waiting.abort();
    assert_eq!(watch.until(|state| state.queued == 0).await.open, 1);
    drop(incoming.next().await);
    let state = watch.until(|state| state.open == 0).await;
    assert_eq!(state.free, 1);
}

#[tokio::test(start_paused = true)]
async fn changes_between_two_questions_are_told_as_one_and_the_end_is_told_once() {
    let (client, handle, _incoming) = pair();
    client.ready().await.unwrap();
    let mut watch = client.watch_state();
    let _ = watch.get();
    let first = client.send_request(head_of("/1")).await.unwrap();
    let second = client.send_request(head_of("/2")).await.unwrap();
    let state = watch.changed().await.unwrap();
    assert!(state.open >= 1);
    drop((first, second));
    handle.close(ErrorCode::CANCEL);
    let mut last = state;
    while let Some(state) = watch.changed().await {
        assert!(last.closed.is_none());
        last = state;
    }
    assert_eq!(last.closed.unwrap().code(), ErrorCode::CANCEL);
    assert!(watch.changed().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_begins_after_the_end_knows_of_it() {
    let (client, handle, _incoming) = pair();
    handle.close(ErrorCode::CANCEL);
    client.closed().await;
    let mut watch = client.watch_state();
    assert!(watch.get().closed.is_some());
    assert!(watch.changed().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_keeps_no_connection_open() {
    let (client, handle, _incoming) = pair();
    client.ready().await.unwrap();
    let mut watch = client.watch_state();
    drop(client);
    assert!(handle.closed().await.is_graceful());
    let state = watch.until(|state| state.closed.is_some()).await;
    assert!(state.closed.unwrap().is_graceful());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_drains_says_why_before_anyone_in_line_hears_of_it() {
    let (ours, theirs) = duplex(PIPE);
    let mut config = h2_core::Config::server();
    config.max_concurrent_streams = 1;
    let mut peer = Peer::server(theirs, config);
    let client = client::spawn_connection(ours, Config::client());
    peer.flush().await;
    client.ready().await.unwrap();
    let _first = client.send_request(head_of("/1")).await.unwrap();
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    let waiting = tokio::spawn({
        let client = client.clone();
        async move {
            let error = client.reserve().await.unwrap_err();
            (error, client.state())
        }
    });
    tokio::task::yield_now().await;
    peer.conn.shutdown(tokio::time::Instant::now().into_std());
    peer.flush().await;
    let (error, state) = waiting.await.unwrap();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::Draining));
    assert!(state.draining && state.closed.is_none());
    assert_eq!(*state.drain_reason.unwrap().reason(), Reason::Peer);
    assert_eq!(state.free, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_drains_by_age_or_by_wish_says_so() {
    let mut config = Config::client();
    config.core.max_age = Some(Duration::from_secs(60));
    let (client, _handle, _incoming) = pair_with(config, Config::server());
    let _open = client.send_request(head_of("/")).await.unwrap();
    let state = client.watch_state().until(|state| state.draining).await;
    let reason = state.drain_reason.unwrap();
    assert_eq!(*reason.reason(), Reason::Timeout(Timer::MaxAge));
    let (client, _handle, _incoming) = pair();
    let _open = client.send_request(head_of("/")).await.unwrap();
    client.shutdown();
    let state = client.watch_state().until(|state| state.draining).await;
    assert_eq!(*state.drain_reason.unwrap().reason(), Reason::Us);
}
