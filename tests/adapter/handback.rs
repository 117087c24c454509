//! What was not sent comes back whole: the head, and the body from its beginning.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2_core::{End, Event, Misuse, ResponseHead};
use h2_tokio::{
    Config, Error, ErrorCode, Outcome, Reason, RecvBody, Rejected, Retry, Unsent, client,
};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::io::duplex;
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Switch};
use crate::support::{PIPE, Peer, client_of, echo, octets, post, read};

pub(crate) type Outcome_<B> = Result<Response<RecvBody>, Rejected<Unsent<B>>>;

/// A client of a peer by hand that allows so many streams, and knows it.
async fn against(streams: u32) -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut config = h2_core::Config::server();
    config.max_concurrent_streams = streams;
    let mut peer = Peer::server(theirs, config);
    let client = client::spawn_connection(ours, Config::client());
    peer.flush().await;
    client.ready().await.unwrap();
    (client, peer)
}

fn post_to(path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::post(format!("http://a.example{path}")).header("x", "y").body(Full::new(body)).unwrap()
}

pub(crate) fn try_on<B>(
    client: &client::Handle,
    request: impl Into<Unsent<B>>,
) -> JoinHandle<Outcome_<B>>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (client, request) = (client.clone(), request.into());
    tokio::spawn(async move { client.try_request(request).await })
}

pub(crate) async fn turns() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// A body that yields its pieces one a poll, waiting before each, and ends with trailers.
struct Slow {
    pieces: Vec<Bytes>,
    waits: bool,
    ended: bool,
}

impl Slow {
    fn of(pieces: &[&'static str]) -> Self {
        let pieces = pieces.iter().rev().map(|piece| Bytes::from_static(piece.as_bytes()));
        Self { pieces: pieces.collect(), waits: false, ended: false }
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.waits = !self.waits;
        if self.waits {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.pieces.pop() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.ended => Poll::Ready(None),
            None => {
                self.ended = true;
                let trailers = [("t".parse().unwrap(), "1".parse().unwrap())];
                Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::from_iter(trailers)))))
            }
        }
    }
}

/// Sends what came back to a server that echoes it.
pub(crate) async fn echoed<B>(request: Unsent<B>) -> (Bytes, Option<HeaderMap>)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let response = client_of(echo).try_request(request).await.unwrap();
    let whole = response.into_body().collect().await.unwrap();
    let trailers = whole.trailers().cloned();
    (whole.to_bytes(), trailers)
}

#[tokio::test(start_paused = true)]
async fn a_request_in_line_comes_back_whole_when_the_peer_says_goodbye() {
    let (client, mut peer) = against(1).await;
    let _open = client.send_request(crate::support::head_of("/1")).await.unwrap();
    let waiting = try_on(&client, post_to("/2", octets(10_000)));
    turns().await;
    peer.conn.shutdown(tokio::time::Instant::now().into_std());
    peer.flush().await;
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().outcome(), Outcome::NotSent);
    assert_eq!(*rejected.error().reason(), Reason::Misuse(Misuse::Draining));
    assert_eq!(rejected.error().retry_hint(), Retry::NewConnection);
    let request = rejected.take_request().unwrap();
    assert_eq!(request.head().uri.path(), "/2");
    assert_eq!(request.head().headers["x"], "y");
    assert!(rejected.take_request().is_none());
    assert_eq!(echoed(request).await.0, octets(10_000));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_ready_at_once_comes_back_unread_and_with_its_trailers() {
    let (client, peer) = against(1).await;
    let _open = client.send_request(crate::support::head_of("/1")).await.unwrap();
    let request = Request::post("http://a/").body(Slow::of(&["one", "two", "three"])).unwrap();
    let waiting = try_on(&client, request);
    turns().await;
    peer.vanish();
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().outcome(), Outcome::NotSent);
    let (body, trailers) = echoed(rejected.take_request().unwrap()).await;
    assert_eq!(body, "onetwothree");
    assert_eq!(trailers.unwrap()["t"], "1");
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_can_be_sent_by_others_and_is_as_long_as_it_was() {
    let (client, peer) = against(1).await;
    let _open = client.send_request(crate::support::head_of("/1")).await.unwrap();
    let slow = try_on(&client, Request::post("http://a/").body(Slow::of(&["a", "b"])).unwrap());
    let full = try_on(&client, post_to("/", octets(1_000)));
    turns().await;
    peer.vanish();
    let request = full.await.unwrap().unwrap_err().take_request().unwrap().into_request();
    assert_eq!(request.body().size_hint().exact(), Some(1_000));
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), octets(1_000));
    let request = slow.await.unwrap().unwrap_err().take_request().unwrap().into_request();
    assert!(!request.body().is_end_stream());
    let whole = request.into_body().collect().await.unwrap();
    assert_eq!(whole.trailers().unwrap()["t"], "1");
    assert_eq!(whole.to_bytes(), "ab");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_comes_back_with_its_body_though_it_was_sent() {
    let (client, mut peer) = against(8).await;
    for body in [Bytes::new(), octets(10_000)] {
        let request = try_on(&client, post_to("/", body.clone()));
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
        peer.flush().await;
        let mut rejected = request.await.unwrap().unwrap_err();
        assert_eq!(rejected.error().outcome(), Outcome::Refused);
        assert_eq!(rejected.error().retry_hint(), Retry::SameConnection);
        assert_eq!(echoed(rejected.take_request().unwrap()).await.0, body);
        while peer.conn.poll_event().is_some() {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_processed_does_not_come_back() {
    let (client, mut peer) = against(8).await;
    for code in [ErrorCode::CANCEL, ErrorCode::INTERNAL_ERROR] {
        let request = try_on(&client, post_to("/", Bytes::new()));
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        peer.conn.reset_stream(stream, code);
        peer.flush().await;
        let mut rejected = request.await.unwrap().unwrap_err();
        assert_eq!(rejected.error().retry_hint(), Retry::DoNot);
        assert!(rejected.take_request().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_read_on_after_the_request_had_a_stream_does_not_come_back() {
    let (client, mut peer) = against(8).await;
    let request = Request::post("http://a/").body(Slow::of(&["one", "two"])).unwrap();
    let request = try_on(&client, request);
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
    peer.flush().await;
    let mut rejected = request.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().outcome(), Outcome::Refused);
    assert!(rejected.take_request().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_not_read_on_before_the_head_of_its_request_is_written() {
    for stalled in [true, false] {
        let (ours, theirs) = duplex(PIPE);
        let switch = Switch::default();
        let mut peer = Peer::server(theirs, h2_core::Config::server());
        let client = client::spawn_connection(switch.on(ours), Config::client());
        peer.flush().await;
        client.ready().await.unwrap();
        turns().await;
        if stalled {
            switch.turn(Fault::Stall);
        }
        let request = Request::post("http://a/").body(Slow::of(&["one", "two", "three"])).unwrap();
        let waiting = try_on(&client, request);
        turns().await;
        assert_eq!(client.state().open, 1);
        switch.turn(Fault::Read);
        let mut rejected = waiting.await.unwrap().unwrap_err();
        if stalled {
            assert_eq!(rejected.error().outcome(), Outcome::NotSent);
            let (body, trailers) = echoed(rejected.take_request().unwrap()).await;
            assert_eq!(body, "onetwothree");
            assert_eq!(trailers.unwrap()["t"], "1");
        } else {
            assert_eq!(rejected.error().outcome(), Outcome::MaybeProcessed);
            assert!(rejected.take_request().is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_comes_back_with_a_body_that_had_nothing_more_to_give_yet() {
    let (client, mut peer) = against(8).await;
    let (give, given) = tokio::sync::oneshot::channel::<&'static str>();
    let later = async move { Bytes::from_static(given.await.unwrap().as_bytes()) };
    let pieces = futures::stream::iter([Bytes::from_static(b"now, ")]);
    let pieces = futures::StreamExt::chain(pieces, futures::stream::once(later));
    let frames = futures::StreamExt::map(pieces, |data| Ok::<_, Infallible>(Frame::data(data)));
    let body = http_body_util::StreamBody::new(Box::pin(frames));
    let waiting = try_on(&client, Request::post("http://a/").body(body).unwrap());
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    let Some(Event::DataReceived { data, .. }) = peer.next().await else { panic!() };
    assert_eq!(data, "now, ");
    peer.conn.reset_stream(stream, ErrorCode::REFUSED_STREAM);
    peer.flush().await;
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().outcome(), Outcome::Refused);
    give.send("and later").unwrap();
    let (body, _) = echoed(rejected.take_request().unwrap()).await;
    assert_eq!(body, "now, and later");
}

#[tokio::test(start_paused = true)]
async fn a_request_comes_back_from_a_connection_that_has_ended_and_from_a_permit_too_late() {
    let (client, mut peer) = against(8).await;
    let permit = client.reserve().await.unwrap();
    peer.conn.shutdown(tokio::time::Instant::now().into_std());
    peer.flush().await;
    turns().await;
    let mut rejected = permit.try_request(post_to("/", octets(5))).await.unwrap_err();
    assert_eq!(rejected.error().retry_hint(), Retry::NewConnection);
    assert_eq!(echoed(rejected.take_request().unwrap()).await.0, octets(5));
    peer.vanish();
    client.closed().await;
    let mut rejected = client.try_request(post(octets(5))).await.unwrap_err();
    assert_eq!(echoed(rejected.take_request().unwrap()).await.0, octets(5));
    let mut rejected = client.try_send_request(crate::support::head_of("/7")).await.unwrap_err();
    assert_eq!(rejected.take_request().unwrap().uri().path(), "/7");
}

#[tokio::test(start_paused = true)]
async fn a_full_line_hands_back_and_a_head_that_cannot_be_sent_too() {
    let (ours, theirs) = duplex(PIPE);
    let mut config = h2_core::Config::server();
    config.max_concurrent_streams = 1;
    let mut peer = Peer::server(theirs, config);
    let client = client::spawn_connection(ours, Config::client().max_queued(0));
    peer.flush().await;
    client.ready().await.unwrap();
    let _open = client.send_request(crate::support::head_of("/1")).await.unwrap();
    let last = try_on(&client, post_to("/2", octets(3)));
    turns().await;
    let mut rejected = client.try_request(post_to("/3", octets(3))).await.unwrap_err();
    assert_eq!(*rejected.error().reason(), Reason::QueueFull);
    assert_eq!(rejected.take_request().unwrap().head().uri.path(), "/3");
    drop(last);
    let mut rejected =
        client.try_request(Request::get("/").body(Full::<Bytes>::from("")).unwrap()).await;
    let rejected = rejected.as_mut().unwrap_err();
    assert!(matches!(rejected.error().reason(), Reason::Malformed(_)));
    assert_eq!(rejected.error().retry_hint(), Retry::DoNot);
    assert!(rejected.take_request().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_question_mark_makes_it_a_plain_error() {
    async fn ask(client: client::Handle) -> Result<Bytes, Error> {
        read(client.try_request(post(Bytes::new())).await?.into_body()).await
    }
    let (client, peer) = against(1).await;
    peer.vanish();
    client.closed().await;
    assert!(ask(client).await.unwrap_err().is_unprocessed());
}

#[tokio::test(start_paused = true)]
async fn a_body_whose_request_waits_in_line_is_not_read_on() {
    let (client, mut peer) = against(1).await;
    let (send, response) = client.send_request(crate::support::head_of("/1")).await.unwrap();
    let (given, mut seen) = tokio::sync::oneshot::channel::<()>();
    let body = futures::stream::once(async move {
        tokio::task::yield_now().await;
        given.send(()).unwrap();
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"late")))
    });
    let body = http_body_util::StreamBody::new(Box::pin(body));
    let request = Request::post("http://a/2").body(body).unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.request(request).await }
    });
    turns().await;
    assert!(seen.try_recv().is_err());
    send.reset(ErrorCode::CANCEL);
    drop(response);
    let second = loop {
        match peer.next().await.unwrap() {
            Event::RequestReceived { stream, .. } if stream.get() == 3 => break stream,
            Event::StreamReset { stream, .. } => peer.conn.release_stream(stream),
            _ => {}
        }
    };
    assert!(seen.await.is_ok());
    let head = ResponseHead::new(200, [("a", "b")]).unwrap();
    peer.conn.send_response(second, head, End::Now).unwrap();
    peer.flush().await;
    assert!(waiting.await.unwrap().is_ok());
}
