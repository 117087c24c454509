//! A whole server: what it accepts, and that it ends in time whatever its clients do.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2_tests::{Frame, wire};
use h2_tokio::server::{CancellationToken, Incoming, Report, Server};
use h2_tokio::{Config, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tokio::io::{DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::net::Listener;

use crate::byhand::ByHand;
use crate::support::{PIPE, get, head_of, hello, octets, read};

/// A place where pipes arrive instead of sockets, or failures to accept one.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<Mutex<(VecDeque<Arrival>, Option<Waker>)>>);

type Arrival = io::Result<DuplexStream>;

impl Door {
    pub(crate) fn arrive(&self, arrival: Arrival) {
        let waker = {
            let mut line = self.0.lock().unwrap();
            line.0.push_back(arrival);
            line.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A client that has reached the server.
    fn client(&self) -> client::Handle {
        let (ours, theirs) = duplex(PIPE);
        self.arrive(Ok(theirs));
        client::spawn_connection(ours, Config::client())
    }

    fn waiting(&self) -> usize {
        self.0.lock().unwrap().0.len()
    }
}

impl Listener for Door {
    type Io = DuplexStream;
    type Addr = &'static str;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, &'static str)>> {
        let mut line = self.0.lock().unwrap();
        match line.0.pop_front() {
            Some(arrival) => Poll::Ready(arrival.map(|io| (io, "a pipe"))),
            None => {
                line.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn local_addr(&self) -> io::Result<&'static str> {
        Ok("a door")
    }
}

const DRAIN: Duration = Duration::from_secs(10);

/// A server that is running, and how it is told to stop.
struct Running {
    door: Door,
    stop: CancellationToken,
    done: JoinHandle<Report>,
}

impl Running {
    async fn stop(self) -> Report {
        self.stop.cancel();
        self.done.await.unwrap()
    }
}

fn start<P, Q>(
    change: impl FnOnce(Server<Door>) -> Server<Door, P>,
    run: impl FnOnce(Server<Door, P>) -> Q,
) -> Running
where
    Q: Future<Output = Report> + Send + 'static,
{
    let (door, stop) = (Door::default(), CancellationToken::new());
    let server = Server::new(door.clone(), Config::server()).until(stop.clone()).drain(DRAIN);
    let done = tokio::spawn(run(change(server)));
    Running { door, stop, done }
}

/// A server that answers `/endless` never, and everything else after a second.
fn serving() -> Running {
    start(|server| server, |server| server.serve(server::service_fn(slowly)))
}

async fn slowly(request: Request<RecvBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/endless" {
        pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    hello(request).await
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_finish_when_the_server_stops_and_later_ones_are_refused() {
    let running = serving();
    let (one, two) = (running.door.client(), running.door.client());
    let asked: Vec<_> = [&one, &two]
        .map(|client| {
            let client = client.clone();
            tokio::spawn(async move { read(client.request(get("/")).await?.into_body()).await })
        })
        .into();
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let late = one.request(get("/")).await.unwrap_err();
    assert!(late.is_unprocessed(), "{late:?}");
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap(), "Hello, World!");
    }
    let report = running.done.await.unwrap();
    assert_eq!((report.connections, report.cut_connections, report.cut_streams), (2, 0, 0));
    assert!(two.closed().await.is_graceful());
}

#[tokio::test(start_paused = true)]
async fn connections_that_say_nothing_do_not_keep_the_server() {
    let running = serving();
    let (_silent, theirs) = ByHand::silent();
    running.door.arrive(Ok(theirs));
    let (_greeted, theirs) = ByHand::new().await;
    running.door.arrive(Ok(theirs));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let report = running.stop().await;
    assert_eq!((report.connections, report.cut_connections), (2, 0));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_time_to_drain_is_cut_and_counted() {
    let running = serving();
    let (one, two, idle) = (running.door.client(), running.door.client(), running.door.client());
    idle.ready().await.unwrap();
    let endless: Vec<_> = [&one, &one, &two]
        .map(|client| {
            let client = client.clone();
            tokio::spawn(async move { client.request(get("/endless")).await.map(|_| ()) })
        })
        .into();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let report = running.stop().await;
    assert_eq!(report.connections, 3);
    assert_eq!((report.cut_connections, report.cut_streams), (2, 3));
    assert!(began.elapsed() >= DRAIN && began.elapsed() < DRAIN + Duration::from_secs(3));
    for request in endless {
        assert!(request.await.unwrap().unwrap_err().is_connection());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_cut_too() {
    let running = start(
        |server| server,
        |server| {
            server.serve(server::service_fn(|_| async {
                Ok::<_, Infallible>(Response::new(Full::new(octets(10 * PIPE))))
            }))
        },
    );
    let (mut peer, theirs) = ByHand::new().await;
    running.door.arrive(Ok(theirs));
    peer.meet().await;
    let wide = wire::settings(&[(4, 1 << 30)]);
    peer.say((wide, wire::window_update(0, 1 << 30), wire::get(1))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let report = running.stop().await;
    assert_eq!((report.cut_connections, report.cut_streams), (1, 1));
    assert!(began.elapsed() < DRAIN + Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_preparation_that_hangs_or_fails_is_given_up_and_costs_no_other() {
    let turn = AtomicUsize::new(0);
    let running = start(
        |server| {
            server.prepare_timeout(Duration::from_secs(5)).prepare(
                move |pipe: DuplexStream, from: &'static str, config: Config| {
                    let turn = turn.fetch_add(1, Ordering::Relaxed);
                    async move {
                        match turn {
                            0 => pending().await,
                            1 => Err(io::ErrorKind::InvalidData.into()),
                            _ => Ok((pipe, config.extension(from))),
                        }
                    }
                },
            )
        },
        |server| {
            server.serve(server::service_fn(|request: Request<RecvBody>| async move {
                let from = request.extensions().get::<&str>().copied();
                Ok::<_, Infallible>(Response::new(from.unwrap_or_default().to_owned()))
            }))
        },
    );
    let (hanging, failing, fine) =
        (running.door.client(), running.door.client(), running.door.client());
    assert!(failing.request(get("/")).await.is_err());
    let response = fine.request(get("/")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "a pipe");
    assert!(hanging.request(get("/")).await.is_err());
    drop(fine);
    let report = running.stop().await;
    assert_eq!((report.connections, report.unprepared), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_being_prepared_when_the_server_stops_is_dropped() {
    let running = start(
        |server| {
            server.prepare(|_: DuplexStream, _: &'static str, _: Config| {
                pending::<io::Result<(DuplexStream, Config)>>()
            })
        },
        |server| server.serve(server::service_fn(hello)),
    );
    let client = running.door.client();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let report = running.stop().await;
    assert_eq!((report.connections, report.unprepared), (0, 0));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(client.ready().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_accept_tries_again_and_not_at_once() {
    let running = serving();
    for _ in 0..4 {
        running.door.arrive(Err(io::Error::from_raw_os_error(24)));
    }
    running.door.arrive(Err(io::ErrorKind::ConnectionAborted.into()));
    let began = Instant::now();
    let client = running.door.client();
    client.ready().await.unwrap();
    // 5 + 10 + 20 + 40 ms; the aborted connection costs nothing.
    assert_eq!(began.elapsed().as_millis(), 75);
    drop(client);
    assert_eq!(running.stop().await.connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_stops_while_it_cannot_accept() {
    let running = serving();
    for _ in 0..10_000 {
        running.door.arrive(Err(io::Error::from_raw_os_error(24)));
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let left = running.door.waiting();
    assert!(left > 9_900, "a pause grows to a second: {left}");
    assert_eq!(running.stop().await, Report::default());
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_most_wait_to_be_accepted() {
    let running =
        start(|server| server.max_connections(1), |server| server.serve(server::service_fn(hello)));
    let one = running.door.client();
    one.ready().await.unwrap();
    let two = running.door.client();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(running.door.waiting(), 1);
    drop(one);
    assert!(two.request(get("/")).await.is_ok());
    drop(two);
    assert_eq!(running.stop().await.connections, 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_takes_connections_whatever_is_said_to_be_the_most_of_them() {
    for most in [0, 1, usize::MAX] {
        let running = start(
            |server| server.max_connections(most),
            |server| server.serve(server::service_fn(hello)),
        );
        let client = running.door.client();
        assert!(client.request(get("/")).await.is_ok(), "{most}");
        drop(client);
        assert_eq!(running.stop().await.connections, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_takes_its_connections_down() {
    let running = serving();
    let client = running.door.client();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/endless")).await.map(|_| ()) }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.done.abort();
    assert!(request.await.unwrap().unwrap_err().is_connection());
    client.closed().await;
}

/// Answers what comes after a second; goes on for ever by itself when `lasting`.
async fn take(mut incoming: Incoming, lasting: bool, alive: Arc<()>) {
    while let Some((_, responder)) = incoming.next().await {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = responder.respond(Response::new("taken"));
        });
    }
    if lasting {
        pending::<()>().await;
    }
    drop(alive);
}

#[tokio::test(start_paused = true)]
async fn requests_can_be_taken_by_hand_from_each_connection() {
    for lasting in [false, true] {
        let alive = Arc::new(());
        let running = start(
            |server| server,
            |server| {
                let alive = Arc::clone(&alive);
                server.each(move |incoming| take(incoming, lasting, alive))
            },
        );
        let clients = [running.door.client(), running.door.client()];
        let asked = clients
            .clone()
            .map(|client| tokio::spawn(async move { client.request(get("/")).await.map(|_| ()) }));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let report = running.stop().await;
        for request in asked {
            assert!(request.await.unwrap().is_ok(), "it was under way");
        }
        assert_eq!(report.cut_connections, if lasting { 2 } else { 0 });
        assert_eq!(report.cut_streams, 0);
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&alive), 1, "nothing of it is left");
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_hears_goodbye_in_two_steps() {
    let running = serving();
    let (mut peer, theirs) = ByHand::new().await;
    running.door.arrive(Ok(theirs));
    peer.meet().await;
    running.stop.cancel();
    let Some(Frame::GoAway { last, code: 0, .. }) = peer.hear().await else { panic!() };
    assert_eq!(last, (1 << 31) - 1);
    let Some(Frame::Ping(payload)) = peer.hear().await else { panic!() };
    // It crossed the GOAWAY, so it is served.
    peer.say((wire::get(1), wire::pong(payload))).await;
    let Some(Frame::GoAway { last: 1, code: 0, .. }) = peer.hear().await else { panic!() };
    let answer = peer.hear().await.unwrap();
    assert_eq!(answer.field(":status"), Some("200"), "{answer:?}");
    assert_eq!(running.done.await.unwrap().cut_connections, 0);
}

#[tokio::test]
async fn sockets_do_not_wait_to_be_filled() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = Server::new(listener, Config::server()).until(stop.clone()).prepare(
        |socket: TcpStream, from, config: Config| async move {
            assert!(socket.nodelay()?);
            assert!(from != socket.local_addr()?);
            Ok((socket, config))
        },
    );
    let served = tokio::spawn(server.serve(server::service_fn(|_| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    })));
    let client = client::connect(addr, Config::client()).await.unwrap();
    assert!(client.request(get("/")).await.is_ok());
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    send.send_data("x").await.unwrap();
    assert!(response.await.is_ok());
    drop((send, client));
    stop.cancel();
    assert_eq!(served.await.unwrap().connections, 1);
}
