//! The core alone over `AsyncRead` and `AsyncWrite` of the crate `futures`, on a runtime that is not
//! tokio: a server on smol that echoes.
//!
//! One task owns a connection and its stream. In every turn it polls the stream for what it gives
//! and takes, and a timer of the runtime for the deadline. Nothing but that timer is smol's: the
//! driver runs on any stream, TLS too, and on any runtime that has a timer.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin futures_io -- 127.0.0.1:8080
//! curl --http2-prior-knowledge --data-binary @README.md http://127.0.0.1:8080/
//! ```

#![allow(clippy::print_stdout, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "an application picks the events it wants")]

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{FutureExt, poll_fn};
use futures::io::{AsyncRead, AsyncWrite};
use h2_core::{
    Config, Connection, End, Event, Misuse, Received, RequestHead, ResponseHead, StreamId,
};
use smol::Timer;
use smol::net::TcpListener;

fn main() -> io::Result<()> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    smol::block_on(async {
        let listener = TcpListener::bind(addr).await?;
        println!("listening on http://{}", listener.local_addr()?);
        loop {
            let (stream, peer) = listener.accept().await?;
            // Without it the connection is slower, and good.
            drop(stream.set_nodelay(true));
            smol::spawn(async move {
                let driver = Driver::new(stream, Config::server());
                if let Err(misuse) = driver.run(Echoes::default()).await {
                    println!("{peer}: {misuse}");
                }
            })
            .detach();
        }
    })
}

/// A stream of octets and the connection on it.
struct Driver<S> {
    stream: S,
    h2: Connection,
    /// What was read and is no whole frame yet, or waits until events were taken.
    inbox: BytesMut,
    received: Received,
    /// Nothing more comes from the stream.
    ended: bool,
    /// Nothing more goes into it, and it knows.
    closed: bool,
    timer: Timer,
    /// When the timer rings.
    due: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    fn new(stream: S, config: Config) -> Self {
        Self {
            stream,
            h2: Connection::server(config, Instant::now()),
            inbox: BytesMut::new(),
            received: Received::NeedMore,
            ended: false,
            closed: false,
            timer: Timer::never(),
            due: None,
        }
    }

    /// Runs the connection until it is over and the stream closed.
    async fn run(mut self, mut echoes: Echoes) -> Result<(), Misuse> {
        while !(self.h2.is_finished() && self.closed) {
            poll_fn(|cx| self.poll_turn(cx, &mut echoes)).await?;
            // A peer that always has something to say must not keep the thread from other tasks.
            smol::future::yield_now().await;
        }
        Ok(())
    }

    /// Ready when something arrived or the deadline passed, which the next turn works on.
    fn poll_turn(&mut self, cx: &mut Context<'_>, echoes: &mut Echoes) -> Poll<Result<(), Misuse>> {
        // Output, events and input until none of them moves: cutting frames makes events, taking
        // events makes room for more input, and input makes both.
        loop {
            let mut moved = self.write(cx);
            while let Some(event) = self.h2.poll_event() {
                echoes.act(&mut self.h2, event)?;
                moved = true;
            }
            let before = (self.inbox.len(), self.received);
            self.received = self.h2.receive_data(&mut self.inbox, Instant::now());
            if !moved && before == (self.inbox.len(), self.received) {
                break;
            }
        }
        let over = self.h2.is_finished() && self.closed;
        // All of them are asked, so that each of them wakes this task.
        let (arrived, rang) = (self.read(cx), self.ring(cx));
        if over || arrived || rang { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Writes what the stream takes; the rest stays in the outbox. Says whether anything moved.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while !self.closed {
            let outbox = self.h2.data_to_send(Instant::now());
            let mut slices = [IoSlice::new(&[]); 16];
            let count = outbox.chunks_vectored(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let stream = Pin::new(&mut self.stream);
            if !slices.is_empty() {
                match stream.poll_write_vectored(cx, slices) {
                    Poll::Ready(Ok(taken)) if taken > 0 => outbox.advance(taken),
                    Poll::Ready(_) => self.fail(),
                    Poll::Pending => return moved,
                }
                moved = true;
            } else if self.h2.is_drained() {
                // The sending side only: what the peer still says is read until it is finished.
                match stream.poll_close(cx) {
                    Poll::Ready(Ok(())) => self.closed = true,
                    Poll::Ready(Err(_)) => self.fail(),
                    Poll::Pending => return moved,
                }
            } else {
                match stream.poll_flush(cx) {
                    Poll::Ready(Ok(())) if moved => self.h2.handle_flushed(Instant::now()),
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                    Poll::Ready(Err(_)) => self.fail(),
                }
                return moved || self.closed;
            }
        }
        moved
    }

    /// Reads once, unless what is there waits already. Says whether anything came.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.ended || self.received == Received::DrainFirst {
            return false;
        }
        let mut block = [0; 16 * 1024];
        match Pin::new(&mut self.stream).poll_read(cx, &mut block) {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => {
                self.ended = true;
                self.h2.receive_eof(Instant::now());
            }
            Poll::Ready(Ok(octets)) if self.received == Received::Ended => {
                self.h2.handle_discarded(octets, Instant::now());
            }
            Poll::Ready(Ok(octets)) => {
                self.inbox.extend_from_slice(block.get(..octets).unwrap_or_default());
            }
            Poll::Ready(Err(_)) => self.fail(),
        }
        true
    }

    /// Keeps the timer at the connection's deadline. Says whether it passed.
    fn ring(&mut self, cx: &mut Context<'_>) -> bool {
        let due = self.h2.poll_timeout().map(|deadline| deadline.at);
        if due != self.due {
            self.due = due;
            self.timer = due.map_or_else(Timer::never, Timer::at);
        }
        if self.timer.poll_unpin(cx).is_pending() {
            return false;
        }
        self.due = None;
        self.h2.handle_timeout(Instant::now());
        // The last deadline is also that for closing the stream.
        self.closed |= self.h2.is_finished();
        true
    }

    fn fail(&mut self) {
        self.ended = true;
        self.closed = true;
        self.h2.handle_failure(Instant::now());
    }
}

/// What came on each stream and did not go back yet: pieces, and whether each is the last.
#[derive(Default)]
struct Echoes(HashMap<StreamId, VecDeque<(Bytes, End)>>);

impl Echoes {
    fn act(&mut self, h2: &mut Connection, event: Event) -> Result<(), Misuse> {
        let acted = match event {
            Event::RequestReceived { stream, head, end } => self.answer(h2, stream, &head, end),
            Event::DataReceived { stream, data, end } => {
                self.push(h2, stream, data, End::from_bool(end))
            }
            Event::TrailersReceived { stream, .. } => self.push(h2, stream, Bytes::new(), End::Now),
            Event::Writable { stream } => self.pump(h2, stream),
            Event::StreamReset { stream, .. } => {
                self.0.remove(&stream);
                h2.release_stream(stream);
                Ok(())
            }
            Event::ConnectionClosed { reason } => {
                println!("{reason}");
                Ok(())
            }
            _ => Ok(()),
        };
        match acted {
            // It is gone, and the event that says so is still to come.
            Err(Misuse::NoSuchStream(_) | Misuse::ConnectionClosed) => Ok(()),
            acted => acted,
        }
    }

    /// Greets who sends nothing.
    fn answer(
        &mut self,
        h2: &mut Connection,
        stream: StreamId,
        head: &RequestHead,
        end: bool,
    ) -> Result<(), Misuse> {
        let fields = [("content-type", "text/plain")];
        let response = ResponseHead::new(200, fields).expect("a head that is well formed");
        if !end {
            self.0.insert(stream, VecDeque::new());
            return h2.send_response(stream, response, End::Later);
        }
        let bodiless = head.method() == "HEAD";
        h2.send_response(stream, response, End::from_bool(bodiless))?;
        if !bodiless {
            let mut hello = Bytes::from_static(b"Hello from another runtime.\n");
            h2.send_data(stream, &mut hello, End::Now)?;
        }
        h2.release_stream(stream);
        Ok(())
    }

    fn push(
        &mut self,
        h2: &mut Connection,
        stream: StreamId,
        data: Bytes,
        end: End,
    ) -> Result<(), Misuse> {
        let Some(echo) = self.0.get_mut(&stream) else { return Ok(()) };
        echo.push_back((data, end));
        self.pump(h2, stream)
    }

    /// Sends what there is room for and gives the peer credit for exactly that.
    fn pump(&mut self, h2: &mut Connection, stream: StreamId) -> Result<(), Misuse> {
        let Some(echo) = self.0.get_mut(&stream) else { return Ok(()) };
        while let Some((piece, end)) = echo.front_mut() {
            let taken = h2.send_data(stream, piece, *end)?;
            h2.acknowledge_received_data(stream, taken)?;
            if !piece.is_empty() {
                return Ok(());
            }
            if end.is_now() {
                self.0.remove(&stream);
                h2.release_stream(stream);
                return Ok(());
            }
            echo.pop_front();
        }
        Ok(())
    }
}
