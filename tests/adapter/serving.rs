//! What `serve` does for a handler, and what no handler can do to another.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2_tests::{Frame, wire};
use h2_tokio::{Config, ErrorCode, RecvBody, server};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tokio::io::duplex;
use tokio::sync::oneshot;
use tower_service::Service;

use crate::byhand::ByHand;
use crate::support::{PIPE, client_of, client_with, get, hello, pair_with, post, read, serve_on};

/// Counts those that live.
#[derive(Clone, Default)]
struct Census {
    alive: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    born: Arc<AtomicUsize>,
}

struct Life(Census);

impl Census {
    fn birth(&self) -> Life {
        self.born.fetch_add(1, Ordering::Relaxed);
        let alive = self.alive.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(alive, Ordering::Relaxed);
        Life(self.clone())
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

fn streams(limit: u32) -> Config {
    let mut config = Config::server();
    config.core.max_concurrent_streams = limit;
    config
}

#[derive(Clone, Debug, PartialEq)]
struct From(u32);

#[tokio::test(start_paused = true)]
async fn every_request_carries_the_extension_of_its_connection() {
    let config = Config::server().extension(From(7)).extension("a string");
    let client = client_with(config, |request: Request<RecvBody>| async move {
        assert_eq!(request.extensions().get::<&str>(), Some(&"a string"));
        Ok(Response::new(format!("{:?}", request.extensions().get::<From>())))
    });
    for _ in 0..2 {
        let response = client.request(get("/")).await.unwrap();
        assert_eq!(read(response.into_body()).await.unwrap(), "Some(From(7))");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_taken_by_hand_carries_the_extension_too() {
    let (client, _server, mut incoming) =
        pair_with(Config::client(), Config::server().extension(From(7)));
    let _request = tokio::spawn(async move { client.request(get("/")).await });
    let (request, _responder) = incoming.next().await.unwrap();
    assert_eq!(request.extensions().get(), Some(&From(7)));
}

/// A client whose requests panic as their path says, and are greeted otherwise.
fn client_of_a_panicking_service(in_place: bool) -> h2_tokio::client::Handle {
    let config = Config::server().poll_in_place(in_place);
    client_with(config, |request: Request<RecvBody>| {
        assert_ne!(request.uri().path(), "/call");
        async move {
            match request.uri().path() {
                "/poll" => panic!("in its first poll"),
                "/later" => {
                    tokio::task::yield_now().await;
                    panic!("in a later poll");
                }
                path => Ok(Response::new(Bomb(path.to_owned()))),
            }
        }
    })
}

/// A body that panics where its name says.
struct Bomb(String);

impl Body for Bomb {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        assert_ne!(self.0, "/frame");
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        assert_ne!(self.0, "/end");
        false
    }

    fn size_hint(&self) -> http_body::SizeHint {
        assert_ne!(self.0, "/size");
        http_body::SizeHint::default()
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert_ne!(self.0, "/drop");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_panics_in_a_handler_resets_its_own_stream_only_and_is_counted() {
    for in_place in [true, false] {
        let client = client_of_a_panicking_service(in_place);
        let beside = tokio::spawn({
            let client = client.clone();
            async move { client.request(get("/fine")).await.map(|_| ()) }
        });
        for path in ["/call", "/poll", "/later", "/size", "/end", "/frame"] {
            let error = client.request(get(path)).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR, "{path} {in_place}");
            assert!(!error.is_connection(), "{path}");
        }
        // What a handler's remains do when they are dropped is told to nobody.
        let _ = client.request(get("/drop")).await;
        assert!(client.request(get("/fine")).await.is_ok());
        beside.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_that_panic_are_counted_in_a_task_too() {
    for in_place in [true, false] {
        let (ours, theirs) = duplex(PIPE);
        let config = Config::server().poll_in_place(in_place);
        let serve = server::serve(theirs, config, server::service_fn(fails));
        let handle = serve.handle();
        tokio::spawn(serve);
        let client = h2_tokio::client::spawn_connection(ours, Config::client());
        for path in ["/panic", "/error", "/"] {
            let _ = client.request(get(path)).await;
        }
        assert_eq!(handle.stats().failed_handlers, 2, "{in_place}");
    }
}

async fn fails(request: Request<RecvBody>) -> Result<Response<Empty<Bytes>>, &'static str> {
    match request.uri().path() {
        "/panic" => panic!("as it was told"),
        "/error" => Err("as it was told"),
        _ => Ok(Response::new(Empty::new())),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_have_no_body_end_with_their_head() {
    let (mut peer, theirs) = ByHand::new().await;
    serve_on(theirs, Config::server(), |request: Request<RecvBody>| async move {
        let status: u16 = request.uri().path()[1..].parse().unwrap();
        let response = Response::builder().status(status);
        Ok(response.body(Full::new(Bytes::from_static(b"not for you"))).unwrap())
    });
    let request = |stream, method, path| {
        let target = [(":scheme", "http"), (":authority", "a"), (":path", path)];
        wire::headers(stream, &[&[(":method", method)], &target[..]].concat()).end_stream()
    };
    for (stream, method, path, length) in
        [(1, "HEAD", "/200", Some("11")), (3, "GET", "/204", None), (5, "GET", "/304", None)]
    {
        peer.say(request(stream, method, path)).await;
        let answer = peer.hear().await.unwrap();
        assert!(matches!(answer, Frame::Headers { end: true, .. }), "{answer:?}");
        assert_eq!(answer.stream(), stream);
        assert_eq!(answer.field("content-length"), length, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_says_of_date_and_length_stands() {
    let client = client_of(|_| async {
        let response = Response::builder().header("date", "yesterday").header("content-length", 3);
        Ok(response.body(Full::new(Bytes::from_static(b"abc"))).unwrap())
    });
    let response = client.request(get("/")).await.unwrap();
    let dates: Vec<_> = response.headers().get_all("date").iter().collect();
    assert_eq!(dates, ["yesterday"]);
    assert_eq!(response.headers().get_all("content-length").iter().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_continue_that_nobody_asks_the_body_for_is_not_sent() {
    for automatic in [true, false] {
        let (mut peer, theirs) = ByHand::new().await;
        let config = Config::server().auto_continue(automatic);
        serve_on(theirs, config, |request: Request<RecvBody>| async move {
            let reads = request.uri().path() == "/read";
            if reads {
                let _ = request.into_body().data().await;
            }
            Ok(Response::new(Empty::<Bytes>::new()))
        });
        for (stream, path) in [(1, "/"), (3, "/read")] {
            let fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a")];
            let more = [(":path", path), ("expect", "100-continue")];
            peer.say(wire::headers(stream, &[&fields[..], &more].concat())).await;
            if automatic && path == "/read" {
                let interim = peer.hear().await.unwrap();
                assert_eq!(interim.field(":status"), Some("100"));
            }
            peer.meet_after(wire::data(stream, "x").end_stream(), stream).await;
        }
    }
}

/// A handler that never ends.
fn endless(
    census: &Census,
) -> impl FnMut(Request<RecvBody>) -> Pin<Box<dyn Future<Output = Answer> + Send>> + use<> {
    let census = census.clone();
    move |request| {
        let life = census.birth();
        Box::pin(async move {
            let _kept = (life, request);
            pending().await
        })
    }
}

type Answer = Result<Response<Empty<Bytes>>, Infallible>;

#[tokio::test(start_paused = true)]
async fn handlers_alive_never_exceed_the_streams_even_when_each_is_reset_at_once() {
    for in_place in [true, false] {
        let census = Census::default();
        let (mut peer, theirs) = ByHand::new().await;
        serve_on(theirs, streams(10).poll_in_place(in_place), endless(&census));
        // Twice as many as there are streams for, reset together with the next ones' arrival.
        let mut resets = Vec::new();
        for round in 0..40 {
            let new: Vec<u32> = (0..20).map(|at| 2 * (20 * round + at) + 1).collect();
            let posts: Vec<_> = new.iter().map(|stream| wire::post(*stream)).collect();
            peer.say((resets, posts)).await;
            peer.meet().await;
            resets = new.iter().map(|stream| wire::rst(*stream, ErrorCode::CANCEL)).collect();
        }
        peer.say(resets).await;
        peer.meet().await;
        assert!(census.born.load(Ordering::Relaxed) >= 100, "many were begun");
        assert!(
            census.most.load(Ordering::Relaxed) <= 10,
            "{}",
            census.most.load(Ordering::Relaxed)
        );
        assert_eq!(census.alive(), 0, "and none outlived its stream");
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_are_dropped_with_their_connection() {
    let census = Census::default();
    let (mut peer, theirs) = ByHand::new().await;
    serve_on(theirs, streams(10), endless(&census));
    for stream in [1, 3, 5] {
        peer.say(wire::post(stream)).await;
    }
    peer.meet().await;
    assert_eq!(census.alive(), 3);
    drop(peer);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_handler_that_blocks_its_thread_stops_no_other() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(3).enable_all().build().unwrap();
    runtime.block_on(async {
        let (free, freed) = mpsc::channel();
        let freed = Arc::new(Mutex::new(freed));
        let (ours, theirs) = duplex(PIPE);
        let config = Config::server().poll_in_place(false);
        serve_on(theirs, config, move |request: Request<RecvBody>| {
            let (free, freed) = (free.clone(), Arc::clone(&freed));
            async move {
                if request.uri().path() == "/block" {
                    freed.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
                } else {
                    free.send(()).unwrap();
                }
                Ok(Response::new(Empty::<Bytes>::new()))
            }
        });
        let client = h2_tokio::client::handshake(ours, Config::client()).await.unwrap();
        let blocked = client.send_bodiless(Request::get("http://a/block").body(()).unwrap());
        let blocked = blocked.await.unwrap();
        assert!(client.request(get("/free")).await.is_ok());
        assert!(blocked.await.unwrap().status().is_success());
    });
}

#[tokio::test(start_paused = true)]
async fn work_that_goes_on_by_itself_hears_that_the_client_has_gone() {
    let (mut peer, theirs) = ByHand::new().await;
    let (_handle, mut incoming) = server::spawn_connection(theirs, Config::server());
    peer.say(wire::post(1)).await;
    let (_request, mut responder) = incoming.next().await.unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move { tell.send(responder.cancelled().await).unwrap() });
    peer.say(wire::rst(1, ErrorCode::CANCEL)).await;
    assert_eq!(told.await.unwrap().code(), ErrorCode::CANCEL);
}

#[tokio::test(start_paused = true)]
async fn a_request_reset_before_it_was_taken_gives_its_stream_back_at_once() {
    let (mut peer, theirs) = ByHand::new().await;
    let (handle, mut incoming) = server::spawn_connection(theirs, streams(2));
    for stream in [1, 3] {
        peer.say((wire::post(stream), wire::data(stream, "body"))).await;
        peer.say(wire::rst(stream, ErrorCode::CANCEL)).await;
    }
    peer.meet().await;
    assert_eq!(handle.state().open, 0);
    for stream in [5, 7] {
        peer.say(wire::get(stream)).await;
    }
    for stream in [5, 7] {
        let (_, responder) = incoming.next().await.unwrap();
        assert_eq!(responder.stream_id().get(), stream);
        responder.respond(Response::new("")).unwrap();
    }
}

/// A service that takes calls when it is told to.
#[derive(Clone)]
struct Gate {
    open: Arc<Mutex<(bool, Option<Waker>)>>,
    called: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    fn new() -> Self {
        Self { open: Arc::default(), called: Arc::default() }
    }

    fn open(&self) {
        let waker = {
            let mut open = self.open.lock().unwrap();
            open.0 = true;
            open.1.take()
        };
        waker.unwrap().wake();
    }
}

impl Service<Request<RecvBody>> for Gate {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let mut open = self.open.lock().unwrap();
        if open.0 {
            return Poll::Ready(Ok(()));
        }
        open.1 = Some(cx.waker().clone());
        Poll::Pending
    }

    fn call(&mut self, request: Request<RecvBody>) -> Self::Future {
        self.called.lock().unwrap().push(request.method().to_string());
        std::future::ready(Ok(Response::new(Empty::new())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_reset_before_the_service_was_ready_is_never_begun() {
    let (mut peer, theirs) = ByHand::new().await;
    let gate = Gate::new();
    tokio::spawn(server::serve(theirs, streams(2), gate.clone()));
    for stream in [1, 3] {
        peer.say((wire::post(stream), wire::rst(stream, ErrorCode::CANCEL))).await;
    }
    // There is room for these only if those gave theirs back.
    peer.say((wire::get(5), wire::get(7))).await;
    peer.meet().await;
    gate.open();
    for _ in 0..2 {
        let answer = peer.hear().await.unwrap();
        assert_eq!(answer.field(":status"), Some("200"), "{answer:?}");
    }
    assert_eq!(*gate.called.lock().unwrap(), ["GET", "GET"]);
}

/// A service that has failed for good, and must not be asked again.
struct Broken(bool);

impl Service<Request<RecvBody>> for Broken {
    type Response = Response<Empty<Bytes>>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Self::Response, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        assert!(!std::mem::replace(&mut self.0, true), "asked after it has failed");
        Poll::Ready(Err("out of order"))
    }

    fn call(&mut self, _: Request<RecvBody>) -> Self::Future {
        unreachable!("a service that is not ready must not be called")
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_refuses_its_requests_and_ends_the_connection() {
    let (mut peer, theirs) = ByHand::new().await;
    let serve = server::serve(theirs, Config::server(), Broken(false));
    let handle = serve.handle();
    let served = tokio::spawn(serve);
    peer.say((wire::get(1), wire::get(3))).await;
    peer.meet_through_refusals(&[1, 3]).await;
    peer.say(wire::get(5)).await;
    peer.meet_through_refusals(&[5]).await;
    assert_eq!(handle.stats().failed_handlers, 1);
    assert!(handle.state().draining);
    drop(peer);
    drop(served.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_handler_of_a_long_body_reads_it_while_others_are_answered() {
    // The next request must not wait for the body of the one before it.
    let client = client_of(|request: Request<RecvBody>| async move {
        let size = request.into_body().collect().await.map(|body| body.to_bytes().len());
        Ok(Response::new(size.unwrap_or_default().to_string()))
    });
    let head = Request::post("http://a.example/").body(()).unwrap();
    let (mut send, response) = client.send_request(head).await.unwrap();
    for _ in 0..3 {
        send.send_data("part").await.unwrap();
        let answer = client.request(post(Bytes::from_static(b"12345"))).await.unwrap();
        assert_eq!(read(answer.into_body()).await.unwrap(), "5");
    }
    send.finish().unwrap();
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "12");
}

#[tokio::test(start_paused = true)]
async fn head_and_get_are_answered_alike_by_a_task_and_in_place() {
    for in_place in [true, false] {
        let client = client_with(Config::server().poll_in_place(in_place), hello);
        let mut request = get("/");
        *request.method_mut() = Method::HEAD;
        let response = client.request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-length"], "13");
        assert!(response.body().is_end_stream());
    }
}
