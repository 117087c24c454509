//! h2-tokio in both roles.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use h2_tokio::server::{Handle, Incoming, Responder};
use h2_tokio::{Config, RecvBody, client, server};
use http::Request;
use http_body_util::{Empty, Full};
use tokio::task::JoinSet;

use crate::scripted::{Answerer, Asker, Tally};
use crate::{BODY, response};

fn config() -> Config {
    let mut config = Config::server().add_date(false);
    config.core.max_concurrent_streams = 2_000;
    config
}

pub async fn serve(together: usize, total: usize) -> Arc<Tally> {
    let asker = Asker::new(together, total);
    let tally = Arc::clone(&asker.tally);
    let answer = |_: Request<RecvBody>| async { Ok::<_, Infallible>(response(Full::new(BODY))) };
    server::serve(asker, config(), server::service_fn(answer)).await;
    tally
}

pub async fn spawn(together: usize, total: usize) -> Arc<Tally> {
    let asker = Asker::new(together, total);
    let tally = Arc::clone(&asker.tally);
    let (_handle, mut incoming) = server::spawn_connection(asker, config());
    while let Some((_, responder)) = incoming.next().await {
        tokio::spawn(async move { responder.respond(response(BODY)) });
    }
    tally
}

pub async fn client(tasks: usize, total: usize) -> Arc<Tally> {
    let answerer = Answerer::new();
    let tally = Arc::clone(&answerer.tally);
    let handle = client::handshake(answerer, Config::client()).await.expect("a server");
    let mut workers = JoinSet::new();
    for _ in 0..tasks {
        let handle = handle.clone();
        workers.spawn(async move {
            let uri = http::Uri::from_static("http://127.0.0.1:8080/");
            for _ in 0..total / tasks {
                let mut request = Request::new(Empty::<Bytes>::new());
                request.uri_mut().clone_from(&uri);
                let response = handle.request(request).await.expect("a response");
                let mut body = response.into_body();
                while let Some(piece) = body.data().await {
                    assert_eq!(piece.expect("a body").len(), BODY.len());
                }
            }
        });
    }
    workers.join_all().await;
    tally
}

pub type Held = (Handle, Incoming, Vec<(Request<RecvBody>, Responder)>);

/// So many requests that nobody answers.
pub async fn hold(streams: usize) -> Held {
    let (handle, mut incoming) = server::spawn_connection(Asker::new(streams, streams), config());
    let mut held = Vec::with_capacity(streams);
    while held.len() < streams {
        held.push(incoming.next().await.expect("a request"));
    }
    (handle, incoming, held)
}
