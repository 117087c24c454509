//! reqwest against `serve`, with prior knowledge and in cleartext.

use h2_peers::{AnyBody, BoxError, Client, Ended, any, conversation, ended, serve};
use http::{Request, Response};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Theirs(reqwest::Client, String);

impl Client for Theirs {
    async fn send(&self, request: Request<AnyBody>) -> Result<Response<AnyBody>, BoxError> {
        let (mut head, body) = request.into_parts();
        head.uri = format!("{}{}", self.1, head.uri.path()).parse()?;
        let body = reqwest::Body::wrap(body);
        let request = reqwest::Request::try_from(Request::from_parts(head, body))?;
        let response = Response::from(self.0.execute(request).await?);
        assert_eq!(response.version(), http::Version::HTTP_2);
        Ok(response.map(any))
    }
}

async fn connect() -> (Theirs, Ended) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (gone, ended) = ended();
    tokio::spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            serve(io, gone.clone());
        }
    });
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build();
    (Theirs(client.expect("a client"), format!("http://{address}")), ended)
}

conversation!(connect);
