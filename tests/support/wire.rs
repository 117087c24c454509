//! Wire bytes by hand: nothing here comes from the encoder under test, so two equal bugs cannot
//! cancel each other out. Field blocks are literals without indexing and without Huffman coding.

pub const DATA: u8 = 0x0;
pub const HEADERS: u8 = 0x1;
pub const PRIORITY: u8 = 0x2;
pub const RST_STREAM: u8 = 0x3;
pub const SETTINGS: u8 = 0x4;
pub const PUSH_PROMISE: u8 = 0x5;
pub const PING: u8 = 0x6;
pub const GOAWAY: u8 = 0x7;
pub const WINDOW_UPDATE: u8 = 0x8;
pub const CONTINUATION: u8 = 0x9;
pub const ALTSVC: u8 = 0xa;
pub const ORIGIN: u8 = 0xc;
pub const PRIORITY_UPDATE: u8 = 0x10;

pub const END_STREAM: u8 = 0x1;
pub const ACK: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const PADDED: u8 = 0x8;
pub const WITH_PRIORITY: u8 = 0x20;

/// A name and a value.
pub type Pair<'a> = (&'a str, &'a str);

/// The octets with which a client begins (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub fn preface() -> Vec<u8> {
    PREFACE.to_vec()
}

/// Anything that can go onto the wire.
pub trait Wire {
    fn octets(&self) -> Vec<u8>;
}

/// One frame, every part of which can be bent.
#[derive(Clone, Debug)]
pub struct Raw {
    kind: u8,
    flags: u8,
    stream: u32,
    body: Vec<u8>,
    padding: Option<u8>,
    weight: Option<[u8; 5]>,
    length: Option<u32>,
}

pub fn raw(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Raw {
    let body = payload.to_vec();
    Raw { kind, flags, stream, body, padding: None, weight: None, length: None }
}

impl Raw {
    pub fn end_stream(mut self) -> Self {
        self.flags |= END_STREAM;
        self
    }

    pub fn no_end_headers(mut self) -> Self {
        self.flags &= !END_HEADERS;
        self
    }

    /// Sets PADDED and adds `octets` zeros.
    pub fn padded(mut self, octets: u8) -> Self {
        self.flags |= PADDED;
        self.padding = Some(octets);
        self
    }

    /// Adds a priority to HEADERS: dependency (with the exclusive bit on top) and weight.
    pub fn prioritized(mut self, dependency: u32, weight: u8) -> Self {
        let d = dependency.to_be_bytes();
        self.flags |= WITH_PRIORITY;
        self.weight = Some([d[0], d[1], d[2], d[3], weight]);
        self
    }

    pub fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    pub fn more_flags(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// The stream identifier as it stands on the wire, the reserved bit included.
    pub fn on_stream(mut self, stream: u32) -> Self {
        self.stream = stream;
        self
    }

    /// Announces another length than the payload has.
    pub fn announcing(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }
}

impl Wire for Raw {
    fn octets(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        payload.extend(self.padding);
        payload.extend(self.weight.into_iter().flatten());
        payload.extend(&self.body);
        payload.extend(std::iter::repeat_n(0, self.padding.unwrap_or(0).into()));
        let length = self.length.unwrap_or(payload.len() as u32).to_be_bytes();
        let mut out = length[1..].to_vec();
        out.extend([self.kind, self.flags]);
        out.extend(self.stream.to_be_bytes());
        out.extend(payload);
        out
    }
}

impl Wire for [u8] {
    fn octets(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Wire for Vec<u8> {
    fn octets(&self) -> Vec<u8> {
        self.clone()
    }
}

impl Wire for Vec<Raw> {
    fn octets(&self) -> Vec<u8> {
        self.iter().flat_map(Wire::octets).collect()
    }
}

impl<W: Wire, const N: usize> Wire for [W; N] {
    fn octets(&self) -> Vec<u8> {
        self.iter().flat_map(Wire::octets).collect()
    }
}

impl<W: Wire + ?Sized> Wire for &W {
    fn octets(&self) -> Vec<u8> {
        (**self).octets()
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        impl<$($name: Wire),*> Wire for ($($name,)*) {
            #[allow(non_snake_case)]
            fn octets(&self) -> Vec<u8> {
                let ($($name,)*) = self;
                [$($name.octets()),*].concat()
            }
        }
    )*};
}
tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

pub fn data(stream: u32, octets: impl AsRef<[u8]>) -> Raw {
    raw(DATA, 0, stream, octets.as_ref())
}

/// DATA of `length` octets.
pub fn data_of(stream: u32, length: usize) -> Raw {
    data(stream, vec![b'x'; length])
}

pub fn headers(stream: u32, fields: &[Pair<'_>]) -> Raw {
    raw(HEADERS, END_HEADERS, stream, &block(fields))
}

/// HEADERS with a block that was written by hand.
pub fn headers_of(stream: u32, block: &[u8]) -> Raw {
    raw(HEADERS, END_HEADERS, stream, block)
}

/// The rest of a block, with END_HEADERS.
pub fn continuation(stream: u32, block: &[u8]) -> Raw {
    raw(CONTINUATION, END_HEADERS, stream, block)
}

pub fn priority(stream: u32, dependency: u32, weight: u8) -> Raw {
    let mut payload = dependency.to_be_bytes().to_vec();
    payload.push(weight);
    raw(PRIORITY, 0, stream, &payload)
}

pub fn rst(stream: u32, code: impl Into<u32>) -> Raw {
    raw(RST_STREAM, 0, stream, &code.into().to_be_bytes())
}

pub fn settings(entries: &[(u16, u32)]) -> Raw {
    let mut payload = Vec::new();
    for (id, value) in entries {
        payload.extend(id.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    raw(SETTINGS, 0, 0, &payload)
}

pub fn settings_ack() -> Raw {
    raw(SETTINGS, ACK, 0, &[])
}

pub fn push_promise(stream: u32, promised: u32, fields: &[Pair<'_>]) -> Raw {
    let payload = [&promised.to_be_bytes()[..], &block(fields)].concat();
    raw(PUSH_PROMISE, END_HEADERS, stream, &payload)
}

pub fn ping(payload: [u8; 8]) -> Raw {
    raw(PING, 0, 0, &payload)
}

pub fn pong(payload: [u8; 8]) -> Raw {
    raw(PING, ACK, 0, &payload)
}

pub fn goaway(last: u32, code: impl Into<u32>, debug: &[u8]) -> Raw {
    let payload = [&last.to_be_bytes()[..], &code.into().to_be_bytes(), debug].concat();
    raw(GOAWAY, 0, 0, &payload)
}

pub fn window_update(stream: u32, increment: u32) -> Raw {
    raw(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// PRIORITY_UPDATE (RFC 9218 §7.1): the stream it is about, then a structured field.
pub fn priority_update(stream: u32, value: impl AsRef<[u8]>) -> Raw {
    raw(PRIORITY_UPDATE, 0, 0, &[&stream.to_be_bytes()[..], value.as_ref()].concat())
}

/// ALTSVC (RFC 7838 §4): the length of the origin, the origin, and what an `alt-svc` field would say.
pub fn altsvc(stream: u32, origin: &str, value: &str) -> Raw {
    let length = (origin.len() as u16).to_be_bytes();
    raw(ALTSVC, 0, stream, &[&length[..], origin.as_bytes(), value.as_bytes()].concat())
}

/// ORIGIN (RFC 8336 §2.1): each origin behind its length.
pub fn origin(origins: &[&str]) -> Raw {
    let entry = |origin: &&str| {
        let length = (origin.len() as u16).to_be_bytes();
        [&length[..], origin.as_bytes()].concat()
    };
    raw(ORIGIN, 0, 0, &origins.iter().flat_map(entry).collect::<Vec<u8>>())
}

/// A GET request for `https://example.org/`, complete.
pub fn get(stream: u32) -> Raw {
    headers(stream, GET).end_stream()
}

/// The head of a POST request, body to follow.
pub fn post(stream: u32) -> Raw {
    headers(stream, POST)
}

/// The head of a response with status 200, body to follow.
pub fn ok(stream: u32) -> Raw {
    headers(stream, &[(":status", "200")])
}

pub const GET: &[Pair<'static>] =
    &[(":method", "GET"), (":scheme", "https"), (":authority", "example.org"), (":path", "/")];

pub const POST: &[Pair<'static>] =
    &[(":method", "POST"), (":scheme", "https"), (":authority", "example.org"), (":path", "/")];

/// The fields of a POST and more.
pub fn post_and<'a>(more: &[Pair<'a>]) -> Vec<Pair<'a>> {
    [POST, more].concat()
}

/// The fields of a GET and more.
pub fn get_and<'a>(more: &[Pair<'a>]) -> Vec<Pair<'a>> {
    [GET, more].concat()
}

/// The fields as literals without indexing (RFC 7541 §6.2.2).
pub fn block(fields: &[Pair<'_>]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| literal(name, value)).collect()
}

/// One literal without indexing, new name.
pub fn literal(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    [vec![0x00], string(name.as_ref()), string(value.as_ref())].concat()
}

/// One literal with incremental indexing, new name: it enters the decoder's table.
pub fn incremental(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    [vec![0x40], string(name.as_ref()), string(value.as_ref())].concat()
}

/// One literal never indexed, new name.
pub fn never_indexed(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    [vec![0x10], string(name.as_ref()), string(value.as_ref())].concat()
}

/// An indexed field; 62 is the newest entry of the dynamic table.
pub fn indexed(index: usize) -> Vec<u8> {
    integer(0x80, 7, index)
}

/// A dynamic table size update.
pub fn size_update(size: usize) -> Vec<u8> {
    integer(0x20, 5, size)
}

fn string(octets: &[u8]) -> Vec<u8> {
    let mut out = integer(0x00, 7, octets.len());
    out.extend(octets);
    out
}

/// An integer with a prefix of so many bits (RFC 7541 §5.1).
pub fn integer(pattern: u8, prefix: u32, value: usize) -> Vec<u8> {
    let most = (1_usize << prefix) - 1;
    if value < most {
        return vec![pattern | value as u8];
    }
    let mut out = vec![pattern | most as u8];
    let mut rest = value - most;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 0x80);
        rest /= 128;
    }
    out.push(rest as u8);
    out
}

/// One block in several frames: the first `sizes` octets each in a frame of its own, the rest in
/// the last.
pub fn split(stream: u32, block: &[u8], sizes: &[usize], end_stream: bool) -> Vec<Raw> {
    let mut pieces = Vec::new();
    let mut rest = block;
    for size in sizes {
        let (piece, left) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces.push(rest);
    let last = pieces.len() - 1;
    let mut frames = Vec::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        let kind = if at == 0 { HEADERS } else { CONTINUATION };
        let mut flags = if at == last { END_HEADERS } else { 0 };
        if at == 0 && end_stream {
            flags |= END_STREAM;
        }
        frames.push(raw(kind, flags, stream, piece));
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_what_the_rfc_draws() {
        assert_eq!(
            data(1, "ab").end_stream().padded(2).octets(),
            [0, 0, 5, 0, 9, 0, 0, 0, 1, 2, b'a', b'b', 0, 0]
        );
        assert_eq!(window_update(0, 5).octets(), [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
        assert_eq!(headers(1, &[("a", "b")]).octets()[9..], [0, 1, b'a', 1, b'b']);
        assert_eq!(size_update(4096), [0x3f, 0xe1, 0x1f]);
        assert_eq!(priority_update(3, "u=1").octets()[3..], *b"\x10\0\0\0\0\0\0\0\0\x03u=1");
        assert_eq!(altsvc(0, "ab", "c").octets()[3..], *b"\x0a\0\0\0\0\0\0\x02abc");
        assert_eq!(origin(&["a", "bc"]).octets()[3..], *b"\x0c\0\0\0\0\0\0\x01a\0\x02bc");
        assert_eq!(indexed(62), [0xbe]);
    }
}
