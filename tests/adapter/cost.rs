//! What a request costs that no clock needs to measure: allocations, and reads and writes of the
//! transport.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![allow(missing_docs)]

mod scripted;

use std::alloc::System;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2_tokio::{Config, RecvBody, client, server};
use http::header::{CONTENT_TYPE, HeaderValue, SERVER};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use scripted::{Answerer, Asker, Tally};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Requests whose cost is looked at; beside so many, what a connection costs once does not count.
const MANY: usize = 500;

/// Runs a test when no other runs: what is allocated is counted for the whole process.
fn alone<T>(test: impl Future<Output = T>) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Where nothing can go on, the time that is paused jumps to the end.
    let bounded = async { tokio::time::timeout(Duration::from_secs(600), test).await };
    let done = runtime.enable_time().start_paused(true).build().unwrap().block_on(bounded);
    done.expect("the connection stands still")
}

/// Calls of the allocator that asked for memory.
fn allocations() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.allocations + stats.reallocations
}

/// Allocations a request, in hundredths: those of `MANY` more requests than were made before.
async fn each(connection: impl AsyncFn(usize)) -> usize {
    (least(&connection, 2 * MANY).await - least(&connection, MANY).await) * 100 / MANY
}

/// Allocations of a connection with so many requests: the least of several counts. What the harness
/// allocates on its threads meanwhile can only add to one, and so can an interruption that makes the
/// handlers of a connection look slow, so that they get tasks.
async fn least(connection: &impl AsyncFn(usize), total: usize) -> usize {
    let mut least = usize::MAX;
    for _ in 0..20 {
        let before = allocations();
        connection(total).await;
        least = least.min(allocations() - before);
    }
    least
}

fn hello() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(SERVER, HeaderValue::from_static("test"));
    response
}

/// A server's configuration that refuses nothing of what is asked here.
fn config() -> Config {
    let mut config = Config::server();
    config.core.max_concurrent_streams = 1_000;
    config
}

/// A connection on `serve` from its first request to its last.
async fn serve(together: usize, total: usize) -> Arc<Tally> {
    serve_with(together, total, hello).await
}

async fn serve_with(
    together: usize,
    total: usize,
    respond: fn() -> Response<Full<Bytes>>,
) -> Arc<Tally> {
    let asker = Asker::new(together, total);
    let tally = Arc::clone(&asker.tally);
    let answer = |_: Request<RecvBody>| async move { Ok::<_, Infallible>(respond()) };
    let reason = server::serve(asker, config(), server::service_fn(answer)).await;
    assert_eq!(tally.complete(), total, "{reason}");
    tally
}

/// The same with `Incoming` and a task a request.
async fn spawn(together: usize, total: usize) -> Arc<Tally> {
    let asker = Asker::new(together, total);
    let tally = Arc::clone(&asker.tally);
    let (handle, mut incoming) = server::spawn_connection(asker, config());
    while let Some((_, responder)) = incoming.next().await {
        tokio::spawn(async move {
            let (head, _) = hello().into_parts();
            let body = Bytes::from_static(b"Hello, World!");
            responder.respond(Response::from_parts(head, body)).unwrap();
        });
    }
    assert_eq!(tally.complete(), total, "{:?}", handle.state());
    tally
}

/// A client with so many tasks that send one request after the other.
async fn ask(tasks: usize, total: usize) -> Arc<Tally> {
    let answerer = Answerer::new();
    let tally = Arc::clone(&answerer.tally);
    let handle = client::handshake(answerer, Config::client()).await.unwrap();
    let mut workers = JoinSet::new();
    for _ in 0..tasks {
        let handle = handle.clone();
        workers.spawn(async move {
            let uri = http::Uri::from_static("http://127.0.0.1:8080/");
            for _ in 0..total / tasks {
                let mut request = Request::new(Empty::<Bytes>::new());
                request.uri_mut().clone_from(&uri);
                let mut body = handle.request(request).await.unwrap().into_body();
                while let Some(piece) = body.data().await {
                    assert_eq!(piece.unwrap(), "Hello, World!");
                }
            }
        });
    }
    workers.join_all().await;
    assert_eq!(tally.complete(), total);
    tally
}

fn reads_and_writes(tally: &Tally) -> [usize; 2] {
    [tally.reads(), tally.writes()]
}

/// Fails unless a request allocates at most so often, in hundredths.
fn check(allocations: usize, most: usize) {
    assert!(allocations > 0, "nothing was counted");
    assert!(allocations <= most, "{allocations} of {most} hundredths");
}

#[test]
fn a_request_on_serve_allocates_at_most_9_times_alone_and_7_in_company() {
    check(alone(each(async |total| drop(serve(1, total).await))), 900);
    check(alone(each(async |total| drop(serve(10, total).await))), 710);
}

#[test]
fn a_request_with_a_task_of_its_own_allocates_at_most_12_times_alone_and_9_and_a_third_in_company()
{
    check(alone(each(async |total| drop(spawn(1, total).await))), 1_200);
    check(alone(each(async |total| drop(spawn(10, total).await))), 940);
}

#[test]
fn a_request_of_a_client_allocates_at_most_10_times_alone_and_7_and_a_third_in_company() {
    check(alone(each(async |total| drop(ask(1, total).await))), 1_010);
    check(alone(each(async |total| drop(ask(10, total).await))), 740);
}

/// What a connection reads and writes before and after its requests: SETTINGS and their
/// acknowledgements.
const GREETING: usize = 2;

#[test]
fn one_read_and_one_write_answer_a_small_request() {
    for tally in [alone(serve(1, 1_000)), alone(spawn(1, 1_000)), alone(ask(1, 1_000))] {
        let [reads, writes] = reads_and_writes(&tally);
        assert!(reads <= 1_000 + GREETING, "{tally:?}");
        assert!(writes <= 1_000 + GREETING, "{tally:?}");
        assert!(reads.min(writes) >= 1_000, "{tally:?}");
    }
}

#[test]
fn one_read_and_one_write_answer_a_hundred_requests_that_come_together() {
    for tally in [alone(serve(100, 1_000)), alone(spawn(100, 1_000)), alone(ask(100, 1_000))] {
        let [reads, writes] = reads_and_writes(&tally);
        assert!(reads <= 10 + GREETING, "{tally:?}");
        assert!(writes <= 10 + GREETING, "{tally:?}");
        assert!(reads.min(writes) >= 10, "{tally:?}");
    }
}

const LARGE: usize = 16 << 20;

#[test]
fn sixteen_mebibytes_go_down_one_stream_in_at_most_300_writes() {
    let large = || Response::new(Full::new(Bytes::from(vec![7; LARGE])));
    let tally = alone(serve_with(1, 1, large));
    assert!(tally.octets() > LARGE, "{tally:?}");
    assert!(tally.writes() <= 300, "{tally:?}");
}

#[test]
fn sixteen_mebibytes_go_up_one_stream_in_at_most_300_writes() {
    let tally = alone(async {
        let answerer = Answerer::new();
        let tally = Arc::clone(&answerer.tally);
        let handle = client::handshake(answerer, Config::client()).await.unwrap();
        let mut request = Request::new(Full::new(Bytes::from(vec![7; LARGE])));
        *request.uri_mut() = http::Uri::from_static("http://127.0.0.1:8080/");
        assert_eq!(handle.request(request).await.unwrap().status(), 200);
        tally
    });
    assert!(tally.octets() > LARGE, "{tally:?}");
    assert!(tally.writes() <= 300, "{tally:?}");
}

/// The core wants to be drained now and then. Wherever that falls, between two frames, into one, or
/// to the end of what was read, the connection goes on.
#[test]
fn as_many_requests_as_ever_come_together_are_answered() {
    for together in [255, 256, 257, 300, 500, 512, 600, 900] {
        for tally in [alone(serve(together, 3 * together)), alone(spawn(together, 3 * together))] {
            assert_eq!(tally.complete(), 3 * together);
        }
    }
}
