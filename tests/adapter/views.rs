//! Bodies as readers and writers.

use bytes::Bytes;
use h2_core::{End, Event, ResponseHead};
use h2_tokio::{BodyReader, Config, Error, ErrorCode, Reason, client};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, duplex};

use crate::support::{PIPE, Peer, client_of, echo, get, head_of, octets, pair, post, read};

const NO_FIELDS: [(&str, &str); 0] = [];

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x".parse().unwrap(), HeaderValue::from(1))])
}

/// The body of a response that has brought `half`, and who sends it.
async fn half_a_body() -> (client::Handle, Peer, h2_core::StreamId, BodyReader) {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let client = client::spawn_connection(ours, Config::client());
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/")).await }
    });
    let Some(Event::RequestReceived { stream, .. }) = peer.next().await else { panic!() };
    let head = ResponseHead::new(200, NO_FIELDS).unwrap();
    peer.conn.send_response(stream, head, End::Later).unwrap();
    peer.conn.send_data(stream, &mut Bytes::from_static(b"half"), End::Later).unwrap();
    peer.flush().await;
    let reader = request.await.unwrap().unwrap().into_body().into_reader();
    (client, peer, stream, reader)
}

fn source(error: &io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_reader_gives_the_octets_then_the_trailers() {
    let (client, _server, mut incoming) = pair();
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let (request, _responder) = incoming.next().await.unwrap();
    for piece in ["one\nt", "wo\n", "three"] {
        send.send_data(piece).await.unwrap();
    }
    send.send_trailers(trailers()).unwrap();
    let mut reader = request.into_body().into_reader();
    let mut lines = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).await.unwrap() > 0 {
        lines.push(std::mem::take(&mut line));
    }
    assert_eq!(lines, ["one\n", "two\n", "three"]);
    assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0, "the end stays the end");
    assert_eq!(reader.trailers().await.unwrap(), Some(trailers()));
    drop(response);
}

#[tokio::test(start_paused = true)]
async fn a_reader_gives_back_what_is_left_of_its_piece() {
    let client = client_of(echo);
    let response = client.request(post(Bytes::from_static(b"head and body"))).await.unwrap();
    let mut reader = response.into_body().into_reader();
    let mut head = [0; 4];
    reader.read_exact(&mut head).await.unwrap();
    let (left, body) = reader.into_inner();
    assert_eq!((&head, left), (b"head", Bytes::from_static(b" and body")));
    assert_eq!(read(body).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_is_an_error_to_its_reader_however_often_it_reads() {
    let (_client, peer, _, mut reader) = half_a_body().await;
    let mut half = [0; 4];
    reader.read_exact(&mut half).await.unwrap();
    peer.vanish();
    for _ in 0..3 {
        let error = reader.read(&mut half).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(*source(&error).reason(), Reason::Eof);
    }
    assert_eq!(*reader.trailers().await.unwrap_err().reason(), Reason::Eof);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_reset_is_an_error_to_its_reader_whatever_the_code() {
    for code in [ErrorCode::NO_ERROR, ErrorCode::CANCEL] {
        let (_client, mut peer, stream, mut reader) = half_a_body().await;
        peer.conn.reset_stream(stream, code);
        peer.flush().await;
        for _ in 0..2 {
            let error = reader.read_to_end(&mut Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            assert_eq!(source(&error).code(), code);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_shut_down_has_written_a_whole_body() {
    let client = client_of(echo);
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let mut writer = send.into_writer();
    let body = octets(300_000);
    let response = tokio::spawn(async move { read(response.await?.into_body()).await });
    writer.write_all(&body).await.unwrap();
    for _ in 0..2 {
        writer.shutdown().await.unwrap();
    }
    assert_eq!(writer.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert!(response.await.unwrap().unwrap() == body);
}

#[tokio::test(start_paused = true)]
async fn octets_written_one_by_one_come_in_their_order() {
    let client = client_of(echo);
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let mut writer = send.into_writer();
    let body = octets(40_000);
    let response = tokio::spawn(async move { read(response.await?.into_body()).await });
    for octet in &body {
        writer.write_all(&[*octet]).await.unwrap();
    }
    writer.shutdown().await.unwrap();
    assert!(response.await.unwrap().unwrap() == body);
}

#[tokio::test(start_paused = true)]
async fn a_writer_ends_with_trailers_through_what_is_behind_it() {
    let client = client_of(echo);
    let (send, response) = client.send_request(head_of("/")).await.unwrap();
    let mut writer = send.into_writer();
    writer.write_all(b"body").await.unwrap();
    writer.into_inner().send_trailers(trailers()).unwrap();
    let mut reader = response.await.unwrap().into_body().into_reader();
    let mut body = String::new();
    reader.read_to_string(&mut body).await.unwrap();
    assert_eq!(body, "body");
    assert_eq!(reader.trailers().await.unwrap(), Some(trailers()));
}

#[tokio::test(start_paused = true)]
async fn a_writer_dropped_before_it_was_shut_down_resets_the_stream() {
    let (client, _server, mut incoming) = pair();
    let (send, _response) = client.send_request(head_of("/")).await.unwrap();
    let mut writer = send.into_writer();
    writer.write_all(b"half").await.unwrap();
    writer.flush().await.unwrap();
    let (request, _responder) = incoming.next().await.unwrap();
    drop(writer);
    let mut reader = request.into_body().into_reader();
    let error = reader.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(source(&error).code(), ErrorCode::CANCEL);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_to_the_answer_to_head_goes_nowhere_and_is_no_error() {
    let (client, _server, mut incoming) = pair();
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let response = tokio::spawn(async move { client.request(request).await });
    let (_, responder) = incoming.next().await.unwrap();
    let mut writer = responder.send_response(Response::new(())).unwrap().into_writer();
    writer.write_all(&octets(100_000)).await.unwrap();
    writer.shutdown().await.unwrap();
    let body = response.await.unwrap().unwrap().into_body();
    assert_eq!(read(body).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn a_service_copies_its_request_from_reader_to_writer() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        let mut reader = request.into_body().into_reader();
        let mut writer = responder.send_response(Response::new(())).unwrap().into_writer();
        tokio::io::copy_buf(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
        incoming.next().await
    });
    let body = octets(1024 * 1024);
    let response = client.request(post(body.clone())).await.unwrap();
    assert!(read(response.into_body()).await.unwrap() == body);
}

/// Two octets less than the first of these would not be noticed: the pipe holds more than a frame.
#[tokio::test(start_paused = true)]
async fn flushed_means_that_everything_has_left_our_buffers() {
    let (ours, theirs) = duplex(100);
    let client = client::spawn_connection(ours, Config::client());
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let opened = tokio::spawn({
        let client = client.clone();
        async move { client.send_request(head_of("/")).await.unwrap() }
    });
    assert!(matches!(peer.next().await, Some(Event::RequestReceived { .. })));
    let (send, _response) = opened.await.unwrap();
    let mut writer = send.into_writer();
    // The connection takes them at once, but the pipe holds a hundred octets.
    writer.write_all(&octets(1_000)).await.unwrap();
    let mut flush = tokio::spawn(async move { writer.flush().await.map(|()| writer) });
    let second = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(second, &mut flush).await.is_err());
    let mut heard = 0;
    while heard < 1_000 {
        let Some(Event::DataReceived { data, .. }) = peer.next().await else { panic!() };
        heard += data.len();
    }
    let mut writer = flush.await.unwrap().unwrap();
    // The peer gives no leave for more than its window, and that is what a flush waits for then.
    writer.write_all(&octets(65_535)).await.unwrap();
    peer.settle().await;
    let flushed = tokio::time::timeout(second, writer.flush()).await;
    assert!(flushed.is_err(), "{flushed:?}");
    peer.vanish();
    assert!(writer.flush().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_reads_as_one_that_has_ended() {
    let client = client_of(|request: Request<h2_tokio::RecvBody>| async move {
        let mut reader = request.into_body().into_reader();
        let read = reader.read(&mut [0; 1]).await.unwrap();
        Ok(Response::new(http_body_util::Full::new(Bytes::from(read.to_string()))))
    });
    let response = client.request(get("/")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "0");
}
