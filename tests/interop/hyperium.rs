//! Interoperability with the crate `h2` of hyperium, both roles, in one process.
//!
//! Each case runs over whole writes, over writes of 1 to 7 bytes of ours, over writes of 1 to 7 bytes
//! of theirs, and over both at once: what the two sides see is the same.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use h2_tokio::server::{self, Responder};
use h2_tokio::{Config, ErrorCode, RecvBody, SendBody, client};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A transport that takes 1 to 7 bytes a write, in turn, if it is told to.
struct Trickle {
    io: DuplexStream,
    on: bool,
    turn: usize,
}

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.turn += 1;
        let most = if self.on { self.turn % 7 + 1 } else { buf.len() };
        Pin::new(&mut self.io).poll_write(cx, buf.get(..most).unwrap_or(buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Runs a case over every kind of transport; ours comes first.
fn over_all_transports<F: Future<Output = ()>>(case: impl Fn(Trickle, Trickle, usize) -> F) {
    for (ours, theirs) in [(false, false), (true, false), (false, true), (true, true)] {
        let (here, there) = tokio::io::duplex(64 * 1024);
        let trickles = ours || theirs;
        let ours = Trickle { io: here, on: ours, turn: 0 };
        let theirs = Trickle { io: there, on: theirs, turn: 0 };
        // 10 MiB in pieces of four bytes would test patience.
        let largest = if trickles { 100_000 } else { 10 << 20 };
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
        let run = async {
            tokio::time::timeout(Duration::from_secs(120), case(ours, theirs, largest)).await
        };
        runtime.block_on(run).expect("the case ends in time");
    }
}

fn noise(length: usize) -> Bytes {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

fn sum() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    trailers
}

fn many_fields(headers: &mut HeaderMap) {
    for number in 0..15 {
        let name: http::HeaderName = format!("x-fill-{number}").parse().expect("a name");
        headers.insert(name, HeaderValue::from_bytes(&[b'v'; 4000]).expect("a value"));
    }
}

fn request(method: Method, path: &str) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
    request.body(()).expect("a sound request")
}

/// The hyperium server: echoes POST, answers `/`, `/large`, `/headers`, `/reset`.
async fn their_server(io: Trickle) {
    let mut builder = hyperium_h2::server::Builder::new();
    builder.max_header_list_size(100_000);
    let mut connection = builder.handshake::<_, Bytes>(io).await.expect("a handshake");
    while let Some(accepted) = connection.accept().await {
        let Ok((request, respond)) = accepted else { return };
        tokio::spawn(their_answer(request, respond));
    }
}

async fn their_answer(
    request: Request<hyperium_h2::RecvStream>,
    mut respond: hyperium_h2::server::SendResponse<Bytes>,
) {
    let mut head = Response::new(());
    match request.uri().path() {
        "/reset" => return respond.send_reset(hyperium_h2::Reason::INADEQUATE_SECURITY),
        "/headers" => many_fields(head.headers_mut()),
        _ => {}
    }
    let post = *request.method() == Method::POST;
    let bare = *request.method() == Method::HEAD;
    let large = request.uri().path() == "/large";
    let Ok(mut sending) = respond.send_response(head, bare) else { return };
    if bare {
        return;
    }
    if !post {
        let body = if large { noise(1 << 20) } else { Bytes::from_static(b"hello") };
        // The reader may cancel; then there is nobody to tell.
        drop(their_send(&mut sending, body, true).await);
        return;
    }
    let mut body = request.into_body();
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else { return };
        let length = piece.len();
        if their_send(&mut sending, piece, false).await.is_err() {
            return;
        }
        drop(body.flow_control().release_capacity(length));
    }
    let Ok(trailers) = body.trailers().await else { return };
    drop(match trailers {
        Some(trailers) => sending.send_trailers(trailers),
        None => sending.send_data(Bytes::new(), true),
    });
}

/// Sends as capacity is granted, as that crate asks its users to.
async fn their_send(
    sending: &mut hyperium_h2::SendStream<Bytes>,
    mut data: Bytes,
    end: bool,
) -> Result<(), hyperium_h2::Error> {
    while !data.is_empty() {
        sending.reserve_capacity(data.len());
        let granted = std::future::poll_fn(|cx| sending.poll_capacity(cx)).await;
        let granted = match granted {
            Some(granted) => granted?,
            None => return Err(hyperium_h2::Reason::CANCEL.into()),
        };
        let piece = data.split_to(granted.min(data.len()));
        sending.send_data(piece, end && data.is_empty())?;
    }
    Ok(())
}

async fn read_all(body: &mut RecvBody) -> Result<Vec<u8>, h2_tokio::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

async fn get(handle: &client::Handle, path: &str) -> Result<Vec<u8>, h2_tokio::Error> {
    let pending = handle.send_bodiless(request(Method::GET, path)).await?;
    read_all(&mut pending.await?.into_body()).await
}

#[test]
fn our_client_and_their_server() {
    over_all_transports(|ours, theirs, largest| async move {
        let server = tokio::spawn(their_server(theirs));
        let handle = client::handshake(ours, Config::client()).await.expect("a handshake");
        assert_eq!(get(&handle, "/").await.expect("an answer"), b"hello");
        let head = handle.send_bodiless(request(Method::HEAD, "/")).await.expect("a stream");
        let mut head = head.await.expect("a response");
        assert!(read_all(head.body_mut()).await.expect("an end").is_empty());

        for size in [0, 1, 65_535, 65_536, largest] {
            let sent = noise(size);
            let post = request(Method::POST, "/echo");
            let (mut sending, pending) = handle.send_request(post).await.expect("a stream");
            let upload = async {
                sending.send_data(sent.clone()).await?;
                sending.send_trailers(sum())
            };
            let download = async {
                let mut body = pending.await?.into_body();
                let all = read_all(&mut body).await?;
                Ok::<_, h2_tokio::Error>((all, body.trailers().await?))
            };
            let (uploaded, downloaded) = tokio::join!(upload, download);
            uploaded.expect("the body is taken");
            let (all, trailers) = downloaded.expect("an echo");
            assert!(all == sent, "echo of {size} bytes");
            assert_eq!(trailers, Some(sum()));
        }
        for body in join_all((0..100).map(|_| get(&handle, "/"))).await {
            assert_eq!(body.expect("an answer"), b"hello");
        }
        let mut large = request(Method::GET, "/headers");
        many_fields(large.headers_mut());
        let pending = handle.send_bodiless(large).await.expect("a stream");
        assert!(pending.await.expect("a response").headers().len() >= 15);

        let reset = get(&handle, "/reset").await.expect_err("a reset");
        assert_eq!(reset.code(), ErrorCode::INADEQUATE_SECURITY);
        let pending = handle.send_bodiless(request(Method::GET, "/large")).await.expect("a stream");
        let mut body = pending.await.expect("a response").into_body();
        body.data().await.expect("a body").expect("a piece");
        drop(body);
        assert_eq!(get(&handle, "/").await.expect("an answer"), b"hello");

        handle.shutdown();
        let reason = handle.closed().await;
        assert!(reason.is_graceful(), "{reason}");
        drop(handle);
        server.await.expect("no panic");
    });
}

/// Our server, with the same routes.
async fn our_answer(request: Request<RecvBody>, mut responder: Responder) {
    // Every failure means that the client has gone, or has reset the stream.
    drop(match (request.method(), request.uri().path()) {
        (_, "/reset") => {
            responder.reset(ErrorCode::INADEQUATE_SECURITY);
            Ok(())
        }
        (_, "/headers") => {
            let mut head = Response::new(Bytes::new());
            many_fields(head.headers_mut());
            responder.respond(head)
        }
        (_, "/hints") => {
            let mut early = Response::new(());
            *early.status_mut() = StatusCode::EARLY_HINTS;
            responder
                .send_informational(early)
                .and_then(|()| responder.respond(Response::new(Bytes::new())))
        }
        (_, "/large") => responder.respond(Response::new(noise(1 << 20))),
        (&Method::POST, _) => match responder.send_response(Response::new(())) {
            Ok(sending) => echo(request.into_body(), sending).await,
            Err(error) => Err(error),
        },
        _ => responder.respond(Response::new("hello")),
    });
}

async fn echo(mut body: RecvBody, mut sending: SendBody) -> Result<(), h2_tokio::Error> {
    while let Some(piece) = body.data().await {
        sending.send_data(piece?).await?;
    }
    match body.trailers().await? {
        Some(trailers) => sending.send_trailers(trailers),
        None => sending.finish(),
    }
}

type TheirClient = hyperium_h2::client::SendRequest<Bytes>;

async fn their_get(client: &TheirClient, path: &str) -> Result<Vec<u8>, hyperium_h2::Error> {
    let mut client = client.clone().ready().await?;
    let (response, _) = client.send_request(request(Method::GET, path), true)?;
    let mut body = response.await?.into_body();
    their_read(&mut body).await
}

async fn their_read(body: &mut hyperium_h2::RecvStream) -> Result<Vec<u8>, hyperium_h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[test]
fn their_client_and_our_server() {
    over_all_transports(|ours, theirs, largest| async move {
        let (ours, mut incoming) = server::spawn_connection(ours, Config::server());
        tokio::spawn(async move {
            while let Some((request, responder)) = incoming.next().await {
                tokio::spawn(our_answer(request, responder));
            }
        });
        let mut builder = hyperium_h2::client::Builder::new();
        builder.max_header_list_size(100_000);
        let (client, connection) = builder.handshake(theirs).await.expect("a handshake");
        let connection = tokio::spawn(connection);
        assert_eq!(their_get(&client, "/").await.expect("an answer"), b"hello");

        for size in [0, 1, 65_535, 65_536, largest] {
            let sent = noise(size);
            let mut ready = client.clone().ready().await.expect("a stream");
            let post = request(Method::POST, "/echo");
            let (response, mut sending) = ready.send_request(post, false).expect("a stream");
            let upload = async {
                their_send(&mut sending, sent.clone(), false).await?;
                sending.send_trailers(sum())
            };
            let download = async {
                let mut body = response.await?.into_body();
                let all = their_read(&mut body).await?;
                Ok::<_, hyperium_h2::Error>((all, body.trailers().await?))
            };
            let (uploaded, downloaded) = tokio::join!(upload, download);
            uploaded.expect("the body is taken");
            let (all, trailers) = downloaded.expect("an echo");
            assert!(all == sent, "echo of {size} bytes");
            assert_eq!(trailers, Some(sum()));
        }
        for body in join_all((0..100).map(|_| their_get(&client, "/"))).await {
            assert_eq!(body.expect("an answer"), b"hello");
        }
        let mut ready = client.clone().ready().await.expect("a stream");
        let mut large = request(Method::GET, "/headers");
        many_fields(large.headers_mut());
        let (response, _) = ready.send_request(large, true).expect("a stream");
        assert!(response.await.expect("a response").headers().len() >= 15);
        assert!(their_get(&client, "/hints").await.expect("an answer").is_empty());

        let reset = their_get(&client, "/reset").await.expect_err("a reset");
        assert_eq!(reset.reason(), Some(hyperium_h2::Reason::INADEQUATE_SECURITY));
        let mut ready = client.clone().ready().await.expect("a stream");
        let (response, _) =
            ready.send_request(request(Method::GET, "/large"), true).expect("a stream");
        let mut body = response.await.expect("a response").into_body();
        body.data().await.expect("a body").expect("a piece");
        drop(body);
        assert_eq!(their_get(&client, "/").await.expect("an answer"), b"hello");

        ours.shutdown();
        let reason = ours.closed().await;
        assert!(reason.is_graceful(), "{reason}");
        connection.await.expect("no panic").expect("a graceful end");
    });
}
