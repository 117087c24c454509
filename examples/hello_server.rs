//! A server with a route for each thing that HTTP/2 can do, in cleartext or over TLS.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin hello_server
//! curl --http2-prior-knowledge http://127.0.0.1:8080/
//! cargo run --release -p h2-examples --bin hello_server -- --addr 127.0.0.1:8443 --tls
//! curl --http2 -k https://127.0.0.1:8443/
//! ```
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | greets |
//! | `POST /echo` | streams the body back, and its trailers |
//! | `GET` and `HEAD /bytes/N` | N bytes; byte i is i mod 251 |
//! | `/trailers` | ends with trailers |
//! | `/headers/N` | N bytes of header fields |
//! | `/hints` | a 103 before the answer |
//! | `/reset/CODE` | resets the stream |
//! | `/wait/MS` | answers after MS milliseconds |
//! | `POST /unread` | never reads its body, never answers |
//! | `POST /slow` | reads its body slowly; answers its length and SHA-256 |
//!
//! It shows requests taken one by one with a task each, bodies streamed with back-pressure both
//! ways, and a graceful end: on Ctrl-C connections take no new requests and finish the open ones.

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "every other argument is a mistake")]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use h2_tokio::server::{CancellationToken, Incoming, Responder, Server};
use h2_tokio::{Config, ErrorCode, RecvBody, SendBody, tls};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, LINK};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use lexopt::{Arg, Parser, ValueExt};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// `/slow` pauses whenever it has read this much.
const SLOW_PORTION: usize = 128 * 1024;

/// What `/bytes/N` repeats; its length is a multiple of 251, so that the next one goes on where it
/// ends.
static PATTERN: LazyLock<Bytes> = LazyLock::new(|| (0..=250).cycle().take(251 * 256).collect());

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut addr: SocketAddr = ([127, 0, 0, 1], 8080).into();
    let mut acceptor = None;
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("addr") => addr = parser.value()?.parse()?,
            Arg::Long("tls") => acceptor = Some(acceptor_with_new_certificate()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let listener = TcpListener::bind(addr).await?;
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    println!("listening on {scheme}://{}", listener.local_addr()?);

    let stop = CancellationToken::new();
    let server = Server::new(listener, Config::server()).until(stop.clone());
    tokio::spawn(async move {
        // If it cannot be listened for, it ends the program as it always does.
        if tokio::signal::ctrl_c().await.is_ok() {
            println!("finishing");
            stop.cancel();
        }
    });
    let report = match acceptor {
        None => server.each(take).await,
        Some(acceptor) => {
            let server = server.prepare(move |socket, _, config| {
                let tls = acceptor.accept(socket);
                async move {
                    let stream = tls.await?;
                    tls::check_alpn(stream.get_ref().1.alpn_protocol())
                        .map_err(io::Error::other)?;
                    Ok((stream, config))
                }
            });
            server.each(take).await
        }
    };
    println!("{} connections, {} cut short", report.connections, report.cut_connections);
    Ok(())
}

/// A certificate for `localhost` that nobody has signed, made for this run, and `h2` by ALPN.
fn acceptor_with_new_certificate() -> Result<TlsAcceptor, Box<dyn Error>> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Answers the requests of a connection, each in a task of its own.
async fn take(mut incoming: Incoming) {
    while let Some((request, responder)) = incoming.next().await {
        tokio::spawn(async move {
            // It fails when the client has gone or has reset the stream; then nobody waits for the
            // answer.
            drop(answer(request, responder).await);
        });
    }
}

type Answered = Result<(), h2_tokio::Error>;

async fn answer(request: Request<RecvBody>, mut responder: Responder) -> Answered {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let (route, argument) = path.split_once('/').unwrap_or((&path, ""));
    let number: Option<u64> = argument.parse().ok();
    let post = *request.method() == Method::POST;
    match (route, number) {
        ("", None) if !post => responder.respond(text(StatusCode::OK, "Hello from h2-tokio.\n")),
        ("echo", None) if post => echo(request, responder).await,
        ("bytes", Some(length)) if !post => bytes(request.method(), length, responder).await,
        ("trailers", None) => trailers(responder).await,
        ("headers", Some(length)) => headers(length, responder),
        ("hints", None) => hints(responder),
        ("reset", Some(code)) => {
            responder.reset(ErrorCode::from(u32::try_from(code).unwrap_or(u32::MAX)));
            Ok(())
        }
        ("wait", Some(milliseconds)) => wait(milliseconds, responder).await,
        ("unread", None) if post => {
            // The body is kept and not read: the client's window stays as it is.
            let _body = request.into_body();
            Err(responder.cancelled().await)
        }
        ("slow", None) if post => slow(request, responder).await,
        _ => responder.respond(text(StatusCode::NOT_FOUND, "no such route\n")),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let body = body.into();
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = body;
    response
}

/// Tells a client that asked for it to go on and send its body.
fn say_continue(request: &Request<RecvBody>, responder: &mut Responder) -> Answered {
    if request.headers().get(EXPECT).is_some_and(|value| value == "100-continue") {
        let mut interim = Response::new(());
        *interim.status_mut() = StatusCode::CONTINUE;
        responder.send_informational(interim)?;
    }
    Ok(())
}

async fn echo(request: Request<RecvBody>, mut responder: Responder) -> Answered {
    say_continue(&request, &mut responder)?;
    let mut response = Response::new(());
    if let Some(kind) = request.headers().get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    let mut received = request.into_body();
    // The head of an answer could tell a client that its body is not wanted, so it waits for the
    // first piece of that.
    let mut next = received.data().await;
    let mut sent = responder.send_response(response)?;
    while let Some(piece) = next {
        // Waits while the client does not read; meanwhile nothing more is read from it either.
        sent.send_data(piece?).await?;
        next = received.data().await;
    }
    match received.trailers().await? {
        Some(trailers) => sent.send_trailers(trailers),
        None => sent.finish(),
    }
}

async fn bytes(method: &Method, length: u64, responder: Responder) -> Answered {
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    let body = responder.send_response(response)?;
    if *method == Method::HEAD {
        return body.finish();
    }
    send_pattern(body, length).await
}

async fn send_pattern(mut body: SendBody, length: u64) -> Answered {
    let block = &*PATTERN;
    let mut left = length;
    while left > 0 {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        body.send_data(block.slice(..take)).await?;
        left -= take as u64;
    }
    body.finish()
}

async fn trailers(responder: Responder) -> Answered {
    let mut body = responder.send_response(Response::new(()))?;
    body.send_data("before the trailers\n").await?;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-lines", HeaderValue::from_static("1"));
    trailers.insert("x-end", HeaderValue::from_static("here"));
    body.send_trailers(trailers)
}

/// Names and values together have at least `length` bytes, in fields of four thousand.
fn headers(length: u64, responder: Responder) -> Answered {
    const FIELD: usize = 4_000;
    let Some(mut left) = usize::try_from(length).ok().filter(|&length| length <= 1 << 20) else {
        return responder.respond(text(StatusCode::NOT_FOUND, "at most a mebibyte\n"));
    };
    let mut response = text(StatusCode::OK, "see the header\n");
    for number in 0.. {
        if left == 0 {
            break;
        }
        let name = format!("x-fill-{number}");
        let value = "v".repeat(left.min(FIELD).saturating_sub(name.len()));
        left = left.saturating_sub(FIELD);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    responder.respond(response)
}

fn hints(mut responder: Responder) -> Answered {
    let mut early = Response::new(());
    *early.status_mut() = StatusCode::EARLY_HINTS;
    early
        .headers_mut()
        .insert(LINK, HeaderValue::from_static("</style.css>; rel=preload; as=style"));
    responder.send_informational(early)?;
    responder.respond(text(StatusCode::OK, "after the hints\n"))
}

async fn wait(milliseconds: u64, mut responder: Responder) -> Answered {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(milliseconds)) => {}
        // Nobody waits any more.
        error = responder.cancelled() => return Err(error),
    }
    responder.respond(text(StatusCode::OK, "at last\n"))
}

async fn slow(request: Request<RecvBody>, mut responder: Responder) -> Answered {
    say_continue(&request, &mut responder)?;
    let mut body = request.into_body();
    let mut hash = Sha256::new();
    let mut length = 0_u64;
    let mut portion = 0;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        hash.update(&piece);
        length += piece.len() as u64;
        portion += piece.len();
        if portion >= SLOW_PORTION {
            portion = 0;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    responder.respond(text(StatusCode::OK, format!("{length} {hash}\n")))
}
