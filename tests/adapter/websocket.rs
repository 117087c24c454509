//! A WebSocket library over a tunnel (RFC 8441 §5), at both ends.

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use h2_tokio::ext::Protocol;
use h2_tokio::{Config, Tunnel};
use http::{Method, Request, Response};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{octets, pair_with};

type Socket = WebSocketStream<Tunnel>;

/// Opens a socket; the server sends messages back until the client closes it, and gives how many.
async fn chat() -> (Socket, tokio::task::JoinHandle<usize>) {
    let mut config = Config::server();
    config.core.enable_connect_protocol = true;
    let (client, _server, mut incoming) = pair_with(Config::client(), config);
    let server = tokio::spawn(async move {
        let (request, responder) = incoming.next().await.unwrap();
        assert_eq!(request.method(), Method::CONNECT);
        assert_eq!(request.extensions().get(), Some(&Protocol::from_static("websocket")));
        assert_eq!(request.uri(), "https://a.example/chat");
        let tunnel = responder.accept_tunnel(Response::new(()), request.into_body()).unwrap();
        echo(WebSocketStream::from_raw_socket(tunnel, Role::Server, None).await).await
    });
    let request = Request::connect("https://a.example/chat")
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(())
        .unwrap();
    let tunnel = client.open_tunnel(request).await.unwrap().into_body();
    (WebSocketStream::from_raw_socket(tunnel, Role::Client, None).await, server)
}

async fn echo(mut socket: Socket) -> usize {
    let mut messages = 0;
    while let Some(message) = socket.next().await {
        let message = message.unwrap();
        if message.is_text() || message.is_binary() {
            messages += 1;
            socket.send(message).await.unwrap();
        }
    }
    // The library leaves it to the transport to say that nothing more will come.
    socket.get_mut().shutdown().await.unwrap();
    messages
}

#[tokio::test(start_paused = true)]
async fn messages_pings_and_a_close_pass() {
    let (mut socket, server) = chat().await;
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::binary(octets(300_000)),
        Message::text("goodbye"),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert!(socket.next().await.unwrap().unwrap() == message);
    }
    socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"there?")));

    let farewell = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.close(Some(farewell.clone())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Close(Some(farewell)));
    assert!(socket.next().await.is_none());
    assert_eq!(server.await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn many_messages_are_under_way_at_once() {
    let (socket, server) = chat().await;
    let (mut write, read) = socket.split();
    let sender = tokio::spawn(async move {
        for number in 0..2_000 {
            write.send(Message::text(format!("{number:0>500}"))).await.unwrap();
        }
        write
    });
    let numbers: Vec<usize> = read
        .take(2_000)
        .map(|message| message.unwrap().into_text().unwrap().parse::<usize>().unwrap())
        .collect()
        .await;
    assert!(numbers.into_iter().eq(0..2_000));
    drop(sender.await.unwrap());
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_without_a_close_is_an_error() {
    let (mut socket, server) = chat().await;
    server.abort();
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Io(_)), "{error}");
}
