//! WebSocket over HTTP/2 (RFC 8441), both ends: a server that sends messages back, and a client
//! that sends two and says goodbye.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin websocket
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to its user")]

use std::error::Error;

use futures::{SinkExt, StreamExt};
use h2_tokio::ext::Protocol;
use h2_tokio::server::{self, Responder};
use h2_tokio::{Config, RecvBody, client};
use http::{Request, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const WEBSOCKET: Protocol = Protocol::from_static("websocket");

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(serve(listener));
    chat(&addr.to_string()).await
}

async fn serve(listener: TcpListener) -> Result<()> {
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let mut config = Config::server();
        config.core.enable_connect_protocol = true;
        let (_handle, mut incoming) = server::spawn_connection(io, config);
        tokio::spawn(async move {
            while let Some((request, responder)) = incoming.next().await {
                tokio::spawn(async move {
                    if let Err(error) = answer(request, responder).await {
                        eprintln!("server: {error}");
                    }
                });
            }
        });
    }
}

async fn answer(request: Request<RecvBody>, responder: Responder) -> Result<()> {
    if request.extensions().get() != Some(&WEBSOCKET) {
        let response = Response::builder().status(StatusCode::NOT_FOUND);
        return Ok(responder.respond(response.body("WebSocket only\n")?)?);
    }
    let tunnel = responder.accept_tunnel(Response::new(()), request.into_body())?;
    let mut socket = WebSocketStream::from_raw_socket(tunnel, Role::Server, None).await;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    // Without this the tunnel is reset, and what has not left yet is lost.
    socket.get_mut().shutdown().await?;
    Ok(())
}

async fn chat(addr: &str) -> Result<()> {
    let client = client::connect(addr, Config::client()).await?;
    let request = Request::connect(format!("http://{addr}/chat"))
        .header("sec-websocket-version", "13")
        .extension(WEBSOCKET)
        .body(())?;
    let tunnel = client.open_tunnel(request).await?.into_body();
    let mut socket = WebSocketStream::from_raw_socket(tunnel, Role::Client, None).await;
    for text in ["Hello over HTTP/2", "and once more"] {
        socket.send(Message::text(text)).await?;
        if let Some(message) = socket.next().await {
            println!("{}", message?);
        }
    }
    socket.close(None).await?;
    while let Some(message) = socket.next().await {
        message?;
    }
    socket.get_mut().shutdown().await?;
    Ok(())
}
