//! A client over several connections: how requests are spread, and what becomes of connections.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use h2_core::{Event, Timer};
use h2_tokio::client::{ConnectError, Connections, ConnectionsConfig, Handle};
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{Config, Outcome, Reason, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::Full;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{PIPE, Peer, get, head_of, hello, read, serve_on};

/// Where connections of a client end: one end of a pipe each.
pub(crate) type Calls = mpsc::UnboundedReceiver<DuplexStream>;

/// A connector whose every attempt succeeds, and the other ends of what it made.
pub(crate) fn line()
-> (impl Fn() -> std::future::Ready<Result<Handle, ConnectError>> + Send + Sync + 'static, Calls) {
    let (calls, called) = mpsc::unbounded_channel();
    let connector = move || {
        let (ours, theirs) = duplex(PIPE);
        calls.send(theirs).unwrap();
        std::future::ready(Ok(client::spawn_connection(ours, Config::client())))
    };
    (connector, called)
}

/// A server's configuration with so many streams a connection.
pub(crate) fn streams(limit: u32) -> Config {
    let mut config = Config::server();
    config.core.max_concurrent_streams = limit;
    config
}

/// A peer by hand at the next connection, which the client knows to allow so many streams.
pub(crate) async fn peer(calls: &mut Calls, limit: u32) -> Peer {
    let mut peer = Peer::server(calls.recv().await.unwrap(), streams(limit).core);
    peer.flush().await;
    peer
}

/// Requests that each connection got, by their paths, in the order of the connections.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<Vec<String>>>>);

impl Book {
    /// How many each connection got.
    fn counts(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn of_each_path(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for path in self.0.lock().unwrap().iter().flatten() {
            *counts.entry(path.clone()).or_default() += 1;
        }
        counts
    }

    fn page(&self) -> usize {
        let mut pages = self.0.lock().unwrap();
        pages.push(Vec::new());
        pages.len() - 1
    }

    fn note(&self, page: usize, path: &str) {
        self.0.lock().unwrap()[page].push(path.to_owned());
    }
}

/// Answers every request on every connection after `time`, and books it when it comes.
fn serve_all(mut calls: Calls, config: Config, time: Duration) -> Book {
    let book = Book::default();
    let kept = book.clone();
    tokio::spawn(async move {
        while let Some(io) = calls.recv().await {
            let (book, page) = (book.clone(), book.page());
            serve_on(io, config.clone(), move |request: Request<RecvBody>| {
                book.note(page, request.uri().path());
                async move {
                    sleep(time).await;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
                }
            });
        }
    });
    kept
}

fn ask(client: &Connections, count: usize) -> Vec<tokio::task::JoinHandle<()>> {
    let one = |at| {
        let client = client.clone();
        tokio::spawn(async move {
            let response = client.request(get(&format!("/{at}"))).await.unwrap();
            assert_eq!(read(response.into_body()).await.unwrap(), "done");
        })
    };
    (0..count).map(one).collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn requests_one_after_the_other_need_one_connection() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(10), SECOND);
    let client = client::connections(4, connector);
    assert_eq!(client.state().connecting, 0, "nothing was asked for");
    for task in (0..20).map(|_| ask(&client, 1)) {
        join_all(task).await;
    }
    assert_eq!(book.counts(), [20]);
}

#[tokio::test(start_paused = true)]
async fn another_connection_is_opened_when_all_are_full_and_no_more_than_allowed() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(10), SECOND);
    let client = client::connections(3, connector);
    let start = Instant::now();
    let asked = ask(&client, 10);
    sleep(SECOND / 2).await;
    assert_eq!(book.counts(), [10]);
    let more = ask(&client, 25);
    sleep(SECOND / 4).await;
    assert_eq!(book.counts(), [10, 10, 10]);
    let state = client.state();
    assert_eq!((state.open, state.free, state.waiting), (30, 0, 5));
    assert_eq!((state.serving.len(), state.connecting, state.leaving.len()), (3, 0, 0));
    for result in join_all(asked.into_iter().chain(more)).await {
        result.unwrap();
    }
    assert_eq!(start.elapsed().as_secs(), 2, "five waited for the first ten to end");
    assert_eq!(book.counts().into_iter().sum::<usize>(), 35);
    assert_eq!(client.state().free, 30);
}

#[tokio::test(start_paused = true)]
async fn a_burst_opens_a_connection_for_each_hundred_that_wait() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(1_000), SECOND);
    let client = client::connections(8, connector);
    join_all(ask(&client, 250)).await;
    assert_eq!(book.counts().len(), 3);
    assert_eq!(book.counts().into_iter().sum::<usize>(), 250);
}

#[tokio::test(start_paused = true)]
async fn connections_with_as_many_free_slots_take_turns() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(10), SECOND);
    let client = client::connections(4, connector);
    join_all(ask(&client, 40)).await;
    let before = book.counts();
    assert_eq!(before, [10; 4]);
    join_all(ask(&client, 20)).await;
    assert_eq!(book.counts(), [15; 4]);
    for _ in 0..4 {
        join_all(ask(&client, 1)).await;
    }
    assert_eq!(book.counts(), [16; 4]);
}

#[tokio::test(start_paused = true)]
async fn the_connection_with_the_most_free_slots_is_taken_first() {
    let (connector, mut calls) = line();
    let client = client::connections(2, connector);
    let mut held = vec![tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.unwrap() }
    })];
    let _first = peer(&mut calls, 4).await;
    let mut permits = vec![held.remove(0).await.unwrap()];
    for _ in 0..3 {
        permits.push(client.reserve().await.unwrap());
    }
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.unwrap() }
    });
    let _second = peer(&mut calls, 4).await;
    permits.push(waiting.await.unwrap());
    let free = |client: &Connections| {
        client.state().serving.iter().map(|state| state.free).collect::<Vec<_>>()
    };
    let turns = || sleep(Duration::from_millis(1));
    turns().await;
    assert_eq!(free(&client), [0, 3]);
    permits.truncate(2);
    turns().await;
    assert_eq!(free(&client), [2, 4]);
    let _third = client.reserve().await.unwrap();
    turns().await;
    assert_eq!(free(&client), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_the_order_of_arrival() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(2), SECOND);
    let client = client::connections(2, connector);
    let mut asked = Vec::new();
    for at in 0..20 {
        let client = client.clone();
        asked.push(tokio::spawn(async move {
            client.request(get(&format!("/{at:02}"))).await.unwrap();
            Instant::now()
        }));
    }
    let ends: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(ends.is_sorted());
    assert_eq!(book.counts().into_iter().sum::<usize>(), 20);
}

/// R-D4: a server that ends each connection after fifty requests, gracefully.
#[tokio::test(start_paused = true)]
async fn no_request_fails_and_none_is_done_twice_while_connections_are_recycled() {
    let (connector, calls) = line();
    let mut config = streams(100);
    config.core.max_requests = Some(50);
    let book = serve_all(calls, config, Duration::from_millis(10));
    let client = client::connections(4, connector);
    let each = |at| {
        let client = client.clone();
        async move { client.request(get(&format!("/{at}"))).await.map(|response| response.status()) }
    };
    let answers: Vec<_> = stream::iter(0..1_000).map(each).buffer_unordered(32).collect().await;
    assert_eq!(answers.len(), 1_000);
    for answer in answers {
        assert_eq!(answer.unwrap(), 200);
    }
    let of_each = book.of_each_path();
    assert_eq!(of_each.len(), 1_000);
    assert!(of_each.values().all(|count| *count == 1));
    assert!(book.counts().len() >= 10, "{:?}", book.counts());
}

#[tokio::test(start_paused = true)]
async fn a_draining_connection_ends_its_streams_while_another_takes_its_place() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let first = ask(&client, 1);
    let (handle, mut incoming) = server::spawn_connection(calls.recv().await.unwrap(), streams(9));
    let (_, responder) = incoming.next().await.unwrap();
    responder.respond(Response::new("done")).unwrap();
    join_all(first).await;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/old")).await.unwrap().into_body() }
    });
    let (_, responder) = incoming.next().await.unwrap();
    handle.shutdown();
    let book = serve_all(calls, streams(9), Duration::ZERO);
    sleep(Duration::from_millis(10)).await;
    let state = client.state();
    assert_eq!((state.serving.len(), state.leaving.len()), (1, 1), "it was replaced at once");
    join_all(ask(&client, 3)).await;
    assert_eq!(book.counts(), [3]);
    responder.respond(Response::new("late")).unwrap();
    assert_eq!(read(asked.await.unwrap()).await.unwrap(), "late");
    handle.closed().await;
    sleep(Duration::from_millis(10)).await;
    assert!(client.state().leaving.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_ends_is_replaced_when_it_is_needed() {
    let (connector, mut calls) = line();
    let client = client::connections(2, connector);
    let asked = ask(&client, 1);
    let io = calls.recv().await.unwrap();
    let mut config = Config::server();
    config.core.idle_timeout = Some(SECOND);
    serve_on(io, config, |_| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
    });
    join_all(asked).await;
    sleep(60 * SECOND).await;
    let state = client.state();
    assert_eq!((state.serving.len(), state.leaving.len(), state.connecting), (0, 0, 0));
    assert!(calls.try_recv().is_err());
    let book = serve_all(calls, streams(9), Duration::ZERO);
    let start = Instant::now();
    join_all(ask(&client, 1)).await;
    assert!(start.elapsed() < SECOND / 10, "it did its work, so nothing is held against it");
    assert_eq!(book.counts(), [1]);
}

/// R-D1.
#[tokio::test(start_paused = true)]
async fn a_connection_that_leads_nowhere_is_replaced_after_the_first_request_that_times_out() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let request = Request::get("http://a.example/")
        .extension(RequestTimeout::new(SECOND))
        .body(Full::<Bytes>::default())
        .unwrap();
    let lost = tokio::spawn({
        let client = client.clone();
        async move { client.request(request).await.map(|_| ()) }
    });
    let silent = peer(&mut calls, 9).await;
    let error = lost.await.unwrap().unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    assert_eq!(error.outcome(), Outcome::MaybeProcessed);
    let book = serve_all(calls, streams(9), Duration::ZERO);
    let start = Instant::now();
    join_all(ask(&client, 5)).await;
    // It had done no work yet, so there is the pause after a failure.
    assert!(start.elapsed() < SECOND / 5);
    assert_eq!(book.counts(), [5]);
    assert!(client.state().leaving[0].suspect);
    sleep(60 * SECOND).await;
    assert!(client.state().leaving.is_empty(), "no answer to its PING came");
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_suspect_connection_that_shows_life_comes_back_if_its_place_is_free() {
    let first = Mutex::new(true);
    let (calls, mut called) = mpsc::unbounded_channel();
    // The second attempt never ends.
    let client = client::connections(1, move || {
        let (ours, theirs) = duplex(PIPE);
        let hangs = !std::mem::take(&mut *first.lock().unwrap());
        calls.send(theirs).unwrap();
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(client::spawn_connection(ours, Config::client()))
        }
    });
    let request = Request::get("http://a.example/")
        .extension(RequestTimeout::new(SECOND))
        .body(Full::<Bytes>::default())
        .unwrap();
    let lost = tokio::spawn({
        let client = client.clone();
        async move { client.request(request).await.map(|_| ()) }
    });
    let mut silent = peer(&mut called, 9).await;
    lost.await.unwrap().unwrap_err();
    sleep(SECOND / 5).await;
    let state = client.state();
    assert_eq!((state.serving.len(), state.leaving.len(), state.connecting), (0, 1, 1));
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.map(|_| ()) }
    });
    let _ = silent.settle().await;
    asked.await.unwrap().unwrap();
    assert_eq!(client.state().serving.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_request_covers_the_connecting_and_the_line() {
    let (connector, mut calls) = line();
    let config = ConnectionsConfig::new(1).request_timeout(SECOND);
    let client = client::connections_with(config, connector);
    let late = |error: &h2_tokio::Error, start: Instant| {
        assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert_eq!(start.elapsed().as_millis(), 1_000);
    };
    let start = Instant::now();
    let mut rejected = client.try_request(get("/1")).await.unwrap_err();
    late(rejected.error(), start);
    let request = rejected.take_request().unwrap();
    assert!(request.head().extensions.get::<RequestTimeout>().is_none());
    // Nobody waits any more, and the attempt goes on all the same.
    let mut peer = peer(&mut calls, 1).await;
    let permit = client.reserve().await.unwrap();
    let start = Instant::now();
    late(&client.request(get("/2")).await.unwrap_err(), start);
    // What the line took is not given again.
    let start = Instant::now();
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/3")).await.map(|_| ()) }
    });
    sleep(SECOND * 3 / 4).await;
    drop(permit);
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    let error = asked.await.unwrap().unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    assert_eq!(start.elapsed().as_millis(), 1_000);
    assert_eq!(error.outcome(), Outcome::MaybeProcessed);
}

#[tokio::test(start_paused = true)]
async fn the_line_is_bounded_and_what_finds_it_full_comes_back() {
    let (connector, mut calls) = line();
    let client = client::connections_with(ConnectionsConfig::new(1).max_waiting(2), connector);
    let waiting = ask(&client, 2);
    tokio::task::yield_now().await;
    let mut rejected = client.try_request(get("/full")).await.unwrap_err();
    assert_eq!(*rejected.error().reason(), Reason::QueueFull);
    assert_eq!(rejected.take_request().unwrap().head().uri.path(), "/full");
    for task in &waiting {
        task.abort();
    }
    join_all(waiting).await;
    assert_eq!(client.state().waiting, 0, "who left counts no more");
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await.map(|_| ()) }
    });
    serve_on(calls.recv().await.unwrap(), Config::server(), hello);
    asked.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn shut_down_it_ends_what_is_open_and_takes_nothing_more() {
    let (connector, calls) = line();
    let book = serve_all(calls, streams(2), SECOND);
    let client = client::connections(2, connector);
    let open = ask(&client, 4);
    sleep(SECOND / 4).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.try_request(get("/late")).await.map(|_| ()) }
    });
    sleep(SECOND / 4).await;
    client.shutdown();
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(*rejected.error().reason(), Reason::Us);
    assert!(rejected.take_request().is_some());
    assert!(client.is_closing());
    let error = client.request(get("/later")).await.unwrap_err();
    assert_eq!((error.outcome(), error.reason()), (Outcome::NotSent, &Reason::Us));
    client.closed().await.unwrap();
    for task in open {
        task.await.unwrap();
    }
    assert_eq!(book.counts(), [2, 2]);
    assert!(client.state().serving.is_empty() && client.state().leaving.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_its_last_clone_it_says_goodbye_when_the_last_body_is_done_with() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let asked = tokio::spawn(async move { client.request(get("/")).await.unwrap().into_body() });
    let (handle, mut incoming) = server::spawn_connection(calls.recv().await.unwrap(), streams(9));
    let (_, responder) = incoming.next().await.unwrap();
    let mut send = responder.send_response(Response::new(())).unwrap();
    let body = asked.await.unwrap();
    assert!(timeout(60 * SECOND, handle.closed()).await.is_err(), "a body is being read");
    send.send_data("done").await.unwrap();
    send.finish().unwrap();
    assert_eq!(read(body).await.unwrap(), "done");
    assert!(handle.closed().await.is_graceful());
    assert!(calls.recv().await.is_none(), "nobody is left to connect");
}

#[tokio::test(start_paused = true)]
async fn a_permit_streams_both_ways() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let permit = tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.unwrap() }
    });
    serve_on(calls.recv().await.unwrap(), Config::server(), crate::support::echo);
    let (mut send, response) = permit.await.unwrap().send_request(head_of("/")).await.unwrap();
    send.send_data("one").await.unwrap();
    send.finish().unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "one");
}

/// Drops a request after each number of polls that it takes, in a line of others.
#[tokio::test(start_paused = true)]
async fn a_request_dropped_at_any_await_leaks_no_slot_and_no_place() {
    let (connector, calls) = line();
    let _book = serve_all(calls, streams(2), Duration::from_millis(5));
    let client = client::connections(2, connector);
    join_all(ask(&client, 6)).await;
    for crowd in [0, 3, 4, 9] {
        for polls in 0..12 {
            let others = ask(&client, crowd);
            let mut request = Box::pin(client.request(get("/dropped")));
            for _ in 0..polls {
                let polled =
                    std::future::poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx))).await;
                if polled.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(request);
            for other in others {
                other.await.unwrap();
            }
            sleep(SECOND).await;
            let state = client.state();
            assert_eq!((state.free, state.open, state.waiting), (4, 0, 0), "{crowd}, {polls}");
        }
    }
}

/// Many threads, requests that are given up at odd moments, and a server that recycles connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads_no_request_is_lost_and_every_slot_comes_back() {
    let (connector, calls) = line();
    let mut config = streams(4);
    config.core.max_requests = Some(200);
    let book = serve_all(calls, config, Duration::ZERO);
    let client = client::connections(3, connector);
    let each = |at: usize| {
        let client = client.clone();
        let asked = tokio::spawn(async move { client.request(get(&format!("/{at}"))).await });
        async move {
            if at.is_multiple_of(7) {
                tokio::task::yield_now().await;
                asked.abort();
                return Ok(());
            }
            asked.await.unwrap().map(|_| ())
        }
    };
    let answers = stream::iter(0..4_000).map(each).buffer_unordered(48).collect::<Vec<_>>();
    // Only a request that is lost takes so long.
    for answer in timeout(60 * SECOND, answers).await.unwrap() {
        answer.unwrap();
    }
    assert!(book.of_each_path().values().all(|count| *count == 1));
    let whole = async {
        loop {
            let state = client.state();
            if (state.open, state.waiting, state.free) == (0, 0, 4 * state.serving.len()) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(60 * SECOND, whole).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_request_for_which_the_first_connection_is_opened_may_always_wait() {
    let (connector, calls) = line();
    let _book = serve_all(calls, Config::server(), Duration::ZERO);
    let client = client::connections_with(ConnectionsConfig::new(1).max_waiting(0), connector);
    join_all(ask(&client, 1)).await.into_iter().for_each(|asked| asked.unwrap());
}
