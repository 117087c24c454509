//! hyper's client against `serve`, and our client against hyper's server.

use h2_peers::{
    AnyBody, BoxError, Client, Ended, answer, any, conversation, ended, loopback, serve,
};
use h2_tokio::{Config, client};
use http::{Request, Response};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};

#[derive(Clone)]
struct Theirs(SendRequest<AnyBody>);

impl Client for Theirs {
    async fn send(&self, request: Request<AnyBody>) -> Result<Response<AnyBody>, BoxError> {
        let mut sender = self.0.clone();
        sender.ready().await?;
        Ok(sender.send_request(request).await?.map(any))
    }
}

mod their_client_and_our_server {
    use super::*;

    async fn connect() -> (Theirs, Ended) {
        let (here, there) = loopback().await;
        let (gone, ended) = ended();
        serve(there, gone);
        let handshake =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(here));
        let (sender, connection) = handshake.await.expect("a handshake");
        tokio::spawn(connection);
        (Theirs(sender), ended)
    }

    conversation!(connect);
}

mod our_client_and_their_server {
    use super::*;

    async fn connect() -> (client::Handle, Ended) {
        let (here, there) = loopback().await;
        let (gone, ended) = ended();
        let service = hyper::service::service_fn(move |request| answer(gone.clone(), request));
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        tokio::spawn(builder.serve_connection(TokioIo::new(there), service));
        (client::handshake(here, Config::client()).await.expect("a handshake"), ended)
    }

    conversation!(connect);
}
