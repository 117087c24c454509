//! An independent reader of what a connection says: octets to frames, field blocks by the crate
//! `hpack`. It refuses whatever an endpoint may not send, so every test checks the output's form.

use std::fmt;

use crate::wire;

/// A frame that was said. HEADERS and its CONTINUATIONs are one.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    Data { stream: u32, data: Vec<u8>, end: bool },
    Headers { stream: u32, fields: Vec<(String, String)>, end: bool, block: Vec<u8> },
    Priority { stream: u32 },
    Reset { stream: u32, code: u32 },
    Settings(Vec<(u16, u32)>),
    SettingsAck,
    Ping([u8; 8]),
    Pong([u8; 8]),
    GoAway { last: u32, code: u32, debug: Vec<u8> },
    WindowUpdate { stream: u32, increment: u32 },
    Other { kind: u8, flags: u8, stream: u32, payload: Vec<u8> },
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data { stream, data, end } => {
                let shown = data.get(..32).unwrap_or(data).escape_ascii();
                write!(f, "DATA {stream} {}:{shown} end={end}", data.len())
            }
            Self::Headers { stream, fields, end, .. } => {
                write!(f, "HEADERS {stream} {fields:?} end={end}")
            }
            Self::Priority { stream } => write!(f, "PRIORITY {stream}"),
            Self::Reset { stream, code } => write!(f, "RST_STREAM {stream} {code:#x}"),
            Self::Settings(entries) => write!(f, "SETTINGS {entries:?}"),
            Self::SettingsAck => write!(f, "SETTINGS ack"),
            Self::Ping(payload) => write!(f, "PING {payload:?}"),
            Self::Pong(payload) => write!(f, "PING ack {payload:?}"),
            Self::GoAway { last, code, debug } => {
                write!(f, "GOAWAY {last} {code:#x} {}", debug.escape_ascii())
            }
            Self::WindowUpdate { stream, increment } => {
                write!(f, "WINDOW_UPDATE {stream} +{increment}")
            }
            Self::Other { kind, flags, stream, payload } => {
                write!(f, "type {kind:#x} {flags:#x} {stream} {} octets", payload.len())
            }
        }
    }
}

impl Frame {
    /// The stream it is about; 0 is the connection.
    pub fn stream(&self) -> u32 {
        match self {
            Self::Data { stream, .. }
            | Self::Headers { stream, .. }
            | Self::Priority { stream }
            | Self::Reset { stream, .. }
            | Self::WindowUpdate { stream, .. }
            | Self::Other { stream, .. } => *stream,
            _ => 0,
        }
    }

    /// The stream that a PUSH_PROMISE promises.
    pub fn promises(&self) -> Option<u32> {
        let Self::Other { kind: wire::PUSH_PROMISE, payload, .. } = self else { return None };
        payload.first_chunk().map(|promised| u32::from_be_bytes(*promised))
    }

    /// The value of a field of HEADERS.
    pub fn field(&self, name: &str) -> Option<&str> {
        let Self::Headers { fields, .. } = self else { return None };
        fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Reads one direction of one connection.
pub struct Reader {
    waiting: Vec<u8>,
    hpack: hpack_oracle::Decoder<'static>,
    /// A header block that has not ended: stream, END_STREAM, octets.
    open: Option<(u32, bool, Vec<u8>)>,
    /// The open block is that of a promise: the promised stream.
    promised: Option<Vec<u8>>,
    max_frame_size: usize,
    /// Preface octets that are still due: a client's output begins with them.
    preface: usize,
    first: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} octets wait)", self.waiting.len())
    }
}

impl Reader {
    /// Reads what a client says, which begins with the preface, or what a server says.
    pub fn new(of_client: bool) -> Self {
        Self {
            waiting: Vec::new(),
            hpack: hpack_oracle::Decoder::new(),
            open: None,
            promised: None,
            max_frame_size: 16_384,
            preface: if of_client { wire::PREFACE.len() } else { 0 },
            first: true,
        }
    }

    /// From here on, longer frames are taken.
    pub fn allow_frames_of(&mut self, octets: usize) {
        self.max_frame_size = octets;
    }

    /// Whether no half of a frame and no half of a header block waits.
    pub fn is_between_frames(&self) -> bool {
        self.waiting.is_empty() && self.open.is_none() && self.preface == 0
    }

    /// Takes octets and returns the frames that they complete.
    ///
    /// # Panics
    ///
    /// If the octets are not what an endpoint may send.
    pub fn read(&mut self, octets: &[u8]) -> Vec<Frame> {
        self.waiting.extend_from_slice(octets);
        if self.preface > 0 {
            let seen = self.waiting.len().min(self.preface);
            let from = wire::PREFACE.len() - self.preface;
            assert_eq!(self.waiting[..seen], wire::PREFACE[from..from + seen], "preface");
            self.waiting.drain(..seen);
            self.preface -= seen;
        }
        let mut frames = Vec::new();
        let mut at = 0;
        while let Some(head) = self.waiting.get(at..at + 9) {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            assert!(length <= self.max_frame_size, "§4.2: sent a frame of {length} octets");
            let Some(payload) = self.waiting.get(at + 9..at + 9 + length) else { break };
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            assert_eq!(stream >> 31, 0, "§4.1: the reserved bit MUST remain unset");
            let (kind, flags, payload) = (head[3], head[4], payload.to_vec());
            at += 9 + length;
            frames.extend(self.frame(kind, flags, stream, payload));
        }
        self.waiting.drain(..at);
        frames
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: Vec<u8>) -> Option<Frame> {
        if std::mem::take(&mut self.first) {
            assert!(kind == wire::SETTINGS && flags == 0, "§3.4: the first frame is SETTINGS");
        }
        if let Some((open, ..)) = self.open {
            assert!(kind == wire::CONTINUATION && stream == open, "§4.3: a block is contiguous");
        }
        let defined: u8 = match kind {
            wire::DATA => wire::END_STREAM | wire::PADDED,
            wire::HEADERS => {
                wire::END_STREAM | wire::END_HEADERS | wire::PADDED | wire::WITH_PRIORITY
            }
            wire::SETTINGS | wire::PING => wire::ACK,
            wire::PUSH_PROMISE => wire::END_HEADERS | wire::PADDED,
            wire::CONTINUATION => wire::END_HEADERS,
            wire::PRIORITY | wire::RST_STREAM | wire::GOAWAY | wire::WINDOW_UPDATE => 0,
            _ => 0xff,
        };
        assert_eq!(flags & !defined, 0, "§4.1: unused flags MUST be left unset, type {kind:#x}");
        let four = || u32::from_be_bytes(payload[..4].try_into().unwrap());
        let eight = || -> [u8; 8] { payload[..].try_into().expect("§6.7: PING has 8 octets") };
        let on_connection = || assert_eq!(stream, 0, "type {kind:#x} belongs to stream 0");
        let on_stream = || assert_ne!(stream, 0, "type {kind:#x} belongs to a stream");
        Some(match kind {
            wire::DATA => {
                on_stream();
                let data = unpad(flags, payload);
                Frame::Data { stream, data, end: flags & wire::END_STREAM != 0 }
            }
            wire::HEADERS => {
                on_stream();
                let mut fragment = unpad(flags, payload);
                if flags & wire::WITH_PRIORITY != 0 {
                    fragment.drain(..5);
                }
                let end = flags & wire::END_STREAM != 0;
                return self.fragment(flags, stream, end, fragment);
            }
            wire::CONTINUATION => {
                let (_, end, block) = self.open.take().expect("§6.10: CONTINUATION continues");
                return self.fragment(flags, stream, end, [block, payload].concat());
            }
            wire::PRIORITY => {
                on_stream();
                assert_eq!(payload.len(), 5, "§6.3");
                Frame::Priority { stream }
            }
            wire::RST_STREAM => {
                on_stream();
                assert_eq!(payload.len(), 4, "§6.4");
                Frame::Reset { stream, code: four() }
            }
            wire::SETTINGS => {
                on_connection();
                assert_eq!(payload.len() % 6, 0, "§6.5");
                if flags & wire::ACK != 0 {
                    assert!(payload.is_empty(), "§6.5: an ACK is empty");
                    Frame::SettingsAck
                } else {
                    let entry = |e: &[u8]| {
                        let value = u32::from_be_bytes([e[2], e[3], e[4], e[5]]);
                        (u16::from_be_bytes([e[0], e[1]]), value)
                    };
                    Frame::Settings(payload.chunks(6).map(entry).collect())
                }
            }
            wire::PING => {
                on_connection();
                if flags & wire::ACK != 0 { Frame::Pong(eight()) } else { Frame::Ping(eight()) }
            }
            wire::GOAWAY => {
                on_connection();
                let code = u32::from_be_bytes(payload[4..8].try_into().unwrap());
                let last = four();
                assert_eq!(last >> 31, 0, "§6.8: the reserved bit");
                Frame::GoAway { last, code, debug: payload[8..].to_vec() }
            }
            wire::WINDOW_UPDATE => {
                assert_eq!(payload.len(), 4, "§6.9");
                let increment = four();
                assert!((1..=0x7fff_ffff).contains(&increment), "§6.9: increment {increment}");
                Frame::WindowUpdate { stream, increment }
            }
            wire::PUSH_PROMISE => {
                on_stream();
                let mut promised = unpad(flags, payload);
                let block = promised.split_off(4);
                self.promised = Some(promised);
                return self.fragment(flags, stream, false, block);
            }
            _ => Frame::Other { kind, flags, stream, payload },
        })
    }

    fn fragment(&mut self, flags: u8, stream: u32, end: bool, block: Vec<u8>) -> Option<Frame> {
        if flags & wire::END_HEADERS == 0 {
            self.open = Some((stream, end, block));
            return None;
        }
        // Whoever looks at it or not: the block changes the table.
        let fields = self.hpack.decode(&block).expect("§4.3: the block decodes");
        if let Some(promised) = self.promised.take() {
            let payload = [promised, block].concat();
            return Some(Frame::Other { kind: wire::PUSH_PROMISE, flags, stream, payload });
        }
        let text = |octets: Vec<u8>| octets.into_iter().map(char::from).collect::<String>();
        let fields = fields.into_iter().map(|(n, v)| (text(n), text(v))).collect();
        Some(Frame::Headers { stream, fields, end, block })
    }
}

fn unpad(flags: u8, mut payload: Vec<u8>) -> Vec<u8> {
    if flags & wire::PADDED == 0 {
        return payload;
    }
    let padding = usize::from(payload[0]);
    let end = payload.len().checked_sub(padding).expect("§6.1: padding fits");
    assert!(payload[end..].iter().all(|b| *b == 0), "§6.1: padding MUST be zero");
    payload.truncate(end);
    payload.remove(0);
    payload
}
