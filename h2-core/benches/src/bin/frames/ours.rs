//! A server on `h2_core` that uses up what it receives.

use std::time::Instant;

use bytes::{Buf, BytesMut};
use h2_core::{Config, Connection, Event, Received};

use crate::Server;

pub struct Ours {
    connection: Connection,
    now: Instant,
}

impl Ours {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { connection: Connection::server(Config::server(), now), now }
    }
}

impl Server for Ours {
    fn name(&self) -> &'static str {
        "h2-core"
    }

    fn serve(&mut self, up: &mut BytesMut, down: &mut BytesMut) {
        let server = &mut self.connection;
        loop {
            let received = server.receive_data(up, self.now);
            while let Some(event) = server.poll_event() {
                if let Event::DataReceived { stream, data, .. } = event {
                    server.acknowledge_received_data(stream, data.len()).expect("received");
                }
            }
            loop {
                let outbox = server.data_to_send(self.now);
                if !outbox.has_remaining() {
                    break;
                }
                let taken = outbox.chunk().len();
                down.extend_from_slice(outbox.chunk());
                outbox.advance(taken);
            }
            assert!(server.close_reason().is_none(), "{:?}", server.close_reason());
            if received == Received::NeedMore {
                return;
            }
        }
    }
}
