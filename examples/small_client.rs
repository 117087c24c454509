//! The client that the README shows: one request, and its answer to standard output.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin small_client
//! ```

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]

use h2_tokio::{Config, client};
use http::Request;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let handle = client::connect("127.0.0.1:8080", Config::client()).await?;
    let request = Request::get("http://127.0.0.1:8080/").body(String::new())?;
    let mut response = handle.request(request).await?;
    println!("{}", response.status());
    while let Some(piece) = response.body_mut().data().await {
        print!("{}", String::from_utf8_lossy(&piece?));
    }
    Ok(())
}
