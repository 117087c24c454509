//! CONNECT and extended CONNECT: a stream as a transport.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use h2_core::{End, Event, Misuse, RequestHead, ResponseHead, StreamId, Timer};
use h2_tokio::ext::Protocol;
use h2_tokio::server::{Incoming, Responder};
use h2_tokio::{Config, Error, ErrorCode, Reason, RecvBody, Tunnel, TunnelError, client, server};
use http::{Method, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::support::{PIPE, Peer, octets, pair, pair_with, read};

const NO_FIELDS: [(&str, &str); 0] = [];
const SECOND: Duration = Duration::from_secs(1);

/// Both ends of a tunnel, and what they live on.
struct Ends {
    near: Tunnel,
    far: Tunnel,
    client: client::Handle,
    _incoming: Incoming,
}

fn plain() -> Request<()> {
    Request::connect("b.example:443").body(()).unwrap()
}

fn extended() -> Request<()> {
    let request = Request::connect("https://a.example/chat");
    request.extension(Protocol::from_static("websocket")).body(()).unwrap()
}

fn accept(next: (Request<RecvBody>, Responder)) -> Tunnel {
    let (request, responder) = next;
    responder.accept_tunnel(Response::new(()), request.into_body()).unwrap()
}

async fn tunnel() -> Ends {
    tunnel_with(Config::client(), Config::server()).await
}

async fn tunnel_with(client: Config, server: Config) -> Ends {
    let (client, _, mut incoming) = pair_with(client, server);
    let far = async { accept(incoming.next().await.unwrap()) };
    let (near, far) = tokio::join!(client.open_tunnel(plain()), far);
    Ends { near: near.unwrap().into_body(), far, client, _incoming: incoming }
}

/// A window that does not grow.
fn narrow(mut config: Config, window: u32) -> Config {
    config.core.stream_window = window;
    config.core.max_stream_window = window;
    config
}

fn source(error: &io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

async fn read_all(tunnel: &mut Tunnel) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    tunnel.read_to_end(&mut all).await.map(|_| all)
}

#[tokio::test(start_paused = true)]
async fn a_connect_request_names_its_target_and_carries_octets_both_ways() {
    let (client, _, mut incoming) = pair();
    let far = tokio::spawn(async move {
        let next = incoming.next().await.unwrap();
        assert_eq!(next.0.method(), Method::CONNECT);
        assert_eq!(next.0.uri(), "b.example:443");
        let mut far = accept(next);
        let mut word = [0; 4];
        far.read_exact(&mut word).await.unwrap();
        far.write_all(&word).await.unwrap();
        (far, incoming)
    });
    // The method goes without saying.
    let request = Request::get("b.example:443").body(()).unwrap();
    let response = client.open_tunnel(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut near = response.into_body();
    near.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    near.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
    drop(far.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_mebibyte_goes_each_way_at_once_through_windows_of_sixteen_kibibytes() {
    let window = 16 * 1024;
    let client = narrow(Config::client(), window);
    let Ends { near, far, client: _client, _incoming } =
        tunnel_with(client, narrow(Config::server(), window)).await;
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = tokio::io::split(far);
    let there = octets(1024 * 1024);
    let back = Bytes::from(there.iter().rev().copied().collect::<Vec<_>>());
    let writers = (
        tokio::spawn({
            let there = there.clone();
            async move {
                near_write.write_all(&there).await.unwrap();
                near_write.shutdown().await.unwrap();
            }
        }),
        tokio::spawn({
            let back = back.clone();
            async move {
                far_write.write_all(&back).await.unwrap();
                far_write.shutdown().await.unwrap();
            }
        }),
    );
    let (mut came, mut came_back) = (Vec::new(), Vec::new());
    let (near, far) =
        tokio::join!(near_read.read_to_end(&mut came_back), far_read.read_to_end(&mut came));
    assert_eq!((near.unwrap(), far.unwrap()), (1024 * 1024, 1024 * 1024));
    assert!(came == there && came_back == back);
    writers.0.await.unwrap();
    writers.1.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_direction_ends_by_itself_whichever_is_first() {
    for client_first in [true, false] {
        let Ends { near, far, client, _incoming } = tunnel().await;
        let (mut first, mut second) = if client_first { (near, far) } else { (far, near) };
        first.write_all(b"question").await.unwrap();
        first.shutdown().await.unwrap();
        assert_eq!(read_all(&mut second).await.unwrap(), b"question");
        let answered = async {
            second.write_all(&octets(100_000)).await?;
            second.shutdown().await
        };
        let (answered, answer) = tokio::join!(answered, read_all(&mut first));
        answered.unwrap();
        assert!(answer.unwrap() == octets(100_000));
        let error = first.write(b"more").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        // Both ends are the peer's word, so letting go says nothing more.
        drop((first, second));
        assert!(client.ping().await.is_ok());
        assert_eq!(client.state().open, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_while_the_peer_does_not_read_and_goes_on_when_it_does() {
    let window = 16 * 1024;
    let mut server = narrow(Config::server(), window);
    server.core.send_pool = 0;
    let mut client = narrow(Config::client(), window);
    client.core.send_pool = 0;
    let Ends { mut near, mut far, client: _client, _incoming } = tunnel_with(client, server).await;
    for (writer, reader) in [(true, "far"), (false, "near")] {
        let (writer, reader) =
            if writer { (&mut near, (&mut far, reader)) } else { (&mut far, (&mut near, reader)) };
        let mut taken = 0;
        while let Ok(written) = tokio::time::timeout(SECOND, writer.write(&[7; 200_000])).await {
            taken += written.unwrap();
        }
        // The window, the credit of the stream, the room of its slot and one piece.
        assert!((16 * 1024..=4 * 16 * 1024).contains(&taken), "{taken} octets to {}", reader.1);
        let mut came = vec![0; taken];
        reader.0.read_exact(&mut came).await.unwrap();
        assert!(tokio::time::timeout(SECOND, writer.write(b"x")).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_is_cut_is_an_error_and_no_end() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let opened = tokio::spawn(async move { client.open_tunnel(plain()).await });
    agree(&mut peer, b"half").await;
    let mut near = opened.await.unwrap().unwrap().into_body();
    near.read_exact(&mut [0; 4]).await.unwrap();
    peer.vanish();
    for _ in 0..2 {
        let error = near.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(*source(&error).reason(), Reason::Eof);
        assert_eq!(*source(&near.write(b"x").await.unwrap_err()).reason(), Reason::Eof);
    }
    assert!(near.shutdown().await.is_err());
}

/// Says yes to the next request and sends some octets.
async fn agree(peer: &mut Peer, first: &'static [u8]) -> StreamId {
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    let head = ResponseHead::new(200, NO_FIELDS).unwrap();
    peer.conn.send_response(stream, head, End::Later).unwrap();
    peer.conn.send_data(stream, &mut Bytes::from_static(first), End::Later).unwrap();
    peer.flush().await;
    stream
}

#[tokio::test(start_paused = true)]
async fn a_reset_by_the_peer_is_an_error_both_ways_whatever_the_code() {
    for code in [ErrorCode::NO_ERROR, ErrorCode::CANCEL, ErrorCode::CONNECT_ERROR] {
        let (ours, theirs) = duplex(PIPE);
        let client = client::spawn_connection(ours, Config::client());
        let mut peer = Peer::server(theirs, h2_core::Config::server());
        let opened = tokio::spawn({
            let client = client.clone();
            async move { client.open_tunnel(plain()).await }
        });
        let stream = agree(&mut peer, b"half").await;
        let mut near = opened.await.unwrap().unwrap().into_body();
        peer.conn.reset_stream(stream, code);
        peer.flush().await;
        let error = read_all(&mut near).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(source(&error).code(), code);
        assert_eq!(source(&near.write(b"x").await.unwrap_err()).code(), code);
        assert_eq!(near.stopped().await.code(), code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_dropped_before_it_was_shut_down_is_cancelled_by_either_side() {
    for client_drops in [true, false] {
        let Ends { near, far, client: _client, _incoming } = tunnel().await;
        let (mut dropped, mut left) = if client_drops { (near, far) } else { (far, near) };
        dropped.write_all(b"half").await.unwrap();
        dropped.flush().await.unwrap();
        drop(dropped);
        let error = read_all(&mut left).await.unwrap_err();
        assert_eq!(source(&error).code(), ErrorCode::CANCEL);
        assert!(left.write(b"x").await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_sent_before_it_shut_down_arrives_though_it_reads_no_more() {
    let Ends { mut near, mut far, client: _client, _incoming } = tunnel().await;
    far.write_all(b"all there is").await.unwrap();
    far.shutdown().await.unwrap();
    drop(far);
    assert_eq!(near.stopped().await.code(), ErrorCode::NO_ERROR);
    assert_eq!(read_all(&mut near).await.unwrap(), b"all there is");
    assert_eq!(near.write(b"x").await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_comes_back_with_its_body_and_the_request_is_ended() {
    let (client, _, mut incoming) = pair();
    let server = tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        let response = Response::builder().status(StatusCode::FORBIDDEN).body("not here");
        responder.respond(response.unwrap()).unwrap();
        assert_eq!(read(request.into_body()).await.unwrap(), "");
        incoming.next().await.is_none()
    });
    let refused = client.open_tunnel(plain()).await.unwrap_err();
    assert_eq!(refused.to_string(), "tunnel refused: 403 Forbidden");
    let TunnelError::Refused(response) = refused else { panic!("{refused}") };
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(read(response.into_body()).await.unwrap(), "not here");
    drop(client);
    assert!(server.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_opens_no_tunnel_is_not_accepted_and_resets() {
    for status in [StatusCode::NOT_FOUND, StatusCode::NO_CONTENT, StatusCode::FOUND] {
        let (client, _, mut incoming) = pair();
        let server = async {
            let (request, responder) = incoming.next().await.unwrap();
            let response = Response::builder().status(status).body(()).unwrap();
            responder.accept_tunnel(response, request.into_body()).unwrap_err()
        };
        let (opened, refused) = tokio::join!(client.open_tunnel(plain()), server);
        assert_eq!(*refused.reason(), Reason::Misuse(Misuse::WrongStatusKind));
        let Err(TunnelError::Failed(error)) = opened else { panic!("{opened:?}") };
        assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR);
    }
}

#[tokio::test(start_paused = true)]
async fn a_length_that_a_tunnel_cannot_have_is_left_out() {
    let (client, _, mut incoming) = pair();
    let server = async {
        let (request, responder) = incoming.next().await.unwrap();
        let response = Response::builder().header("content-length", "5").header("x", "1");
        responder.accept_tunnel(response.body(()).unwrap(), request.into_body()).unwrap()
    };
    let (opened, mut far) = tokio::join!(client.open_tunnel(plain()), server);
    let response = opened.unwrap();
    assert_eq!(response.headers()["x"], "1");
    assert!(!response.headers().contains_key("content-length"));
    far.write_all(b"more than five").await.unwrap();
    far.shutdown().await.unwrap();
    assert_eq!(read_all(&mut response.into_body()).await.unwrap(), b"more than five");
}

#[tokio::test(start_paused = true)]
async fn an_extended_connect_waits_for_the_settings_that_allow_it() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    let mut opened = tokio::spawn({
        let client = client.clone();
        async move { client.open_tunnel(extended()).await }
    });
    assert!(tokio::time::timeout(SECOND, &mut opened).await.is_err());
    let mut config = Config::server();
    config.core.enable_connect_protocol = true;
    let (_server, mut incoming) = server::spawn_connection(theirs, config);
    let (request, responder) = incoming.next().await.unwrap();
    assert_eq!(request.method(), Method::CONNECT);
    assert_eq!(request.uri(), "https://a.example/chat");
    assert_eq!(request.extensions().get(), Some(&Protocol::from_static("websocket")));
    let _far = responder.accept_tunnel(Response::new(()), request.into_body()).unwrap();
    assert!(opened.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_extended_connect_that_the_peer_does_not_allow_is_not_sent() {
    let (client, _server, _incoming) = pair();
    let Err(TunnelError::Failed(error)) = client.open_tunnel(extended()).await else { panic!() };
    assert_eq!(*error.reason(), Reason::Misuse(Misuse::NotEnabled));
    assert!(error.is_unprocessed());
    assert_eq!(client.state().open, 0);
}

#[tokio::test(start_paused = true)]
async fn an_extended_connect_does_not_wait_for_a_silent_peer_for_ever() {
    let (ours, _theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    let Err(TunnelError::Failed(error)) = client.open_tunnel(extended()).await else { panic!() };
    assert_eq!(*error.reason(), Reason::Timeout(Timer::Handshake));
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    drop(theirs);
    assert!(client.open_tunnel(extended()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_is_given_up_resets_the_stream() {
    let (ours, theirs) = duplex(PIPE);
    let client = client::spawn_connection(ours, Config::client());
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let opening = tokio::spawn({
        let client = client.clone();
        async move { client.open_tunnel(plain()).await }
    });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    opening.abort();
    let Some(Event::StreamReset { stream: reset, code, .. }) = peer.next().await else { panic!() };
    assert_eq!((reset, code), (stream, ErrorCode::CANCEL));
}

#[tokio::test(start_paused = true)]
async fn fields_in_a_tunnel_are_an_error_and_no_end() {
    let (ours, theirs) = duplex(PIPE);
    let (_server, mut incoming) = server::spawn_connection(theirs, Config::server());
    let mut peer = Peer::client(ours);
    let head = RequestHead::connect("b.example:443", NO_FIELDS).unwrap();
    peer.conn.send_request(head, End::Later).unwrap();
    peer.flush().await;
    let mut far = accept(incoming.next().await.unwrap());
    peer.settle().await;
    // Trailers by hand: HEADERS on stream 1 with END_STREAM and END_HEADERS, one literal field.
    peer.vanish_with(&[0, 0, 5, 1, 5, 0, 0, 0, 1, 0, 1, b'x', 1, b'y']).await;
    assert!(read_all(&mut far).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_is_a_tunnel_and_a_socket_that_are_copied_to_each_other() {
    let Ends { near, mut far, client: _client, _incoming } = tunnel().await;
    let (mut socket, target) = duplex(1_000);
    let proxy =
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut far, &mut socket).await });
    let target = tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(target);
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let (mut read, mut write) = near.into_split();
    let sent = octets(500_000);
    let writer = tokio::spawn({
        let sent = sent.clone();
        async move {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
            write
        }
    });
    let mut came = Vec::new();
    read.read_to_end(&mut came).await.unwrap();
    assert!(came == sent);
    assert_eq!(proxy.await.unwrap().unwrap(), (500_000, 500_000));
    target.await.unwrap();
    drop(Tunnel::join(read, writer.await.unwrap()));
}
