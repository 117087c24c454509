//! Server push: asked for by the client, promised by a handler, and never forced on anyone.

use std::time::Duration;

use futures::StreamExt;
use h2_core::Misuse;
use h2_tests::{Frame, wire};
use h2_tokio::client::PushedResponses;
use h2_tokio::server::{self, Responder};
use h2_tokio::{Config, ErrorCode, Reason, client};
use http::{Method, Request, Response};
use tokio::io::duplex;

use crate::byhand::ByHand;
use crate::support::{PIPE, get, head_of, pair, pair_with, read};

/// A client that takes two pushed responses at once.
fn taking() -> Config {
    let mut config = Config::client();
    config.core.enable_push = true;
    config.core.max_concurrent_streams = 2;
    config
}

fn promised(path: &str) -> Request<()> {
    Request::get(format!("http://a.example{path}")).body(()).unwrap()
}

/// The server's side of one request, with `count` promises made.
async fn promise(responder: &mut Responder, count: usize) -> Vec<Responder> {
    let mut pushes = Vec::new();
    for at in 0..count {
        pushes.push(responder.push(promised(&format!("/{at}"))).await.unwrap());
    }
    pushes
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_pushes_gets_each_with_its_request() {
    let (client, _server, mut incoming) = pair_with(taking(), Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let mut pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    for (at, push) in promise(&mut responder, 2).await.into_iter().enumerate() {
        push.respond(Response::new(format!("pushed {at}"))).unwrap();
    }
    responder.respond(Response::new("asked")).unwrap();
    for at in 0..2 {
        let (request, response) = pushes.next().await.unwrap();
        assert_eq!(request.method(), Method::GET);
        assert_eq!(request.uri().to_string(), format!("http://a.example/{at}"));
        let body = response.await.unwrap().into_body();
        assert_eq!(read(body).await.unwrap(), format!("pushed {at}"));
    }
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "asked");
    assert!(pushes.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_pushed_response_can_be_streamed_and_outlasts_the_one_it_came_with() {
    let (client, _server, mut incoming) = pair_with(taking(), Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let push = promise(&mut responder, 1).await.remove(0);
    responder.respond(Response::new("")).unwrap();
    assert!(response.await.is_ok());
    let all: Vec<_> = pushes.collect().await;
    let mut sent = push.send_response(Response::new(())).unwrap();
    let (_, pushed) = all.into_iter().next().unwrap();
    let mut body = pushed.await.unwrap().into_body();
    for _ in 0..20 {
        sent.send_data(vec![b'x'; 50_000]).await.unwrap();
        let mut got = 0;
        while got < 50_000 {
            got += body.data().await.unwrap().unwrap().len();
        }
    }
    sent.finish().unwrap();
    assert!(body.data().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_ask_is_not_pushed_to() {
    let (client, _server, mut incoming) = pair();
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let error = responder.push(promised("/")).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::NotEnabled));
    responder.respond(Response::new("")).unwrap();
    assert!(response.pushes().next().await.is_none());
    assert!(response.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn only_what_may_be_promised_is() {
    let (client, _server, mut incoming) = pair_with(taking(), Config::server());
    let _response = client.send_bodiless(head_of("/")).await.unwrap();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let error = responder.push(head_of("/")).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::NotPromisable));
    let relative = Request::get("/").body(()).unwrap();
    let error = responder.push(relative).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::Malformed(_)), "{error:?}");
    let kept = promise(&mut responder, 2).await;
    let error = responder.push(promised("/")).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::NoSlot));
    drop(kept);
}

#[tokio::test(start_paused = true)]
async fn pushes_that_nobody_asks_for_are_cancelled() {
    let (client, _server, mut incoming) = pair_with(taking(), Config::server());
    let plain = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await.map(|_| ()) }
    });
    let (_request, mut responder) = incoming.next().await.unwrap();
    let mut push = promise(&mut responder, 1).await.remove(0);
    assert_eq!(push.cancelled().await.code(), ErrorCode::CANCEL);
    responder.respond(Response::new("")).unwrap();
    plain.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn pushes_that_were_asked_for_and_given_up_are_cancelled() {
    for taken in [false, true] {
        let (client, _server, mut incoming) = pair_with(taking(), Config::server());
        let mut response = client.send_bodiless(head_of("/")).await.unwrap();
        let (_request, mut responder) = incoming.next().await.unwrap();
        let mut push = promise(&mut responder, 1).await.remove(0);
        let mut pushes: PushedResponses = response.pushes();
        let pushed = if taken { pushes.next().await } else { None };
        drop(pushes);
        drop(pushed);
        assert_eq!(push.cancelled().await.code(), ErrorCode::CANCEL, "{taken}");
        // What comes later is not taken either.
        let mut late = responder.push(promised("/late")).await.unwrap();
        assert_eq!(late.cancelled().await.code(), ErrorCode::CANCEL, "{taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_pushes_one_after_the_other_hold_no_stream() {
    let (client, server, mut incoming) = pair_with(taking(), Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let mut pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    for _ in 0..1000 {
        let push = responder.push(promised("/")).await.unwrap();
        push.respond(Response::new("pushed")).unwrap();
        let (_, pushed) = pushes.next().await.unwrap();
        assert_eq!(read(pushed.await.unwrap().into_body()).await.unwrap(), "pushed");
        // The client lets go of it before the server promises the next one.
        server.ping().await.unwrap();
    }
    assert_eq!((client.state().open, server.state().open), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_promise_without_an_answer_is_reset_and_heard_of() {
    let (client, _server, mut incoming) = pair_with(taking(), Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let mut pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    drop(promise(&mut responder, 1).await);
    let (_, pushed) = pushes.next().await.unwrap();
    assert_eq!(pushed.await.unwrap_err().code(), ErrorCode::INTERNAL_ERROR);
}

#[tokio::test(start_paused = true)]
async fn pushes_end_with_their_connection() {
    let (client, server, mut incoming) = pair_with(taking(), Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let mut pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let _push = promise(&mut responder, 1).await;
    let (_, pushed) = pushes.next().await.unwrap();
    server.close(ErrorCode::NO_ERROR);
    assert!(pushed.await.unwrap_err().is_connection());
    assert!(pushes.next().await.is_none());
    assert!(response.await.unwrap_err().is_connection());
}

#[tokio::test(start_paused = true)]
async fn the_promise_goes_out_before_the_response_that_refers_to_it() {
    let (mut peer, theirs) = ByHand::silent();
    let settings = wire::settings(&[(2, 1), (3, 10)]);
    peer.say((wire::preface(), settings, wire::get(1))).await;
    let (_server, mut incoming) = server::spawn_connection(theirs, Config::server());
    let (_request, mut responder) = incoming.next().await.unwrap();
    let push = promise(&mut responder, 1).await.remove(0);
    responder.respond(Response::new("asked")).unwrap();
    push.respond(Response::new("pushed")).unwrap();
    let Some(Frame::Other { kind: 5, stream: 1, payload, .. }) = peer.hear().await else {
        panic!("a PUSH_PROMISE is first");
    };
    assert_eq!(payload[..4], [0, 0, 0, 2]);
    peer.meet().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_not_kept_by_pushes_that_nobody_holds() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, taking());
    let (server, mut incoming) = server::spawn_connection(theirs, Config::server());
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    let pushes = response.pushes();
    let (_request, mut responder) = incoming.next().await.unwrap();
    let _kept = promise(&mut responder, 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop((client, response, pushes));
    assert!(server.closed().await.is_graceful());
}
