//! What the tests of the peers share: one conversation, held by any client with any server.

pub mod cases;
pub mod grpc;
mod server;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

pub use server::{Ended, Gone, answer, ended};

/// What can go wrong in any implementation.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Any body, of either side.
pub type AnyBody = BoxBody<Bytes, BoxError>;

/// Nothing here takes so long unless it hangs.
const FOREVER: Duration = Duration::from_secs(60);

/// A client of some implementation, with one connection.
pub trait Client: Clone + Send + Sync + 'static {
    /// Makes a request; the path of its URI names what the server should do.
    fn send(
        &self,
        request: Request<AnyBody>,
    ) -> impl Future<Output = Result<Response<AnyBody>, BoxError>> + Send;
}

impl Client for h2_tokio::client::Handle {
    async fn send(&self, request: Request<AnyBody>) -> Result<Response<AnyBody>, BoxError> {
        Ok(self.request(request).await?.map(any))
    }
}

/// Any body as one type.
pub fn any<B>(body: B) -> AnyBody
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Sync + 'static,
{
    body.map_err(Into::into).boxed()
}

/// A body without an octet.
#[must_use]
pub fn empty() -> AnyBody {
    any(Empty::new())
}

/// A body that is there at once.
pub fn full(data: impl Into<Bytes>) -> AnyBody {
    any(Full::new(data.into()))
}

/// Trailers that no implementation adds by itself.
#[must_use]
pub fn sum() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    trailers
}

/// Bytes without a pattern that a lost or doubled block could hide in.
#[must_use]
pub fn noise(length: usize) -> Bytes {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

/// The two ends of a connection through the loopback interface.
pub async fn loopback() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (here, there) = tokio::join!(TcpStream::connect(address), listener.accept());
    (here.expect("a connection"), there.expect("a connection").0)
}

/// A server of ours that answers everything by [`answer`].
pub fn serve<IO>(io: IO, gone: Gone)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = h2_tokio::server::service_fn(move |request| answer(gone.clone(), request));
    tokio::spawn(h2_tokio::server::serve(io, h2_tokio::Config::server(), service));
}

/// Ends a test that hangs.
///
/// # Panics
///
/// When it hangs.
pub async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(FOREVER, test).await.expect("no case takes so long")
}

/// One test a case: `connect` gives a client and the [`Ended`] of the server it talks to.
#[macro_export]
macro_rules! conversation {
    ($connect:path; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::within(async {
                let (client, ended) = $connect().await;
                $crate::cases::$case(client, ended).await;
            })
            .await;
        }
    )*};
    ($connect:path) => {
        $crate::conversation! {
            $connect;
            a_get_is_answered
            a_head_says_the_length_and_has_no_body
            a_post_is_echoed_with_its_trailers
            bodies_of_every_size_are_echoed
            an_echo_is_a_conversation
            a_hundred_requests_at_once_are_answered
            fields_of_15_kib_pass_both_ways
            an_answer_before_the_end_of_the_request_arrives_whole
            an_interim_response_disturbs_nobody
            a_client_that_waits_no_more_ends_the_handler
            a_client_that_reads_no_more_ends_the_body
            a_handler_that_fails_fails_its_own_stream_only
            a_body_that_fails_never_looks_complete
            a_request_whose_body_fails_never_looks_complete
        }
    };
}
