//! What is to happen: exchanges, each with a message both ways, made of a seed.

use std::collections::VecDeque;
use std::sync::LazyLock;

use h2_tests::Rng;
use serde_json::{Value, json};

use crate::known::known;

/// Names, values, and whether each is never to be indexed.
pub(crate) type List = Vec<(String, String, bool)>;

/// Bodies are cut out of this; the script at the other end has the same.
pub(crate) static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let once: Vec<u8> = (0..65_536_u64).map(|n| (n * n / 7 + n) as u8).collect();
    once.repeat(3)
});

/// One piece of a message, as its sender is told to send it.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Open(List, bool),
    Head(List, bool),
    Interim(List),
    Body { offset: usize, length: usize, end: bool, pad: usize },
    Trailers(List),
    Push(usize, List),
    Reset(u32),
}

/// What one side says in one exchange.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) interims: Vec<List>,
    pub(crate) head: List,
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) trailers: Option<List>,
    /// What was not given to the sender yet.
    pub(crate) ops: VecDeque<Op>,
    /// The code with which the sender was told to reset the stream.
    pub(crate) reset: Option<u32>,
    /// What was last given to the sender was the end.
    pub(crate) is_said: bool,
    /// The whole message was with our core before it was reset with NO_ERROR (RFC 9113 §8.1).
    pub(crate) whole: bool,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    /// What the client says, then what the server says.
    pub(crate) messages: [Message; 2],
    pub(crate) pushed: bool,
    /// The exchange that the promise came with.
    pub(crate) parent: Option<usize>,
    /// The stream, once its opener has named it; 0 when it never comes to be.
    pub(crate) stream: Option<u32>,
    /// The side that did not open it knows it.
    pub(crate) seen: bool,
}

impl Op {
    /// Whether it ends the message.
    pub(crate) fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Open(_, true)
                | Self::Head(_, true)
                | Self::Body { end: true, .. }
                | Self::Trailers(_)
        )
    }

    /// The command for the script.
    pub(crate) fn command(&self, key: &Value) -> Value {
        match self {
            Self::Open(list, end) => json!(["for", key, "open", list, end]),
            Self::Head(list, end) => json!(["for", key, "head", list, end]),
            Self::Interim(list) => json!(["for", key, "interim", list]),
            Self::Body { offset, length, end, pad } => {
                json!(["for", key, "body", offset, length, end, pad])
            }
            Self::Trailers(list) => json!(["for", key, "trailers", list]),
            Self::Push(exchange, list) => json!(["for", key, "push", name(*exchange), list]),
            Self::Reset(code) => json!(["for", key, "reset", code]),
        }
    }
}

/// How the script calls an exchange whose stream it opens itself.
pub(crate) fn name(exchange: usize) -> String {
    format!("e{exchange}")
}

fn value(rng: &mut Rng, most: usize) -> String {
    let length = rng.small(1, most);
    let inner = |rng: &mut Rng| char::from(b'!' + rng.below(94) as u8);
    (0..length).map(|_| inner(rng)).collect()
}

fn fields(rng: &mut Rng, list: &mut List) {
    const NAMES: [&str; 8] =
        ["accept", "user-agent", "x-a", "x-secret", "x-id", "etag", "authorization", "cookie"];
    for _ in 0..rng.small(0, 12) {
        let name = NAMES[rng.below(NAMES.len())];
        let most = if rng.one_in(200) { 12_000 } else { 40 };
        let mut value = value(rng, most);
        if name == "cookie" {
            // A crumb is a pair, and h2 splits and joins at "; ".
            value = format!("c={}", value.replace([';', '=', '"', ',', '\\'], "_"));
        }
        known("a secret that was none before");
        let secret = ["authorization", "x-secret"].contains(&name);
        list.push((name.into(), value, secret));
    }
}

fn pseudo(pairs: &[(&str, &str)]) -> List {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into(), false)).collect()
}

/// The head of a request, and whether a body may follow and whether its answer may have one.
fn request(rng: &mut Rng, safe: bool) -> (List, bool, bool) {
    let method = if safe {
        ["GET", "HEAD"][rng.below(2)]
    } else {
        ["GET", "POST", "PUT", "HEAD", "CONNECT"][rng.below(5)]
    };
    let path = format!("/{}", value(rng, 20).replace('#', "_"));
    let mut list = if method == "CONNECT" {
        pseudo(&[(":method", method), (":authority", "example.org:443")])
    } else {
        pseudo(&[
            (":method", method),
            (":scheme", "https"),
            (":authority", "example.org"),
            (":path", &path),
        ])
    };
    fields(rng, &mut list);
    (list, !safe && method != "HEAD", method != "HEAD")
}

impl Message {
    /// Body and trailers, and the pieces they are sent in. A tunnel has neither trailers nor length.
    fn fill(&mut self, rng: &mut Rng, body: bool, longest: usize, opens: bool, tunnel: bool) {
        if body {
            self.length = rng.small(0, longest);
            self.offset = rng.below(65_536);
            if rng.one_in(4) && !tunnel {
                self.trailers = Some(vec![("x-sum".into(), value(rng, 20), false)]);
            }
            if rng.one_in(4) && !tunnel {
                self.head.push(("content-length".into(), self.length.to_string(), false));
            }
        }
        let bare = self.length == 0 && self.trailers.is_none() && (!body || rng.one_in(2));
        for list in &self.interims {
            self.ops.push_back(Op::Interim(list.clone()));
        }
        let head = self.head.clone();
        self.ops.push_back(if opens { Op::Open(head, bare) } else { Op::Head(head, bare) });
        if bare {
            return;
        }
        let mut at = 0;
        while at < self.length || (self.trailers.is_none() && at == 0 && self.length == 0) {
            let length = rng.small(1, self.length.max(1)).min(self.length - at);
            let end = at + length == self.length && self.trailers.is_none();
            let pad = if rng.one_in(4) { rng.below(256) } else { 0 };
            self.ops.push_back(Op::Body { offset: self.offset + at, length, end, pad });
            at += length;
            if self.length == 0 {
                break;
            }
        }
        if let Some(trailers) = &self.trailers {
            self.ops.push_back(Op::Trailers(trailers.clone()));
        }
    }

    /// Sometimes the sender gives up on the way, or says after its end that it wants no more.
    fn perhaps_reset(&mut self, rng: &mut Rng, server: bool) {
        const CODES: [u32; 6] = [0, 2, 7, 8, 11, 0xdead];
        if rng.one_in(8) {
            self.ops.truncate(rng.below(self.ops.len()).max(1));
            self.ops.push_back(Op::Reset(CODES[rng.below(CODES.len())]));
        } else if server && rng.one_in(12) {
            self.ops.push_back(Op::Reset(0));
        }
    }
}

impl Exchange {
    pub(crate) fn new(rng: &mut Rng, longest: usize, pushed: bool) -> Self {
        let (head, request_body, response_body) = request(rng, pushed);
        let is_connect = head[0].1 == "CONNECT";
        let mut client = Message { head, ..Message::default() };
        if !pushed {
            client.fill(rng, request_body, longest, true, is_connect);
            client.perhaps_reset(rng, false);
        }
        let statuses = if is_connect { ["200", "200", "200"] } else { ["200", "404", "204"] };
        let status = statuses[rng.below(3)];
        let mut server = Message { head: pseudo(&[(":status", status)]), ..Message::default() };
        fields(rng, &mut server.head);
        if !is_connect && !pushed {
            for _ in 0..rng.small(0, 8).saturating_sub(5) {
                let mut interim = pseudo(&[(":status", "103")]);
                fields(rng, &mut interim);
                server.interims.push(interim);
            }
        }
        let body = response_body && status != "204";
        server.fill(rng, body, longest, false, is_connect);
        // A tunnel's head never ends it: DATA does.
        if is_connect {
            for op in &mut client.ops {
                if let Op::Open(_, end) = op {
                    *end = false;
                }
            }
            if !client.ops.iter().any(|op| matches!(op, Op::Body { end: true, .. } | Op::Reset(_)))
            {
                client.ops.push_back(Op::Body { offset: 0, length: 0, end: true, pad: 0 });
            }
        }
        server.perhaps_reset(rng, true);
        Self { messages: [client, server], pushed, parent: None, stream: None, seen: false }
    }
}
