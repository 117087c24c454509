//! A peer that follows a test's script, frame by frame: it obeys no rule that the script does not.
//!
//! [`Peer`] is one end of a pipe in memory; at the other end is whatever is tested, over this crate
//! or over any other that speaks HTTP/2. What it says goes out as it was said, legal or not; what it
//! hears comes as it stood on the wire. It keeps HPACK in step and does nothing else by itself.
//!
//! A client is tested against a server that breaks off:
//!
//! ```
//! use h2_tokio::testing::{Peer, kind};
//! use h2_tokio::{Config, client};
//! use http::Request;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let (mut server, io) = Peer::server();
//! let script = tokio::spawn(async move {
//!     server.handshake().await?;
//!     let request = server.expect(kind::HEADERS).await;
//!     assert_eq!(request.fields.get(":path"), Some(&b"/half"[..]));
//!     server.headers(request.stream, &[(":status", "200")], false).await?;
//!     server.data(request.stream, "half of it", false).await?;
//!     server.cut();
//!     Ok::<_, std::io::Error>(())
//! });
//! let client = client::spawn_connection(io, Config::client());
//! let request = Request::get("http://a.example/half").body(String::new())?;
//! let mut body = client.request(request).await?.into_body();
//! let mut whole = true;
//! while let Some(piece) = body.data().await {
//!     whole = piece.is_ok();
//! }
//! assert!(!whole);
//! script.await??;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! And a server, against a client that says a frame nobody knows:
//!
//! ```
//! use h2_tokio::testing::{Peer, flag, kind};
//! use h2_tokio::{Config, RecvBody, server};
//! use http::{Request, Response};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let (mut client, io) = Peer::client();
//! let service = server::service_fn(|_: Request<RecvBody>| async {
//!     Ok::<_, h2_tokio::Error>(Response::new(String::from("Hello!")))
//! });
//! tokio::spawn(server::serve(io, Config::server(), service));
//! client.handshake().await?;
//! client.say(0xfa, 0, 0, "what is this?").await?;
//! let get = [(":method", "GET"), (":scheme", "http"), (":authority", "a.example"), (":path", "/")];
//! client.headers(1, &get, true).await?;
//! assert_eq!(client.expect(kind::HEADERS).await.fields.get(":status"), Some(&b"200"[..]));
//! let data = client.expect(kind::DATA).await;
//! assert_eq!(data.payload, "Hello!");
//! assert!(data.has(flag::END_STREAM));
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! A peer that stops reading is one whose `frame` and `expect` are not called: the pipe fills, and
//! [`client_over`](Peer::client_over) and [`server_over`](Peer::server_over) say how soon. Delays and
//! deadlines are those of [`tokio::time`]; with its clock paused a test of them takes no time.

mod frame;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use h2_core::hpack::{Decoder, Encoder, ListLimits};
use h2_core::{ErrorCode, Fields};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_util::io::{poll_read_buf, poll_write_buf};

pub use frame::{Frame, flag, kind};

/// What a client says first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Octets that each direction of a pipe holds, unless another number is asked for.
const PIPE: usize = 64 * 1024;
/// The longest payload that every endpoint takes (RFC 9113 §4.2).
const PIECE: usize = 16_384;
/// SETTINGS_HEADER_TABLE_SIZE, and what it is before anybody says it (RFC 9113 §6.5.2).
const HEADER_TABLE_SIZE: u16 = 0x1;
const TABLE: usize = 4_096;
/// A test wants to see every field, so nothing is too large.
const NO_LIMITS: ListLimits =
    ListLimits { max_list_size: usize::MAX, max_fields: usize::MAX, hard_list_size: usize::MAX };

/// A client or a server that follows a script. See [the module](self).
///
/// Dropping it is [`cut`](Self::cut).
#[derive(Debug)]
pub struct Peer {
    io: DuplexStream,
    input: BytesMut,
    output: BytesMut,
    /// Whole frames that the handshake heard and had no use for.
    aside: VecDeque<Frame>,
    /// A field block whose last frame has not come.
    open: Option<Frame>,
    encoder: Encoder,
    decoder: Decoder,
    /// The size of table that each SETTINGS of ours without an answer asks for.
    unanswered: VecDeque<Option<usize>>,
    is_client: bool,
    /// A server's peer begins with the preface, and it has not come.
    wants_preface: bool,
}

impl Peer {
    /// A client, and the transport for the server that is tested. Each direction holds 64 KiB.
    #[must_use]
    pub fn client() -> (Self, DuplexStream) {
        Self::client_over(PIPE)
    }

    /// A server, and the transport for the client that is tested. Each direction holds 64 KiB.
    #[must_use]
    pub fn server() -> (Self, DuplexStream) {
        Self::server_over(PIPE)
    }

    /// As [`client`](Self::client), over a pipe that holds `octets` in each direction, at least 1.
    #[must_use]
    pub fn client_over(octets: usize) -> (Self, DuplexStream) {
        Self::new(true, octets)
    }

    /// As [`server`](Self::server), over a pipe that holds `octets` in each direction, at least 1.
    #[must_use]
    pub fn server_over(octets: usize) -> (Self, DuplexStream) {
        Self::new(false, octets)
    }

    fn new(is_client: bool, octets: usize) -> (Self, DuplexStream) {
        let (io, theirs) = duplex(octets.max(1));
        let peer = Self {
            io,
            input: BytesMut::new(),
            output: BytesMut::new(),
            aside: VecDeque::new(),
            open: None,
            encoder: Encoder::new(TABLE),
            decoder: Decoder::new(TABLE),
            unanswered: VecDeque::new(),
            is_client,
            wants_preface: !is_client,
        };
        (peer, theirs)
    }

    /// [`handshake_with`](Self::handshake_with) empty SETTINGS.
    ///
    /// # Errors
    ///
    /// The same.
    ///
    /// # Cancel safety
    ///
    /// The same.
    pub async fn handshake(&mut self) -> io::Result<()> {
        self.handshake_with(&[]).await
    }

    /// Says the preface, if it is a client, and SETTINGS of these entries, identifier and value;
    /// acknowledges those of the other side, and waits until it has acknowledged ours. Frames of
    /// other types that come meanwhile are kept for [`frame`](Self::frame) and
    /// [`expect`](Self::expect).
    ///
    /// # Errors
    ///
    /// Those of [`Saying`], and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the other side ends.
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: what was said and heard by then is not said and heard again.
    pub async fn handshake_with(&mut self, entries: &[(u16, u32)]) -> io::Result<()> {
        if self.is_client {
            self.output.extend_from_slice(PREFACE);
        }
        self.settings(entries).await?;
        let (mut theirs, mut acknowledged) = (false, false);
        while !(theirs && acknowledged) {
            let frame = self.hear().await.ok_or(io::ErrorKind::UnexpectedEof)?;
            match (frame.kind, frame.is_ack()) {
                (kind::SETTINGS, true) => acknowledged = true,
                (kind::SETTINGS, false) => {
                    theirs = true;
                    self.say(kind::SETTINGS, flag::ACK, 0, b"").await?;
                }
                _ => self.aside.push_back(frame),
            }
        }
        Ok(())
    }
}

/// What it says.
impl Peer {
    /// Says these octets, which need not be frames. The peer does not read them itself: SETTINGS and
    /// field blocks in them do not change how it reads and writes later ones.
    pub fn raw(&mut self, octets: impl AsRef<[u8]>) -> Saying<'_> {
        self.output.extend_from_slice(octets.as_ref());
        Saying(self)
    }

    /// Says a frame of any type, known or not. [`block`](Self::block) makes field blocks for it.
    ///
    /// # Panics
    ///
    /// If the payload is longer than a frame can say, 2^24-1 octets.
    pub fn say(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: impl AsRef<[u8]>,
    ) -> Saying<'_> {
        let payload = payload.as_ref();
        assert!(payload.len() < 1 << 24, "no frame carries {} octets", payload.len());
        self.output.put_uint(payload.len() as u64, 3);
        self.output.extend_from_slice(&[kind, flags]);
        self.output.put_u32(stream);
        self.raw(payload)
    }

    /// Says HEADERS with these fields as they are, and CONTINUATIONs for what is beyond 16,384 octets
    /// of their block. With `end` the stream ends.
    pub fn headers(&mut self, stream: u32, fields: &[(&str, &str)], end: bool) -> Saying<'_> {
        let block = self.block(fields);
        let (mut kind, mut flags) = (kind::HEADERS, ending(end));
        let mut rest = block.as_slice();
        while rest.len() > PIECE {
            let (piece, left) = rest.split_at(PIECE);
            drop(self.say(kind, flags, stream, piece));
            (kind, flags, rest) = (kind::CONTINUATION, 0, left);
        }
        self.say(kind, flags | flag::END_HEADERS, stream, rest)
    }

    /// Says one frame of DATA, whatever windows and frame sizes the other side allows. With `end` the
    /// stream ends. Panics as [`say`](Self::say) does.
    pub fn data(&mut self, stream: u32, octets: impl AsRef<[u8]>, end: bool) -> Saying<'_> {
        self.say(kind::DATA, ending(end), stream, octets)
    }

    /// Says SETTINGS of these entries, identifier and value (RFC 9113 §6.5.2), in this order. Nothing
    /// waits for the acknowledgement.
    pub fn settings(&mut self, entries: &[(u16, u32)]) -> Saying<'_> {
        let table = entries.iter().rfind(|(id, _)| *id == HEADER_TABLE_SIZE);
        self.unanswered.push_back(table.map(|(_, size)| *size as usize));
        let mut payload = Vec::new();
        for (id, value) in entries {
            payload.put_u16(*id);
            payload.put_u32(*value);
        }
        self.say(kind::SETTINGS, 0, 0, payload)
    }

    /// Widens the window of a stream, or with stream 0 that of the connection. An increment of 0 and
    /// one above 2^31-1 are said as well, and are wrong.
    pub fn window_update(&mut self, stream: u32, increment: u32) -> Saying<'_> {
        self.say(kind::WINDOW_UPDATE, 0, stream, increment.to_be_bytes())
    }

    /// Says RST_STREAM.
    pub fn reset(&mut self, stream: u32, code: ErrorCode) -> Saying<'_> {
        self.say(kind::RST_STREAM, 0, stream, code.get().to_be_bytes())
    }

    /// Says GOAWAY: streams of the other side above `last` were not processed.
    pub fn goaway(&mut self, last: u32, code: ErrorCode, debug: impl AsRef<[u8]>) -> Saying<'_> {
        let payload = [&last.to_be_bytes()[..], &code.get().to_be_bytes(), debug.as_ref()].concat();
        self.say(kind::GOAWAY, 0, 0, payload)
    }

    /// Says PING; `expect(kind::PING)` then gives the answer, which has [`flag::ACK`].
    pub fn ping(&mut self, payload: [u8; 8]) -> Saying<'_> {
        self.say(kind::PING, 0, 0, payload)
    }

    /// Says what waits and ends its own direction, as a half-closed socket does; it can still listen.
    ///
    /// # Errors
    ///
    /// Those of the pipe.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: dropped before all was said, it has ended nothing.
    pub async fn end(&mut self) -> io::Result<()> {
        Saying(self).await?;
        self.io.shutdown().await
    }

    /// Cuts both directions without a word. The other side can still read what the pipe holds, then
    /// it reads the end; what it writes fails.
    pub fn cut(self) {}

    /// The field block that stands for these fields, as they are, for a frame made by hand. It must
    /// be said, and in the order of the calls: each builds on what the ones before it left in the
    /// table of the reader (RFC 7541 §2.2).
    #[must_use]
    pub fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        self.encoder.encode(&fields.iter().copied().collect(), &mut block);
        block
    }
}

fn ending(end: bool) -> u8 {
    if end { flag::END_STREAM } else { 0 }
}

/// What a [`Peer`] says, on its way into the pipe: ready when the pipe has taken all of it.
///
/// It fails with the error of the pipe, [`BrokenPipe`](io::ErrorKind::BrokenPipe) where the other end
/// is gone.
///
/// # Cancel safety
///
/// Cancel-safe, and dropping it unsays nothing: what the pipe has not taken goes out before whatever
/// is said next, or while the peer listens.
#[derive(Debug)]
#[must_use = "what is said waits until it is polled, or something else is said or heard"]
pub struct Saying<'a>(&'a mut Peer);

impl Future for Saying<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.write(cx)
    }
}

/// What it hears.
impl Peer {
    /// The next frame, whatever it is; nothing is answered. `None` when the transport has ended, with
    /// or without half a frame: see [`unread`](Self::unread). A field block without its last frame is
    /// not given.
    ///
    /// # Panics
    ///
    /// If what comes are no frames: a client that does not begin with the preface, padding longer
    /// than its frame, a field block that is interrupted or that HPACK cannot read.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: no octet is lost.
    pub async fn frame(&mut self) -> Option<Frame> {
        match self.aside.pop_front() {
            Some(frame) => Some(frame),
            None => self.hear().await,
        }
    }

    /// The next frame of this type. On the way there SETTINGS and PING are answered, and their
    /// answers and WINDOW_UPDATE are passed over. A frame of the type that is asked for is given as
    /// it is, and not answered.
    ///
    /// It waits as long as it takes; [`tokio::time::timeout`] is for less.
    ///
    /// # Panics
    ///
    /// If another frame comes, or the end of the transport; and where [`frame`](Self::frame) does.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was passed over stays so, and no other octet is lost.
    pub async fn expect(&mut self, kind: u8) -> Frame {
        let name = kind::name(kind);
        loop {
            let Some(frame) = self.frame().await else {
                panic!(
                    "expected {name}, and the transport ended ({} octets left)",
                    self.input.len()
                )
            };
            match frame.kind {
                it if it == kind => return frame,
                kind::SETTINGS | kind::PING if !frame.is_ack() => {
                    let answer = if frame.kind == kind::PING { &frame.payload[..] } else { &[] };
                    // It is tried at once, because the frame to give may be here already; it does
                    // not wait for room, because the other side may wait for us to read.
                    let mut said = self.say(frame.kind, flag::ACK, 0, answer);
                    let tried = poll_fn(|cx| Poll::Ready(Pin::new(&mut said).poll(cx)));
                    let _ = tokio::task::unconstrained(tried).await;
                }
                kind::SETTINGS | kind::PING | kind::WINDOW_UPDATE => {}
                _ => panic!("expected {name}, heard {frame}"),
            }
        }
    }

    /// Octets that came and are no whole frame yet. Where [`frame`](Self::frame) has given `None`,
    /// they are what the other side was cut off at.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.input
    }

    /// The next whole frame off the wire.
    async fn hear(&mut self) -> Option<Frame> {
        loop {
            while let Some(frame) = self.take() {
                if let Some(whole) = self.assemble(frame) {
                    return Some(whole);
                }
            }
            if poll_fn(|cx| self.read(cx)).await == 0 {
                return None;
            }
        }
    }

    /// Reads, and meanwhile writes what waits.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if let Poll::Ready(Err(_)) = self.write(cx) {
            // Nobody is left to hear it; what they have said is still to be read.
            self.output.clear();
        }
        // A pipe in memory fails to be read in no way but by its end.
        poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input).map(|read| read.unwrap_or(0))
    }

    /// Writes what waits.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.output.has_remaining() {
            ready!(poll_write_buf(Pin::new(&mut self.io), cx, &mut self.output))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes a frame off the input, and the preface before the first one.
    fn take(&mut self) -> Option<Frame> {
        if self.wants_preface {
            let (seen, _) = self.input.split_at(self.input.len().min(PREFACE.len()));
            assert!(PREFACE.starts_with(seen), "no preface: {}", self.input.escape_ascii());
            if seen.len() < PREFACE.len() {
                return None;
            }
            self.input.advance(PREFACE.len());
            self.wants_preface = false;
        }
        let [a, b, c, kind, flags, stream @ ..] = *self.input.first_chunk::<9>()?;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if self.input.len() < 9 + length {
            return None;
        }
        self.input.advance(9);
        let payload = self.input.split_to(length).freeze();
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        let mut frame = Frame { kind, flags, stream, payload, fields: Fields::new() };
        assert!(frame.unpad().is_some(), "longer padding than there is: {frame}");
        Some(frame)
    }

    /// Joins field blocks and reads them; follows what SETTINGS say of them.
    fn assemble(&mut self, mut frame: Frame) -> Option<Frame> {
        if let Some(mut open) = self.open.take() {
            let continues = frame.kind == kind::CONTINUATION && frame.stream == open.stream;
            assert!(continues, "a field block was interrupted (RFC 9113 §4.3): {frame}");
            open.payload = [open.payload, frame.payload].concat().into();
            open.flags |= frame.flags;
            frame = open;
        }
        if frame.opens_block() {
            if !frame.has(flag::END_HEADERS) {
                self.open = Some(frame);
                return None;
            }
            let mut fields = Fields::new();
            let read = frame.block().map(|it| self.decoder.decode(it, &NO_LIMITS, &mut fields));
            assert!(matches!(read, Some(Ok(_))), "an unreadable field block ({read:?}): {frame}");
            frame.fields = fields;
        } else if frame.kind == kind::SETTINGS && frame.is_ack() {
            if let Some(size) = self.unanswered.pop_front().flatten() {
                self.decoder.set_max_table_size(size);
            }
        } else {
            let sizes = frame.settings().filter(|(id, _)| *id == HEADER_TABLE_SIZE);
            sizes.for_each(|(_, size)| self.encoder.set_peer_table_size(size as usize));
        }
        Some(frame)
    }
}
