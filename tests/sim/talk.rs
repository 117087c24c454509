//! The reference conversation: three GETs, an upload with trailers both ways, a request that is
//! reset, a graceful close. About six thousand octets in each direction.

use std::time::Duration;

use bytes::Bytes;
use h2_core::ErrorCode;
use h2_tokio::{CloseReason, Config, Error, RecvBody, client, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Empty};
use tokio::task::{JoinHandle, JoinSet};

use crate::io::{self, Break, Log};

/// Virtual time in which everything is over, whatever breaks.
const PATIENCE: Duration = Duration::from_secs(600);

const PIECE: usize = 1_350;
const PIECES: usize = 4;
const RESPONSE: usize = 1_450;

/// What the application of one end saw of a message.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// The stream, once it is known.
    pub(crate) stream: Option<u32>,
    /// A whole body that is as it was sent, or the error. A whole body that is not panics.
    pub(crate) whole: Result<(), Error>,
}

/// What a conversation came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Responses, as the client saw them.
    pub(crate) responses: Vec<Seen>,
    /// Requests, as the server saw them.
    pub(crate) requests: Vec<Seen>,
    pub(crate) client: CloseReason,
    pub(crate) server: CloseReason,
    pub(crate) log: Log,
}

/// Has the conversation. `None` if it does not come to an end.
pub(crate) async fn talk(seed: u64, breaks: Option<Break>) -> Option<Outcome> {
    let (ours, theirs, log) = io::pair(seed, breaks);
    let (handle, incoming, driver) = server::connection(theirs, config(Config::server(), seed));
    drop(handle);
    let server = tokio::spawn(driver);
    let requests = tokio::spawn(serve(incoming));
    let (handle, driver) = client::connection(ours, config(Config::client(), seed));
    let client = tokio::spawn(driver);
    let responses = tokio::spawn(ask(handle));
    let all = async move {
        Outcome {
            responses: joined(responses).await,
            requests: joined(requests).await,
            client: joined(client).await,
            server: joined(server).await,
            log,
        }
    };
    tokio::time::timeout(PATIENCE, all).await.ok()
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap()
}

fn config(mut config: Config, seed: u64) -> Config {
    config.core.seed = seed | 1;
    // Without it nobody notices a peer that has fallen silent.
    config.core.keep_alive_interval = Some(Duration::from_secs(10));
    config
}

/// Octets that no compression makes fewer.
fn filler(tag: u8, length: usize) -> Bytes {
    (0..length).map(|at| (at % 241) as u8 ^ tag).collect()
}

fn field(length: usize) -> HeaderValue {
    let text: String = (0..length).map(|at| char::from(b'!' + (at * 7 % 90) as u8)).collect();
    HeaderValue::from_str(&text).unwrap()
}

fn sum(of: &str) -> HeaderMap {
    HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from_str(of).unwrap())])
}

/// The client's part.
async fn ask(handle: client::Handle) -> Vec<Seen> {
    let mut tasks = JoinSet::new();
    for path in ["/1", "/2", "/3"] {
        let handle = handle.clone();
        tasks.spawn(async move {
            let mut request = Request::get(format!("http://a.example{path}")).body(Empty::new());
            let headers = request.as_mut().unwrap().headers_mut();
            headers.insert("x-filler", field(300));
            let request: Request<Empty<Bytes>> = request.unwrap();
            received(path, handle.request(request).await, None).await
        });
    }
    tasks.spawn(upload(handle.clone()));
    tasks.spawn(give_up(handle.clone()));
    let seen = tasks.join_all().await;
    handle.shutdown();
    handle.closed().await;
    seen
}

async fn received(
    path: &str,
    response: Result<Response<RecvBody>, Error>,
    trailers: Option<HeaderMap>,
) -> Seen {
    let mut seen = Seen { path: path.to_owned(), stream: None, whole: Ok(()) };
    let response = match response {
        Ok(response) => response,
        Err(error) => return Seen { whole: Err(error), ..seen },
    };
    seen.stream = response.headers()["x-stream"].to_str().unwrap().parse().ok();
    seen.whole = response.into_body().collect().await.map(|body| {
        assert_eq!(body.trailers(), trailers.as_ref(), "{path}");
        assert!(body.to_bytes() == filler(2, RESPONSE), "{path} looks complete and is not");
    });
    seen
}

async fn upload(handle: client::Handle) -> Seen {
    let head = Request::post("http://a.example/upload").body(()).unwrap();
    let (mut send, response) = match handle.send_request(head).await {
        Ok(opened) => opened,
        Err(error) => return received("/upload", Err(error), None).await,
    };
    let sent = async move {
        for _ in 0..PIECES {
            send.send_data(filler(1, PIECE)).await?;
            tokio::task::yield_now().await;
        }
        send.flush().await?;
        send.send_trailers(sum("request"))
    };
    let received = async { received("/upload", response.await, Some(sum("response"))).await };
    let (sent, seen) = futures::future::join(sent, received).await;
    assert!(sent.is_ok() || seen.whole.is_err(), "an answer to an upload that failed: {sent:?}");
    seen
}

/// Resets a stream when its response has begun.
async fn give_up(handle: client::Handle) -> Seen {
    let head = Request::post("http://a.example/reset").body(()).unwrap();
    let mut seen = Seen { path: "/reset".to_owned(), stream: None, whole: Ok(()) };
    let response = match handle.send_request(head).await {
        Ok((send, response)) => {
            let response = response.await;
            send.reset(ErrorCode::CANCEL);
            response
        }
        Err(error) => Err(error),
    };
    seen.whole = response.map(drop);
    seen
}

/// The server's part.
async fn serve(mut incoming: server::Incoming) -> Vec<Seen> {
    let mut tasks = JoinSet::new();
    while let Some((request, responder)) = incoming.next().await {
        tasks.spawn(answer(request, responder));
    }
    tasks.join_all().await
}

async fn answer(request: Request<RecvBody>, mut responder: server::Responder) -> Seen {
    let path = request.uri().path().to_owned();
    let stream = responder.stream_id().get();
    let mut response = Response::new(());
    response.headers_mut().insert("x-stream", HeaderValue::from(stream));
    let mut seen = Seen { path, stream: Some(stream), whole: Ok(()) };
    if seen.path == "/reset" {
        let mut body = request.into_body();
        seen.whole = match responder.send_response(response) {
            Err(error) => Err(error),
            Ok(mut send) => {
                let error = send.stopped().await;
                assert!(body.data().await.unwrap().is_err(), "a body that was reset ends clean");
                Err(error)
            }
        };
        return seen;
    }
    let upload = seen.path == "/upload";
    seen.whole = request.into_body().collect().await.map(|body| {
        let (trailers, octets) = (body.trailers().cloned(), body.to_bytes());
        let sent: Vec<u8> = if upload { filler(1, PIECE).repeat(PIECES) } else { Vec::new() };
        assert!(octets == sent, "{} looks complete and is not", seen.path);
        assert_eq!(trailers, upload.then(|| sum("request")));
    });
    if let Err(error) = &seen.whole {
        assert_eq!(responder.cancelled().await.reason(), error.reason());
        return seen;
    }
    // The stream may be gone before its answer is; the client hears of that.
    if let Ok(mut send) = responder.send_response(response) {
        let _ = send.send_data(filler(2, RESPONSE)).await;
        let _ = if upload { send.send_trailers(sum("response")) } else { send.finish() };
    }
    seen
}
