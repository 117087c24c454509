//! The adapters in memory, over peers that are scripts: what a request costs in CPU time,
//! allocations and calls of the transport, and what an open stream holds.
//!
//! ```sh
//! cargo run --release --manifest-path h2-tokio/benches/Cargo.toml --bin in_memory [-- TOTAL]
//! ```
//!
//! No system call is made, so what is left is the stack itself and its runtime. One line a figure,
//! with tabs between: the row, the column, the number.

mod counting;
mod hyperium;
mod ours;

// The peers that cost the same whatever they talk to; the tests count allocations with them.
#[path = "../../../../../tests/adapter/scripted.rs"]
#[allow(dead_code)]
mod scripted;

use std::fs;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER};
use http::{HeaderMap, Response};
use scripted::Tally;

const BODY: Bytes = Bytes::from_static(b"Hello, World!");
/// Turns that every row gets.
const TURNS: usize = 5;
/// Streams that are open at once where it is measured what they hold.
const OPEN: usize = 1_000;

type Job<T> = Pin<Box<dyn Future<Output = T>>>;

/// One side of a connection, from its first request to its last.
struct Row {
    name: &'static str,
    /// Requests at once, and in all.
    run: fn(usize, usize) -> Job<Arc<Tally>>,
}

const ROWS: [Row; 5] = [
    Row { name: "server: h2-tokio `serve`", run: |m, n| Box::pin(ours::serve(m, n)) },
    Row { name: "server: h2-tokio, a task a request", run: |m, n| Box::pin(ours::spawn(m, n)) },
    Row {
        name: "server: hyperium/h2, a task a request",
        run: |m, n| Box::pin(hyperium::spawn(m, n)),
    },
    Row { name: "client: h2-tokio", run: |m, n| Box::pin(ours::client(m, n)) },
    Row { name: "client: hyperium/h2", run: |m, n| Box::pin(hyperium::client(m, n)) },
];

fn main() {
    let total = std::env::args().nth(1).map_or(100_000, |total| total.parse().expect("a number"));
    for together in [1, 10, 100] {
        let mut times = vec![Vec::new(); ROWS.len()];
        for _ in 0..TURNS {
            for (row, times) in ROWS.iter().zip(&mut times) {
                let before = cpu_nanoseconds();
                complete(row, together, total);
                times.push(cpu_nanoseconds() - before);
            }
        }
        for (row, mut times) in ROWS.iter().zip(times) {
            times.sort_unstable();
            say(row.name, &format!("ns, {together} at once"), times[TURNS / 2], total);
            counting::begin();
            let tally = complete(row, together, total);
            let counted = counting::end();
            say(row.name, &format!("allocations, {together} at once"), counted.allocations, total);
            say(row.name, &format!("writes, {together} at once"), tally.writes(), total);
        }
    }
    say("server: h2-tokio, a task a request", "bytes an open stream", open(ours::hold), OPEN);
    say(
        "server: hyperium/h2, a task a request",
        "bytes an open stream",
        open(hyperium::hold),
        OPEN,
    );
}

fn say(row: &str, column: &str, sum: impl TryInto<u64>, of: usize) {
    let Ok(sum) = sum.try_into() else { panic!("{row}, {column} is below zero") };
    println!("{row}\t{column}\t{:.3}", sum as f64 / of as f64);
}

fn block_on<T>(job: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(job)
}

fn complete(row: &Row, together: usize, total: usize) -> Arc<Tally> {
    let total = total / together * together;
    let tally = block_on((row.run)(together, total));
    assert_eq!(tally.complete(), total, "{}", row.name);
    tally
}

/// Bytes that so many open streams hold which a server has accepted and not answered.
fn open<T>(hold: impl AsyncFn(usize) -> T) -> u64 {
    let held = block_on(async {
        counting::begin();
        let few = hold(OPEN / 2).await;
        let with_few = counting::end().live;
        drop(few);
        counting::begin();
        let many = hold(OPEN + OPEN / 2).await;
        let with_many = counting::end().live;
        drop(many);
        with_many - with_few
    });
    held.try_into().expect("more streams hold more")
}

/// CPU time of this thread, as the scheduler keeps it.
fn cpu_nanoseconds() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

fn fields() -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(3);
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    fields.insert(CONTENT_LENGTH, HeaderValue::from_static("13"));
    fields.insert(SERVER, HeaderValue::from_static("bench"));
    fields
}

fn response<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.headers_mut() = fields();
    response
}
