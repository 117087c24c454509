//! The scripted peer that `h2_tokio::testing` gives to others, against our stack and by itself.

use std::time::Duration;

use h2_core::{ErrorCode, Fields};
use h2_tests::Frame as Read;
use h2_tests::frames::Reader;
use h2_tests::wire::{self, Wire};
use h2_tokio::testing::{Frame, Peer, flag, kind};
use h2_tokio::{Config, Error, RecvBody, client};
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::{PIPE, echo, get, head_of, hello, octets, read, serve_on};

const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":authority", "a.example"), (":path", "/")];
const OK: &[(&str, &str)] = &[(":status", "200")];
/// SETTINGS_INITIAL_WINDOW_SIZE.
const WINDOW: u16 = 0x4;
const MOMENT: Duration = Duration::from_secs(1);

type Answer = JoinHandle<Result<Response<RecvBody>, Error>>;

/// A server by script, and a client of ours.
async fn server() -> (Peer, client::Handle) {
    let (mut peer, io) = Peer::server();
    let client = client::spawn_connection(io, Config::client());
    peer.handshake().await.unwrap();
    (peer, client)
}

fn ask<B>(client: &client::Handle, request: Request<B>) -> Answer
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let client = client.clone();
    tokio::spawn(async move { client.request(request).await })
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_is_answered_and_the_cut_of_its_second_response_is_no_end() {
    let (mut peer, client) = server().await;
    let first = ask(&client, get("/first"));
    let request = peer.expect(kind::HEADERS).await;
    assert_eq!(request.fields.get(":path"), Some(&b"/first"[..]));
    assert!(request.has(flag::END_STREAM));
    peer.headers(request.stream, OK, false).await.unwrap();
    peer.data(request.stream, "whole", true).await.unwrap();
    assert_eq!(read(first.await.unwrap().unwrap().into_body()).await.unwrap(), "whole");

    let second = ask(&client, get("/second"));
    let request = peer.expect(kind::HEADERS).await;
    peer.headers(request.stream, OK, false).await.unwrap();
    peer.data(request.stream, "half", false).await.unwrap();
    peer.cut();
    let mut body = second.await.unwrap().unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "half");
    assert!(body.data().await.unwrap().unwrap_err().is_connection());
}

#[tokio::test(start_paused = true)]
async fn a_server_passes_over_a_frame_of_an_unknown_kind_and_ends_after_a_broken_one() {
    let (mut peer, io) = Peer::client();
    serve_on(io, Config::server(), hello);
    peer.handshake().await.unwrap();
    peer.say(0xfa, 0xff, 0, "what is this?").await.unwrap();
    peer.headers(1, GET, true).await.unwrap();
    let head = peer.expect(kind::HEADERS).await;
    assert_eq!((head.stream, head.fields.get(":status")), (1, Some(&b"200"[..])));
    assert_eq!(peer.expect(kind::DATA).await.payload, "Hello, World!");
    peer.ping(*b"are you?").await.unwrap();
    assert_eq!(peer.expect(kind::PING).await.payload, "are you?");

    // DATA on stream 0 (RFC 9113 §6.1).
    peer.raw([0, 0, 1, 0, 0, 0, 0, 0, 0, b'x']).await.unwrap();
    let goaway = peer.expect(kind::GOAWAY).await;
    assert_eq!(goaway.error_code(), Some(ErrorCode::PROTOCOL_ERROR));
    assert!(peer.frame().await.is_none());
    assert!(peer.unread().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_holds_up_an_upload_until_it_reads_on() {
    let (mut peer, io) = Peer::server_over(1_000);
    let client = client::spawn_connection(io, Config::client());
    peer.handshake_with(&[(WINDOW, (1 << 31) - 1)]).await.unwrap();
    peer.window_update(0, 1 << 30).await.unwrap();
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let upload = tokio::spawn(async move {
        send.send_data(octets(1 << 20)).await?;
        send.send_data(octets(1 << 20)).await?;
        send.finish()
    });
    let request = peer.expect(kind::HEADERS).await;
    sleep(MOMENT).await;
    assert!(!upload.is_finished(), "nobody has read it");
    let mut heard = 0;
    loop {
        let data = peer.expect(kind::DATA).await;
        heard += data.payload.len();
        if data.has(flag::END_STREAM) {
            break;
        }
    }
    assert_eq!(heard, 2 << 20);
    upload.await.unwrap().unwrap();
    peer.headers(request.stream, &[(":status", "204")], true).await.unwrap();
    assert_eq!(response.await.unwrap().status(), 204);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_never_widened_is_never_overrun() {
    let (mut peer, io) = Peer::client();
    serve_on(io, Config::server(), hello);
    peer.handshake_with(&[(WINDOW, 5)]).await.unwrap();
    peer.headers(1, GET, true).await.unwrap();
    peer.expect(kind::HEADERS).await;
    assert_eq!(peer.expect(kind::DATA).await.payload, "Hello");
    assert!(timeout(MOMENT, peer.expect(kind::DATA)).await.is_err());
    peer.window_update(1, 1_000).await.unwrap();
    let rest = peer.expect(kind::DATA).await;
    assert_eq!(rest.payload, ", World!");
    assert!(rest.has(flag::END_STREAM));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_ended_its_direction_still_hears_the_answer() {
    let (mut peer, io) = Peer::client();
    serve_on(io, Config::server(), hello);
    peer.handshake().await.unwrap();
    peer.headers(1, GET, true).await.unwrap();
    peer.end().await.unwrap();
    peer.expect(kind::HEADERS).await;
    assert_eq!(peer.expect(kind::DATA).await.payload, "Hello, World!");
    let said = peer.ping(*b"too late").await;
    assert_eq!(said.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn fields_of_several_frames_are_heard_in_their_order() {
    let (mut peer, client) = server().await;
    let long = "long ".repeat(8_000);
    let trimmed = long.trim_end();
    let request = Request::get("http://a.example/").header("b", trimmed).header("a", "2");
    let request = request.header("b", "3").body(String::new()).unwrap();
    let response = ask(&client, request);
    let head = peer.expect(kind::HEADERS).await;
    let named: Vec<_> = head.fields.iter().filter(|field| field.name.len() == 1).collect();
    let values: Vec<_> = named.iter().map(|field| (field.name, field.value.len())).collect();
    assert_eq!(values, [(&b"b"[..], trimmed.len()), (b"b", 1), (b"a", 1)]);
    assert!(head.payload.len() > 16_384 && head.has(flag::END_HEADERS));
    peer.headers(1, &[(":status", "200"), ("c", trimmed), ("c", "4")], true).await.unwrap();
    let response = response.await.unwrap().unwrap();
    let values: Vec<_> = response.headers().get_all("c").iter().map(|it| it.len()).collect();
    assert_eq!(values, [trimmed.len(), 1]);
}

/// Everything that a peer has said and will say before it is cut.
async fn said(mut io: DuplexStream) -> Vec<u8> {
    let mut octets = Vec::new();
    io.read_to_end(&mut octets).await.unwrap();
    octets
}

#[tokio::test(start_paused = true)]
async fn what_it_says_is_what_an_independent_reader_reads() {
    let (mut peer, io) = Peer::client();
    peer.raw(h2_tokio::testing::PREFACE).await.unwrap();
    peer.settings(&[(WINDOW, 7), (0x3, 1)]).await.unwrap();
    peer.headers(1, GET, false).await.unwrap();
    peer.headers(3, GET, true).await.unwrap();
    peer.data(1, "abc", true).await.unwrap();
    peer.window_update(3, 9).await.unwrap();
    peer.reset(3, ErrorCode::CANCEL).await.unwrap();
    peer.ping(*b"12345678").await.unwrap();
    peer.say(0xfa, 1, 5, "x").await.unwrap();
    peer.goaway(0, ErrorCode::NO_ERROR, "bye").await.unwrap();
    peer.cut();
    let mut frames = Reader::new(true).read(&said(io).await).into_iter();
    assert_eq!(frames.next().unwrap(), Read::Settings(vec![(WINDOW, 7), (0x3, 1)]));
    for (at, ends) in [(1, false), (3, true)] {
        let Some(Read::Headers { stream, fields, end, .. }) = frames.next() else { panic!() };
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!((stream, end, fields.as_slice()), (at, ends, GET));
    }
    assert_eq!(
        frames.collect::<Vec<_>>(),
        [
            Read::Data { stream: 1, data: b"abc".to_vec(), end: true },
            Read::WindowUpdate { stream: 3, increment: 9 },
            Read::Reset { stream: 3, code: 8 },
            Read::Ping(*b"12345678"),
            Read::Other { kind: 0xfa, flags: 1, stream: 5, payload: b"x".to_vec() },
            Read::GoAway { last: 0, code: 0, debug: b"bye".to_vec() },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_it_hears_is_what_was_written_by_hand() {
    let (mut peer, mut io) = Peer::server();
    let block = wire::block(&[("a", "1"), ("b", "2"), ("a", "3")]);
    let promise = wire::push_promise(1, 2, &[("c", "4")]);
    let said = (
        wire::preface(),
        wire::split(1, &block, &[2, 3], true),
        wire::data(1, "padded").padded(9),
        (wire::headers(3, &[("d", "5")]).prioritized(1, 2).padded(1), promise),
        (wire::rst(1, 0x7_u32), wire::goaway(0, 0x2_u32, b"no"), wire::raw(0xfa, 3, 9, b"x")),
        // Half a frame.
        vec![0_u8, 0, 9, 0],
    );
    io.write_all(&said.octets()).await.unwrap();
    drop(io);
    let mut heard: Vec<Frame> = Vec::new();
    while let Some(frame) = peer.frame().await {
        heard.push(frame);
    }
    let kinds: Vec<_> = heard.iter().map(|it| (it.kind, it.flags, it.stream)).collect();
    assert_eq!(
        kinds,
        [(1, 5, 1), (0, 8, 1), (1, 0x2c, 3), (5, 4, 1), (3, 0, 1), (7, 0, 0), (0xfa, 3, 9)]
    );
    assert_eq!(heard[0].fields, fields(&[("a", "1"), ("b", "2"), ("a", "3")]));
    assert_eq!(heard[0].payload, block);
    assert_eq!(heard[1].payload, "padded");
    assert_eq!(heard[2].fields, fields(&[("d", "5")]));
    assert_eq!(heard[3].fields, fields(&[("c", "4")]));
    assert_eq!(heard[4].error_code(), Some(ErrorCode::REFUSED_STREAM));
    assert_eq!(heard[5].error_code(), Some(ErrorCode::INTERNAL_ERROR));
    assert_eq!(heard[6].payload, "x");
    assert_eq!(peer.unread(), [0, 0, 9, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_half_said_goes_out_whole_before_the_next() {
    let (mut peer, io) = Peer::client_over(10);
    assert!(timeout(MOMENT, peer.raw("twelve octets")).await.is_err());
    let reader = tokio::spawn(said(io));
    peer.raw(", and more").await.unwrap();
    peer.cut();
    assert_eq!(reader.await.unwrap(), b"twelve octets, and more");
}

#[tokio::test(start_paused = true)]
async fn tables_of_other_sizes_are_kept_in_step() {
    let (mut peer, io) = Peer::client();
    let mut config = Config::server();
    config.core.header_table_size = 64;
    serve_on(io, config, echo);
    // SETTINGS_HEADER_TABLE_SIZE.
    peer.handshake_with(&[(0x1, 0)]).await.unwrap();
    for stream in [1, 3, 5] {
        peer.headers(stream, &[GET, &[("x-same", "the same each time")]].concat(), true)
            .await
            .unwrap();
        let head = peer.expect(kind::HEADERS).await;
        assert_eq!(head.fields.get(":status"), Some(&b"200"[..]));
        if !head.has(flag::END_STREAM) {
            peer.expect(kind::DATA).await;
        }
    }
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected HEADERS, heard RST_STREAM on stream 1, flags 0x0, CANCEL")]
async fn an_expectation_that_is_not_met_says_what_came() {
    let (mut peer, mut io) = Peer::client();
    let said = (wire::settings(&[]), wire::ping(*b"12345678"), wire::rst(1, 0x8_u32));
    io.write_all(&said.octets()).await.unwrap();
    peer.expect(kind::HEADERS).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_usual_is_answered_before_the_expected_frame_is_given() {
    let (mut peer, mut io) = Peer::client_over(PIPE);
    let said = (wire::settings(&[]), wire::ping(*b"12345678"), wire::ok(1));
    io.write_all(&said.octets()).await.unwrap();
    peer.expect(kind::HEADERS).await;
    let mut answers = [0; 26];
    timeout(MOMENT, io.read_exact(&mut answers)).await.unwrap().unwrap();
    let expected = (wire::settings_ack(), wire::pong(*b"12345678")).octets();
    assert_eq!(answers.as_slice(), expected);
}
