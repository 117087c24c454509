//! Cancelled requests without end: no connection error, no slot and no octet of a window is lost;
//! and every order in which the parts of a connection can be dropped.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2_core::{End, Event, RequestHead, ResponseHead};
use h2_tests::Rng;
use h2_tokio::{CloseReason, Config, ErrorCode, RecvBody, client, server};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::matrix_scenes::settle;
use crate::support::{PIPE, Peer, get, head_of, octets, post, read};

/// How long it goes on: at 50 requests a second these are 180,000, each with data in flight.
const SOAK: Duration = Duration::from_secs(3_600);
const PERIOD: Duration = Duration::from_millis(20);
const LATENCY: Duration = Duration::from_millis(100);

/// Moves what is written to one end to the other a while later.
fn delay(mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let (send, mut receive) = mpsc::unbounded_channel::<(Instant, Bytes)>();
    tokio::spawn(async move {
        let mut octets = vec![0; PIPE];
        while let Ok(count @ 1..) = from.read(&mut octets).await {
            let octets = Bytes::copy_from_slice(&octets[..count]);
            let _ = send.send((Instant::now() + LATENCY, octets));
        }
    });
    tokio::spawn(async move {
        while let Some((at, octets)) = receive.recv().await {
            sleep_until(at).await;
            if to.write_all(&octets).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    });
}

/// Two ends that are far from each other.
fn far_apart() -> (DuplexStream, DuplexStream) {
    let (ours, near) = duplex(PIPE);
    let (far, theirs) = duplex(PIPE);
    let (near_read, near_write) = split(near);
    let (far_read, far_write) = split(far);
    delay(near_read, far_write);
    delay(far_read, near_write);
    (ours, theirs)
}

/// Answers at length, reads a part, and learns in the end that nobody wants it.
async fn answer(request: Request<RecvBody>, responder: server::Responder) {
    let mut body = request.into_body();
    let Ok(mut send) = responder.send_response(Response::new(())) else { return };
    for _ in 0..3 {
        let _ = body.data().await;
        if send.send_data(Bytes::from_static(&[7; 4_000])).await.is_err() {
            return;
        }
    }
    send.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn requests_cancelled_at_any_moment_cost_neither_the_connection_nor_a_slot() {
    let (ours, theirs) = far_apart();
    let (server, mut incoming) = server::spawn_connection(theirs, Config::server());
    let arrived = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let arrived = Arc::clone(&arrived);
        async move {
            while let Some((request, responder)) = incoming.next().await {
                arrived.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(answer(request, responder));
            }
        }
    });
    let client = client::handshake(ours, Config::client()).await.unwrap();
    let free = client.state().free;
    let mut rng = Rng::new(1);
    let end = Instant::now() + SOAK;
    let mut cancelled = 0;
    while Instant::now() < end {
        let patience = Duration::from_millis(rng.below(600) as u64);
        let request = {
            let client = client.clone();
            let body = octets(rng.small(1, 12_000));
            async move { read(client.request(post(body)).await?.into_body()).await }
        };
        tokio::spawn(async move {
            let done = tokio::time::timeout(patience, request).await;
            assert!(done.is_err(), "nothing ends but by its caller: {done:?}");
        });
        cancelled += 1;
        sleep(PERIOD).await;
    }
    assert!(cancelled >= 179_000);
    sleep(Duration::from_secs(2)).await;
    // A few were given up before they could be sent.
    assert!(arrived.load(Ordering::Relaxed) > cancelled * 9 / 10);
    for state in [client.state(), server.state()] {
        assert!(state.closed.is_none() && !state.draining, "{state:?}");
        assert_eq!((state.open, state.queued), (0, 0), "{state:?}");
    }
    assert_eq!(client.state().free, free);
    // As many at once as in the beginning, and each as large as ever.
    let permits = futures::future::join_all((0..free).map(|_| client.reserve())).await;
    assert!(permits.iter().all(Result::is_ok));
    assert_eq!(client.state().free, 0);
}

/// A peer's events until nothing comes any more.
async fn heard(peer: &mut Peer) -> Vec<Event> {
    let mut events = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(1), peer.next()).await {
        events.push(event);
    }
    events
}

/// Windows that can be counted: none grows, and few octets wait to be announced.
fn narrow(mut config: Config) -> Config {
    config.core.isolation = false;
    config.core.stream_window = 64 * 1024;
    config.core.max_stream_window = 0;
    config.core.connection_window = 256 * 1024;
    config.core.reset_bucket = None;
    config
}

const NO_FIELDS: [(&str, &str); 0] = [];

/// What a peer may send on the connection.
fn window(peer: &Peer) -> i64 {
    peer.conn.local_flow_control_window(None).unwrap()
}

/// Sends on a stream whose other end reads all of it, until the window has been as large as it
/// gets; that is how large.
async fn widest(peer: &mut Peer, stream: h2_core::StreamId) -> i64 {
    let mut widest = 0;
    for _ in 0..64 {
        let mut data = octets(16 * 1024);
        let _ = peer.conn.send_data(stream, &mut data, End::Later);
        heard(peer).await;
        widest = widest.max(window(peer));
    }
    widest
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cancels_responses_at_any_moment_loses_nothing_of_its_window() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let client = client::spawn_connection(ours, narrow(Config::client()));
    heard(&mut peer).await;
    let target = window(&peer);
    assert_eq!(target, 256 * 1024);
    let mut rng = Rng::new(2);
    for _ in 0..2_000 {
        let request = tokio::spawn({
            let client = client.clone();
            async move { client.request(get("/")).await }
        });
        let events = heard(&mut peer).await;
        let Some(Event::RequestReceived { stream, .. }) = events.last() else { panic!() };
        let stream = *stream;
        let head = ResponseHead::new(200, NO_FIELDS).unwrap();
        peer.conn.send_response(stream, head, End::Later).unwrap();
        let mut data = octets(rng.below(40_000));
        peer.conn.send_data(stream, &mut data, End::from_bool(rng.one_in(4))).unwrap();
        match rng.below(5) {
            // Before the head, with everything in flight.
            0 => request.abort(),
            1 => {
                peer.flush().await;
                request.abort();
            }
            reads => {
                heard(&mut peer).await;
                let mut body = request.await.unwrap().unwrap().into_body();
                for _ in 2..reads {
                    let _ = tokio::time::timeout(Duration::from_millis(1), body.data()).await;
                }
                if rng.one_in(3) {
                    peer.conn.reset_stream(stream, ErrorCode::CANCEL);
                    heard(&mut peer).await;
                }
                let mut more = octets(rng.below(10_000));
                let _ = peer.conn.send_data(stream, &mut more, End::Later);
                if rng.one_in(2) {
                    peer.flush().await;
                }
            }
        }
        peer.conn.release_stream(stream);
        heard(&mut peer).await;
    }
    assert_eq!(client.state().open, 0);
    tokio::spawn(async move { read(client.request(get("/")).await.unwrap().into_body()).await });
    let events = heard(&mut peer).await;
    let Some(Event::RequestReceived { stream, .. }) = events.last() else { panic!() };
    let head = ResponseHead::new(200, NO_FIELDS).unwrap();
    peer.conn.send_response(*stream, head, End::Later).unwrap();
    assert_eq!(widest(&mut peer, *stream).await, target);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_requests_at_any_moment_loses_nothing_of_its_window() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::client(ours);
    let (handle, mut incoming) = server::spawn_connection(theirs, narrow(Config::server()));
    heard(&mut peer).await;
    let target = window(&peer);
    assert_eq!(target, 256 * 1024);
    let mut rng = Rng::new(3);
    let post = || RequestHead::new("POST", "http", "a", "/", NO_FIELDS).unwrap();
    for _ in 0..2_000 {
        let stream = peer.conn.send_request(post(), End::Later).unwrap();
        let mut data = octets(rng.below(40_000));
        peer.conn.send_data(stream, &mut data, End::from_bool(rng.one_in(4))).unwrap();
        heard(&mut peer).await;
        let (request, responder) = incoming.next().await.unwrap();
        let mut body = request.into_body();
        for _ in 0..rng.below(3) {
            let _ = tokio::time::timeout(Duration::from_millis(1), body.data()).await;
        }
        match rng.below(5) {
            0 => drop((body, responder)),
            1 => drop((responder, body)),
            2 => responder.respond(Response::new("enough")).unwrap(),
            3 => {
                drop(body);
                settle().await;
                responder.respond(Response::new("enough")).unwrap();
            }
            _ => {
                peer.conn.reset_stream(stream, ErrorCode::CANCEL);
                heard(&mut peer).await;
                drop((body, responder));
            }
        }
        let mut more = octets(rng.below(10_000));
        let _ = peer.conn.send_data(stream, &mut more, End::Later);
        heard(&mut peer).await;
        peer.conn.reset_stream(stream, ErrorCode::CANCEL);
        peer.conn.release_stream(stream);
        heard(&mut peer).await;
    }
    assert_eq!(handle.state().open, 0);
    let stream = peer.conn.send_request(post(), End::Later).unwrap();
    heard(&mut peer).await;
    let (request, _responder) = incoming.next().await.unwrap();
    tokio::spawn(read(request.into_body()));
    assert_eq!(widest(&mut peer, stream).await, target);
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = |order: Vec<usize>| {
        (0..count).map(move |at| {
            let mut order = order.clone();
            order.insert(at, count - 1);
            order
        })
    };
    shorter.into_iter().flat_map(longer).collect()
}

type Part = Box<dyn Any + Send>;

/// The other end, and the task whose end is waited for.
type Ended = (Part, JoinHandle<CloseReason>);

/// Drops the parts in every order. The first few of them hold the connection: it must outlive all
/// but the last of these, and then end.
async fn in_every_order(
    names: &[&str],
    holding: usize,
    parts: impl AsyncFn() -> (Vec<Part>, Part, JoinHandle<CloseReason>),
) {
    for order in orders(names.len()) {
        let named: Vec<&str> = order.iter().map(|at| names[*at]).collect();
        let (parts, others, driver) = parts().await;
        let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
        for (dropped, at) in order.iter().enumerate() {
            if order[dropped..].iter().any(|at| *at < holding) {
                assert!(!driver.is_finished(), "{named:?}: it ended after {dropped} of them");
            }
            parts[*at] = None;
            settle().await;
        }
        sleep(Duration::from_secs(2)).await;
        assert!(driver.is_finished(), "{named:?}: it does not end");
        drop(others);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_connection_ends_with_the_last_of_its_parts_in_any_order() {
    for body in [false, true] {
        let names = ["handle", "clone", "sender", "response or its body"];
        in_every_order(&names, 4, async || {
            let (ours, theirs) = duplex(PIPE);
            let (handle, mut incoming) = server::spawn_connection(theirs, Config::server());
            let (client, driver) = client::connection(ours, Config::client());
            let driver = tokio::spawn(driver);
            let (send, response) = client.send_request(head_of("/")).await.unwrap();
            let (request, responder) = incoming.next().await.unwrap();
            let answer = responder.send_response(Response::new(())).unwrap();
            let response: Part = if body {
                Box::new(response.await.unwrap().into_body())
            } else {
                Box::new(response)
            };
            let parts: Vec<Part> =
                vec![Box::new(client.clone()), Box::new(client), Box::new(send), response];
            let others: Part = Box::new((handle, incoming, request, answer));
            (parts, others, driver)
        })
        .await;
    }
}

/// A server's connection with one request on it, whose body is not complete.
async fn serving() -> (server::Handle, server::Incoming, RecvBody, server::Responder, Ended) {
    let (ours, theirs) = duplex(PIPE);
    let (handle, mut incoming, driver) = server::connection(theirs, Config::server());
    let driver = tokio::spawn(driver);
    let client = client::spawn_connection(ours, Config::client());
    let other = client.send_request(head_of("/")).await.unwrap();
    let (request, responder) = incoming.next().await.unwrap();
    (handle, incoming, request.into_body(), responder, (Box::new((client, other)), driver))
}

#[tokio::test(start_paused = true)]
async fn a_server_connection_ends_with_its_requests_and_its_last_answer_in_any_order() {
    for begun in [false, true] {
        // Dropping what takes requests is a shutdown, which a handle alone does not hold up. Half
        // an answer that is dropped ends its stream, so there is nothing left for the body.
        let names = ["incoming", "responder or sender", "body", "handle"];
        in_every_order(&names, 2, async || {
            let (handle, incoming, body, responder, (others, driver)) = serving().await;
            let responder: Part = if begun {
                Box::new(responder.send_response(Response::new(())).unwrap())
            } else {
                Box::new(responder)
            };
            let parts: Vec<Part> =
                vec![Box::new(incoming), responder, Box::new(body), Box::new(handle)];
            (parts, others, driver)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_still_read_after_its_answer_holds_its_connection_in_any_order() {
    in_every_order(&["incoming", "body", "handle"], 2, async || {
        let (handle, incoming, body, responder, (others, driver)) = serving().await;
        responder.respond(Response::new("done")).unwrap();
        let parts: Vec<Part> = vec![Box::new(incoming), Box::new(body), Box::new(handle)];
        (parts, others, driver)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reservation_that_was_given_up_does_not_hold_its_connection() {
    let (ours, theirs) = duplex(PIPE);
    let mut config = h2_core::Config::server();
    config.max_concurrent_streams = 0;
    let mut peer = Peer::server(theirs, config);
    let (client, driver) = client::connection(ours, Config::client());
    let driver = tokio::spawn(driver);
    heard(&mut peer).await;
    client.ready().await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(1), client.reserve()).await;
    assert!(waited.is_err());
    drop(client);
    sleep(Duration::from_secs(2)).await;
    assert!(driver.is_finished());
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_was_closed_as_a_sink_hears_of_the_end_of_its_connection() {
    let (client, _server, mut incoming) = crate::support::pair();
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    futures::SinkExt::close(&mut send).await.unwrap();
    incoming.next().await.unwrap().1.respond(Response::new("")).unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "");
    client.close(ErrorCode::NO_ERROR);
    client.closed().await;
    let stopped = tokio::time::timeout(Duration::from_secs(60), send.stopped()).await;
    assert!(stopped.is_ok());
}
