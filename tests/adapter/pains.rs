//! What brings other stacks to a halt, each as its users reported it.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use h2_tokio::{Config, RecvBody, client, server};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::duplex;
use tokio::time::{sleep, timeout};

use crate::matrix_scenes::settle;
use crate::support::{PIPE, client_of, get, octets, post, read, serve_on};

const BIG: usize = 2 << 20;

/// R-A1.4: a database reads a batch, asks for something else meanwhile, and then reads on.
#[tokio::test(start_paused = true)]
async fn fourteen_large_responses_that_are_put_off_hold_up_none_of_fourteen_small_ones() {
    let client = client_of(|request: Request<RecvBody>| async move {
        let body = if request.uri().path() == "/batch" { octets(BIG) } else { octets(13) };
        Ok::<_, Infallible>(Response::new(Full::new(body)))
    });
    let mut batches = Vec::new();
    for _ in 0..14 {
        let batch = client.request(get("/batch")).await.unwrap().into_body();
        settle().await;
        let small = client.request(get("/small")).await.unwrap();
        assert_eq!(read(small.into_body()).await.unwrap(), octets(13));
        batches.push(batch);
    }
    for batch in batches {
        assert_eq!(read(batch).await.unwrap().len(), BIG);
    }
}

/// R-A3.1: what waits for a stream must hold none of the window that the others need.
#[tokio::test(start_paused = true)]
async fn a_thousand_uploads_through_four_streams_and_one_window_all_arrive() {
    let (ours, theirs) = duplex(PIPE);
    let mut config = Config::server();
    config.core.max_concurrent_streams = 4;
    config.core.isolation = false;
    (config.core.stream_window, config.core.connection_window) = (65_535, 65_535);
    config.core.max_stream_window = 0;
    serve_on(theirs, config, |request: Request<RecvBody>| async move {
        let body = request.into_body().collect().await.map_or(0, |body| body.to_bytes().len());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body.to_string()))))
    });
    let client = client::spawn_connection(ours, Config::client());
    let uploads = (0..1_000).map(|_| {
        let client = client.clone();
        async move { read(client.request(post(octets(10 << 10))).await?.into_body()).await }
    });
    for answer in join_all(uploads).await {
        assert_eq!(answer.unwrap(), "10240");
    }
}

/// R-E1: quorums, hedges and seeks give up most of what they ask for, while it is under way.
#[tokio::test(start_paused = true)]
async fn downloads_given_up_with_64_kib_under_way_leave_both_sides_in_agreement() {
    let (ours, theirs) = duplex(PIPE);
    let (server, mut incoming) = server::spawn_connection(theirs, Config::server());
    tokio::spawn(async move {
        while let Some((_, responder)) = incoming.next().await {
            tokio::spawn(async move {
                let mut send = responder.send_response(Response::new(()))?;
                send.send_data(octets(64 << 10)).await?;
                Err::<(), _>(send.stopped().await)
            });
        }
    });
    let client = client::handshake(ours, Config::client()).await.unwrap();
    let window = client.inspect().await.unwrap().receive_window;
    for at in 0..3_000 {
        // Some before the head has come, some with all of the body unread.
        let patience = Duration::from_millis(at % 3);
        let request = client.request(get("/"));
        let _ =
            timeout(patience, async { request.await?.into_body().data().await.transpose() }).await;
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_secs(2)).await;
    let (ours, theirs) = (client.inspect().await.unwrap(), server.inspect().await.unwrap());
    assert_eq!((ours.unread, ours.open_outbound_streams, theirs.open_inbound_streams), (0, 0, 0));
    assert_eq!(ours.receive_window, theirs.send_window, "nothing is under way");
    assert!(ours.receive_window > window / 2, "less would have been announced");
    assert_eq!((ours.glitches, theirs.glitches), (0, 0));
    assert!(!client.is_closed() && !client.state().suspect);
}
