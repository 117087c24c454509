//! A client that says octets by hand, and reads what is answered with a reader of its own.

use std::collections::VecDeque;

use h2_tests::Frame;
use h2_tests::frames::Reader;
use h2_tests::wire::{self, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::support::PIPE;

/// The client's end of a pipe.
pub(crate) struct ByHand {
    io: DuplexStream,
    reader: Reader,
    said: VecDeque<Frame>,
    /// It never acknowledges SETTINGS.
    rude: bool,
}

impl ByHand {
    /// A client that has said its preface, and the server's end of the pipe.
    pub(crate) async fn new() -> (Self, DuplexStream) {
        let (mut peer, theirs) = Self::silent();
        peer.say((wire::preface(), wire::settings(&[]))).await;
        (peer, theirs)
    }

    /// A client that has not said a word.
    pub(crate) fn silent() -> (Self, DuplexStream) {
        let (ours, theirs) = duplex(PIPE);
        let reader = Reader::new(false);
        (Self { io: ours, reader, said: VecDeque::new(), rude: false }, theirs)
    }

    pub(crate) async fn say(&mut self, what: impl Wire) {
        self.io.write_all(&what.octets()).await.unwrap();
    }

    /// The next frame that is not about settings or windows; `None` at the end of the transport.
    pub(crate) async fn hear(&mut self) -> Option<Frame> {
        loop {
            match self.said.pop_front() {
                Some(Frame::SettingsAck | Frame::WindowUpdate { .. }) => continue,
                Some(Frame::Settings(_)) if self.rude => continue,
                Some(Frame::Settings(_)) => {
                    // A server that has closed meanwhile takes no answer.
                    let _ = self.io.write_all(&wire::settings_ack().octets()).await;
                    continue;
                }
                Some(frame) => return Some(frame),
                None => {}
            }
            let mut octets = [0; 4096];
            let read = self.io.read(&mut octets).await.unwrap();
            if read == 0 {
                return None;
            }
            self.said.extend(self.reader.read(&octets[..read]));
        }
    }

    /// Waits until the server has done all that it was asked for so far.
    pub(crate) async fn meet(&mut self) {
        self.say(wire::ping(*b"meet me!")).await;
        loop {
            let frame = self.hear().await.unwrap();
            if frame == Frame::Pong(*b"meet me!") {
                return;
            }
        }
    }

    /// The frames up to the end of the transport.
    pub(crate) async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.hear().await {
            frames.push(frame);
        }
        frames
    }

    /// As [`rest`](Self::rest), without an acknowledgement of SETTINGS.
    pub(crate) async fn rest_without_a_word(&mut self) -> Vec<Frame> {
        self.rude = true;
        self.rest().await
    }

    /// Says the end of a request and waits for its complete answer, a 200 without interim ones.
    pub(crate) async fn meet_after(&mut self, last: impl Wire, stream: u32) {
        self.say(last).await;
        loop {
            let frame = self.hear().await.unwrap();
            assert_eq!(frame.stream(), stream);
            if let Some(status) = frame.field(":status") {
                assert_eq!(status, "200");
            }
            if matches!(frame, Frame::Headers { end: true, .. } | Frame::Data { end: true, .. }) {
                return;
            }
        }
    }

    /// Waits until these streams were refused; anything but GOAWAY and PING beside that is wrong.
    pub(crate) async fn meet_through_refusals(&mut self, streams: &[u32]) {
        let mut left = streams.to_vec();
        while !left.is_empty() {
            match self.hear().await.unwrap() {
                Frame::Reset { stream, code: 7 } => left.retain(|it| *it != stream),
                Frame::GoAway { .. } | Frame::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
