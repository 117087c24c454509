//! hyperium/h2 in both roles.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::{self, Connection, SendResponse};
use h2::{RecvStream, client};
use http::Request;
use tokio::task::JoinSet;

use crate::scripted::{Answerer, Asker, Tally};
use crate::{BODY, response};

async fn accept(asker: Asker) -> Connection<Asker, Bytes> {
    let mut builder = server::Builder::new();
    builder.max_concurrent_streams(2_000);
    builder.handshake(asker).await.expect("a client")
}

pub async fn spawn(together: usize, total: usize) -> Arc<Tally> {
    let asker = Asker::new(together, total);
    let tally = Arc::clone(&asker.tally);
    let mut connection = accept(asker).await;
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        tokio::spawn(
            async move { respond.send_response(response(()), false)?.send_data(BODY, true) },
        );
    }
    tally
}

pub async fn client(tasks: usize, total: usize) -> Arc<Tally> {
    let answerer = Answerer::new();
    let tally = Arc::clone(&answerer.tally);
    let mut builder = client::Builder::new();
    builder.initial_connection_window_size(64 * 1024 * 1024);
    let (handle, connection) = builder.handshake::<_, Bytes>(answerer).await.expect("a server");
    let connection = tokio::spawn(connection);
    let mut workers = JoinSet::new();
    for _ in 0..tasks {
        let handle = handle.clone();
        workers.spawn(async move {
            let uri = http::Uri::from_static("http://127.0.0.1:8080/");
            for _ in 0..total / tasks {
                let mut request = Request::new(());
                *request.uri_mut() = uri.clone();
                let mut handle = handle.clone().ready().await.expect("a stream");
                let (response, _) = handle.send_request(request, true).expect("a stream");
                let mut body = response.await.expect("a response").into_body();
                while let Some(piece) = body.data().await {
                    let length = piece.expect("a body").len();
                    assert_eq!(length, BODY.len());
                    body.flow_control().release_capacity(length).expect("received");
                }
            }
        });
    }
    workers.join_all().await;
    connection.abort();
    tally
}

pub type Held = (Connection<Asker, Bytes>, Vec<(Request<RecvStream>, SendResponse<Bytes>)>);

/// So many requests that nobody answers.
pub async fn hold(streams: usize) -> Held {
    let mut connection = accept(Asker::new(streams, streams)).await;
    let mut held = Vec::with_capacity(streams);
    while held.len() < streams {
        held.push(connection.accept().await.expect("a request").expect("a connection"));
    }
    (connection, held)
}
