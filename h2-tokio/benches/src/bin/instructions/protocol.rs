//! The core alone: octets in, events out, and back.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{Config, Connection, End, Event, Received, RequestHead, ResponseHead, StreamId};

const MIB: usize = 1 << 20;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `:method GET`, `:method POST`; `:scheme http`, `:path /`, `:authority a`.
const GET: &[u8] = b"\x82\x86\x84\x01\x01a";
const POST: &[u8] = b"\x83\x86\x84\x01\x01a";
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(8, 0, stream, &increment.to_be_bytes())
}

/// Takes everything that waits to go out and forgets it, as a socket would that takes all.
fn discard(connection: &mut Connection, now: Instant) -> usize {
    let mut total = 0;
    loop {
        let outbox = connection.data_to_send(now);
        let mut slices = [std::io::IoSlice::new(&[]); 64];
        let count = outbox.chunks_vectored(&mut slices);
        let octets: usize = slices[..count].iter().map(|slice| slice.len()).sum();
        if octets == 0 {
            return total;
        }
        total += octets;
        outbox.advance(octets);
    }
}

/// A server that talks to octets written by hand.
struct Server {
    connection: Connection,
    now: Instant,
    input: BytesMut,
    next: u32,
}

impl Server {
    /// It has greeted a client whose windows are open.
    fn new() -> Self {
        let now = Instant::now();
        let connection = Connection::server(Config::server(), now);
        let mut server = Self { connection, now, input: BytesMut::new(), next: 1 };
        discard(&mut server.connection, now);
        let window = [&[0, 4][..], &LARGEST_WINDOW.to_be_bytes()].concat();
        server.hear(PREFACE);
        server.hear(&frame(4, 0, 0, &window));
        server.hear(&frame(4, 1, 0, &[]));
        server.hear(&window_update(0, LARGEST_WINDOW - 65_535));
        while server.connection.poll_event().is_some() {}
        server
    }

    fn hear(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        while self.connection.receive_data(&mut self.input, self.now) == Received::DrainFirst {
            discard(&mut self.connection, self.now);
        }
        discard(&mut self.connection, self.now);
    }

    fn request(&mut self, flags: u8, block: &[u8]) -> StreamId {
        let head = frame(1, flags, self.next, block);
        self.next += 2;
        self.hear(&head);
        match self.connection.poll_event() {
            Some(Event::RequestReceived { stream, .. }) => stream,
            other => panic!("{other:?} in place of a request"),
        }
    }
}

/// WINDOW_UPDATE and PRIORITY in turn: frames that are read, checked and soon done with.
pub fn frames(times: usize) {
    let mut server = Server::new();
    let two = [window_update(0, 1), frame(2, 0, 1, &[0, 0, 0, 0, 7])].concat();
    let hundred = two.repeat(50);
    // There is room in the window for what is added to it.
    let stream = server.request(5, GET);
    let head = ResponseHead::new(200, [("server", "bench")]).expect("well formed");
    server.connection.send_response(stream, head, End::Later).expect("open");
    send(&mut server, stream, 1 << 16);
    for _ in 0..times {
        // Useless frames are forgiven with time.
        server.now += Duration::from_secs(10);
        server.hear(&hundred);
        assert!(server.connection.close_reason().is_none());
    }
}

/// Requests and their responses, so many at once, on both sides; one time is one request.
pub fn pair<const AT_ONCE: usize>(times: usize) {
    let now = Instant::now();
    let mut client = Connection::client(Config::client(), now);
    let mut server = Connection::server(Config::server(), now);
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let mut answered = 0;
    for _ in 0..times / AT_ONCE {
        for _ in 0..AT_ONCE {
            let fields = [("user-agent", "h2load nghttp2/1.52.0")];
            let head = RequestHead::new("GET", "http", "127.0.0.1:8080", "/", fields);
            client.send_request(head.expect("well formed"), End::Now).expect("a slot");
        }
        pass(&mut client, now, &mut up);
        while server.receive_data(&mut up, now) == Received::DrainFirst {
            answer(&mut server);
            pass(&mut server, now, &mut down);
        }
        answer(&mut server);
        pass(&mut server, now, &mut down);
        while client.receive_data(&mut down, now) == Received::DrainFirst {
            answered += read(&mut client);
        }
        answered += read(&mut client);
        pass(&mut client, now, &mut up);
    }
    assert_eq!(answered, times / AT_ONCE * AT_ONCE);
}

fn pass(from: &mut Connection, now: Instant, wire: &mut BytesMut) {
    loop {
        let outbox = from.data_to_send(now);
        if !outbox.has_remaining() {
            return;
        }
        let taken = outbox.chunk().len();
        wire.extend_from_slice(outbox.chunk());
        outbox.advance(taken);
    }
}

fn answer(server: &mut Connection) {
    while let Some(event) = server.poll_event() {
        let Event::RequestReceived { stream, .. } = event else { continue };
        let fields =
            [("content-type", "text/plain"), ("content-length", "13"), ("server", "bench")];
        let head = ResponseHead::new(200, fields).expect("well formed");
        server.send_response(stream, head, End::Later).expect("open");
        let mut body = Bytes::from_static(b"Hello, World!");
        server.send_data(stream, &mut body, End::Now).expect("open");
        server.release_stream(stream);
    }
}

/// The responses that have come to their end.
fn read(client: &mut Connection) -> usize {
    let mut ended = 0;
    while let Some(event) = client.poll_event() {
        if let Event::DataReceived { stream, data, end } = event {
            client.acknowledge_received_data(stream, data.len()).expect("received");
            if end {
                client.release_stream(stream);
                ended += 1;
            }
        }
    }
    ended
}

/// A response of one mebibyte, given in blocks of 64 KiB and taken by a socket without limits.
pub fn data_out(times: usize) {
    let mut server = Server::new();
    for _ in 0..times {
        let stream = server.request(5, GET);
        let head = ResponseHead::new(200, [("server", "bench")]).expect("well formed");
        server.connection.send_response(stream, head, End::Later).expect("open");
        send(&mut server, stream, MIB);
        server.connection.release_stream(stream);
        server.hear(&window_update(0, MIB as u32));
    }
}

/// Sends a body to its end.
fn send(server: &mut Server, stream: StreamId, mut left: usize) {
    static BLOCK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let mut sent = 0;
    let (connection, now) = (&mut server.connection, server.now);
    let total = left;
    while left > 0 {
        let mut block = Bytes::from_static(&BLOCK[..left.min(BLOCK.len())]);
        left -= block.len();
        let end = if left == 0 { End::Now } else { End::Later };
        loop {
            connection.send_data(stream, &mut block, end).expect("open");
            if block.is_empty() {
                break;
            }
            sent += discard(connection, now);
        }
    }
    sent += discard(connection, now);
    assert!(sent > total, "{sent}");
    while connection.poll_event().is_some() {}
}

/// A request of one mebibyte, read in blocks of 64 KiB and used up at once.
pub fn data_in(times: usize) {
    const FRAME: usize = 9 + 16_384;
    let mut server = Server::new();
    let mut body: Vec<u8> = frame(0, 0, 0, &[7; FRAME - 9]).repeat(MIB / (FRAME - 9));
    let last = body.len() - FRAME;
    // END_STREAM.
    body[last + 4] = 1;
    for _ in 0..times {
        let stream = server.request(4, POST);
        for head in body.chunks_mut(FRAME) {
            head[5..9].copy_from_slice(&stream.get().to_be_bytes());
        }
        let mut received = 0;
        for block in body.chunks(64 * 1024) {
            server.input.reserve(64 * 1024);
            server.hear(block);
            while let Some(event) = server.connection.poll_event() {
                let Event::DataReceived { stream, data, .. } = event else { continue };
                received += data.len();
                let used = server.connection.acknowledge_received_data(stream, data.len());
                used.expect("received");
            }
            discard(&mut server.connection, server.now);
        }
        assert_eq!(received, MIB);
        let head = ResponseHead::new(204, [("server", "bench")]).expect("well formed");
        server.connection.send_response(stream, head, End::Now).expect("open");
        server.connection.release_stream(stream);
        discard(&mut server.connection, server.now);
    }
}
