//! A client over several connections as a `tower` service: being ready means to hold a slot.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{join_all, ready};
use h2_tokio::client::Connections;
use h2_tokio::{Config, Error, Outcome, Reason, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tokio::io::duplex;
use tokio::time::sleep;
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::load::Constant;
use tower::retry::{Policy, Retry};
use tower::{ServiceBuilder, ServiceExt};
use tower_service::Service;

use crate::pool::{Calls, line, peer, streams};
use crate::support::{PIPE, get, hello, serve_on};

type Asked = Request<Empty<Bytes>>;

fn poll(client: &mut Connections) -> Poll<Result<(), Error>> {
    let mut cx = Context::from_waker(Waker::noop());
    Service::<Asked>::poll_ready(client, &mut cx)
}

async fn is_ready(client: &mut Connections) -> Result<(), Error> {
    std::future::poll_fn(|cx| Service::<Asked>::poll_ready(client, cx)).await
}

/// A client over one connection, a clone that was asked whether it is ready, and whom it called.
fn asked() -> (Connections, Connections, Calls) {
    let (connector, calls) = line();
    let client = client::connections(1, connector);
    let mut service = client.clone();
    assert!(poll(&mut service).is_pending(), "there is no connection");
    (client, service, calls)
}

/// Lets everything happen that does not wait for time.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn as_many_clones_are_ready_as_there_are_slots() {
    let (client, mut one, mut calls) = asked();
    let (mut two, mut three) = (client.clone(), client.clone());
    let _peer = peer(&mut calls, 2).await;
    is_ready(&mut one).await.unwrap();
    is_ready(&mut two).await.unwrap();
    is_ready(&mut one).await.unwrap();
    settle().await;
    assert_eq!(client.state().free, 0, "each holds one, however often it was asked");
    assert!(poll(&mut three).is_pending());
    // A clone of one that is ready is not.
    let mut other = two.clone();
    settle().await;
    assert!(poll(&mut three).is_pending() && poll(&mut other).is_pending());
    drop(two);
    settle().await;
    assert!(poll(&mut three).is_ready(), "it was the first of those that wait");
    assert!(poll(&mut other).is_pending());
    drop((one, three));
    settle().await;
    assert!(poll(&mut other).is_ready());
    drop(other);
    settle().await;
    assert_eq!(client.state().free, 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_after_being_ready_uses_that_slot() {
    let (client, mut ready, mut calls) = asked();
    serve_on(calls.recv().await.unwrap(), streams(1), hello);
    is_ready(&mut ready).await.unwrap();
    // All others would wait for ever.
    assert_eq!(Service::call(&mut ready, get("/")).await.unwrap().status(), 200);
    // One that was not asked whether it is ready waits by itself.
    assert_eq!(Service::call(&mut ready, get("/")).await.unwrap().status(), 200);
    settle().await;
    assert_eq!(client.state().free, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_ready_on_a_connection_that_drains_becomes_ready_on_another() {
    let (_client, mut service, mut calls) = asked();
    let (handle, _incoming) = server::spawn_connection(calls.recv().await.unwrap(), streams(1));
    is_ready(&mut service).await.unwrap();
    handle.shutdown();
    settle().await;
    assert!(poll(&mut service).is_pending(), "what it holds is worth nothing");
    serve_on(calls.recv().await.unwrap(), streams(1), hello);
    is_ready(&mut service).await.unwrap();
    assert_eq!(Service::call(&mut service, get("/")).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn who_calls_too_late_is_served_by_another_connection_all_the_same() {
    let (_client, mut service, mut calls) = asked();
    let (handle, _incoming) = server::spawn_connection(calls.recv().await.unwrap(), streams(1));
    is_ready(&mut service).await.unwrap();
    handle.shutdown();
    settle().await;
    let response = tokio::spawn(Service::call(&mut service, get("/")));
    serve_on(calls.recv().await.unwrap(), streams(1), hello);
    assert_eq!(response.await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn after_the_end_nobody_is_ready_and_a_call_fails() {
    let (client, mut holding, mut calls) = asked();
    let mut waiting = client.clone();
    let _peer = peer(&mut calls, 1).await;
    is_ready(&mut holding).await.unwrap();
    assert!(poll(&mut waiting).is_pending());
    client.shutdown();
    for service in [&mut holding, &mut waiting, &mut client.clone()] {
        let error = is_ready(service).await.unwrap_err();
        assert_eq!((error.reason(), error.outcome()), (&Reason::Us, Outcome::NotSent));
        assert!(Service::call(service, get("/")).await.is_err());
    }
    client.closed().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_future_of_a_call_keeps_the_client_open() {
    let (connector, mut calls) = line();
    let mut client = client::connections(1, connector);
    let asked = tokio::spawn(Service::call(&mut client, get("/")));
    drop(client);
    serve_on(calls.recv().await.unwrap(), streams(1), hello);
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert!(calls.recv().await.is_none());
}

/// Serves every connection and counts the requests.
fn counted(limit: u32) -> (Connections, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let kept = Arc::clone(&count);
    let client = client::connections(2, move || {
        let (ours, theirs) = duplex(PIPE);
        let count = Arc::clone(&count);
        serve_on(theirs, streams(limit), move |request: Request<RecvBody>| {
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                sleep(Duration::from_millis(10)).await;
                hello(request).await
            }
        });
        ready(Ok(client::spawn_connection(ours, Config::client())))
    });
    (client, kept)
}

#[tokio::test(start_paused = true)]
async fn it_works_behind_a_buffer() {
    let (client, count) = counted(3);
    let buffer = Buffer::new(client, 16);
    let asked = (0..40).map(|_| buffer.clone().oneshot(get("/")));
    for response in join_all(asked).await {
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!(count.load(Ordering::Relaxed), 40);
}

#[tokio::test(start_paused = true)]
async fn a_balancer_passes_over_a_client_that_has_no_connection() {
    let (served, count) = counted(100);
    let (connector, _calls) = line();
    // Its peer never says anything.
    let silent = client::connections(1, connector);
    let clients = [silent, served].map(|client| Constant::new(client, 1_u32));
    let mut balance = Balance::new(tower::discover::ServiceList::new::<Asked>(clients));
    for _ in 0..20 {
        let response = balance.ready().await.unwrap().call(get("/")).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(count.load(Ordering::Relaxed), 20);
}

#[tokio::test(start_paused = true)]
async fn a_balancer_drops_a_client_that_is_closed_for_good() {
    let (served, count) = counted(100);
    let (connector, _calls) = line();
    let closed = client::connections(1, connector);
    closed.shutdown();
    let clients = [closed, served].map(|client| Constant::new(client, 1_u32));
    let mut balance = Balance::new(tower::discover::ServiceList::new::<Asked>(clients));
    for _ in 0..5 {
        balance.ready().await.unwrap().call(get("/")).await.unwrap();
    }
    assert_eq!((count.load(Ordering::Relaxed), balance.len()), (5, 1));
}

/// Asks again for what is not there, three times.
#[derive(Clone)]
struct Insist(usize);

impl Policy<Asked, Response<RecvBody>, Error> for Insist {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(
        &mut self,
        _: &mut Asked,
        result: &mut Result<Response<RecvBody>, Error>,
    ) -> Option<Self::Future> {
        let missing = result.as_ref().is_ok_and(|response| response.status() == 503);
        self.0 = self.0.checked_sub(1).filter(|_| missing)?;
        Some(Box::pin(sleep(Duration::from_millis(50))))
    }

    fn clone_request(&mut self, request: &Asked) -> Option<Asked> {
        Some(request.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn it_works_under_a_retry_and_a_time_limit() {
    let count = Arc::new(AtomicUsize::new(0));
    let kept = Arc::clone(&count);
    let client = client::connections(2, move || {
        let (ours, theirs) = duplex(PIPE);
        let count = Arc::clone(&count);
        serve_on(theirs, streams(1), move |_: Request<RecvBody>| {
            let status = if count.fetch_add(1, Ordering::Relaxed) < 2 { 503 } else { 200 };
            let response = Response::builder().status(status).body(Full::<Bytes>::default());
            async move { Ok::<_, std::convert::Infallible>(response.unwrap()) }
        });
        ready(Ok(client::spawn_connection(ours, Config::client())))
    });
    let retry = Retry::new(Insist(3), client.clone());
    let stack = ServiceBuilder::new().timeout(Duration::from_secs(5)).service(retry);
    assert_eq!(stack.oneshot(get("/")).await.unwrap().status(), 200);
    assert_eq!(kept.load(Ordering::Relaxed), 3);
    settle().await;
    assert_eq!(client.state().open, 0);
}
