//! The server that the README shows: it greets whoever asks.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin small_server
//! ```

use std::convert::Infallible;

use h2_tokio::server::{self, Server};
use h2_tokio::{Config, RecvBody};
use http::{Request, Response};
use tokio::net::TcpListener;

async fn greet(request: Request<RecvBody>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(format!("Hello! You asked for {}.\n", request.uri().path())))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    Server::new(listener, Config::server()).serve(server::service_fn(greet)).await;
    Ok(())
}
