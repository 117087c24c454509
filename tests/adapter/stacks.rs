//! `serve` under stacks of tower: their limits hold requests back, their time-outs end them.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2_tokio::{Config, ErrorCode, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tokio::io::duplex;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use tower_service::Service;

use crate::support::{PIPE, get, read};

/// A client of a connection that is served by `service`.
fn client_of<S>(service: S) -> client::Handle
where
    S: Service<Request<RecvBody>, Response = Response<Full<Bytes>>, Error: Into<BoxError>>,
    S: Service<Request<RecvBody>, Future: Send + 'static> + Send + 'static,
{
    let (ours, theirs) = duplex(PIPE);
    tokio::spawn(server::serve(theirs, Config::server(), service));
    client::spawn_connection(ours, Config::client())
}

/// Calls that run, and the most that ever did.
#[derive(Clone, Default)]
struct Running(Arc<(AtomicUsize, AtomicUsize)>);

impl Running {
    fn most(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }

    async fn a_second(self, _: Request<RecvBody>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (running, most) = &*self.0;
        most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        running.fetch_sub(1, Ordering::Relaxed);
        Ok(Response::new(Full::from("done")))
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_stack_holds_requests_back_and_loses_none() {
    let running = Running::default();
    let stack = ServiceBuilder::new().concurrency_limit(3).service(service_fn({
        let running = running.clone();
        move |request| running.clone().a_second(request)
    }));
    let client = client_of(stack);
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.request(get("/")).await.map(|_| ()) })
        })
        .collect();
    let began = tokio::time::Instant::now();
    for request in asked {
        request.await.unwrap().unwrap();
    }
    assert_eq!(running.most(), 3);
    assert_eq!(began.elapsed().as_secs(), 7, "twenty seconds of work, three at a time");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_of_the_stack_resets_its_own_stream_only() {
    let stack = ServiceBuilder::new().timeout(Duration::from_secs(5)).service(service_fn(
        |request: Request<RecvBody>| async move {
            if request.uri().path() == "/endless" {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(Full::from("done")))
        },
    ));
    let client = client_of(stack);
    let endless = tokio::spawn({
        let client = client.clone();
        async move { client.request(get("/endless")).await.map(|_| ()) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(client.request(get("/")).await.is_ok());
    let error = endless.await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::INTERNAL_ERROR);
    let response = client.request(get("/")).await.unwrap();
    assert_eq!(read(response.into_body()).await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_sheds_load_refuses_what_is_too_much() {
    let running = Running::default();
    let stack = ServiceBuilder::new().load_shed().concurrency_limit(1).service(service_fn({
        let running = running.clone();
        move |request| running.clone().a_second(request)
    }));
    let client = client_of(stack);
    let asked = [(); 3].map(|()| {
        let client = client.clone();
        tokio::spawn(async move { client.request(get("/")).await.is_ok() })
    });
    let mut answered = 0;
    for request in asked {
        answered += usize::from(request.await.unwrap());
    }
    assert_eq!(answered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_boxed_stack_that_answers_for_every_connection_is_served_too() {
    let stack: BoxCloneService<Request<RecvBody>, Response<Empty<Bytes>>, BoxError> =
        ServiceBuilder::new()
            .timeout(Duration::from_secs(5))
            .concurrency_limit(2)
            .service(service_fn(|_| async { Ok::<_, BoxError>(Response::new(Empty::new())) }))
            .boxed_clone();
    let mapped = stack
        .map_response(|response: Response<Empty<Bytes>>| response.map(|_| Full::from("mapped")));
    for _ in 0..2 {
        let client = client_of(mapped.clone());
        let response = client.request(get("/")).await.unwrap();
        assert_eq!(read(response.into_body()).await.unwrap(), "mapped");
    }
}
