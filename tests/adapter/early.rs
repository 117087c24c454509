//! Messages that end and streams that are reset, in either order: END_STREAM alone says what is
//! complete, and what becomes of one direction is no word about the other.

use bytes::Bytes;
use h2_core::{End, Event, RequestHead, ResponseHead, Trailers};
use h2_tokio::server::{self, Responder};
use h2_tokio::{Config, Error, ErrorCode, RecvBody, SendBody, client};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use tokio::io::duplex;

use crate::support::{PIPE, Peer, head_of, octets, pair, read};

const NO_FIELDS: [(&str, &str); 0] = [];

/// A whole message, or half of one, and then a reset of this code.
#[derive(Clone, Copy, Debug)]
struct Case {
    whole: bool,
    code: ErrorCode,
}

const CASES: [Case; 4] = [
    Case { whole: true, code: ErrorCode::NO_ERROR },
    Case { whole: true, code: ErrorCode::CANCEL },
    Case { whole: false, code: ErrorCode::NO_ERROR },
    Case { whole: false, code: ErrorCode::CANCEL },
];

fn trailers() -> Trailers {
    Trailers::new([("x", "1")].into_iter().collect()).unwrap()
}

/// Sends the rest of a message after its head, then resets the stream.
async fn finish(peer: &mut Peer, stream: h2_core::StreamId, case: Case) {
    peer.conn.send_data(stream, &mut Bytes::from_static(b"body"), End::Later).unwrap();
    if case.whole {
        peer.conn.send_trailers(stream, trailers()).unwrap();
    }
    peer.flush().await;
    peer.conn.reset_stream(stream, case.code);
    peer.settle().await;
}

/// What a message is that came with a reset behind it.
async fn expect(mut body: RecvBody, case: Case) {
    if case.whole {
        let all = body.collect().await.unwrap();
        assert_eq!(all.trailers(), Some(&HeaderMap::from_iter([pair_of_x()])), "{case:?}");
        assert_eq!(all.to_bytes(), "body", "{case:?}");
        return;
    }
    let mut octets = Vec::new();
    let error = loop {
        match body.data().await {
            Some(Ok(piece)) => octets.extend_from_slice(&piece),
            Some(Err(error)) => break error,
            None => panic!("{case:?}: half a body has ended"),
        }
    };
    assert_eq!(octets, b"body", "{case:?}");
    assert_eq!(error.code(), case.code, "{case:?}");
    assert_eq!(body.trailers().await.unwrap_err().code(), case.code, "{case:?}");
}

fn pair_of_x() -> (http::HeaderName, http::HeaderValue) {
    (http::HeaderName::from_static("x"), http::HeaderValue::from_static("1"))
}

#[tokio::test(start_paused = true)]
async fn a_response_is_as_complete_as_it_came_and_its_upload_hears_of_the_reset() {
    for case in CASES {
        let (ours, theirs) = duplex(PIPE);
        let client = client::spawn_connection(ours, Config::client());
        let mut peer = Peer::server(theirs, h2_core::Config::server());
        let opened = tokio::spawn({
            let client = client.clone();
            async move { client.send_request(head_of("/")).await.unwrap() }
        });
        let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
        let (mut send, response) = opened.await.unwrap();
        send.send_data("first").await.unwrap();
        let head = ResponseHead::new(200, NO_FIELDS).unwrap();
        peer.conn.send_response(stream, head, End::Later).unwrap();
        finish(&mut peer, stream, case).await;
        expect_upload(&mut send, case).await;
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        expect(response.into_body(), case).await;
        assert!(!client.is_closed());
    }
}

async fn expect_upload(send: &mut SendBody, case: Case) {
    assert_eq!(send.stopped().await.code(), case.code, "{case:?}");
    assert_eq!(send.send_data("late").await.unwrap_err().code(), case.code, "{case:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_as_complete_as_it_came_and_its_response_hears_of_the_reset() {
    for begun in [true, false] {
        for case in CASES {
            let (ours, theirs) = duplex(PIPE);
            let (server, mut incoming) = server::spawn_connection(theirs, Config::server());
            let mut peer = Peer::client(ours);
            let head = RequestHead::new("POST", "http", "a", "/", NO_FIELDS).unwrap();
            let stream = peer.conn.send_request(head, End::Later).unwrap();
            peer.flush().await;
            let (request, responder) = incoming.next().await.unwrap();
            if begun {
                let mut send = responder.send_response(Response::new(())).unwrap();
                finish(&mut peer, stream, case).await;
                expect_upload(&mut send, case).await;
            } else {
                finish(&mut peer, stream, case).await;
                let error = expect_no_answer(responder).await;
                assert_eq!(error.code(), case.code, "{case:?}");
            }
            expect(request.into_body(), case).await;
            assert!(!server.is_closed());
        }
    }
}

async fn expect_no_answer(mut responder: Responder) -> Error {
    let told = responder.cancelled().await;
    let error = responder.respond(Response::new("late")).unwrap_err();
    assert_eq!(error.code(), told.code());
    error
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_after_its_response_has_ended() {
    let (client, _server, mut incoming) = pair();
    let server = tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        responder.respond(Response::new("early")).unwrap();
        let late = read(request.into_body()).await;
        drop(incoming);
        late
    });
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "early");
    let late = octets(300_000);
    for piece in late.chunks(10_000) {
        send.send_data(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    send.finish().unwrap();
    assert!(server.await.unwrap().unwrap() == late);
}

#[tokio::test(start_paused = true)]
async fn a_response_goes_on_long_after_its_request_has_ended() {
    let (client, _server, mut incoming) = pair();
    let server = tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        assert_eq!(read(request.into_body()).await.unwrap(), "early");
        let mut send = responder.send_response(Response::new(())).unwrap();
        for piece in octets(300_000).chunks(10_000) {
            send.send_data(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        send.finish().unwrap();
        incoming.next().await.is_none()
    });
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    send.send_data("early").await.unwrap();
    send.finish().unwrap();
    assert!(read(response.await.unwrap().into_body()).await.unwrap() == octets(300_000));
    drop(client);
    assert!(server.await.unwrap());
}
