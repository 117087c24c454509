//! The core alone, over blocking sockets of the standard library: no runtime, one thread a side.
//!
//! It shows the loop that every user of `h2_core` writes: after every call that changes a
//! connection take what it wants to send, take its events, ask for its deadline, then wait.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin blocking                # both sides, in one process
//! cargo run --release -p h2-examples --bin blocking -- server 127.0.0.1:8080
//! cargo run --release -p h2-examples --bin blocking -- client 127.0.0.1:8080
//! ```
//!
//! The server takes one connection after the other. It echoes the body of a POST and greets every
//! other request. The client sends a GET and a POST of a mebibyte at once and compares.

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "an application picks the events it wants")]

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use h2_core::{
    Config, Connection, End, ErrorCode, Event, Misuse, Received, RequestHead, ResponseHead,
    StreamId,
};

/// How long a side that still has something to write waits in one call. A write that the peer does
/// not take must not keep us from reading, or two sides could wait for each other for ever.
const PATIENCE: Duration = Duration::from_millis(10);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        [] => both(),
        ["server", addr] => {
            let listener = TcpListener::bind(addr)?;
            println!("listening on http://{}", listener.local_addr()?);
            for socket in listener.incoming() {
                report(serve(socket?));
            }
            Ok(())
        }
        ["client", addr] => fetch(TcpStream::connect(addr)?, addr),
        _ => Err("usage: blocking [server ADDR | client ADDR]".into()),
    }
}

/// The server blocks in one thread, the client in this one.
fn both() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    let server = thread::spawn(move || serve(listener.accept()?.0));
    fetch(TcpStream::connect(addr)?, &addr.to_string())?;
    report(server.join().map_err(|_| "the server panicked")?);
    Ok(())
}

fn report(served: Outcome<()>) {
    match served {
        Ok(()) => println!("server: connection drained"),
        Err(error) => println!("server: {error}"),
    }
}

/// A socket, the connection on it, and what was read but is no whole frame yet.
struct Wire {
    socket: TcpStream,
    connection: Connection,
    inbox: BytesMut,
}

impl Wire {
    fn new(socket: TcpStream, connection: Connection) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket, connection, inbox: BytesMut::new() })
    }

    /// Runs the connection until it is over. `on_event` is the application.
    fn run(
        &mut self,
        mut on_event: impl FnMut(&mut Connection, Event) -> Outcome<()>,
    ) -> Outcome<()> {
        loop {
            // Output, events and input until none of them moves: cutting frames makes events,
            // taking events makes room for more input, and input makes both.
            let mut moved = true;
            while moved {
                moved = self.write()?;
                while let Some(event) = self.connection.poll_event() {
                    on_event(&mut self.connection, event)?;
                    moved = true;
                }
                let before = self.inbox.len();
                let received = self.connection.receive_data(&mut self.inbox, Instant::now());
                moved |= received != Received::Ended && self.inbox.len() < before;
            }
            if self.connection.is_drained() {
                return Ok(());
            }
            self.wait()?;
        }
    }

    /// Writes what the socket takes; the rest stays where it is. Says whether anything moved.
    fn write(&mut self) -> io::Result<bool> {
        let mut moved = false;
        loop {
            let outbox = self.connection.data_to_send(Instant::now());
            if !outbox.has_remaining() {
                break;
            }
            let mut slices = [IoSlice::new(&[]); 16];
            let count = outbox.chunks_vectored(&mut slices);
            match self.socket.write_vectored(slices.get(..count).unwrap_or_default()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    outbox.advance(written);
                    moved = true;
                }
                Err(error) if is_timeout(&error) => return Ok(moved),
                Err(error) => return Err(error),
            }
        }
        if moved {
            self.connection.handle_flushed(Instant::now());
        }
        Ok(moved)
    }

    /// Waits for the peer or for the deadline, whichever comes first.
    fn wait(&mut self) -> io::Result<()> {
        let deadline = self.connection.poll_timeout().map(|deadline| deadline.at);
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let stuck = self.connection.data_to_send(Instant::now()).has_remaining();
        let left =
            if stuck { Some(left.map_or(PATIENCE, |left| left.min(PATIENCE))) } else { left };
        // A timeout of zero would mean to wait for ever.
        self.socket.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
        let mut block = [0; 16 * 1024];
        match self.socket.read(&mut block) {
            Ok(0) => self.connection.receive_eof(Instant::now()),
            Ok(len) => self.inbox.extend_from_slice(block.get(..len).unwrap_or_default()),
            Err(error) if is_timeout(&error) => self.connection.handle_timeout(Instant::now()),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// What waits to be sent on one stream.
#[derive(Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    complete: bool,
}

impl Queue {
    /// Sends what there is room for and gives the peer credit for exactly that when `echo` is set.
    /// Says whether everything was sent.
    fn send(&mut self, h2: &mut Connection, stream: StreamId, echo: bool) -> Result<bool, Misuse> {
        loop {
            let last = self.complete && self.chunks.len() == 1;
            let Some(chunk) = self.chunks.front_mut() else { return Ok(false) };
            let taken = h2.send_data(stream, chunk, End::from_bool(last))?;
            let rest = chunk.len();
            if echo {
                h2.acknowledge_received_data(stream, taken)?;
            }
            if rest > 0 {
                return Ok(false);
            }
            self.chunks.pop_front();
            if last {
                return Ok(true);
            }
        }
    }
}

/// Serves one connection until it is over.
fn serve(socket: TcpStream) -> Outcome<()> {
    let mut wire = Wire::new(socket, Connection::server(Config::server(), Instant::now()))?;
    let mut echoes: HashMap<StreamId, Queue> = HashMap::new();
    wire.run(|h2, event| match answer(h2, &mut echoes, event) {
        // The stream is gone, and the event that says so is still to come.
        Err(error) if error.downcast_ref().is_some_and(is_gone) => Ok(()),
        answered => answered,
    })
}

fn is_gone(misuse: &Misuse) -> bool {
    matches!(misuse, Misuse::NoSuchStream(_) | Misuse::ConnectionClosed)
}

fn answer(h2: &mut Connection, echoes: &mut HashMap<StreamId, Queue>, event: Event) -> Outcome<()> {
    match event {
        Event::RequestReceived { stream, head, end } => {
            let response = ResponseHead::new(200, [("content-type", "text/plain")])?;
            if head.method() == "POST" && !end {
                h2.send_response(stream, response, End::Later)?;
                echoes.insert(stream, Queue::default());
            } else if head.method() == "POST" || head.method() == "HEAD" {
                h2.send_response(stream, response, End::Now)?;
                h2.release_stream(stream);
            } else {
                h2.send_response(stream, response, End::Later)?;
                let mut greeting = Bytes::from_static(b"Hello from the core alone.\n");
                h2.send_data(stream, &mut greeting, End::Now)?;
                h2.release_stream(stream);
            }
        }
        Event::DataReceived { stream, data, end } => match echoes.get_mut(&stream) {
            Some(queue) => {
                queue.chunks.push_back(data);
                queue.complete = end;
                pump(h2, echoes, stream)?;
            }
            None => h2.acknowledge_received_data(stream, data.len())?,
        },
        Event::TrailersReceived { stream, .. } => {
            if let Some(queue) = echoes.get_mut(&stream) {
                queue.chunks.push_back(Bytes::new());
                queue.complete = true;
                pump(h2, echoes, stream)?;
            }
        }
        Event::Writable { stream } => pump(h2, echoes, stream)?,
        Event::StreamReset { stream, .. } => {
            echoes.remove(&stream);
            h2.release_stream(stream);
        }
        _ => {}
    }
    Ok(())
}

fn pump(
    h2: &mut Connection,
    echoes: &mut HashMap<StreamId, Queue>,
    stream: StreamId,
) -> Outcome<()> {
    let Some(queue) = echoes.get_mut(&stream) else { return Ok(()) };
    match queue.send(h2, stream, true) {
        Ok(false) => return Ok(()),
        // The client reset it; the event that says so is still to come.
        Ok(true) | Err(Misuse::NoSuchStream(_)) => {}
        Err(misuse) => return Err(misuse.into()),
    }
    echoes.remove(&stream);
    h2.release_stream(stream);
    Ok(())
}

/// Sends a GET and a POST at once, compares what comes back, and says goodbye.
fn fetch(socket: TcpStream, authority: &str) -> Outcome<()> {
    let now = Instant::now();
    let mut wire = Wire::new(socket, Connection::client(Config::client(), now))?;
    let none: [(&str, &str); 0] = [];
    let get = RequestHead::new("GET", "http", authority, "/", none)?;
    let get = wire.connection.send_request(get, End::Now)?;
    let post = RequestHead::new("POST", "http", authority, "/echo", none)?;
    let post = wire.connection.send_request(post, End::Later)?;
    let body: Bytes = (0..1 << 20).map(|i: u32| (i % 251).to_le_bytes()[0]).collect();
    let mut upload = Queue { chunks: VecDeque::from([body.clone()]), complete: true };
    upload.send(&mut wire.connection, post, false)?;

    let mut bodies: HashMap<StreamId, Vec<u8>> = HashMap::new();
    let mut open = 2;
    wire.run(|h2, event| {
        match event {
            Event::ResponseReceived { stream, head, end } => {
                println!("client: stream {stream} answers {}", head.status());
                open -= usize::from(end);
            }
            Event::DataReceived { stream, data, end } => {
                bodies.entry(stream).or_default().extend_from_slice(&data);
                h2.acknowledge_received_data(stream, data.len())?;
                open -= usize::from(end);
            }
            Event::TrailersReceived { .. } => open -= 1,
            Event::Writable { stream } if stream == post => {
                upload.send(h2, post, false)?;
            }
            Event::StreamReset { code, .. } => return Err(format!("reset: {code}").into()),
            Event::ConnectionClosed { reason } if reason.code != ErrorCode::NO_ERROR => {
                return Err(reason.into());
            }
            _ => {}
        }
        if open == 0 {
            h2.shutdown(Instant::now());
        }
        Ok(())
    })?;

    let greeting = bodies.get(&get).cloned().unwrap_or_default();
    println!("client: {}", String::from_utf8_lossy(&greeting).trim_end());
    let same = bodies.get(&post).is_some_and(|echo| *echo == body);
    if !same {
        return Err("the echo differs from what was sent".into());
    }
    println!("client: {} octets came back as they were sent", body.len());
    Ok(())
}
