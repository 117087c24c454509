//! The line for a stream: who is in it is counted rightly, and nobody waits in it for what cannot
//! come.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use h2_core::Misuse;
use h2_tokio::client::{self, Permit};
use h2_tokio::{Config, Error, ErrorCode, Origin, Outcome, Reason, Retry};
use proptest::prelude::*;
use tokio::io::duplex;
use tokio::task::JoinHandle;

use crate::support::{PIPE, Peer, get, head_of, pair_with};

/// A client that has this line, of a peer by hand that allows one stream.
async fn against_one(config: Config) -> (client::Handle, Peer) {
    against(1, config).await
}

async fn against(streams: u32, config: Config) -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut narrow = h2_core::Config::server();
    narrow.max_concurrent_streams = streams;
    let mut peer = Peer::server(theirs, narrow);
    let client = client::spawn_connection(ours, config);
    peer.flush().await;
    client.ready().await.unwrap();
    (client, peer)
}

fn reserve(client: &client::Handle) -> JoinHandle<Result<Permit, Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.reserve().await })
}

async fn turns() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Polls once, and drops what is not ready then.
fn begin_and_drop<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn is_draining(error: &Error) -> bool {
    *error.reason() == Reason::Misuse(Misuse::Draining) && error.outcome() == Outcome::NotSent
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_in_a_line_that_was_stuck_when_the_peer_said_goodbye() {
    let (client, mut peer) = against_one(Config::client()).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    let waiting = reserve(&client);
    turns().await;
    assert_eq!(client.state().queued, 1);
    peer.conn.shutdown(tokio::time::Instant::now().into_std());
    peer.flush().await;
    assert!(is_draining(&waiting.await.unwrap().unwrap_err()));
    for error in [
        client.request(get("/2")).await.unwrap_err(),
        client.send_request(head_of("/2")).await.unwrap_err(),
        client.reserve().await.unwrap_err(),
        client.try_reserve().await.unwrap_err(),
    ] {
        assert!(is_draining(&error), "{error:?}");
        assert_eq!((error.origin(), error.retry_hint()), (Origin::Peer, Retry::NewConnection));
    }
    assert!(client.state().closed.is_none(), "the open stream goes on");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_in_a_line_that_was_stuck_when_this_side_said_goodbye() {
    let (client, _peer) = against_one(Config::client()).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    let waiting = reserve(&client);
    turns().await;
    client.shutdown();
    assert!(is_draining(&waiting.await.unwrap().unwrap_err()));
    let error = client.reserve().await.unwrap_err();
    assert!(is_draining(&error), "{error:?}");
    assert_eq!(error.origin(), Origin::Us);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_sign_of_life_of_a_connection_that_drains() {
    let (client, _peer) = against(2, Config::client()).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    drop(client.send_request(head_of("/2")).await.unwrap());
    turns().await;
    assert!(client.state().suspect);
    client.shutdown();
    let error = client.reserve().await.unwrap_err();
    assert!(is_draining(&error), "{error:?}");
    let error = client.try_reserve().await.unwrap_err();
    assert!(is_draining(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_stream_learns_what_the_goodbye_said() {
    let (client, mut peer) = against_one(Config::client()).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    let waiting = reserve(&client);
    turns().await;
    // GOAWAY: all that was opened is processed; ENHANCE_YOUR_CALM.
    let payload = b"\x7f\xff\xff\xff\0\0\0\x0btoo_many_pings";
    peer.flush().await;
    peer.write(&[&[0, 0, 22, 7, 0, 0, 0, 0, 0], &payload[..]].concat()).await;
    let late = |error: Error| {
        assert!(is_draining(&error), "{error:?}");
        assert_eq!(error.code(), ErrorCode::ENHANCE_YOUR_CALM);
        assert_eq!(error.debug_data(), "too_many_pings");
        assert_eq!(error.origin(), Origin::Peer);
        assert_eq!(error.retry_hint(), Retry::DoNot, "less was asked for, and not more");
        let text = "request not sent, for its connection takes no more: closed by the peer: \
                    ENHANCE_YOUR_CALM (too_many_pings)";
        assert_eq!(error.to_string(), text);
    };
    late(waiting.await.unwrap().unwrap_err());
    late(client.reserve().await.unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_and_goes_before_the_answer_is_not_counted_off_those_who_wait() {
    let (client, _peer) = against_one(Config::client().max_queued(2)).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    let _waiting = reserve(&client);
    turns().await;
    for _ in 0..8 {
        // Turned away at once, for there is no free stream; but nobody hears it.
        assert!(begin_and_drop(client.try_reserve()).is_pending());
    }
    turns().await;
    assert_eq!(client.state().queued, 1);
    let _second = reserve(&client);
    turns().await;
    for _ in 0..8 {
        // Turned away at once, for the line is full.
        assert!(begin_and_drop(client.reserve()).is_pending());
    }
    turns().await;
    assert_eq!(client.state().queued, 2);
    assert_eq!(*client.reserve().await.unwrap_err().reason(), Reason::QueueFull);
}

#[tokio::test(start_paused = true)]
async fn with_a_line_of_no_places_nobody_waits_in_it() {
    let (client, _peer) = against_one(Config::client().max_queued(0)).await;
    let _open = client.send_request(head_of("/1")).await.unwrap();
    for _ in 0..2 {
        let error = client.request(get("/2")).await.unwrap_err();
        assert_eq!((error.reason(), error.outcome()), (&Reason::QueueFull, Outcome::NotSent));
        let error = client.reserve().await.unwrap_err();
        assert_eq!(*error.reason(), Reason::QueueFull);
        let error = client.try_reserve().await.unwrap_err();
        assert_eq!(*error.reason(), Reason::Misuse(Misuse::NoSlot));
    }
}

/// What happens to a line.
#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve,
    /// It is dropped before the connection's task has seen it.
    ReserveAndGo,
    TryReserveAndGo,
    Request,
    /// This one of those who wait goes.
    Leave(usize),
    /// This one of those who got a stream gives it back.
    GiveBack(usize),
    Turn,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Reserve),
        Just(Step::ReserveAndGo),
        Just(Step::TryReserveAndGo),
        Just(Step::Request),
        (0_usize..8).prop_map(Step::Leave),
        (0_usize..8).prop_map(Step::GiveBack),
        Just(Step::Turn),
    ]
}

async fn live_through(steps: Vec<Step>) {
    let mut narrow = Config::server();
    narrow.core.max_concurrent_streams = 2;
    let (client, _server, mut incoming) = pair_with(Config::client().max_queued(4), narrow);
    client.ready().await.unwrap();
    tokio::spawn(async move {
        while let Some((_, responder)) = incoming.next().await {
            let _ = responder.respond(http::Response::new(""));
        }
    });
    let mut asking: Vec<JoinHandle<Option<Permit>>> = Vec::new();
    for step in steps {
        match step {
            Step::Reserve => {
                let client = client.clone();
                asking.push(tokio::spawn(async move { client.reserve().await.ok() }));
            }
            Step::ReserveAndGo => drop(begin_and_drop(client.reserve())),
            Step::TryReserveAndGo => drop(begin_and_drop(client.try_reserve())),
            Step::Request => {
                let client = client.clone();
                asking.push(tokio::spawn(async move {
                    let _ = client.request(get("/")).await;
                    None
                }));
            }
            Step::Leave(at) | Step::GiveBack(at) if at < asking.len() => {
                asking.remove(at).abort();
            }
            Step::Leave(_) | Step::GiveBack(_) => {}
            Step::Turn => tokio::task::yield_now().await,
        }
    }
    asking.into_iter().for_each(|asking| asking.abort());
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(client.state().queued, 0);
    // It is as good as on the first day.
    let _permits = [client.try_reserve().await.unwrap(), client.try_reserve().await.unwrap()];
    let _waiting: Vec<_> = (0..4).map(|_| reserve(&client)).collect();
    turns().await;
    assert_eq!(client.state().queued, 4);
    assert_eq!(*client.reserve().await.unwrap_err().reason(), Reason::QueueFull);
}

proptest! {
    #[test]
    fn whoever_comes_and_goes_a_line_counts_those_who_wait(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(live_through(steps));
    }
}

/// Whatever threads ask at the moment at which a connection ends, nobody waits for ever. The moment
/// at which a question could get lost is some nanoseconds long; rounds make up for that.
#[test]
fn what_is_asked_while_a_connection_ends_is_answered() {
    for _ in 0..ROUNDS {
        let (client, driver) = client::connection(duplex(64).0, Config::client());
        let asking = [(); 2].map(|()| {
            let client = client.clone();
            thread::spawn(move || {
                let mut cx = Context::from_waker(Waker::noop());
                let mut asked = Vec::new();
                while asked.len() < 100 {
                    let client = client.clone();
                    let mut ask = Box::pin(async move { client.ping().await.is_err() });
                    match ask.as_mut().poll(&mut cx) {
                        Poll::Pending => asked.push(ask),
                        Poll::Ready(failed) => {
                            assert!(failed);
                            break;
                        }
                    }
                }
                asked
            })
        });
        drop(driver);
        for asked in asking {
            for mut ask in asked.join().unwrap() {
                let answered = ask.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert_eq!(answered, Poll::Ready(true));
            }
        }
    }
}

const ROUNDS: usize = 2_000;
