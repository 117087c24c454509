//! Bodies of other crates that go in, and ours that go into them.

use bytes::Bytes;
use h2_core::{End, Event, ResponseHead};
use h2_tokio::{Config, Error, ErrorCode, Reason, RecvBody, client};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited, StreamBody};
use tokio::io::duplex;

use crate::support::{PIPE, Peer, client_of, echo, get, head_of, octets, pair, post, read};

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x".parse().unwrap(), HeaderValue::from(1))])
}

fn boxed<B>(body: B) -> BoxBody<Bytes, Error>
where
    B: Body<Data = Bytes, Error = std::convert::Infallible> + Send + Sync + 'static,
{
    body.map_err(|never| match never {}).boxed()
}

#[tokio::test(start_paused = true)]
async fn whole_streamed_and_empty_bodies_pass_both_ways() {
    let client = client_of(echo);
    let streamed = || {
        let frames = ["one", "two"].map(|piece| Ok(Frame::data(Bytes::from(piece))));
        StreamBody::new(futures::stream::iter(frames)).with_trailers(async { Some(Ok(trailers())) })
    };
    let table = [
        (boxed(Full::new(octets(70_000))), octets(70_000), None),
        (boxed(Empty::new()), Bytes::new(), None),
        (boxed(Full::new(Bytes::new())), Bytes::new(), None),
        (boxed(streamed()), Bytes::from_static(b"onetwo"), Some(trailers())),
    ];
    for (body, octets, trailers) in table {
        let request = Request::post("http://a.example/").body(body).unwrap();
        let back = client.request(request).await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(back.trailers(), trailers.as_ref());
        assert!(back.to_bytes() == octets);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_wrapped_works_as_it_does_alone() {
    // The handler gives back what it got, but in capital letters, through three combinators.
    let client = client_of(|request: Request<RecvBody>| async move {
        let body = request.into_body().map_frame(|frame| {
            frame.map_data(|data: Bytes| Bytes::from(data.to_ascii_uppercase()))
        });
        Ok(Response::new(body.map_err(Error::from).boxed()))
    });
    let response = client.request(post(Bytes::from_static(b"quiet"))).await.unwrap();
    let body = Limited::new(response.into_body(), 5).collect().await.unwrap();
    assert_eq!(body.to_bytes(), "QUIET");
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_its_limit_is_refused_and_its_stream_reset() {
    let (client, _server, mut incoming) = pair();
    let request = tokio::spawn(async move {
        let response = client.request(get("/")).await.unwrap();
        let error = Limited::new(response.into_body(), 100).collect().await.unwrap_err();
        assert!(error.downcast_ref::<LengthLimitError>().is_some());
        client
    });
    let (_, responder) = incoming.next().await.unwrap();
    let mut send = responder.send_response(Response::new(())).unwrap();
    send.send_data(octets(101)).await.unwrap();
    assert_eq!(send.stopped().await.code(), ErrorCode::CANCEL);
    drop(request.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_a_body_says_of_its_length_and_its_end_is_true() {
    let (client, _server, mut incoming) = pair();
    let request = tokio::spawn(async move { client.request(get("/")).await.unwrap() });
    let (_, responder) = incoming.next().await.unwrap();
    let head = Response::builder().header("content-length", "6").body(()).unwrap();
    let mut send = responder.send_response(head).unwrap();
    send.send_data("one").await.unwrap();
    let mut body = request.await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(6));
    assert!(!body.is_end_stream());
    assert_eq!(body.data().await.unwrap().unwrap(), "one");
    assert_eq!(body.size_hint().exact(), Some(3));
    send.send_data("two").await.unwrap();
    assert_eq!(body.data().await.unwrap().unwrap(), "two");
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(!body.is_end_stream(), "as many octets as were announced are no end");
    send.send_trailers(trailers()).unwrap();
    assert_eq!(body.trailers().await.unwrap(), Some(trailers()));
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_says_so() {
    let (client, _server, mut incoming) = pair();
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let (request, _responder) = incoming.next().await.unwrap();
    assert_eq!(request.body().size_hint().exact(), None);
    assert!(!request.body().is_end_stream());
    send.finish().unwrap();
    assert_eq!(read(request.into_body()).await.unwrap(), "");
    drop(response);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_belies_its_length_is_an_error_to_whoever_sends_it() {
    for (sent, finish) in [("too long", false), ("short", true)] {
        let (client, _server, mut incoming) = pair();
        let request = tokio::spawn(async move { client.request(get("/")).await.unwrap() });
        let (_, responder) = incoming.next().await.unwrap();
        let head = Response::builder().header("content-length", "7").body(()).unwrap();
        let mut send = responder.send_response(head).unwrap();
        let body = request.await.unwrap().into_body();
        send.send_data(sent).await.unwrap();
        if finish {
            send.finish().unwrap();
        } else {
            let error = send.stopped().await;
            assert!(matches!(error.reason(), Reason::Misuse(_)), "{error}");
        }
        assert_eq!(read(body).await.unwrap_err().code(), ErrorCode::INTERNAL_ERROR, "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_belies_its_length_is_an_error_to_whoever_receives_it() {
    for sent in ["too long", "short"] {
        let (ours, theirs) = duplex(PIPE);
        let mut peer = Peer::server(theirs, h2_core::Config::server());
        let client = client::spawn_connection(ours, Config::client());
        let request = tokio::spawn(async move { client.request(get("/")).await });
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        let head = ResponseHead::new(200, [("content-length", "7")]).unwrap();
        peer.conn.send_response(stream, head, End::Later).unwrap();
        peer.flush().await;
        // By hand, because our own side would not send it: DATA on stream 1 with END_STREAM.
        let length = u8::try_from(sent.len()).unwrap();
        let frame = [&[0, 0, length, 0, 1, 0, 0, 0, 1], sent.as_bytes()].concat();
        peer.write(&frame).await;
        let body = request.await.unwrap().unwrap().into_body();
        let error = read(body).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::PROTOCOL_ERROR, "{sent}");
        assert!(matches!(error.reason(), Reason::Violation(_)), "{error}");
    }
}
