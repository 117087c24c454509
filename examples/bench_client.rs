//! The client that speed is measured on: many tasks share one connection through cloned handles.
//!
//! `bench_client PORT TASKS TOTAL` sends TOTAL requests for `/` from TASKS tasks, one after the
//! other in each, reads every response to its end, and prints how many succeeded.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin bench_client -- 8080 100 200000
//! ```

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]

use std::error::Error;

use h2_tokio::{Config, client};
use http::Request;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let usage = "usage: bench_client PORT TASKS TOTAL";
    let mut next = || numbers.next().ok_or(usage)?.map_err(|_| usage);
    let (port, tasks, total) = (u16::try_from(next()?)?, next()?.max(1), next()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let succeeded = runtime.block_on(run(port, tasks, total))?;
    println!("{succeeded} of {total} succeeded");
    if succeeded == total { Ok(()) } else { Err("some failed".into()) }
}

async fn run(port: u16, tasks: usize, total: usize) -> Result<usize, Box<dyn Error>> {
    let handle = client::connect(("127.0.0.1", port), Config::client()).await?;
    let mut workers = JoinSet::new();
    for task in 0..tasks {
        let share = total / tasks + usize::from(task < total % tasks);
        workers.spawn(work(handle.clone(), port, share));
    }
    Ok(workers.join_all().await.into_iter().sum())
}

/// Sends `count` requests one after the other; says how many were answered completely.
async fn work(handle: client::Handle, port: u16, count: usize) -> usize {
    let uri = http::Uri::try_from(format!("http://127.0.0.1:{port}/")).unwrap_or_default();
    let mut succeeded = 0;
    for _ in 0..count {
        let mut request = Request::new(String::new());
        request.uri_mut().clone_from(&uri);
        let Ok(mut response) = handle.request(request).await else { continue };
        let mut whole = response.status().is_success();
        while let Some(piece) = response.body_mut().data().await {
            whole &= piece.is_ok();
        }
        succeeded += usize::from(whole);
    }
    succeeded
}
