//! A server on `h2_core`.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use h2_core::{Config, Connection, End, Event, Received, ResponseHead};

use crate::{Server, drain};

pub struct Ours {
    connection: Connection,
    now: Instant,
}

impl Ours {
    pub fn new() -> Self {
        let now = Instant::now();
        let mut config = Config::server();
        config.max_concurrent_streams = 2_000;
        Self { connection: Connection::server(config, now), now }
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
                let Event::RequestReceived { stream, .. } = event else { continue };
                let head = ResponseHead::new(
                    200,
                    [("content-type", "text/plain"), ("content-length", "13"), ("server", "bench")],
                )
                .expect("well formed");
                server.send_response(stream, head, End::Later).expect("open");
                let mut body = Bytes::from_static(b"Hello, World!");
                server.send_data(stream, &mut body, End::Now).expect("open");
                server.release_stream(stream);
            }
            drain(server, self.now, down);
            if received == Received::NeedMore {
                return;
            }
        }
    }
}
