//! The core alone over reads and writes that own their buffers, as `io_uring` and completion ports
//! want them: a server of large bodies.
//!
//! A buffer belongs to the operation until it completes, and then comes back. So at most one read
//! and one write are in flight: the read has the inbox, the write has what
//! [`peek_owned`](h2_core::Outbox::peek_owned) shows, and the outbox advances when it completes, by
//! what was taken. An operation is never dropped while it is in flight: when the end comes the
//! socket is shut down, which completes it.
//!
//! The operations are made of readiness here, so that this runs everywhere; a ring would implement
//! the same three methods of [`OwnedIo`]. Everything runs on one thread and nothing is `Send`, as
//! on runtimes with a ring for each thread.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin owned_buffers -- 127.0.0.1:8080
//! curl --http2-prior-knowledge http://127.0.0.1:8080/ | wc -c
//! ```

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "an application picks the events it wants")]

use std::collections::HashMap;
use std::future::{Future, pending};
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{Fuse, FusedFuture, FutureExt};
use h2_core::{
    Config, Connection, End, ErrorCode, Event, Misuse, Received, RequestHead, ResponseHead,
    StreamId,
};
use smol::future::{race, yield_now};
use smol::{Async, LocalExecutor, Timer};

/// Octets of every body; octet i is i mod 251.
const BODY: usize = 8 << 20;

/// The most that one write is given.
const MOST_WRITTEN: usize = 256 * 1024;

fn main() -> io::Result<()> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let addr: SocketAddr = addr.parse().map_err(io::Error::other)?;
    let body: Bytes = (0..=250).cycle().take(BODY).collect();
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(async {
        let listener = Async::<TcpListener>::bind(addr)?;
        println!("listening on http://{}", listener.get_ref().local_addr()?);
        loop {
            let (socket, peer) = listener.accept().await?;
            // Without it the connection is slower, and good.
            drop(socket.get_ref().set_nodelay(true));
            let bodies = Bodies { body: body.clone(), left: HashMap::new() };
            executor
                .spawn(async move {
                    drive(&socket, Driver::new(bodies)).await;
                    println!("{peer}: over");
                })
                .detach();
        }
    }))
}

/// A transport whose operations take their buffers and give them back when they complete.
trait OwnedIo {
    /// Appends what there is to the buffer; nothing, at the end.
    async fn read(&self, buffer: BytesMut) -> (io::Result<usize>, BytesMut);

    /// Writes a prefix of the buffers.
    async fn write(&self, buffers: Vec<Bytes>) -> (io::Result<usize>, Vec<Bytes>);

    /// Ends a direction or both. Operations that are in flight there complete.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

impl OwnedIo for Async<TcpStream> {
    async fn read(&self, mut buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        let filled = buffer.len();
        buffer.resize(filled + 16 * 1024, 0);
        let free = buffer.get_mut(filled..).unwrap_or_default();
        let read = self.read_with(|mut socket| socket.read(free)).await;
        buffer.truncate(filled + read.as_ref().map_or(0, |octets| *octets));
        (read, buffer)
    }

    async fn write(&self, buffers: Vec<Bytes>) -> (io::Result<usize>, Vec<Bytes>) {
        let slices: Vec<IoSlice<'_>> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
        let written = self.write_with(|mut socket| socket.write_vectored(&slices)).await;
        drop(slices);
        (written, buffers)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.get_ref().shutdown(how)
    }
}

/// What the driver waits for.
enum Completion {
    Read(io::Result<usize>, BytesMut),
    Written(io::Result<usize>),
    Deadline,
}

/// Serves one connection until it is over and nothing is in flight.
async fn drive(io: &impl OwnedIo, mut driver: Driver) {
    // Both are terminated, as `futures` calls it, while nothing is in flight.
    let mut reading = pin!(Fuse::terminated());
    let mut writing = pin!(Fuse::terminated());
    loop {
        if writing.is_terminated() {
            let pieces = driver.output();
            if !pieces.is_empty() {
                writing.set(io.write(pieces).fuse());
            }
        }
        // Cutting output makes events, events make output and room for input, input makes both.
        if driver.take_in() {
            continue;
        }
        if driver.h2.is_finished() {
            break;
        }
        if driver.h2.is_drained() && !driver.closed {
            driver.closed = true;
            // If that fails, so does the read.
            drop(io.shutdown(Shutdown::Write));
        }
        if let Some(buffer) = driver.wants_input() {
            reading.set(io.read(buffer).fuse());
        }
        match completion(&driver.h2, reading.as_mut(), writing.as_mut()).await {
            Completion::Deadline => driver.h2.handle_timeout(Instant::now()),
            Completion::Read(Ok(octets), buffer) => driver.arrived(octets, buffer),
            // Only what was taken is advanced over: the outbox kept the rest.
            Completion::Written(Ok(octets)) if octets > 0 => {
                driver.h2.data_to_send(Instant::now()).advance(octets);
            }
            Completion::Read(Err(_), _) | Completion::Written(_) => {
                // What a write in flight took counts: it tells which requests were sent.
                drop(io.shutdown(Shutdown::Both));
                if !writing.is_terminated()
                    && let (Ok(octets), _) = writing.as_mut().await
                {
                    driver.h2.data_to_send(Instant::now()).advance(octets);
                }
                driver.h2.handle_failure(Instant::now());
            }
        }
        // A peer that always has something to say must not keep the thread from other tasks.
        yield_now().await;
    }
    // The buffers come back before the socket goes.
    drop(io.shutdown(Shutdown::Both));
    if !reading.is_terminated() {
        drop(reading.await);
    }
    if !writing.is_terminated() {
        drop(writing.await);
    }
}

/// Waits for what is in flight and for the deadline. It leaves in flight what did not complete.
async fn completion(
    h2: &Connection,
    reading: Pin<&mut impl Future<Output = (io::Result<usize>, BytesMut)>>,
    writing: Pin<&mut impl Future<Output = (io::Result<usize>, Vec<Bytes>)>>,
) -> Completion {
    let read = async {
        let (octets, buffer) = reading.await;
        Completion::Read(octets, buffer)
    };
    let written = async { Completion::Written(writing.await.0) };
    let deadline = async {
        match h2.poll_timeout() {
            Some(deadline) => Timer::at(deadline.at).await,
            None => pending().await,
        };
        Completion::Deadline
    };
    race(race(read, written), deadline).await
}

/// A connection, what was read for it, and the application.
struct Driver {
    h2: Connection,
    /// What is no whole frame yet, or waits until events were taken. `None` while a read has it.
    inbox: Option<BytesMut>,
    received: Received,
    /// Nothing more comes.
    ended: bool,
    /// The sending side was shut down.
    closed: bool,
    bodies: Bodies,
}

impl Driver {
    fn new(bodies: Bodies) -> Self {
        Self {
            h2: Connection::server(Config::server(), Instant::now()),
            inbox: Some(BytesMut::new()),
            received: Received::NeedMore,
            ended: false,
            closed: false,
            bodies,
        }
    }

    /// What one write is to take: long payloads are shared with the outbox, not copied.
    fn output(&mut self) -> Vec<Bytes> {
        self.h2.data_to_send(Instant::now()).peek_owned(MOST_WRITTEN)
    }

    /// Takes events and input. Says whether any of them moved.
    fn take_in(&mut self) -> bool {
        let mut moved = false;
        while let Some(event) = self.h2.poll_event() {
            self.bodies.act(&mut self.h2, event);
            moved = true;
        }
        if let Some(inbox) = &mut self.inbox {
            let before = (inbox.len(), self.received);
            self.received = self.h2.receive_data(inbox, Instant::now());
            moved |= before != (inbox.len(), self.received);
        }
        moved
    }

    /// The buffer for a read, unless one is in flight or what came already waits.
    fn wants_input(&mut self) -> Option<BytesMut> {
        if self.ended || self.received == Received::DrainFirst { None } else { self.inbox.take() }
    }

    fn arrived(&mut self, octets: usize, mut buffer: BytesMut) {
        if octets == 0 {
            self.ended = true;
            self.h2.receive_eof(Instant::now());
        } else if self.received == Received::Ended {
            self.h2.handle_discarded(octets, Instant::now());
            buffer.clear();
        }
        self.inbox = Some(buffer);
    }
}

/// The application: every request gets the same body, of which no octet is copied.
struct Bodies {
    body: Bytes,
    /// What is still to be sent on each stream.
    left: HashMap<StreamId, Bytes>,
}

impl Bodies {
    fn act(&mut self, h2: &mut Connection, event: Event) {
        let acted = match event {
            Event::RequestReceived { stream, head, .. } => self.answer(h2, stream, &head),
            Event::DataReceived { stream, data, .. } => {
                h2.acknowledge_received_data(stream, data.len())
            }
            Event::Writable { stream } => self.pump(h2, stream),
            Event::StreamReset { stream, .. } => {
                self.left.remove(&stream);
                h2.release_stream(stream);
                Ok(())
            }
            _ => Ok(()),
        };
        match acted {
            // It is gone, and the event that says so is still to come.
            Ok(()) | Err(Misuse::NoSuchStream(_) | Misuse::ConnectionClosed) => {}
            Err(misuse) => h2.close_connection(ErrorCode::INTERNAL_ERROR, misuse.to_string()),
        }
    }

    fn answer(
        &mut self,
        h2: &mut Connection,
        stream: StreamId,
        head: &RequestHead,
    ) -> Result<(), Misuse> {
        let length = self.body.len().to_string();
        let response = ResponseHead::new(200, [("content-length", length)]);
        let response = response.expect("a head that is well formed");
        if head.method() == "HEAD" {
            h2.send_response(stream, response, End::Now)?;
            h2.release_stream(stream);
            return Ok(());
        }
        h2.send_response(stream, response, End::Later)?;
        self.left.insert(stream, self.body.clone());
        self.pump(h2, stream)
    }

    /// Sends what there is room for; the connection says when there is more.
    fn pump(&mut self, h2: &mut Connection, stream: StreamId) -> Result<(), Misuse> {
        let Some(left) = self.left.get_mut(&stream) else { return Ok(()) };
        h2.send_data(stream, left, End::Now)?;
        if left.is_empty() {
            self.left.remove(&stream);
            h2.release_stream(stream);
        }
        Ok(())
    }
}
