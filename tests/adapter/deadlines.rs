//! Requests that are not answered in time, and connections that may be dead.

use std::time::Duration;

use bytes::Bytes;
use h2_core::{End, Event, ResponseHead, StreamId, Timer};
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{Config, ErrorCode, Outcome, Reason, Retry, Scope, client};
use http::Request;
use http_body_util::Full;
use tokio::io::{DuplexStream, duplex};
use tokio::time::Instant;

use crate::support::{PIPE, Peer, get, head_of, pair_with, read};

const FIELDS: [(&str, &str); 1] = [("a", "b")];

fn ok() -> ResponseHead {
    ResponseHead::new(200, FIELDS).unwrap()
}

async fn against(streams: u32, config: Config) -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut theirs_config = h2_core::Config::server();
    theirs_config.max_concurrent_streams = streams;
    let mut peer = Peer::server(theirs, theirs_config);
    let client = client::spawn_connection(ours, config);
    peer.flush().await;
    client.ready().await.unwrap();
    // Its acknowledgement is the last that is heard of it.
    while peer.conn.local_settings().max_concurrent_streams != Some(streams) {
        let _ = tokio::time::timeout(Duration::from_millis(1), peer.next()).await;
    }
    peer.flush().await;
    settle().await;
    (client, peer)
}

async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

fn within(
    request: Request<http_body_util::Empty<Bytes>>,
    by: RequestTimeout,
) -> Request<Full<Bytes>> {
    let mut request = request.map(|_| Full::default());
    request.extensions_mut().insert(by);
    request
}

const FIVE: RequestTimeout = RequestTimeout::new(Duration::from_secs(5));

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_in_time_is_reset_and_says_so() {
    let (client, mut peer) = against(8, Config::client()).await;
    let start = Instant::now();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(within(get("/"), FIVE)).await }
    });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    let error = request.await.unwrap().unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    assert_eq!(error.outcome(), Outcome::MaybeProcessed);
    assert_eq!(error.scope(), Scope::Stream(stream));
    assert_eq!(error.to_string(), "stream 1 timed out: request: CANCEL");
    let Some(Event::StreamReset { code, .. }) = peer.next().await else { panic!() };
    assert_eq!(code, ErrorCode::CANCEL);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_covers_the_wait_in_line_and_the_request_comes_back_unsent() {
    let config = Config::client().request_timeout(Duration::from_secs(5));
    let (client, _peer) = against(1, config).await;
    let mut first = head_of("/1");
    first.extensions_mut().insert(RequestTimeout::NONE);
    let _open = client.send_request(first).await.unwrap();
    let mut rejected = client.try_request(get("/2")).await.unwrap_err();
    assert_eq!(*rejected.error().reason(), Reason::Timeout(Timer::Request));
    assert_eq!(rejected.error().outcome(), Outcome::NotSent);
    assert_eq!(rejected.error().retry_hint(), Retry::DoNot);
    assert!(rejected.take_request().is_some());
    let error = client.send_request(head_of("/3")).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    settle().await;
    assert_eq!((client.state().queued, client.state().open), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_an_upload_that_the_peer_does_not_take() {
    let (client, _peer) = against(8, Config::client()).await;
    let mut head = head_of("/");
    head.extensions_mut().insert(FIVE);
    let (mut send, response) = client.send_request(head).await.unwrap();
    let error = loop {
        if let Err(error) = send.send_data(Bytes::from_static(&[7; 8 * 1024])).await {
            break error;
        }
    };
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    assert_eq!(*response.await.unwrap_err().reason(), Reason::Timeout(Timer::Request));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_met_by_the_head_unless_it_is_for_the_whole() {
    for whole in [false, true] {
        let (client, mut peer) = against(8, Config::client()).await;
        let by = if whole { FIVE.with_body() } else { FIVE };
        let request = tokio::spawn({
            let client = client.clone();
            async move { client.request(within(get("/"), by)).await }
        });
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        peer.conn.send_response(stream, ok(), End::Later).unwrap();
        peer.flush().await;
        let body = request.await.unwrap().unwrap().into_body();
        let late = tokio::spawn(read(body));
        tokio::time::sleep(Duration::from_secs(6)).await;
        if whole {
            let error = late.await.unwrap().unwrap_err();
            assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
            assert_eq!(error.outcome(), Outcome::ResponseStarted);
        } else {
            peer.conn.send_data(stream, &mut Bytes::from_static(b"late"), End::Now).unwrap();
            peer.flush().await;
            assert_eq!(late.await.unwrap().unwrap(), "late");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_response_that_is_read_late_is_in_time() {
    let (client, mut peer) = against(8, Config::client()).await;
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(within(get("/"), FIVE.with_body())).await }
    });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    peer.conn.send_response(stream, ok(), End::Later).unwrap();
    peer.conn.send_data(stream, &mut Bytes::from_static(b"early"), End::Now).unwrap();
    peer.flush().await;
    let body = request.await.unwrap().unwrap().into_body();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(read(body).await.unwrap(), "early");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_deadlines_that_are_met_end_nothing() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), Config::server());
    tokio::spawn(async move {
        while let Some((_, responder)) = incoming.next().await {
            responder.respond(http::Response::new("")).unwrap();
        }
    });
    for at in 0..10_000 {
        let by = RequestTimeout::new(Duration::from_secs(1 + at % 7));
        assert!(client.request(within(get("/"), by)).await.is_ok());
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(client.request(get("/")).await.is_ok());
}

/// A peer that went silent: what it is sent goes nowhere, and nothing comes from it.
async fn black_hole() -> (client::Handle, DuplexStream) {
    use tokio::io::AsyncWriteExt;
    let (ours, mut theirs) = duplex(4 * 1024 * 1024);
    let client = client::spawn_connection(ours, Config::client());
    theirs.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    client.ready().await.unwrap();
    theirs.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await.unwrap();
    settle().await;
    (client, theirs)
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_is_suspect_after_a_deadline_and_given_up_after_the_ping() {
    let (client, _peer) = black_hole().await;
    let start = Instant::now();
    let mut watch = client.watch_state();
    let error = client.request(within(get("/1"), FIVE)).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Request));
    let state = watch.until(|state| state.suspect).await;
    assert_eq!((state.free, state.closed.is_some()), (0, false));
    let none = client.try_reserve().await.unwrap_err();
    assert_eq!((none.reason(), none.retry_hint()), (&Reason::Suspect, Retry::NewConnection));
    // What comes after it waits unsent, and comes back whole.
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.try_request(get("/2")).await }
    });
    let reserving = client.reserve().await.unwrap_err();
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 25);
    for error in [&reserving, rejected.error()] {
        assert_eq!(*error.reason(), Reason::Timeout(Timer::KeepAlive));
        assert_eq!((error.outcome(), error.retry_hint()), (Outcome::NotSent, Retry::NewConnection));
    }
    assert!(rejected.take_request().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_in_silence_makes_its_connection_suspect_too() {
    let (client, _peer) = black_hole().await;
    let request = tokio::time::timeout(Duration::from_secs(3), client.request(get("/"))).await;
    assert!(request.is_err());
    client.watch_state().until(|state| state.suspect).await;
    assert_eq!(*client.closed().await.reason(), Reason::Timeout(Timer::KeepAlive));
}

#[tokio::test(start_paused = true)]
async fn a_request_body_that_is_left_unfinished_says_nothing_about_the_peer() {
    let (client, _peer) = black_hole().await;
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    settle().await;
    drop(send);
    let error = response.await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::CANCEL);
    assert!(!client.state().suspect);
    // Whoever does not wait for the answer either has waited in vain.
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    settle().await;
    drop((send, response));
    client.watch_state().until(|state| state.suspect).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_arrives_ends_the_suspicion_and_those_in_line_go_on() {
    let (client, mut peer) = against(8, Config::client()).await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.request(within(get("/1"), FIVE)).await }
    });
    let Some(Event::RequestReceived { .. }) = peer.next().await else { panic!() };
    assert!(first.await.unwrap().is_err());
    let mut watch = client.watch_state();
    watch.until(|state| state.suspect).await;
    let second = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/2")).await }
    });
    settle().await;
    assert_eq!(client.state().queued, 1);
    // The peer wakes up, sees the reset and the PING, and answers that.
    let stream = loop {
        match peer.next().await.unwrap() {
            Event::RequestReceived { stream, .. } => break stream,
            Event::StreamReset { stream, .. } => peer.conn.release_stream(stream),
            _ => {}
        }
    };
    assert_eq!(stream, StreamId::new(3).unwrap());
    assert!(!watch.get().suspect);
    peer.conn.send_response(stream, ok(), End::Now).unwrap();
    peer.flush().await;
    assert!(second.await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn reservations_that_were_given_up_take_no_place_in_line() {
    let (client, _peer) = against(1, Config::client().max_queued(2)).await;
    let _open = client.send_request(head_of("/")).await.unwrap();
    for _ in 0..10 {
        let reserve = tokio::time::timeout(Duration::from_millis(1), client.reserve()).await;
        assert!(reserve.is_err());
    }
    settle().await;
    assert_eq!(client.state().queued, 0);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    settle().await;
    assert_eq!(client.state().queued, 1);
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_a_time_of_its_own_reports_what_it_cut() {
    let (client, handle, mut incoming) = pair_with(Config::client(), Config::server());
    let requests: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.request(get("/")).await })
        })
        .collect();
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(incoming.next().await.unwrap());
    }
    let start = Instant::now();
    handle.shutdown_within(Duration::from_secs(4));
    taken.pop().unwrap().1.respond(http::Response::new("")).unwrap();
    let reason = handle.closed().await;
    assert_eq!(start.elapsed().as_secs(), 4);
    assert_eq!(*reason.reason(), Reason::Timeout(Timer::Drain));
    assert_eq!((reason.streams_cut(), reason.is_graceful()), (2, false));
    let mut answered = 0;
    for request in requests {
        answered += usize::from(request.await.unwrap().is_ok());
    }
    assert_eq!(answered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_can_be_made_shorter_and_not_longer() {
    for (first, second, seconds) in [(60, 2, 2), (2, 60, 2)] {
        let (client, handle, mut incoming) = pair_with(Config::client(), Config::server());
        let _open = client.send_request(head_of("/")).await.unwrap();
        let _taken = incoming.next().await.unwrap();
        let start = Instant::now();
        handle.shutdown_within(Duration::from_secs(first));
        handle.shutdown_within(Duration::from_secs(second));
        assert_eq!(handle.closed().await.streams_cut(), 1);
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_can_say_why_to_the_peer() {
    let (client, mut peer) = against(8, Config::client()).await;
    client.close_with(ErrorCode::INTERNAL_ERROR, "the disk is full");
    let closed = client.closed().await;
    assert_eq!(closed.debug_data(), "the disk is full");
    let (code, debug) = loop {
        if let Event::GoAwayReceived { code, debug, .. } = peer.next().await.unwrap() {
            break (code, debug);
        }
    };
    assert_eq!((code, &debug[..]), (ErrorCode::INTERNAL_ERROR, &b"the disk is full"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_http1_or_is_not_the_one_is_told_apart() {
    let (client, mut peer) = against(8, Config::client()).await;
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    peer.conn.reset_stream(stream, ErrorCode::HTTP_1_1_REQUIRED);
    peer.conn.release_stream(stream);
    peer.flush().await;
    assert!(request.await.unwrap().unwrap_err().is_http1_required());
    let request = tokio::spawn(async move { client.request(get("/")).await });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    let head = ResponseHead::new(421, FIELDS).unwrap();
    peer.conn.send_response(stream, head, End::Now).unwrap();
    peer.flush().await;
    let error = client::directed(request.await.unwrap().unwrap()).unwrap_err();
    assert_eq!(*error.reason(), Reason::Misdirected);
    assert_eq!((error.outcome(), error.retry_hint()), (Outcome::Refused, Retry::NewConnection));
}
