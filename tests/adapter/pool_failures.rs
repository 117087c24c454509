//! Connectors that fail, hang and come back: when the next attempt follows, and who hears of it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use h2_tokio::client::{ConnectError, Connections, ConnectionsConfig, Handle};
use h2_tokio::{Config, Error, ErrorCode, Outcome, Reason, Retry, client, server};
use http::Response;
use tokio::io::duplex;
use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::pool::{line, peer, streams};
use crate::support::{PIPE, echo, get, hello, serve_on};

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Works,
    /// It is connected, and the peer says SETTINGS and goes.
    Ends,
    /// It is connected, and the peer says nothing.
    Silent,
    Fails,
    Hangs,
    Panics,
    Fatal,
}

/// Attempts, at what time each began.
type Times = Arc<Mutex<Vec<Instant>>>;

/// A client of a connector whose attempts end so, one after the other, and work after the last.
fn fated(config: ConnectionsConfig, fates: &[Fate]) -> (Connections, Times) {
    let times = Times::default();
    let (kept, fates) = (Arc::clone(&times), Mutex::new(VecDeque::from(fates.to_vec())));
    let client = client::connections_with(config, move || {
        times.lock().unwrap().push(Instant::now());
        attempt(fates.lock().unwrap().pop_front().unwrap_or(Fate::Works))
    });
    (client, kept)
}

async fn attempt(fate: Fate) -> Result<Handle, ConnectError> {
    let (ours, theirs) = duplex(PIPE);
    match fate {
        Fate::Works => serve_on(theirs, Config::server(), hello),
        Fate::Ends => {
            tokio::spawn(async move {
                crate::support::Peer::server(theirs, streams(9).core).flush().await;
            });
        }
        Fate::Silent => {
            let handle = client::spawn_connection(ours, Config::client());
            tokio::spawn(async move {
                let _theirs = theirs;
                std::future::pending::<()>().await;
            });
            return Ok(handle);
        }
        Fate::Fails => return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
        Fate::Hangs => std::future::pending().await,
        Fate::Panics => panic!("a connector may panic"),
        Fate::Fatal => return Err(ConnectError::fatal("the certificate is another's")),
    }
    Ok(client::spawn_connection(ours, Config::client()))
}

fn patient(most: usize) -> ConnectionsConfig {
    ConnectionsConfig::new(most).give_up_after(u32::MAX)
}

/// The times between attempts, in milliseconds.
fn gaps(times: &Times) -> Vec<u128> {
    let times = times.lock().unwrap();
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
}

async fn ask(client: &Connections) -> Result<(), Error> {
    client.request(get("/")).await.map(|_| ())
}

#[tokio::test(start_paused = true)]
async fn attempts_follow_each_other_after_pauses_that_double_up_to_the_longest() {
    let config = patient(4).pauses(Duration::from_millis(100), Duration::from_secs(1)).seed(7);
    let (client, times) = fated(config.clone(), &[Fate::Fails; 7]);
    let asked: Vec<_> = (0..250)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client).await })
        })
        .collect();
    sleep(Duration::from_millis(10)).await;
    let state = client.state();
    // 250 are worth three attempts; what follows a failure is one at a time.
    assert_eq!((state.failures, state.connecting, state.waiting), (3, 0, 250));
    for result in join_all(asked).await {
        result.unwrap().unwrap();
    }
    let gaps = gaps(&times);
    assert_eq!(gaps[..2], [0, 0]);
    for (gap, whole) in gaps[2..].iter().zip([400, 800, 1_000, 1_000, 1_000]) {
        assert!((whole / 2..=whole + 1).contains(gap), "{gaps:?}");
    }
    let (again, same) = fated(config, &[Fate::Fails; 7]);
    let all = (0..250).map(|_| ask(&again));
    assert!(join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(self::gaps(&same)[..7], gaps[..7], "the same seed, the same pauses");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_before_it_did_any_work_is_a_failure() {
    let config = patient(1).pauses(Duration::from_millis(100), Duration::from_secs(60));
    let (client, times) = fated(config, &[Fate::Ends, Fate::Ends, Fate::Ends, Fate::Works]);
    ask(&client).await.unwrap();
    let gaps = gaps(&times);
    assert_eq!(gaps.len(), 3);
    for (gap, whole) in gaps.iter().zip([100, 200, 400]) {
        assert!((whole / 2..=whole + 2).contains(gap), "{gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_ends_the_row_of_failures() {
    let (connector, mut calls) = line();
    let failing = Mutex::new(VecDeque::from([true, true, true, false, true, false]));
    let times = Times::default();
    let kept = Arc::clone(&times);
    let client = client::connections_with(patient(1), move || {
        times.lock().unwrap().push(Instant::now());
        let fails = failing.lock().unwrap().pop_front().unwrap();
        let refused = || ConnectError::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        let attempt = if fails { Err(refused()) } else { Ok(connector()) };
        async move { attempt?.await }
    });
    for _ in 0..2 {
        let asked = tokio::spawn({
            let client = client.clone();
            async move { ask(&client).await }
        });
        let (handle, mut incoming) =
            server::spawn_connection(calls.recv().await.unwrap(), streams(9));
        let (_, responder) = incoming.next().await.unwrap();
        responder.respond(Response::new("")).unwrap();
        asked.await.unwrap().unwrap();
        handle.shutdown();
        handle.closed().await;
    }
    assert_eq!(client.state().failures, 0);
    let gaps = gaps(&kept);
    assert!((200..=402).contains(&gaps[2]), "{gaps:?}");
    assert!((50..=102).contains(&gaps[4]), "it begins with the first pause again: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_calm_is_not_called_at_once() {
    for (code, pause) in [(ErrorCode::NO_ERROR, 0..=2), (ErrorCode::ENHANCE_YOUR_CALM, 50..=102)] {
        let (connector, mut calls) = line();
        let client = client::connections(1, connector);
        let asked = tokio::spawn({
            let client = client.clone();
            async move { ask(&client).await }
        });
        let (handle, mut incoming) =
            server::spawn_connection(calls.recv().await.unwrap(), streams(9));
        let (_, responder) = incoming.next().await.unwrap();
        responder.respond(Response::new("")).unwrap();
        asked.await.unwrap().unwrap();
        handle.close(code);
        handle.closed().await;
        sleep(Duration::from_millis(1)).await;
        let start = Instant::now();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { ask(&client).await }
        });
        serve_on(calls.recv().await.unwrap(), streams(9), hello);
        waiting.await.unwrap().unwrap();
        assert!(pause.contains(&start.elapsed().as_millis()), "{code}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_hang_stay_silent_or_panic_are_failures() {
    for (fate, takes) in [(Fate::Hangs, 3_000), (Fate::Silent, 3_000), (Fate::Panics, 0)] {
        let config = patient(1).connect_timeout(Duration::from_secs(3));
        let (client, times) = fated(config, &[fate]);
        ask(&client).await.unwrap();
        let gaps = gaps(&times);
        assert!((takes + 50..=takes + 101).contains(&gaps[0]), "{fate:?}: {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_hears_of_it_when_nothing_can_be_reached_and_gets_the_request_back() {
    let (client, times) = fated(ConnectionsConfig::new(2), &[Fate::Fails; 6]);
    let mut rejected = client.try_request(get("/back")).await.unwrap_err();
    let error = rejected.error();
    assert_eq!((error.reason(), error.outcome()), (&Reason::Connect, Outcome::NotSent));
    assert_eq!(error.retry_hint(), Retry::DoNot);
    assert_eq!(error.io().unwrap().kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(
        error.to_string(),
        "request not sent: no connection could be made: INTERNAL_ERROR: connection refused"
    );
    assert_eq!(times.lock().unwrap().len(), 5);
    assert_eq!(rejected.take_request().unwrap().head().uri.path(), "/back");
    // The next attempt is made for the next request, and one failure more is one too many.
    assert_eq!(*ask(&client).await.unwrap_err().reason(), Reason::Connect);
    assert_eq!(times.lock().unwrap().len(), 6);
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(times.lock().unwrap().len(), 6, "nobody asks, nobody calls");
    ask(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_waits_to_be_ready_waits_for_as_long_as_it_takes() {
    let (client, times) = fated(ConnectionsConfig::new(2), &[Fate::Fails; 9]);
    let mut service = client.clone();
    let ready =
        std::future::poll_fn(|cx| Service::<http::Request<String>>::poll_ready(&mut service, cx));
    ready.await.unwrap();
    assert_eq!(times.lock().unwrap().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_failure_for_good_closes_the_client_and_reaches_everybody() {
    let (client, times) = fated(patient(4), &[Fate::Fatal]);
    let all = join_all((0..3).map(|_| ask(&client))).await;
    let mut service = client.clone();
    let ready =
        std::future::poll_fn(|cx| Service::<http::Request<String>>::poll_ready(&mut service, cx));
    let later = [ready.await, ask(&client).await, client.closed().await];
    for error in all.into_iter().chain(later).map(Result::unwrap_err) {
        assert_eq!(*error.reason(), Reason::Connect);
        assert!(error.to_string().ends_with("the certificate is another's"), "{error}");
    }
    assert!(client.is_closing());
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_had_is_no_harm_while_another_serves() {
    let (client, times) = fated(patient(2), &[Fate::Works, Fate::Fails, Fate::Fails]);
    ask(&client).await.unwrap();
    let handle = &client.state().serving[0];
    let limit = handle.peer_limit.unwrap() as usize;
    let mut permits = Vec::new();
    for _ in 0..limit {
        permits.push(client.reserve().await.unwrap());
    }
    ask(&client).await.unwrap();
    assert_eq!(times.lock().unwrap().len(), 4, "it waited for the second connection");
    drop(permits);
}

#[tokio::test(start_paused = true)]
async fn shutting_down_drops_the_attempts_and_the_line() {
    let (client, times) = fated(patient(1), &[Fate::Hangs]);
    let asked = tokio::spawn({
        let client = client.clone();
        async move { ask(&client).await }
    });
    sleep(Duration::from_millis(1)).await;
    assert_eq!(client.state().connecting, 1);
    client.shutdown();
    assert_eq!(*asked.await.unwrap().unwrap_err().reason(), Reason::Us);
    client.closed().await.unwrap();
    assert_eq!(client.state().connecting, 0);
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_own_line_has_no_room_is_asked_again() {
    let client = client::connections(1, || {
        let (ours, theirs) = duplex(PIPE);
        serve_on(theirs, streams(1), echo);
        std::future::ready(Ok(client::spawn_connection(ours, Config::client().max_queued(0))))
    });
    let permit = client.reserve().await.unwrap();
    let asked = tokio::spawn({
        let client = client.clone();
        async move { ask(&client).await }
    });
    sleep(Duration::from_secs(1)).await;
    drop(permit);
    asked.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_gives_up_waiting_does_not_end_the_attempt_for_others() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let first = tokio::spawn({
        let client = client.clone();
        async move { ask(&client).await }
    });
    tokio::task::yield_now().await;
    let second = tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    first.abort();
    let _peer = peer(&mut calls, 1).await;
    second.await.unwrap().unwrap();
    assert!(calls.try_recv().is_err(), "there was one attempt");
}
