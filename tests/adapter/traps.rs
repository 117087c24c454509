//! Rules that implementations got wrong, by their number: those about the transport and the types
//! of `http`, which are the adapter's.

use bytes::Bytes;
use h2_core::{End, ErrorCode, Event};
use h2_tests::wire::{self, Wire};
use h2_tokio::{Config, Reason, client, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PIPE, Peer, get, read};

/// Octets that are still unread when a socket is closed make TCP reset it, and a reset can destroy
/// what was written last.
#[tokio::test]
async fn trap_62_the_last_goaway_arrives_although_much_was_left_unread() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let (handle, _incoming) = server::spawn_connection(accepted, Config::server());
    let offence =
        (wire::preface(), wire::settings(&[]), wire::data(1, "on an idle stream")).octets();
    peer.write_all(&offence).await.unwrap();
    peer.write_all(&vec![0; 40_000]).await.unwrap();
    let reason = handle.closed().await;
    assert!(matches!(reason.reason(), Reason::Violation(_)), "{reason}");
    peer.shutdown().await.unwrap();
    let mut said = Vec::new();
    peer.read_to_end(&mut said).await.unwrap();
    let goaway = said.windows(4).position(|head| head == [7, 0, 0, 0]);
    let code = goaway.and_then(|at| said.get(at + 10..at + 14));
    assert_eq!(code, Some(&[0, 0, 0, 1][..]), "PROTOCOL_ERROR arrives");
}

/// An end of the transport without open streams is none to complain about; with one it is.
#[tokio::test(start_paused = true)]
async fn trap_63_the_transport_may_end_after_the_last_stream_and_not_before() {
    for whole in [true, false] {
        let (ours, theirs) = duplex(PIPE);
        let client = client::spawn_connection(ours, Config::client());
        let mut peer = Peer::server(theirs, h2_core::Config::server());
        let request = tokio::spawn({
            let client = client.clone();
            async move { client.request(get("/")).await }
        });
        let stream = loop {
            match peer.next().await {
                Some(Event::RequestReceived { stream, .. }) => break stream,
                Some(_) => {}
                None => panic!("no request"),
            }
        };
        let none: [(&str, &str); 0] = [];
        let head = h2_core::ResponseHead::new(200, none).unwrap();
        peer.conn.send_response(stream, head, End::Later).unwrap();
        let end = if whole { End::Now } else { End::Later };
        peer.conn.send_data(stream, &mut Bytes::from_static(b"body"), end).unwrap();
        peer.flush().await;
        let response = request.await.unwrap().unwrap();
        peer.vanish();
        assert_eq!(read(response.into_body()).await.is_ok(), whole);
        assert_eq!(client.closed().await.is_graceful(), whole);
    }
}

/// Crumbs of a cookie are one field to everything outside HTTP/2 (RFC 9113 §8.2.3).
#[tokio::test(start_paused = true)]
async fn trap_71_cookie_crumbs_are_joined_before_they_leave_http2() {
    let (ours, theirs) = duplex(PIPE);
    let (_handle, mut incoming) = server::spawn_connection(ours, Config::server());
    let mut peer = Peer::client(theirs);
    let crumbs = [("cookie", "a=b"), ("x", "y"), ("cookie", "c=d"), ("cookie", "e=f")];
    let head = h2_core::RequestHead::new("GET", "http", "a", "/", crumbs).unwrap();
    peer.conn.send_request(head, End::Now).unwrap();
    peer.flush().await;
    let (request, responder) = incoming.next().await.unwrap();
    let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
    assert_eq!(cookies, ["a=b; c=d; e=f"]);
    responder.reset(ErrorCode::CANCEL);
}

/// As many crumbs as a head may have are one value.
#[tokio::test(start_paused = true)]
async fn t_bomb_4_as_many_crumbs_as_may_be_are_one_cookie() {
    let (ours, theirs) = duplex(PIPE);
    let (_handle, mut incoming) = server::spawn_connection(ours, Config::server());
    let mut peer = Peer::client(theirs);
    let crumbs: Vec<(String, String)> =
        (0..640).map(|n| ("cookie".to_owned(), format!("c{n:03}={}", "v".repeat(45)))).collect();
    let head = h2_core::RequestHead::new("GET", "http", "a", "/", crumbs.clone()).unwrap();
    peer.conn.send_request(head, End::Now).unwrap();
    peer.flush().await;
    let (request, responder) = incoming.next().await.unwrap();
    let joined: Vec<&str> = crumbs.iter().map(|(_, value)| value.as_str()).collect();
    let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
    assert_eq!(cookies, [joined.join("; ").as_str()]);
    responder.reset(ErrorCode::CANCEL);
}
