//! What the servers do, whoever moves the bytes: one function from request to response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use crate::{AnyBody, BoxError, any, empty, full, noise};

/// Who hears that handlers and bodies of the server were dropped.
pub type Ended = mpsc::UnboundedReceiver<&'static str>;

/// What tells it when it is dropped inside a [`Guard`].
#[derive(Clone, Debug)]
pub struct Gone(mpsc::UnboundedSender<&'static str>);

/// Both ends of that news.
#[must_use]
pub fn ended() -> (Gone, Ended) {
    let (gone, ended) = mpsc::unbounded_channel();
    (Gone(gone), ended)
}

/// Held by what should be dropped when the client has gone.
pub(crate) struct Guard(&'static str, Gone);

impl Gone {
    pub(crate) fn guard(self, what: &'static str) -> Guard {
        Guard(what, self)
    }

    /// Says it at once.
    pub fn say(&self, what: &'static str) {
        // Whoever does not listen does not care.
        let _ = self.0.send(what);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.1.say(self.0);
    }
}

/// Answers a request by its path.
///
/// # Errors
///
/// Where the path asks for it.
pub async fn answer<B>(gone: Gone, request: Request<B>) -> Result<Response<AnyBody>, BoxError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Sync + 'static,
{
    let (head, body) = request.into_parts();
    let mut response = Response::new(empty());
    match head.uri.path() {
        "/" if head.method == Method::HEAD => {
            response.headers_mut().insert("content-length", HeaderValue::from_static("5"));
        }
        "/" => *response.body_mut() = full("hello"),
        "/echo" => *response.body_mut() = any(body),
        "/fields" => {
            for (name, value) in &head.headers {
                if name.as_str().starts_with("x-") {
                    response.headers_mut().insert(name, value.clone());
                }
            }
        }
        "/early" => {
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            *response.body_mut() = full(noise(100_000));
        }
        "/silent" => {
            gone.say("begun");
            let _guard = gone.guard("handler");
            std::future::pending::<()>().await;
        }
        "/endless" => *response.body_mut() = any(Endless { left: None, guard: gone.guard("body") }),
        "/torn" => {
            *response.body_mut() = any(Endless { left: Some(10), guard: gone.guard("body") });
        }
        "/fails" => return Err("as it was asked to".into()),
        "/swallow" => {
            let _guard = gone.clone().guard("handler");
            gone.say("begun");
            if body.collect().await.is_ok() {
                gone.say("the whole body");
            }
        }
        _ => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

/// A body without an end, or one that fails after some pieces.
struct Endless {
    left: Option<u32>,
    #[expect(dead_code, reason = "it is there to be dropped")]
    guard: Guard,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.left {
            Some(0) => return Poll::Ready(Some(Err("as it was asked to".into()))),
            Some(left) => *left -= 1,
            None => {}
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 10_000])))))
    }
}
