//! The adapter over a transport in memory whose other end is a script.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use h2_tokio::{Config, RecvBody, client, server};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tokio::task::JoinSet;

use crate::scripted::{Answerer, Asker};

/// A runtime of one thread, and a configuration in which nothing is left to chance.
fn run(config: Config, kernel: impl AsyncFnOnce(Config)) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let mut config = config.add_date(false);
    config.core.seed = 7;
    runtime.enable_time().build().expect("a runtime").block_on(kernel(config));
}

fn hello() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(SERVER, HeaderValue::from_static("bench"));
    response
}

pub fn serve<const AT_ONCE: usize>(times: usize) {
    run(Config::server(), async |config| {
        let asker = Asker::new(AT_ONCE, times);
        let tally = Arc::clone(&asker.tally);
        let answer = |_: Request<RecvBody>| async { Ok::<_, Infallible>(hello()) };
        server::serve(asker, config, server::service_fn(answer)).await;
        assert_eq!(tally.complete(), times);
    });
}

pub fn spawn<const AT_ONCE: usize>(times: usize) {
    run(Config::server(), async |config| {
        let asker = Asker::new(AT_ONCE, times);
        let tally = Arc::clone(&asker.tally);
        let (_handle, mut incoming) = server::spawn_connection(asker, config);
        while let Some((_, responder)) = incoming.next().await {
            tokio::spawn(async move {
                let (mut head, _) = hello().into_parts();
                head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("13"));
                let body = Bytes::from_static(b"Hello, World!");
                responder.respond(Response::from_parts(head, body)).expect("open");
            });
        }
        assert_eq!(tally.complete(), times);
    });
}

pub fn client<const TASKS: usize>(times: usize) {
    run(Config::client(), async |config| {
        let answerer = Answerer::new();
        let tally = Arc::clone(&answerer.tally);
        let handle = client::handshake(answerer, config).await.expect("a server");
        let mut workers = JoinSet::new();
        for _ in 0..TASKS {
            let handle = handle.clone();
            workers.spawn(async move {
                let uri = http::Uri::from_static("http://127.0.0.1:8080/");
                for _ in 0..times / TASKS {
                    let mut request = Request::new(Empty::<Bytes>::new());
                    request.uri_mut().clone_from(&uri);
                    let response = handle.request(request).await.expect("a response");
                    let mut body = response.into_body();
                    while let Some(piece) = body.data().await {
                        assert_eq!(piece.expect("a body").len(), 13);
                    }
                }
            });
        }
        workers.join_all().await;
        assert_eq!(tally.complete(), times);
    });
}
