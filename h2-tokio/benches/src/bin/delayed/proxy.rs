//! A connection in memory on which every octet arrives a fixed time after it was sent.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub type End = DuplexStream;

/// As much as one read or write passes on.
const PIECE: usize = 256 * 1024;

/// The two ends of a connection with this delay each way.
pub fn between(delay: Duration) -> (End, End) {
    let (left, near_left) = duplex(PIECE);
    let (right, near_right) = duplex(PIECE);
    let (from_left, to_left) = split(near_left);
    let (from_right, to_right) = split(near_right);
    relay(from_left, to_right, delay);
    relay(from_right, to_left, delay);
    (left, right)
}

/// What is on its way is held here; flow control bounds it, as it bounds what a wire holds.
fn relay(from: ReadHalf<End>, to: WriteHalf<End>, delay: Duration) {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(take(from, sender, delay));
    tokio::spawn(give(receiver, to));
}

async fn take(
    mut from: ReadHalf<End>,
    sender: mpsc::UnboundedSender<(Instant, Bytes)>,
    delay: Duration,
) -> io::Result<()> {
    let mut input = BytesMut::new();
    loop {
        input.reserve(PIECE);
        if from.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        if sender.send((Instant::now() + delay, input.split().freeze())).is_err() {
            return Ok(());
        }
    }
}

async fn give(
    mut receiver: mpsc::UnboundedReceiver<(Instant, Bytes)>,
    mut to: WriteHalf<End>,
) -> io::Result<()> {
    while let Some((due, octets)) = receiver.recv().await {
        sleep_until(due).await;
        to.write_all(&octets).await?;
    }
    to.shutdown().await
}
