//! What a client over several connections sends again, where, and how often.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use h2_core::{End, Event, ResponseHead, StreamId};
use h2_tests::wire::{self, Wire};
use h2_tokio::client::{Connections, ConnectionsConfig};
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{Error, ErrorCode, Outcome, client};
use http::Request;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::task::JoinHandle;

use crate::pool::{Calls, line, peer};
use crate::support::{Peer, get};

/// What a server does with a request.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Answer,
    Reset(ErrorCode),
    /// GOAWAY with this code; the request is above its last stream.
    GoAway(ErrorCode),
    /// GOAWAY with this code; the request is its last stream. Then it ends the transport.
    GoAwayAfter(ErrorCode),
    Cut,
}

/// How often a client over one connection asks, when the first time ends so and all others are
/// answered, and what it gets.
const TABLE: [(Deed, usize, Option<Outcome>); 12] = [
    (Deed::Answer, 1, None),
    (Deed::Reset(ErrorCode::REFUSED_STREAM), 2, None),
    (Deed::Reset(ErrorCode::CANCEL), 1, Some(Outcome::MaybeProcessed)),
    (Deed::Reset(ErrorCode::NO_ERROR), 1, Some(Outcome::MaybeProcessed)),
    (Deed::Reset(ErrorCode::INTERNAL_ERROR), 1, Some(Outcome::MaybeProcessed)),
    (Deed::Reset(ErrorCode::PROTOCOL_ERROR), 1, Some(Outcome::MaybeProcessed)),
    (Deed::Reset(ErrorCode::ENHANCE_YOUR_CALM), 1, Some(Outcome::MaybeProcessed)),
    (Deed::GoAway(ErrorCode::NO_ERROR), 2, None),
    (Deed::GoAway(ErrorCode::ENHANCE_YOUR_CALM), 1, Some(Outcome::Refused)),
    (Deed::GoAwayAfter(ErrorCode::NO_ERROR), 1, Some(Outcome::MaybeProcessed)),
    (Deed::GoAwayAfter(ErrorCode::INTERNAL_ERROR), 1, Some(Outcome::MaybeProcessed)),
    (Deed::Cut, 1, Some(Outcome::MaybeProcessed)),
];

/// Does it to the next request of this connection; `None` if the connection is gone with it.
async fn act(mut peer: Peer, deed: Deed) -> Option<Peer> {
    let stream = requested(&mut peer).await;
    match deed {
        Deed::Answer => answer(&mut peer, stream).await,
        Deed::Reset(code) => {
            peer.conn.reset_stream(stream, code);
            peer.conn.release_stream(stream);
            peer.flush().await;
        }
        Deed::GoAway(code) => {
            let bye = wire::goaway(stream.get() - 2, code, b"").octets();
            peer.vanish_with(&bye).await;
            return None;
        }
        Deed::GoAwayAfter(code) => {
            peer.vanish_with(&wire::goaway(stream.get(), code, b"").octets()).await;
            return None;
        }
        Deed::Cut => {
            peer.vanish();
            return None;
        }
    }
    Some(peer)
}

async fn requested(peer: &mut Peer) -> StreamId {
    loop {
        if let Event::RequestReceived { stream, .. } = peer.next().await.unwrap() {
            return stream;
        }
    }
}

async fn answer(peer: &mut Peer, stream: StreamId) {
    peer.conn
        .send_response(stream, ResponseHead::new(200, [("a", "b")]).unwrap(), End::Now)
        .unwrap();
    peer.conn.release_stream(stream);
    peer.flush().await;
}

fn ask(client: &Connections) -> JoinHandle<Result<(), Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.request(get("/")).await.map(|_| ()) })
}

#[tokio::test(start_paused = true)]
async fn only_what_was_certainly_not_processed_is_sent_again() {
    for (deed, times, outcome) in TABLE {
        let (connector, mut calls) = line();
        let client = client::connections(1, connector);
        // The first request of a connection is another story; see `Retry::after`.
        let first = ask(&client);
        let mut current = act(peer(&mut calls, 9).await, Deed::Answer).await;
        first.await.unwrap().unwrap();
        let asked = ask(&client);
        current = act(current.unwrap(), deed).await;
        for _ in 1..times {
            let next = match current {
                Some(peer) => peer,
                None => peer(&mut calls, 9).await,
            };
            current = act(next, Deed::Answer).await;
        }
        let result = asked.await.unwrap();
        assert_eq!(result.err().map(|error| error.outcome()), outcome, "{deed:?}");
        // It was asked no more often than that.
        if let Some(mut peer) = current {
            let more = peer.settle().await;
            let asks = |event: &Event| matches!(event, Event::RequestReceived { .. });
            assert!(!more.iter().any(asks), "{deed:?}");
        }
    }
}

/// A client of two connections, both open, and their peers.
async fn of_two(calls: &mut Calls, client: &Connections) -> [Peer; 2] {
    let reserve = |client: &Connections| {
        let client = client.clone();
        tokio::spawn(async move { client.reserve().await.unwrap() })
    };
    let one = reserve(client);
    let first = peer(calls, 1).await;
    let one = one.await.unwrap();
    let two = reserve(client);
    let second = peer(calls, 1).await;
    drop((one, two.await.unwrap()));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(client.state().free, 2);
    [first, second]
}

#[tokio::test(start_paused = true)]
async fn what_one_connection_refused_goes_to_another_even_if_it_must_wait_for_it() {
    let (connector, mut calls) = line();
    let client = client::connections(2, connector);
    let [mut first, mut second] = of_two(&mut calls, &client).await;
    let held = [ask(&client), ask(&client)];
    let on_first = requested(&mut first).await;
    let on_second = requested(&mut second).await;
    first.conn.reset_stream(on_first, ErrorCode::REFUSED_STREAM);
    first.conn.release_stream(on_first);
    first.flush().await;
    let events = first.settle().await;
    assert!(events.is_empty(), "it does not come back though there is room: {events:?}");
    assert_eq!(client.state().waiting, 1);
    answer(&mut second, on_second).await;
    let again = requested(&mut second).await;
    answer(&mut second, again).await;
    for held in held {
        held.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_another_goes_back_when_there_is_no_other_any_more() {
    let (connector, mut calls) = line();
    let client = client::connections(2, connector);
    let [mut first, mut second] = of_two(&mut calls, &client).await;
    let held = [ask(&client), ask(&client)];
    let on_first = requested(&mut first).await;
    let _ = requested(&mut second).await;
    first.conn.reset_stream(on_first, ErrorCode::REFUSED_STREAM);
    first.conn.release_stream(on_first);
    assert!(first.settle().await.is_empty());
    second.vanish();
    let again = requested(&mut first).await;
    answer(&mut first, again).await;
    let [one, two] = held;
    let results = [one.await.unwrap(), two.await.unwrap()];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_is_asked_a_bounded_number_of_times() {
    for retries in [0, 1, 5] {
        let (connector, mut calls) = line();
        let config = ConnectionsConfig::new(1).retries(retries);
        let client = client::connections_with(config, connector);
        let limit = RequestTimeout::new(Duration::from_secs(60));
        let request = Request::post("http://a.example/").extension(limit);
        let request = request.body(Full::<Bytes>::from("body")).unwrap();
        let asked = tokio::spawn({
            let client = client.clone();
            async move { client.try_request(request).await.map(|_| ()) }
        });
        let mut peer = peer(&mut calls, 9).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in 0..=retries {
            let stream = requested(&mut peer).await;
            peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
            peer.conn.release_stream(stream);
            peer.flush().await;
        }
        let mut rejected = asked.await.unwrap().unwrap_err();
        assert_eq!(rejected.error().outcome(), Outcome::Refused);
        let request = rejected.take_request().unwrap().into_request();
        assert_eq!(request.extensions().get(), Some(&limit), "it comes back as it was");
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "body");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_read_on_is_not_sent_again() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let (sender, body) = futures::channel::mpsc::unbounded();
    let body = StreamBody::new(body);
    let request = Request::post("http://a.example/").body(body).unwrap();
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.try_request(request).await.map(|_| ()) }
    });
    let mut peer = peer(&mut calls, 9).await;
    let stream = requested(&mut peer).await;
    let piece = http_body::Frame::data(Bytes::from_static(b"one"));
    sender.unbounded_send(Ok::<_, std::convert::Infallible>(piece)).unwrap();
    peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
    peer.conn.release_stream(stream);
    peer.flush().await;
    let mut rejected = asked.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().outcome(), Outcome::Refused);
    assert!(rejected.take_request().is_none());
    assert!(
        peer.settle().await.iter().all(|event| !matches!(event, Event::RequestReceived { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_given_nothing_yet_is_sent_again() {
    let (connector, mut calls) = line();
    let client = client::connections(1, connector);
    let (sender, body) = futures::channel::mpsc::unbounded();
    let request = Request::post("http://a.example/").body(StreamBody::new(body)).unwrap();
    let asked = tokio::spawn(async move { client.request(request).await.map(|_| ()) });
    let mut peer = peer(&mut calls, 9).await;
    let stream = requested(&mut peer).await;
    peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
    peer.conn.release_stream(stream);
    let stream = requested(&mut peer).await;
    let piece = http_body::Frame::data(Bytes::from_static(b"one"));
    sender.unbounded_send(Ok::<_, std::convert::Infallible>(piece)).unwrap();
    drop(sender);
    let got = peer.settle().await;
    let whole = |event: &Event| matches!(event, Event::DataReceived { data, .. } if *data == "one");
    assert!(got.iter().any(whole), "{got:?}");
    answer(&mut peer, stream).await;
    asked.await.unwrap().unwrap();
}

/// As servers do that name the last stream at once: what is under way beyond it is refused.
#[tokio::test(start_paused = true)]
async fn no_request_fails_while_connections_are_ended_abruptly_every_fifty() {
    let (connector, mut calls) = line();
    let client = client::connections(4, connector);
    let served = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashMap::new()));
    let kept = std::sync::Arc::clone(&served);
    tokio::spawn(async move {
        while let Some(io) = calls.recv().await {
            let mut peer = Peer::server(io, crate::pool::streams(100).core);
            let served = std::sync::Arc::clone(&served);
            tokio::spawn(async move {
                for count in 1..=50 {
                    let Some(stream) = book(&mut peer, &served).await else { return };
                    answer(&mut peer, stream).await;
                    if count == 50 {
                        let bye = wire::goaway(stream.get(), ErrorCode::NO_ERROR, b"").octets();
                        peer.vanish_with(&bye).await;
                        return;
                    }
                }
            });
        }
    });
    let each = |at: usize| {
        let client = client.clone();
        async move { client.request(get(&format!("/{at}"))).await.map(|_| ()) }
    };
    let answers = futures::stream::iter(0..1_000).map(each).buffer_unordered(32);
    let answers: Vec<_> = answers.collect().await;
    for answer in answers {
        answer.unwrap();
    }
    let served = kept.lock().unwrap();
    assert_eq!(served.len(), 1_000);
    assert!(served.values().all(|count| *count == 1));
}

type Served = std::sync::Mutex<std::collections::HashMap<String, usize>>;

/// The next request of a connection, booked.
async fn book(peer: &mut Peer, served: &Served) -> Option<StreamId> {
    loop {
        if let Event::RequestReceived { stream, head, .. } = peer.next().await? {
            let path = head.path().unwrap().to_owned();
            *served.lock().unwrap().entry(path).or_default() += 1;
            return Some(stream);
        }
    }
}
