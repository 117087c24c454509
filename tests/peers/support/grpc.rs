//! A gRPC service of bare octets: what generated code does, by hand, so that nothing is generated.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use h2_tokio::client::Handle;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Request, Response, Status, Streaming};
use tower::{Service, service_fn};

use crate::Gone;

/// Messages are octets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// The service `peers.Echo`.
#[derive(Clone, Debug)]
pub struct Echo(pub Gone);

impl NamedService for Echo {
    const NAME: &'static str = "peers.Echo";
}

type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;
type Answer<T> = Result<Response<T>, Status>;

/// Sends the message back, with the metadata whose name begins with `x-`.
async fn unary(request: Request<Bytes>) -> Answer<Bytes> {
    let (metadata, _, message) = request.into_parts();
    let mut response = Response::new(message);
    for name in ["x-text", "x-octets-bin"] {
        if let Some(value) = metadata.as_ref().get(name) {
            let mut fields = response.metadata().clone().into_headers();
            fields.insert(name, value.clone());
            *response.metadata_mut() = tonic::metadata::MetadataMap::from_headers(fields);
        }
    }
    Ok(response)
}

/// Fails before any message, so that its status is all there is.
async fn fail(_: Request<Bytes>) -> Answer<Bytes> {
    Err(Status::new(Code::FailedPrecondition, "as it was asked to: 100 %"))
}

/// Sends the message back a thousand times.
async fn split(request: Request<Bytes>) -> Answer<Messages> {
    let message = request.into_inner();
    let messages = tokio_stream::iter((0..1000).map(move |_| Ok(message.clone())));
    Ok(Response::new(Box::pin(messages)))
}

/// Says two messages, then fails.
async fn break_off(request: Request<Bytes>) -> Answer<Messages> {
    let message = request.into_inner();
    let messages = [Ok(message.clone()), Ok(message), Err(Status::data_loss("half way"))];
    Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
}

/// Sends all messages back as one.
async fn join(request: Request<Streaming<Bytes>>) -> Answer<Bytes> {
    let mut all = Vec::new();
    let mut messages = request.into_inner();
    while let Some(message) = messages.message().await? {
        all.extend_from_slice(&message);
    }
    Ok(Response::new(all.into()))
}

/// Sends each message back as it comes.
async fn chat(request: Request<Streaming<Bytes>>) -> Answer<Messages> {
    Ok(Response::new(Box::pin(request.into_inner())))
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let gone = self.0.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Raw).max_decoding_message_size(8 << 20);
            Ok(match request.uri().path() {
                "/peers.Echo/Unary" => grpc.unary(service_fn(unary), request).await,
                "/peers.Echo/Fail" => grpc.unary(service_fn(fail), request).await,
                "/peers.Echo/Split" => grpc.server_streaming(service_fn(split), request).await,
                "/peers.Echo/Break" => grpc.server_streaming(service_fn(break_off), request).await,
                "/peers.Echo/Join" => grpc.client_streaming(service_fn(join), request).await,
                "/peers.Echo/Chat" => grpc.streaming(service_fn(chat), request).await,
                "/peers.Echo/Silent" => {
                    let silent = service_fn(move |_: Request<Bytes>| {
                        gone.say("begun");
                        let guard = gone.clone().guard("handler");
                        async move {
                            let _guard = guard;
                            std::future::pending::<Answer<Bytes>>().await
                        }
                    });
                    grpc.unary(silent, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// Our client as the transport of a generated one.
#[derive(Clone, Debug)]
pub struct OverOurs(pub Handle);

impl Service<http::Request<Body>> for OverOurs {
    type Response = http::Response<h2_tokio::RecvBody>;
    type Error = h2_tokio::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let handle = self.0.clone();
        Box::pin(async move { handle.request(request).await })
    }
}

/// The cases, over whatever moves the client's octets.
pub mod cases {
    use super::*;
    use crate::{BoxError, Ended, noise};
    use http::uri::PathAndQuery;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::client::GrpcService;
    use tonic::metadata::MetadataValue;

    /// What a client needs of its transport.
    pub trait Transport:
        GrpcService<
            Body,
            ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
            Future: Send,
            Error: std::fmt::Debug,
        > + Clone
        + Send
        + 'static
    {
    }

    impl<T> Transport for T where
        T: GrpcService<
                Body,
                ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
                Future: Send,
                Error: std::fmt::Debug,
            > + Clone
            + Send
            + 'static
    {
    }

    fn path(method: &str) -> PathAndQuery {
        format!("/peers.Echo/{method}").parse().expect("a path")
    }

    async fn client<T: Transport>(transport: &T) -> tonic::client::Grpc<T> {
        let origin = "http://peer.example".parse().expect("an address");
        let mut client = tonic::client::Grpc::with_origin(transport.clone(), origin)
            .max_decoding_message_size(8 << 20);
        client.ready().await.expect("a transport");
        client
    }

    async fn call<T: Transport>(
        transport: &T,
        method: &str,
        request: Request<Bytes>,
    ) -> Answer<Bytes> {
        client(transport).await.unary(request, path(method), Raw).await
    }

    pub async fn a_unary_call_is_answered<T: Transport>(transport: T, _: Ended) {
        for size in [0, 1, 16_384, 65_536, 4 << 20] {
            let said = noise(size);
            let answer = call(&transport, "Unary", Request::new(said.clone())).await;
            assert!(answer.expect("an answer").into_inner() == said, "{size} octets");
        }
    }

    pub async fn metadata_passes_text_and_octets<T: Transport>(transport: T, _: Ended) {
        let mut request = Request::new(Bytes::new());
        let text = MetadataValue::from_static("said");
        let octets = MetadataValue::from_bytes(&[0, 1, 254, 255, b'\n']);
        request.metadata_mut().insert("x-text", text.clone());
        request.metadata_mut().insert_bin("x-octets-bin", octets.clone());
        let answer = call(&transport, "Unary", request).await.expect("an answer");
        assert_eq!(answer.metadata().get("x-text"), Some(&text));
        assert_eq!(answer.metadata().get_bin("x-octets-bin"), Some(&octets));
    }

    pub async fn a_status_alone_is_the_error<T: Transport>(transport: T, _: Ended) {
        let status =
            call(&transport, "Fail", Request::new(Bytes::new())).await.expect_err("a status");
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "as it was asked to: 100 %");
        let status = call(&transport, "Nothing", Request::new(Bytes::new())).await;
        assert_eq!(status.expect_err("a status").code(), Code::Unimplemented);
    }

    pub async fn a_stream_of_the_server_comes_whole<T: Transport>(transport: T, _: Ended) {
        let said = noise(1000);
        let answer = client(&transport)
            .await
            .server_streaming(Request::new(said.clone()), path("Split"), Raw)
            .await;
        let messages: Vec<_> = answer.expect("an answer").into_inner().collect().await;
        assert_eq!(messages.len(), 1000);
        assert!(messages.into_iter().all(|message| message.expect("a message") == said));
    }

    pub async fn a_stream_that_breaks_off_says_why<T: Transport>(transport: T, _: Ended) {
        let request = Request::new(Bytes::from_static(b"said"));
        let answer = client(&transport).await.server_streaming(request, path("Break"), Raw).await;
        let mut messages = answer.expect("an answer").into_inner();
        for _ in 0..2 {
            assert_eq!(messages.message().await.expect("a message").expect("one more"), "said");
        }
        assert_eq!(messages.message().await.expect_err("a status").code(), Code::DataLoss);
    }

    pub async fn a_stream_of_the_client_comes_whole<T: Transport>(transport: T, _: Ended) {
        let messages: Vec<_> = (0..1000).map(|n: usize| noise(n)).collect();
        let whole = messages.concat();
        let request = Request::new(tokio_stream::iter(messages));
        let answer = client(&transport).await.client_streaming(request, path("Join"), Raw).await;
        assert!(answer.expect("an answer").into_inner() == whole);
    }

    pub async fn both_sides_talk_in_turns<T: Transport>(transport: T, _: Ended) {
        let (say, said) = tokio::sync::mpsc::channel(1);
        // Some servers send no head before they have something to say.
        say.send(noise(0)).await.expect("there is room for one");
        let request = Request::new(ReceiverStream::new(said));
        let answer = client(&transport).await.streaming(request, path("Chat"), Raw).await;
        let mut answers = answer.expect("an answer").into_inner();
        for turn in 0..200_usize {
            let answer = answers.message().await.expect("a message").expect("one more");
            assert!(answer == noise(turn * 100), "turn {turn}");
            if turn < 199 {
                say.send(noise((turn + 1) * 100)).await.expect("the stream is read");
            }
        }
        drop(say);
        assert_eq!(answers.message().await.expect("a clean end"), None);
    }

    pub async fn a_hundred_calls_at_once_are_answered<T: Transport>(transport: T, _: Ended) {
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..100_usize {
            let mut client = client(&transport).await;
            let said = noise(number * 100);
            let ours = said.clone();
            calls.spawn(async move {
                client.unary(Request::new(ours), path("Unary"), Raw).await.map(|answer| {
                    assert!(answer.into_inner() == said, "call {number}");
                })
            });
        }
        for answer in calls.join_all().await {
            answer.expect("an answer");
        }
    }

    pub async fn a_call_that_is_dropped_ends_its_handler<T: Transport>(
        transport: T,
        mut ended: Ended,
    ) {
        let mut waiting = client(&transport).await;
        let silent = async move {
            waiting.unary::<Bytes, Bytes, _>(Request::new(Bytes::new()), path("Silent"), Raw).await
        };
        let silent = tokio::spawn(silent);
        assert_eq!(ended.recv().await, Some("begun"));
        call(&transport, "Unary", Request::new(Bytes::new())).await.expect("an answer");
        silent.abort();
        assert_eq!(ended.recv().await, Some("handler"));
    }

    pub async fn a_deadline_ends_the_call_on_both_sides<T: Transport>(
        transport: T,
        mut ended: Ended,
    ) {
        let mut request = Request::new(Bytes::new());
        request.set_timeout(Duration::from_millis(500));
        let status = call(&transport, "Silent", request).await.expect_err("a deadline");
        // tonic names what its own layer ended so.
        assert_eq!(status.code(), Code::Cancelled, "{status}");
        assert_eq!(ended.recv().await, Some("begun"));
        assert_eq!(ended.recv().await, Some("handler"));
        call(&transport, "Unary", Request::new(Bytes::new())).await.expect("an answer");
    }

    /// For a transport that knows [`h2_tokio::ext::RequestTimeout`].
    pub async fn a_request_timeout_ends_the_call_on_both_sides<T: Transport>(
        transport: T,
        mut ended: Ended,
    ) {
        let mut request = Request::new(Bytes::new());
        let timeout = h2_tokio::ext::RequestTimeout::new(Duration::from_secs(1));
        request.extensions_mut().insert(timeout);
        call(&transport, "Silent", request).await.expect_err("a deadline");
        assert_eq!(ended.recv().await, Some("begun"));
        assert_eq!(ended.recv().await, Some("handler"));
        call(&transport, "Unary", Request::new(Bytes::new())).await.expect("an answer");
    }
}
