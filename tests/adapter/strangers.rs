//! Code of the user's that runs inside, and does what it should not.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use h2_tokio::{Config, ErrorCode, RecvBody};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};

use crate::support::{client_of, client_with, get, hello, read};

/// Panics when it is cloned while it may not be.
struct Touchy(Arc<AtomicBool>);

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert!(!self.0.load(Ordering::Relaxed), "not now");
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_panics_costs_its_own_stream_only() {
    let touchy = Arc::new(AtomicBool::new(false));
    let config = Config::server().extension(Touchy(Arc::clone(&touchy)));
    let client = client_with(config, hello);
    assert!(client.request(get("/")).await.is_ok());
    touchy.store(true, Ordering::Relaxed);
    let error = client.request(get("/")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR);
    assert!(!error.is_connection());
    touchy.store(false, Ordering::Relaxed);
    assert!(client.request(get("/")).await.is_ok());
}

/// A body that is always ready, and never gives an octet.
struct Idle;

impl Body for Idle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_gives_nothing_without_end_holds_up_no_other() {
    let client = client_of(|request: Request<RecvBody>| async move {
        let body: BoxBody<Bytes, Infallible> = match request.uri().path() {
            "/idle" => Idle.boxed(),
            _ => Full::new(Bytes::from_static(b"done")).boxed(),
        };
        Ok(Response::new(body))
    });
    let idle = client.request(get("/idle")).await.unwrap();
    let response = client.request(get("/")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "done");
    drop(idle);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gives_nothing_without_end_holds_up_no_other() {
    let client = client_of(hello);
    let idle = tokio::spawn({
        let client = client.clone();
        async move {
            let request = Request::post("http://a.example/").body(Idle).unwrap();
            client.request(request).await.map(|_| ())
        }
    });
    tokio::task::yield_now().await;
    assert!(client.request(get("/")).await.is_ok());
    idle.abort();
}
