//! Both libraries over rustls: a transport that takes a byte a write still sees every tail.
//!
//! TLS keeps bytes of its own after a write was accepted; they leave only when it is flushed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use h2_tokio::{Config, client, server};
use http::Response;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::client::{get, run};
use crate::ours;

/// Takes one byte a write.
struct OneByte(DuplexStream);

impl AsyncRead for OneByte {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for OneByte {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf.get(..1).unwrap_or(buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Both ends of TLS with a certificate made for the occasion.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("its key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a root");
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions that ring has")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that ring has")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
}

#[test]
fn the_tail_of_every_response_leaves_a_byte_at_a_time() {
    run(async {
        let (acceptor, connector) = tls();
        let (here, there) = tokio::io::duplex(100);
        let serving = tokio::spawn(async move {
            let io = acceptor.accept(OneByte(here)).await.expect("a TLS handshake");
            let (_handle, mut incoming) = server::spawn_connection(io, Config::server());
            while let Some((request, responder)) = incoming.next().await {
                let length = request.uri().path().trim_start_matches('/').parse();
                let body = ours::pattern(length.expect("a number"));
                responder.respond(Response::new(body)).expect("the client is there");
            }
        });
        let name = ServerName::try_from("localhost").expect("a name");
        let io = connector.connect(name, OneByte(there)).await.expect("a TLS handshake");
        let handle = client::handshake(io, Config::client()).await.expect("a handshake");
        // One after the other: nothing that is sent later pushes out the tail of what was before.
        for length in [0, 1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 100_000] {
            let answer = get(&handle, &format!("/{length}")).await.expect("an answer");
            assert!(answer.body == ours::pattern(length), "{length} bytes");
        }
        handle.shutdown();
        assert!(handle.closed().await.is_graceful());
        serving.await.expect("no panic");
    });
}
