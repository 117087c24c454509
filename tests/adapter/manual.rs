//! Bodies that are released by hand: what is held is what the peer may not send again.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use h2_core::{End, Event, RequestHead, ResponseHead, StreamId};
use h2_tests::rng::Rng;
use h2_tokio::server::{self, Incoming, Responder};
use h2_tokio::{Config, ErrorCode, ManualBody, Piece, SendBody, client};
use http::{HeaderMap, HeaderValue, Response};
use tokio::io::duplex;

use crate::support::{PIPE, Peer, get, head_of, octets, pair_with, post, read};

const NO_FIELDS: [(&str, &str); 0] = [];
const WINDOW: u32 = 16 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// A server whose streams have a window that does not grow.
fn narrow() -> Config {
    let mut config = Config::server();
    config.core.stream_window = WINDOW;
    config.core.max_stream_window = WINDOW;
    config
}

/// An upload that is read by hand.
struct Upload {
    send: SendBody,
    body: ManualBody,
    client: client::Handle,
    incoming: Incoming,
    _rest: (Responder, client::ResponseFuture),
}

async fn upload() -> Upload {
    let (client, _, mut incoming) = pair_with(Config::client(), narrow());
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let (request, responder) = incoming.next().await.unwrap();
    let body = request.into_body().into_manual();
    Upload { send, body, client, incoming, _rest: (responder, response) }
}

fn sum(held: &[Piece]) -> usize {
    held.iter().map(|piece| piece.len()).sum()
}

#[tokio::test(start_paused = true)]
async fn the_peer_sends_no_more_than_its_window_until_pieces_are_let_go() {
    let Upload { mut send, mut body, client: _client, incoming: _incoming, _rest } = upload().await;
    let all = octets(100_000);
    let sender = tokio::spawn({
        let all = all.clone();
        async move {
            for piece in all.chunks(3_000) {
                send.send_data(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            send.finish().unwrap();
        }
    });
    let mut came = Vec::new();
    let mut held: Vec<Piece> = Vec::new();
    loop {
        match tokio::time::timeout(SECOND, body.piece()).await {
            Ok(Some(piece)) => {
                let piece = piece.unwrap();
                came.extend_from_slice(&piece);
                held.push(piece);
                assert!(sum(&held) <= WINDOW as usize);
            }
            Ok(None) => break,
            Err(_) => {
                // The last may go first; any piece is as good as another.
                assert_eq!(sum(&held), WINDOW as usize, "the whole window is held");
                drop(held.pop());
            }
        }
    }
    assert!(came == all);
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_gets_what_the_peer_may_send_for_the_smallest_piece() {
    let Upload { mut send, mut body, client: _client, incoming: _incoming, _rest } = upload().await;
    send.send_data("x").await.unwrap();
    let small = body.piece().await.unwrap().unwrap();
    let sender = tokio::spawn(async move {
        send.send_data(octets(WINDOW as usize)).await.unwrap();
        send
    });
    let mut held = Vec::new();
    while sum(&held) + 1 < WINDOW as usize {
        held.push(body.piece().await.unwrap().unwrap());
    }
    assert_eq!(sum(&held) + 1, WINDOW as usize);
    // Let go before anybody waits, and while somebody does: both reach the peer.
    drop(small);
    let last = tokio::time::timeout(SECOND, body.piece()).await.unwrap().unwrap().unwrap();
    assert_eq!(last.len(), 1);
    let send = sender.await.unwrap();
    let waits = tokio::spawn(async move {
        let mut send = send;
        send.send_data("y").await.unwrap();
        (body.piece().await.unwrap().unwrap().release(), send)
    });
    tokio::time::sleep(SECOND).await;
    let (octets, credit) = last.into_parts();
    assert_eq!((octets.len(), credit.octets()), (1, 1));
    drop(credit);
    assert_eq!(tokio::time::timeout(SECOND, waits).await.unwrap().unwrap().0, "y");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn trailers_follow_the_pieces() {
    let Upload { mut send, mut body, client: _client, incoming: _incoming, _rest } = upload().await;
    send.send_data("one").await.unwrap();
    let trailers = HeaderMap::from_iter([("x".parse().unwrap(), HeaderValue::from(1))]);
    send.send_trailers(trailers.clone()).unwrap();
    assert_eq!(&*body.piece().await.unwrap().unwrap(), b"one");
    assert!(body.piece().await.is_none());
    assert_eq!(body.trailers().await.unwrap(), Some(trailers));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_is_an_error_and_its_pieces_stay_good() {
    let Upload { mut send, mut body, client, incoming: _incoming, _rest } = upload().await;
    send.send_data("half").await.unwrap();
    let piece = body.piece().await.unwrap().unwrap();
    send.reset(ErrorCode::CANCEL);
    let error = body.piece().await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::CANCEL);
    assert!(body.piece().await.is_none());
    assert_eq!(body.trailers().await.unwrap_err().code(), ErrorCode::CANCEL);
    client.close(ErrorCode::NO_ERROR);
    client.closed().await;
    assert_eq!(piece.data(), "half");
    drop(piece);
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_is_held_keeps_no_connection() {
    let Upload { mut send, mut body, client, mut incoming, _rest } = upload().await;
    send.send_data("held").await.unwrap();
    let piece = body.piece().await.unwrap().unwrap();
    send.finish().unwrap();
    drop((body, _rest, client));
    assert!(incoming.next().await.is_none());
    assert_eq!(piece.release(), "held");
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_body_has_no_pieces() {
    let mut body = h2_tokio::RecvBody::empty().into_manual();
    assert!(body.piece().await.is_none());
    assert_eq!(body.trailers().await.unwrap(), None);
}

/// A stream as the property below sees it.
struct Held {
    stream: StreamId,
    body: Option<ManualBody>,
    responder: Option<Responder>,
    pieces: Vec<Piece>,
}

/// Who reads by hand, and through what.
enum Reader {
    Server(Incoming),
    Client(client::Handle),
}

/// One walk: streams that are sent to, read, held, released, ended and reset in any order.
struct Walk {
    rng: Rng,
    peer: Peer,
    reader: Reader,
    streams: Vec<Held>,
    /// Pieces of streams that are gone.
    orphans: Vec<Piece>,
}

impl Walk {
    async fn open(&mut self) -> Held {
        let (stream, body, responder) = match &mut self.reader {
            Reader::Server(incoming) => {
                let head = RequestHead::new("POST", "http", "a", "/", NO_FIELDS).unwrap();
                let stream = self.peer.conn.send_request(head, End::Later).unwrap();
                self.peer.flush().await;
                let (request, responder) = incoming.next().await.unwrap();
                (stream, request.into_body(), Some(responder))
            }
            Reader::Client(client) => {
                let client = client.clone();
                let request = tokio::spawn(async move { client.request(get("/")).await });
                let stream = loop {
                    // Of streams that are gone there may be more to hear.
                    let event = self.peer.next().await.unwrap();
                    if let Event::RequestReceived { stream, .. } = event {
                        break stream;
                    }
                };
                let head = ResponseHead::new(200, NO_FIELDS).unwrap();
                self.peer.conn.send_response(stream, head, End::Later).unwrap();
                self.peer.flush().await;
                (stream, request.await.unwrap().unwrap().into_body(), None)
            }
        };
        Held { stream, body: Some(body.into_manual()), responder, pieces: Vec::new() }
    }

    async fn step(&mut self) {
        let choice = self.rng.below(12);
        if self.streams.is_empty() || choice == 0 && self.streams.len() < 6 {
            let held = self.open().await;
            self.streams.push(held);
            return;
        }
        let at = self.rng.below(self.streams.len());
        let keep = self.rng.one_in(2);
        let (size, end) = (1 + self.rng.below(5_000), self.rng.one_in(12));
        let held = &mut self.streams[at];
        match choice {
            0..=5 => {
                // A stream that has ended takes no more.
                let mut data = Bytes::from(vec![0; size]);
                let _ = self.peer.conn.send_data(held.stream, &mut data, End::from_bool(end));
                self.peer.settle().await;
            }
            6..=8 => {
                let piece = held.body.as_mut().and_then(|body| body.piece().now_or_never());
                if let Some(Some(Ok(piece))) = piece
                    && keep
                {
                    held.pieces.push(piece);
                }
            }
            9 if !held.pieces.is_empty() => {
                let at = self.rng.below(held.pieces.len());
                drop(held.pieces.swap_remove(at));
            }
            9 => drop(self.orphans.pop()),
            _ => self.end(at).await,
        }
    }

    /// Ends something of a stream, or all of it.
    async fn end(&mut self, at: usize) {
        let how = self.rng.below(6);
        let held = &mut self.streams[at];
        match how {
            0 => self.peer.conn.reset_stream(held.stream, ErrorCode::CANCEL),
            1 => held.body = None,
            2 => {
                if let Some(responder) = held.responder.take() {
                    // The stream may have been reset.
                    let _ = responder.respond(Response::new("done"));
                }
            }
            3 => {
                if let Some(responder) = held.responder.take() {
                    responder.reset(ErrorCode::INTERNAL_ERROR);
                }
            }
            _ => {
                let gone = self.streams.swap_remove(at);
                self.orphans.extend(gone.pieces);
            }
        }
        self.peer.settle().await;
    }

    /// Lets go of everything in some order.
    async fn let_go(&mut self) {
        while !(self.streams.is_empty() && self.orphans.is_empty()) {
            let at = self.rng.below(self.streams.len() + self.orphans.len());
            if at < self.streams.len() {
                let gone = self.streams.swap_remove(at);
                self.orphans.extend(gone.pieces);
            } else {
                drop(self.orphans.swap_remove(at - self.streams.len()));
            }
        }
        self.peer.settle().await;
    }
}

/// A reader with windows that one stream can fill, and its peer.
fn reader_and_peer(is_server: bool) -> (Reader, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut config = if is_server { narrow() } else { Config::client() };
    config.core.stream_window = WINDOW;
    config.core.max_stream_window = WINDOW;
    config.core.isolation = false;
    config.core.connection_window = 65_535;
    if is_server {
        let (_, incoming) = server::spawn_connection(ours, config);
        return (Reader::Server(incoming), Peer::client(theirs));
    }
    let client = client::spawn_connection(ours, config);
    (Reader::Client(client), Peer::server(theirs, h2_core::Config::server()))
}

async fn the_window_comes_back_whole(is_server: bool, seed: u64) {
    let (reader, mut peer) = reader_and_peer(is_server);
    peer.settle().await;
    let whole = peer.conn.local_flow_control_window(None).unwrap();
    let rng = Rng::new(seed);
    let mut walk = Walk { rng, peer, reader, streams: Vec::new(), orphans: Vec::new() };
    for _ in 0..120 {
        walk.step().await;
    }
    walk.let_go().await;
    // The peer hears of credit when there is enough of it: it gets there with small messages.
    let mut most = 0;
    for _ in 0..80 {
        let mut held = walk.open().await;
        let mut data = Bytes::from(vec![0; 1_000]);
        walk.peer.conn.send_data(held.stream, &mut data, End::Now).unwrap();
        walk.peer.settle().await;
        let piece = held.body.as_mut().unwrap().piece().await.unwrap().unwrap();
        most = most.max(walk.peer.conn.local_flow_control_window(None).unwrap());
        drop((piece, held));
        walk.peer.settle().await;
    }
    assert_eq!(most, whole, "server: {is_server}, seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn the_window_of_the_connection_comes_back_whole_whatever_is_let_go_when() {
    for seed in 0..150 {
        for is_server in [true, false] {
            the_window_comes_back_whole(is_server, seed).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_of_bodies_that_have_ended_takes_nothing_from_the_connection() {
    for is_server in [true, false] {
        for resets in [true, false] {
            let (reader, mut peer) = reader_and_peer(is_server);
            peer.settle().await;
            let rng = Rng::new(0);
            let mut walk = Walk { rng, peer, reader, streams: Vec::new(), orphans: Vec::new() };
            // Ten times what the connection's window holds, all of it held.
            for _ in 0..66 {
                let mut held = walk.open().await;
                let mut data = Bytes::from(vec![0; 10_000]);
                walk.peer.conn.send_data(held.stream, &mut data, End::Later).unwrap();
                walk.peer.settle().await;
                let body = held.body.as_mut().unwrap();
                while sum(&held.pieces) < 10_000 {
                    let next = tokio::time::timeout(SECOND, body.piece()).await;
                    held.pieces.push(next.expect("stuck").unwrap().unwrap());
                }
                if resets {
                    walk.peer.conn.reset_stream(held.stream, ErrorCode::CANCEL);
                } else {
                    walk.peer.conn.end_stream(held.stream).unwrap();
                }
                walk.peer.settle().await;
                walk.streams.push(held);
            }
            let held: usize = walk.streams.iter().map(|held| sum(&held.pieces)).sum();
            assert_eq!(held, 660_000);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn held_pieces_of_one_stream_stop_no_other() {
    let Upload { mut send, mut body, client, mut incoming, _rest } = upload().await;
    send.send_data(octets(WINDOW as usize)).await.unwrap();
    let mut held = Vec::new();
    while sum(&held) < WINDOW as usize {
        held.push(body.piece().await.unwrap().unwrap());
    }
    let other = tokio::spawn(async move { client.request(post(octets(1024 * 1024))).await });
    let (request, responder) = incoming.next().await.unwrap();
    assert!(read(request.into_body()).await.unwrap() == octets(1024 * 1024));
    responder.respond(Response::new("")).unwrap();
    assert!(other.await.unwrap().is_ok());
    drop(held);
}
