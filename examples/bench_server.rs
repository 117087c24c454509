//! The server that speed and conformance are measured on, written as any user would write it.
//!
//! `GET /` answers `Hello, World!`, `GET /mb/N` streams N MiB, and a POST of anything is read and
//! answered with its length. Handlers run on `serve`, or with `--spawn` on `Incoming` with a task
//! each. With one thread the runtime has one thread.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin bench_server -- 8080 1
//! h2load -n 200000 -c 10 -m 100 http://127.0.0.1:8080/
//! ```

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "every other argument is a mistake")]

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2_tokio::server::{self, Responder};
use h2_tokio::{Config, RecvBody, SendBody};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use lexopt::{Arg, Parser, ValueExt};
use tokio::net::{TcpListener, TcpStream};

const HELLO: Bytes = Bytes::from_static(b"Hello, World!");
/// What `/mb/N` repeats.
static BLOCK: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// What the command line says.
struct Options {
    port: u16,
    threads: usize,
    streams: u32,
    spawn: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = parse()?;
    let mut runtime = match options.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(threads);
            runtime
        }
    };
    runtime.enable_all().build()?.block_on(listen(options))
}

fn parse() -> Result<Options, lexopt::Error> {
    let mut options = Options { port: 0, threads: 1, streams: 1_000, spawn: false };
    let mut parser = Parser::from_env();
    let mut values = 0;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("streams") => options.streams = parser.value()?.parse()?,
            Arg::Long("spawn") => options.spawn = true,
            Arg::Value(value) if values == 0 => {
                options.port = value.parse()?;
                values += 1;
            }
            Arg::Value(value) if values == 1 => {
                options.threads = value.parse::<usize>()?.max(1);
                values += 1;
            }
            _ => return Err(argument.unexpected()),
        }
    }
    if values == 0 {
        return Err("usage: bench_server PORT [THREADS] [--streams N] [--spawn]".into());
    }
    Ok(options)
}

async fn listen(options: Options) -> Result<(), Box<dyn Error>> {
    let mut config = Config::server().add_date(false);
    config.core.max_concurrent_streams = options.streams;
    config.core.stream_window = 1024 * 1024;
    config.core.connection_window = 16 * 1024 * 1024;
    config.core.isolation = false;
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        if options.spawn {
            tokio::spawn(accept(socket, config.clone()));
        } else {
            tokio::spawn(server::serve(socket, config.clone(), server::service_fn(answer)));
        }
    }
}

/// Serves a connection with a task a request.
async fn accept(socket: TcpStream, config: Config) {
    let (_handle, mut incoming) = server::spawn_connection(socket, config);
    while let Some((request, responder)) = incoming.next().await {
        tokio::spawn(async move {
            let response = match reply_to(&request) {
                Some(response) => response,
                None => measure(request.into_body()).await,
            };
            // It fails when the client has gone; then nobody waits for it.
            if let Ok(Some((body, blocks))) = send(response, responder) {
                let _ = stream(body, blocks).await;
            }
        });
    }
}

/// Sends a response as a whole if it is short; otherwise its blocks are to be streamed.
fn send(
    response: Response<Blocks>,
    responder: Responder,
) -> Result<Option<(SendBody, Blocks)>, h2_tokio::Error> {
    let (mut head, mut blocks) = response.into_parts();
    if blocks.left <= blocks.block.len() as u64 {
        let body = blocks.next().unwrap_or_default();
        responder.respond(Response::from_parts(head, body))?;
        return Ok(None);
    }
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(blocks.left));
    let body = responder.send_response(Response::from_parts(head, ()))?;
    Ok(Some((body, blocks)))
}

async fn stream(mut body: SendBody, blocks: Blocks) -> Result<(), h2_tokio::Error> {
    for block in blocks {
        body.send_data(block).await?;
    }
    body.finish()
}

async fn answer(request: Request<RecvBody>) -> Result<Response<Blocks>, Infallible> {
    Ok(match reply_to(&request) {
        Some(response) => response,
        None => measure(request.into_body()).await,
    })
}

/// The answer to a request; `None` for one whose body is to be read first.
fn reply_to(request: &Request<RecvBody>) -> Option<Response<Blocks>> {
    if *request.method() == Method::POST {
        return None;
    }
    let path = request.uri().path();
    if path == "/" {
        return Some(reply(StatusCode::OK, HELLO));
    }
    Some(match path.strip_prefix("/mb/").and_then(|count| count.parse::<u32>().ok()) {
        Some(count) => {
            let block = Bytes::from_static(&BLOCK);
            Response::new(Blocks { block, left: u64::from(count) << 20 })
        }
        None => reply(StatusCode::NOT_FOUND, Bytes::from_static(b"not found\n")),
    })
}

/// Reads a body to its end and says how long it was.
async fn measure(mut body: RecvBody) -> Response<Blocks> {
    let mut length = 0;
    while let Some(piece) = body.data().await {
        match piece {
            Ok(piece) => length += piece.len(),
            Err(_) => return reply(StatusCode::BAD_REQUEST, Bytes::new()),
        }
    }
    reply(StatusCode::OK, Bytes::from(format!("{length}\n")))
}

fn reply(status: StatusCode, body: Bytes) -> Response<Blocks> {
    let left = body.len() as u64;
    let mut response = Response::new(Blocks { block: body, left });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(SERVER, HeaderValue::from_static("bench"));
    response
}

/// A body that repeats one block until `left` bytes were sent.
struct Blocks {
    block: Bytes,
    left: u64,
}

impl Iterator for Blocks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.block.len());
        self.left -= take as u64;
        (take > 0).then(|| self.block.slice(..take))
    }
}

impl Body for Blocks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|block| Ok(Frame::data(block))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
