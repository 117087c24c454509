//! What connections cost in memory, counted by the allocator: idle, used up, stuck.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![allow(clippy::wildcard_enum_match_arm, missing_docs)]

use std::alloc::System;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2_tests::wire::{self, Wire};
use h2_tokio::{Config, RecvBody, client, server};
use http::header::{DATE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};
use tokio::task::yield_now;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a connection of a server may cost that has been idle for a second, its task included. With
/// what the allocator needs beside it, 8 KiB are resident.
const IDLE: isize = 7 * 1024;

/// What it may cost right after its last request, when scratch space is still there.
const FRESH: isize = 8 * 1024;

/// Connections that are measured at once, so that nothing else counts.
const CROWD: isize = 64;

/// Most octets that pass through one connection.
const PASSED: usize = 1 << 30;

h2_tests::solo!(
    a_connection_of_either_role_costs_at_most_8_kib_after_the_handshake_and_a_second_later,
    a_connection_of_serve_costs_at_most_8_kib_after_a_request_and_a_second_later,
    a_connection_that_gives_its_requests_out_costs_at_most_8_kib_after_one_and_a_second_later,
    a_second_after_1_gib_was_downloaded_a_connection_costs_at_most_8_kib,
    a_second_after_1_gib_was_uploaded_a_connection_costs_at_most_8_kib,
    an_upload_that_is_read_as_it_comes_is_read_into_one_block,
    a_million_requests_one_after_the_other_leave_nothing_behind,
    a_peer_that_never_reads_holds_no_more_than_the_send_credit,
    an_open_stream_without_a_body_costs_at_most_1_kib_with_the_request_that_its_server_holds,
    an_open_stream_without_a_body_costs_a_server_at_most_700_octets_beside_its_request,
    a_request_that_waits_for_its_response_costs_a_client_at_most_1_kib,
    small_frames_that_nobody_reads_cost_at_most_twice_what_is_in_them,
);

fn alone(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(test);
}

fn live() -> isize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// A client without memory: it says what is written here, and counts the answers.
struct Script {
    /// Said one after the other, each when the server has written what the last one asked for.
    lines: &'static [&'static [u8]],
    line: usize,
    at: usize,
    /// Octets of an endless body that follow, in frames of `FRAME`, as the windows allow.
    upload: usize,
    windows: [i64; 2],
    reads: bool,
    seen: usize,
    /// The frame head that is being read of what the server writes, and its payload.
    head: [u8; 9],
    head_octets: usize,
    payload: [u8; 4],
    payload_octets: usize,
    waker: Option<Waker>,
}

const FRAME: usize = 16_384;

impl Script {
    fn new(lines: &'static [&'static [u8]]) -> Self {
        Self {
            lines,
            line: 0,
            at: 0,
            upload: 0,
            windows: [65_535; 2],
            reads: true,
            seen: 0,
            head: [0; 9],
            head_octets: 0,
            payload: [0; 4],
            payload_octets: 0,
            waker: None,
        }
    }

    /// Goes on with the body; says whether there was any.
    fn say_body(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        // Inside a frame of the body, or at the beginning of one for which there is room.
        let inside = self.at > 0;
        let room = self.windows.iter().all(|window| *window >= FRAME as i64);
        if self.upload == 0 || !inside && !room {
            return false;
        }
        if !inside {
            self.windows = self.windows.map(|window| window - FRAME as i64);
        }
        const HEAD: [u8; 9] = [0, 0x40, 0, 0, 0, 0, 0, 0, 1];
        const ZEROS: [u8; FRAME] = [0; FRAME];
        let rest = if self.at < 9 { &HEAD[self.at..] } else { &ZEROS[self.at - 9..] };
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        self.at += count;
        if self.at == 9 + FRAME {
            self.at = 0;
            self.upload -= FRAME;
        }
        true
    }

    /// What the server says: only its WINDOW_UPDATEs matter.
    fn hear(&mut self, octets: &[u8]) {
        for octet in octets {
            if self.head_octets < 9 {
                self.head[self.head_octets] = *octet;
                self.head_octets += 1;
            } else {
                if self.payload_octets < 4 {
                    self.payload[self.payload_octets] = *octet;
                }
                self.payload_octets += 1;
            }
            let length = u32::from_be_bytes([0, self.head[0], self.head[1], self.head[2]]);
            if self.head_octets == 9 && self.payload_octets == length as usize {
                if self.head[3] == wire::WINDOW_UPDATE {
                    let stream = usize::from(self.head[8] != 0);
                    self.windows[stream] += i64::from(u32::from_be_bytes(self.payload));
                }
                (self.head_octets, self.payload_octets) = (0, 0);
            }
        }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.waker = None;
        if let Some(line) = this.lines.get(this.line) {
            if this.line > 0 && this.seen == 0 {
                this.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let rest = &line[this.at..];
            let count = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..count]);
            this.at += count;
            if this.at == line.len() {
                (this.line, this.at, this.seen) = (this.line + 1, 0, 0);
            }
            return Poll::Ready(Ok(()));
        }
        while buf.remaining() > 0 && this.say_body(buf) {}
        if buf.filled().is_empty() {
            this.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.reads && self.line > 1 {
            return Poll::Pending;
        }
        self.seen += buf.len();
        self.hear(buf);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Octets that live as long as the process.
fn script(what: impl Wire) -> &'static [u8] {
    Vec::leak(what.octets())
}

/// Lines that begin a connection, with these settings, and then say `last`.
fn lines(settings: &[(u16, u32)], last: impl Wire) -> &'static [&'static [u8]] {
    let begin = script((wire::preface(), wire::settings(settings)));
    Vec::leak(vec![begin, script((wire::settings_ack(), last))])
}

async fn hello(_: Request<RecvBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"Hello, World!"))))
}

fn serve(io: Script) {
    tokio::spawn(server::serve(io, Config::server(), server::service_fn(hello)));
}

async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

fn check(cost: [isize; 2]) {
    // Less than a task alone costs would mean that nothing is there.
    assert!((2 * 1024..=FRESH).contains(&cost[0]), "{cost:?}");
    assert!((2 * 1024..=IDLE).contains(&cost[1]), "{cost:?}");
}

/// What each of a crowd of connections costs once it has come to rest, and a second later.
async fn cost(connect: impl AsyncFn()) -> [isize; 2] {
    // The first of all pays for what all share.
    connect().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let start = live();
    for _ in 0..CROWD {
        connect().await;
    }
    settle().await;
    let at_once = (live() - start) / CROWD;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    [at_once, (live() - start) / CROWD]
}

fn a_connection_of_either_role_costs_at_most_8_kib_after_the_handshake_and_a_second_later() {
    alone(async {
        let lines = lines(&[], wire::ping([7; 8]));
        check(cost(async || serve(Script::new(lines))).await);
    });
    alone(async {
        let (begin, then) = (script(wire::settings(&[])), script(wire::settings_ack()));
        let lines = Vec::leak(vec![begin, then]);
        let cost = cost(async || {
            let handle = client::handshake(Script::new(lines), Config::client()).await.unwrap();
            tokio::spawn(async move { handle.closed().await });
        });
        check(cost.await);
    });
}

fn a_connection_of_serve_costs_at_most_8_kib_after_a_request_and_a_second_later() {
    alone(async {
        let lines = lines(&[], wire::get(1));
        let cost = cost(async || serve(Script::new(lines))).await;
        check(cost);
    });
}

fn a_connection_that_gives_its_requests_out_costs_at_most_8_kib_after_one_and_a_second_later() {
    alone(async {
        let lines = lines(&[], wire::get(1));
        let cost = cost(async || {
            let io = Script::new(lines);
            let (handle, mut incoming) = server::spawn_connection(io, Config::server());
            let (_, responder) = incoming.next().await.unwrap();
            responder.respond(Response::new("Hello, World!")).unwrap();
            settle().await;
            assert_eq!(handle.state().open, 0);
            tokio::spawn(async move { incoming.next().await.is_none() });
        })
        .await;
        check(cost);
    });
}

fn a_second_after_1_gib_was_downloaded_a_connection_costs_at_most_8_kib() {
    alone(async {
        let open = wire::window_update(0, (1 << 31) - 1 - 65_535);
        let lines = lines(&[(4, (1 << 31) - 1)], (open, wire::get(1)));
        let mut sent = 0;
        for _ in 0..2 {
            let start = live();
            let (handle, mut incoming) =
                server::spawn_connection(Script::new(lines), Config::server());
            let (_, responder) = incoming.next().await.unwrap();
            let mut send = responder.send_response(Response::new(())).unwrap();
            for _ in 0..PASSED / FRAME {
                send.send_data(Bytes::from(vec![7; FRAME])).await.unwrap();
                sent += FRAME;
            }
            send.finish().unwrap();
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            let cost = live() - start;
            assert!(!handle.is_closed(), "{:?}", handle.state());
            assert!((2 * 1024..=IDLE).contains(&cost), "{cost}");
            // It says goodbye to a client that does not answer.
            drop((handle, incoming));
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        assert_eq!(sent, 2 * PASSED);
    });
}

fn a_second_after_1_gib_was_uploaded_a_connection_costs_at_most_8_kib() {
    alone(async {
        let lines = lines(&[], wire::post(1));
        for _ in 0..2 {
            let start = live();
            let io = Script { upload: PASSED, ..Script::new(lines) };
            let (handle, mut incoming) = server::spawn_connection(io, Config::server());
            let (request, responder) = incoming.next().await.unwrap();
            let mut body = request.into_body();
            let mut read = 0;
            while read < PASSED {
                read += body.data().await.unwrap().unwrap().len();
            }
            assert_eq!(read, PASSED);
            // Half of the upload's end is missing; the answer declines it.
            drop(body);
            responder.respond(Response::new("enough")).unwrap();
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            let cost = live() - start;
            assert!(!handle.is_closed(), "{:?}", handle.state());
            assert!((2 * 1024..=IDLE).contains(&cost), "{cost}");
            // It says goodbye to a client that does not answer.
            drop((handle, incoming));
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    });
}

/// Whoever reads gets its turn before more is read, so the block is free again by then.
fn an_upload_that_is_read_as_it_comes_is_read_into_one_block() {
    alone(async {
        let mut config = Config::server();
        config.core.stream_window = 1 << 20;
        let windows = [65_535, 1 << 20];
        let io = Script { upload: PASSED, windows, ..Script::new(lines(&[], wire::post(1))) };
        let (_handle, mut incoming) = server::spawn_connection(io, config);
        let (request, _responder) = incoming.next().await.unwrap();
        let mut body = request.into_body();
        // On a task of its own: the runtime turns to what it blocks on only now and then.
        let reading = tokio::spawn(async move {
            let (mut read, mut before) = (0, 0);
            while read < 80 << 20 {
                read += body.data().await.unwrap().unwrap().len();
                // The first 16 MiB pay for what is allocated once.
                if read <= 16 << 20 {
                    before = INSTRUMENTED_SYSTEM.stats().allocations;
                }
            }
            INSTRUMENTED_SYSTEM.stats().allocations - before
        });
        let allocations = reading.await.unwrap();
        assert!(allocations <= 8, "{allocations} for a thousand blocks");
    });
}

fn a_million_requests_one_after_the_other_leave_nothing_behind() {
    alone(async {
        let (ours, theirs) = duplex(16 * 1024);
        // The date that `serve` would add is another each second, and fills the tables of HPACK.
        let answer = |request| async move {
            let mut response = hello(request).await?;
            response.headers_mut().insert(DATE, HeaderValue::from_static("today"));
            Ok::<_, Infallible>(response)
        };
        tokio::spawn(server::serve(theirs, Config::server(), server::service_fn(answer)));
        let client = client::handshake(ours, Config::client()).await.unwrap();
        let mut alive = Vec::new();
        for at in 1..=1_000_000 {
            let request = Request::get("http://a.example/").body(Empty::<Bytes>::new()).unwrap();
            let response = client.request(request).await.unwrap();
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "Hello, World!");
            if at % 100_000 == 0 {
                settle().await;
                alive.push(live());
            }
        }
        // The tables that remember how streams ended are full long before the first look.
        let growth = alive[9] - alive[0];
        assert!(growth.abs() < 256, "{alive:?}");
    });
}

/// Streams that are written to a peer that reads nothing.
const WRITERS: u32 = 1_000;

/// Octets of each piece that they are given. Each is its own, as the bodies of applications are.
const PIECE: usize = 4 * 1024;

/// The most octets that may wait to be sent, by what is configured: what is everyone's and what is
/// each stream's own, one piece more than there is room for, the one that waits to be given, and
/// what is serialized. Lists of pieces double when they are full, and so does the last.
fn most_unsent(core: &h2_core::Config, streams: usize) -> usize {
    let bodies = core.send_pool + streams * (core.send_credit + 2 * PIECE);
    let lists = 2 * size_of::<Bytes>() * bodies.div_ceil(PIECE);
    let frames = 2 * core.max_frame_size as usize;
    bodies + lists + 2 * (core.batch + frames)
}

fn a_peer_that_never_reads_holds_no_more_than_the_send_credit() {
    alone(async {
        let requests: Vec<_> = (0..WRITERS).map(|n| wire::get(2 * n + 1)).collect();
        let open = wire::window_update(0, (1 << 31) - 1 - 65_535);
        let lines = lines(&[(4, (1 << 31) - 1)], (open, requests));
        let mut config = Config::server();
        config.core.max_concurrent_streams = WRITERS;
        let core = config.core.clone();
        let streams = WRITERS as usize;
        let start = live();
        let io = Script { reads: false, ..Script::new(lines) };
        let (handle, mut incoming) = server::spawn_connection(io, config);
        let (begin, begun) = tokio::sync::watch::channel(());
        for _ in 0..WRITERS {
            let (_, responder) = incoming.next().await.unwrap();
            let mut begun = begun.clone();
            tokio::spawn(async move {
                let mut send = responder.send_response(Response::new(())).unwrap();
                // From here on a stream is what one that is written costs.
                send.send_data("x").await.unwrap();
                begun.changed().await.unwrap();
                while send.send_data(Bytes::from(vec![7; PIECE])).await.is_ok() {}
            });
        }
        settle().await;
        let opened = live();
        begin.send(()).unwrap();
        for _ in 0..100 {
            settle().await;
        }
        assert_eq!(handle.state().open, streams);
        let unsent = (live() - opened) as usize;
        let bound = most_unsent(&core, streams);
        assert!(unsent <= bound, "{unsent} of {bound}");
        // Written for real: all have what is always theirs.
        assert!(unsent >= streams * core.send_credit, "{unsent}");
        // With all else that the connection, its streams and their tasks cost.
        let held = (live() - start) as usize;
        let bound = core.worst_case_memory();
        assert!(held <= bound, "{held} of {bound}");
    });
}

/// Open streams between which the cost of one is taken.
const STREAMS: [u32; 3] = [100, 1_000, 1_500];

/// What each of so many streams costs more than each of `STREAMS[0]` does.
async fn each<T>(open: impl AsyncFn(u32) -> T) -> [isize; 2] {
    let [few, many, more] = STREAMS;
    let mut cost = Vec::new();
    for streams in [few, few, many, more] {
        let start = live();
        let held = open(streams).await;
        settle().await;
        cost.push(live() - start);
        drop(held);
        settle().await;
    }
    let of = |at: usize, streams: u32| (cost[at] - cost[1]) / (streams - few) as isize;
    [of(2, many), of(3, more)]
}

/// The requests of a connection with so many streams, none of them answered.
async fn requests(streams: u32) -> (server::Handle, server::Incoming, Vec<Held>) {
    let gets: Vec<_> = (0..streams).map(|n| wire::get(2 * n + 1)).collect();
    let mut config = Config::server();
    config.core.max_concurrent_streams = streams;
    let (handle, mut incoming) = server::spawn_connection(Script::new(lines(&[], gets)), config);
    let mut held = Vec::with_capacity(streams as usize);
    while held.len() < streams as usize {
        held.push(incoming.next().await.unwrap());
    }
    (handle, incoming, held)
}

type Held = (Request<RecvBody>, server::Responder);

fn an_open_stream_without_a_body_costs_at_most_1_kib_with_the_request_that_its_server_holds() {
    alone(async {
        let cost = each(requests).await;
        // Less than the request alone would mean that nothing is there.
        assert!(cost.iter().all(|cost| (400..=1024).contains(cost)), "{cost:?}");
    });
}

fn an_open_stream_without_a_body_costs_a_server_at_most_700_octets_beside_its_request() {
    alone(async {
        let cost = each(async |streams| {
            let (handle, incoming, held) = requests(streams).await;
            // Collected, they would keep the memory of what they are taken from.
            let mut responders = Vec::with_capacity(held.len());
            responders.extend(held.into_iter().map(|(_, responder)| responder));
            (handle, incoming, responders)
        })
        .await;
        assert!(cost.iter().all(|cost| (200..=700).contains(cost)), "{cost:?}");
    });
}

fn a_request_that_waits_for_its_response_costs_a_client_at_most_1_kib() {
    alone(async {
        let hello = script(wire::settings(&[(3, 2_000)]));
        let lines: &'static [&'static [u8]] = Vec::leak(vec![hello]);
        let cost = each(async |streams| {
            let mut config = Config::client();
            config.core.max_outbound_streams = streams;
            let handle = client::handshake(Script::new(lines), config).await.unwrap();
            let mut waiting = Vec::with_capacity(streams as usize);
            for _ in 0..streams {
                let mut request = Request::new(());
                *request.uri_mut() = http::Uri::from_static("http://a.example/");
                waiting.push(handle.send_bodiless(request).await.unwrap());
            }
            assert_eq!(handle.state().open, streams as usize);
            (handle, waiting)
        })
        .await;
        assert!(cost.iter().all(|cost| (200..=1024).contains(cost)), "{cost:?}");
    });
}

/// R-E2: their number is no offence, so it must not be a cost.
fn small_frames_that_nobody_reads_cost_at_most_twice_what_is_in_them() {
    for (frames, octets) in [(1_000_000, 1), (10_000, 600)] {
        alone(async {
            let upload = wire::data_of(1, octets).octets().repeat(frames);
            let lines = lines(&[], (wire::post(1), upload));
            let mut config = Config::server();
            config.core.stream_window = 8 << 20;
            let start = live();
            let (handle, mut incoming) = server::spawn_connection(Script::new(lines), config);
            let (request, _responder) = incoming.next().await.unwrap();
            for _ in 0..100 {
                settle().await;
            }
            let unread = handle.inspect().await.unwrap().unread;
            assert_eq!(unread, frames * octets, "all of it has arrived");
            let held = (live() - start) as usize;
            assert!(held <= 2 * unread + 64 * 1024, "{held} for {unread}");
            assert!(held >= unread, "{held} for {unread}");
            assert_eq!(handle.inspect().await.unwrap().glitches, 0);
            let mut body = request.into_body();
            let mut read = 0;
            while read < unread {
                read += body.data().await.unwrap().unwrap().len();
            }
            assert_eq!(read, unread);
        });
    }
}
