//! Streaming: bodies in both directions, trailers, back-pressure, tunnels and WebSocket.
//!
//! # Both ways at once
//!
//! [`Handle::send_request`] gives the sending half at once and the response as a future. Either may
//! end first.
//!
//! ```
//! use h2_tokio::{Config, client};
//! use http::{HeaderMap, Request};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # use h2_tokio::{RecvBody, server};
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! # let service = server::service_fn(|request: Request<RecvBody>| async move {
//! #     Ok::<_, h2_tokio::Error>(http::Response::new(request.into_body()))
//! # });
//! # tokio::spawn(server::serve(far, Config::server(), service));
//! # let client = client::handshake(io, Config::client()).await?;
//! let head = Request::post("http://example.com/echo").body(())?;
//! let (mut send, response) = client.send_request(head).await?;
//! send.send_data("ping").await?;
//!
//! let mut body = response.await?.into_body();
//! assert_eq!(body.data().await.unwrap()?, "ping");
//! send.send_data("pong").await?;
//! assert_eq!(body.data().await.unwrap()?, "pong");
//!
//! let mut trailers = HeaderMap::new();
//! trailers.insert("checksum", "1234".parse()?);
//! send.send_trailers(trailers)?; // ends the request; without trailers: send.finish()
//! assert!(body.data().await.is_none());
//! assert_eq!(body.trailers().await?.unwrap()["checksum"], "1234");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! A server streams with [`Responder::send_response`], or gives [`serve`] a response whose body is
//! any [`http_body::Body`].
//!
//! # Back-pressure
//!
//! * [`SendBody::send_data`] waits while there is no room, so a slow peer or a slow socket slows the
//!   producer. [`SendBody::flush`] waits until everything has left our buffers.
//! * Reading gives the peer's window back: what nobody reads, nobody sends. With
//!   [`RecvBody::into_manual`] each piece has its [`Credit`], which is given back when it is dropped,
//!   that is when you have *used up* the octets and not when you have seen them.
//! * [`SendBody::stopped`] waits until the peer has lost interest, for those whose next piece takes
//!   long to make.
//!
//! # Dropping
//!
//! A [`SendBody`] that is dropped before [`finish`](crate::SendBody::finish) resets its stream with CANCEL:
//! half a body never looks whole. A [`RecvBody`] that is dropped stops the peer, and takes nothing
//! from other streams.
//!
//! # Readers and writers
//!
//! [`RecvBody`] is a `Stream` of `Bytes` and an [`http_body::Body`]; [`RecvBody::into_reader`] makes
//! an `AsyncRead`. [`SendBody`] is a `Sink`; [`SendBody::into_writer`] makes an `AsyncWrite`. So
//! `tokio::io::copy` moves a file or another connection.
//!
//! # Tunnels and WebSocket
//!
//! A [`Tunnel`] is what CONNECT opens: `AsyncRead + AsyncWrite`, with half-close. Extended CONNECT
//! (RFC 8441), which WebSocket uses, is CONNECT with an [`ext::Protocol`]; the server must allow it.
//!
//! ```
//! use h2_tokio::{Config, client, ext::Protocol, server};
//! use http::{Request, Response};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let (io, far) = tokio::io::duplex(64 * 1024);
//! let mut config = Config::server();
//! config.core.enable_connect_protocol = true;
//! let (_handle, mut incoming) = server::spawn_connection(far, config);
//! tokio::spawn(async move {
//!     while let Some((request, responder)) = incoming.next().await {
//!         assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
//!         let tunnel = responder.accept_tunnel(Response::new(()), request.into_body());
//!         let (mut read, mut write) = tokio::io::split(tunnel.expect("2xx"));
//!         let _ = tokio::io::copy(&mut read, &mut write).await;
//!         let _ = write.shutdown().await;
//!     }
//! });
//!
//! let client = client::spawn_connection(io, Config::client());
//! let request = Request::connect("http://example.com/chat")
//!     .extension(Protocol::from_static("websocket"))
//!     .body(())?;
//! let mut tunnel = client.open_tunnel(request).await?.into_body();
//! tunnel.write_all(b"over and back").await?;
//! tunnel.shutdown().await?; // ends our direction alone
//! let mut echo = String::new();
//! tunnel.read_to_string(&mut echo).await?;
//! assert_eq!(echo, "over and back");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! A WebSocket library that takes a stream whose handshake was done runs over it as it is; the
//! example `websocket` shows it with tokio-tungstenite.
//!
//! [`Handle::send_request`]: crate::client::Handle::send_request
//! [`Responder::send_response`]: crate::server::Responder::send_response
//! [`serve`]: crate::server::serve()
//! [`SendBody`]: crate::SendBody
//! [`SendBody::send_data`]: crate::SendBody::send_data
//! [`SendBody::flush`]: crate::SendBody::flush
//! [`SendBody::stopped`]: crate::SendBody::stopped
//! [`SendBody::into_writer`]: crate::SendBody::into_writer
//! [`RecvBody`]: crate::RecvBody
//! [`RecvBody::into_reader`]: crate::RecvBody::into_reader
//! [`RecvBody::into_manual`]: crate::RecvBody::into_manual
//! [`Credit`]: crate::Credit
//! [`Tunnel`]: crate::Tunnel
//! [`ext::Protocol`]: crate::ext::Protocol
