//! Handles and actors as threads that `shuttle` runs in thousands of orders: whatever the order,
//! everything that waits goes on, and what was sent arrives. A wake that is lost is a deadlock,
//! which `shuttle` reports with the schedule that led there.

mod pipe;

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures::Sink;
use http::{Request, Response};
use shuttle::future::block_on;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::thread::{self, JoinHandle};

use self::pipe::pipe;
use crate::{CloseReason, Config, Error, ErrorCode, RecvBody, SendBody, client, server};

/// Orders that are tried: at random, and by giving way to others at few places.
const ORDERS: usize = 1_000;

/// Octets of a piece, which are more than a stream may have waiting.
const PIECE: usize = 40;

fn explore(test: impl Fn() + Copy + Send + Sync + 'static) {
    // Timers need a runtime to belong to, though none of them ever rings.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 20;
    shuttle::Runner::new(RandomScheduler::new(ORDERS), config.clone()).run(test);
    shuttle::Runner::new(PctScheduler::new(3, ORDERS), config).run(test);
}

/// A connection whose streams may have little waiting, and its two actors.
struct Stage {
    client: client::Handle,
    server: server::Handle,
    incoming: server::Incoming,
    actors: [JoinHandle<CloseReason>; 2],
    cut: pipe::Cut,
}

fn stage() -> Stage {
    let narrow = |mut config: Config| {
        config.core.send_credit = PIECE / 2;
        config.core.send_pool = 0;
        config
    };
    let (ours, theirs, cut) = pipe();
    let (client, ours) = client::connection(ours, narrow(Config::client()));
    let (server, incoming, theirs) = server::connection(theirs, narrow(Config::server()));
    let ours = thread::spawn(move || block_on(ours));
    let theirs = thread::spawn(move || block_on(theirs));
    Stage { client, server, incoming, actors: [ours, theirs], cut }
}

fn post(path: &str) -> Request<()> {
    Request::post(format!("http://a.example{path}")).body(()).unwrap()
}

async fn read(mut body: RecvBody) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    while let Some(piece) = body.data().await {
        octets.extend_from_slice(&piece?);
    }
    Ok(octets)
}

/// Sends two pieces and ends as a sink, which waits until everything has left.
async fn upload(mut send: SendBody, octet: u8) -> Result<(), Error> {
    for _ in 0..2 {
        send.send_data(Bytes::from(vec![octet; PIECE])).await?;
    }
    poll_fn(|cx| Pin::new(&mut send).poll_close(cx)).await
}

/// Answers one request with its own body.
async fn echo(request: Request<RecvBody>, responder: server::Responder) -> Result<(), Error> {
    let mut body = request.into_body();
    let mut send = responder.send_response(Response::new(()))?;
    while let Some(piece) = body.data().await {
        send.send_data(piece?).await?;
    }
    poll_fn(|cx| Pin::new(&mut send).poll_close(cx)).await
}

/// Takes requests until there are no more, each on a thread of its own.
fn serve(mut incoming: server::Incoming) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut answers = Vec::new();
        while let Some((request, responder)) = block_on(incoming.next()) {
            answers.push(thread::spawn(move || block_on(echo(request, responder))));
        }
        for answer in answers {
            let _ = answer.join().unwrap();
        }
    })
}

fn joined<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn bodies_that_are_sent_and_read_by_different_threads_arrive_whole() {
    explore(|| {
        let Stage { client, server, incoming, actors, cut: _ } = stage();
        let serving = serve(incoming);
        let (send, response) = block_on(client.send_request(post("/"))).unwrap();
        let sending = thread::spawn(move || block_on(upload(send, 7)));
        let body = block_on(response).unwrap().into_body();
        assert_eq!(block_on(read(body)).unwrap(), [7; 2 * PIECE]);
        sending.join().unwrap().unwrap();
        drop((client, server));
        serving.join().unwrap();
        assert!(joined(actors).iter().all(CloseReason::is_graceful));
    });
}

#[test]
fn requests_of_several_threads_never_get_the_slot_or_the_octets_of_another() {
    explore(|| {
        let Stage { client, server, incoming, actors, cut: _ } = stage();
        let serving = serve(incoming);
        let asking = [1, 2, 3].map(|octet| {
            let client = client.clone();
            thread::spawn(move || {
                // The second takes a slot that another may have used before.
                for octet in [octet, octet + 10] {
                    let sent = block_on(client.send_request(post("/")));
                    let (mut send, response) = sent.unwrap();
                    block_on(send.send_data(vec![octet; 9])).unwrap();
                    send.finish().unwrap();
                    let body = block_on(response).unwrap().into_body();
                    assert_eq!(block_on(read(body)).unwrap(), [octet; 9]);
                }
            })
        });
        joined(asking);
        drop((client, server));
        serving.join().unwrap();
        assert!(joined(actors).iter().all(CloseReason::is_graceful));
    });
}

#[test]
fn a_stream_that_is_given_up_at_any_moment_tells_both_sides_and_leaves_no_stream_open() {
    explore(|| {
        let Stage { client, server, mut incoming, actors, cut: _ } = stage();
        let (send, response) = block_on(client.send_request(post("/"))).unwrap();
        let sending = thread::spawn(move || block_on(upload(send, 7)));
        let dropping = thread::spawn(move || drop(response));
        // A request that was given up before it was written never arrives.
        drop(client);
        while let Some((request, mut responder)) = block_on(incoming.next()) {
            let reading = thread::spawn(move || block_on(read(request.into_body())));
            let error = block_on(responder.cancelled());
            assert_eq!(error.code(), ErrorCode::CANCEL);
            let octets = reading.join().unwrap();
            assert!(octets.is_err() || octets.unwrap() == [7; 2 * PIECE]);
        }
        dropping.join().unwrap();
        let _ = sending.join().unwrap();
        joined(actors);
        assert_eq!(server.state().open, 0);
    });
}

#[test]
fn a_transport_that_is_cut_at_any_moment_is_told_to_every_thread_that_waits() {
    explore(|| {
        let Stage { client, server, incoming, actors, cut } = stage();
        let serving = serve(incoming);
        let cutting = thread::spawn(move || cut.cut());
        let closed = {
            let client = client.clone();
            thread::spawn(move || block_on(client.closed()))
        };
        let pinging = {
            let client = client.clone();
            thread::spawn(move || block_on(client.ping()))
        };
        if let Ok((send, response)) = block_on(client.send_request(post("/"))) {
            let sending = thread::spawn(move || block_on(upload(send, 7)));
            if let Ok(response) = block_on(response) {
                let octets = block_on(read(response.into_body()));
                // It may have gone through before the cut; half of it never looks like all.
                assert!(octets.is_err() || octets.unwrap() == [7; 2 * PIECE]);
            }
            let _ = sending.join().unwrap();
        }
        closed.join().unwrap();
        let _ = pinging.join().unwrap();
        cutting.join().unwrap();
        serving.join().unwrap();
        joined(actors);
        assert!(client.state().closed.is_some() && server.state().closed.is_some());
    });
}
