//! Every number that a connection is run with: its default, its unit and the trade behind it.

use std::time::Duration;

use crate::StreamId;
use crate::settings::{MAX_MAX_FRAME_SIZE, MAX_WINDOW, MIN_MAX_FRAME_SIZE};

/// How a connection behaves. [`Config::client`] and [`Config::server`] are complete as they are.
///
/// All fields are public; [`Connection`](crate::Connection) brings values that are out of range to
/// the nearest one in range when it is made, see [`checked`](Self::checked).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Streams the peer may have open at once. Server 128; client 0, because only pushed streams
    /// are opened by a peer there. Binds from the first octet on: a stream above it is refused.
    /// With [`isolation`](Self::isolation) at most 32,768 of 65,535 octets of window each.
    pub max_concurrent_streams: u32,
    /// Streams of ours that may be open at once, whatever the peer allows. Default 128.
    pub max_outbound_streams: u32,
    /// Streams of ours before the peer's first SETTINGS says how many it allows. Default 100.
    pub initial_outbound_streams: u32,
    /// Octets the peer may send on a fresh stream before the application has released any,
    /// 0 to 2^31-1. Server 64 KiB, client 256 KiB.
    pub stream_window: u32,
    /// Octets to which the window of a stream that is read as fast as it comes may grow. Server
    /// 4 MiB, client 8 MiB; not above [`stream_window`](Self::stream_window) switches growing off.
    /// What all streams together grow by comes out of
    /// [`connection_window`](Self::connection_window).
    pub max_stream_window: u32,
    /// Octets the peer may send on all streams together before the application has released any,
    /// 65,535 to 2^31-1. Server 16 MiB, client 64 MiB.
    pub connection_window: u32,
    /// Whether the connection window is kept at least as large as all stream windows together, so
    /// that streams nobody reads can never stop another. Default true; larger windows than that
    /// arithmetic allows need it switched off.
    pub isolation: bool,
    /// Longest frame payload we take, 16,384 (the default) to 16,777,215.
    pub max_frame_size: u32,
    /// Largest field section we take, counted as RFC 9113 §6.5.2 does: octets of names and values
    /// plus 32 a field. Default 64 KiB; four times as much ends the connection.
    pub max_header_list_size: u32,
    /// Most fields in one section, each cookie crumb counted. Default 1,000.
    pub max_header_fields: usize,
    /// Most octets of one encoded header block. Default 128 KiB.
    pub max_header_block: usize,
    /// Most CONTINUATION frames of one header block. Default 16.
    pub max_continuations: usize,
    /// Octets of the HPACK table of the decoder, which the peer's encoder may use. Default 4,096.
    pub header_table_size: u32,
    /// Most octets of the HPACK table of our encoder, whatever the peer offers. Default 4,096.
    pub encoder_table_size: u32,
    /// Most entries of one SETTINGS frame. Default 64.
    pub max_settings_entries: usize,
    /// Octets of body that every stream may always have queued. Default 16 KiB.
    pub send_credit: usize,
    /// Octets of body that all streams together may have queued beyond that. Server 1 MiB, client
    /// 4 MiB.
    pub send_pool: usize,
    /// Most octets of body that one stream may have queued. Default 256 KiB.
    pub max_send_credit: usize,
    /// Octets that are serialized ahead of what the transport takes. Default 96 KiB.
    pub batch: usize,
    /// Early resets that a peer may cause at once, and how many a second are forgiven
    /// (CVE-2023-44487, CVE-2025-8671). Server 1,000 and 100; client off.
    pub reset_bucket: Option<Bucket>,
    /// Useless frames that a peer may send at once, and how many a second are forgiven. Default
    /// 10,000 and 330.
    pub glitch_bucket: Option<Bucket>,
    /// Most interim responses of one request that the application has not taken; those that it takes
    /// cost a glitch each beyond that number. Default 32.
    pub max_informational: u32,
    /// Time for the peer's preface and first SETTINGS. Default 10 s.
    pub handshake_timeout: Option<Duration>,
    /// Time from HEADERS to END_HEADERS. Default 10 s.
    pub header_block_timeout: Option<Duration>,
    /// Time for the acknowledgement of our SETTINGS. Default 10 s.
    pub settings_ack_timeout: Option<Duration>,
    /// Time without a single octet taken by the transport while output waits. Default 30 s.
    pub write_stall_timeout: Option<Duration>,
    /// Silence after which a PING asks whether the peer is there. Default off; servers that follow
    /// gRPC end connections that ask more often than every five minutes. See
    /// [`Connection::suspect`](crate::Connection::suspect) for asking only when there is a reason.
    pub keep_alive_interval: Option<Duration>,
    /// Time for anything to arrive after the transport took a PING that asks whether the peer is
    /// there. Default 20 s.
    pub keep_alive_timeout: Duration,
    /// Time without streams after which the connection is shut down. Default off.
    pub idle_timeout: Option<Duration>,
    /// Age at which the connection is shut down, up to a tenth later by jitter. Default off.
    pub max_age: Option<Duration>,
    /// Requests after which the connection is shut down, gracefully: on a server the peer's, on a
    /// client ours. A server still serves those that were under way. Default off.
    pub max_requests: Option<u64>,
    /// Time for open streams to end once a graceful shutdown began. Default 30 s.
    pub drain_timeout: Option<Duration>,
    /// Time for which something must stand still before [`Event::Stalled`](crate::Event::Stalled)
    /// says what holds it. Default off, which costs nothing; it ends nothing.
    pub stall_after: Option<Duration>,
    /// Time for the last frames to be written after an error or `close_connection`, and then, after
    /// an error, for the peer to read them; otherwise for the transport to be closed. What a
    /// graceful end leaves to be written may take as long as it moves, see
    /// [`write_stall_timeout`](Self::write_stall_timeout). Default 1 s.
    pub linger: Duration,
    /// Whether a client takes server push. Default false. With it,
    /// [`max_concurrent_streams`](Self::max_concurrent_streams) must be raised above the client's 0.
    pub enable_push: bool,
    /// Whether a server announces and takes extended CONNECT (RFC 8441). Default false.
    pub enable_connect_protocol: bool,
    /// Whether a server answers a request whose head breaks a rule with 400 or 431 before it
    /// resets the stream (RFC 9113 §8.1.1). Default true.
    pub answer_malformed: bool,
    /// The first stream that we open, to test what happens when identifiers run out. One of the
    /// other side's is as good as none. Default: 1 on a client, 2 on a server.
    pub first_stream: Option<StreamId>,
    /// Padding of HEADERS, PUSH_PROMISE and DATA, to hide their lengths. Default none.
    pub padding: Padding,
    /// Whether each cookie-pair of a request of ours goes out in a field of its own, which
    /// compresses better when some of them change (RFC 9113 §8.2.3). Default false: a cookie goes
    /// out as it was given.
    pub split_cookies: bool,
    /// Settings of extensions, identifier and value, that go out with our first SETTINGS. Those
    /// that this crate knows are ignored here, as are all beyond 16; of two with the same identifier
    /// the later one counts. Default none.
    pub extra_settings: Vec<(u16, u32)>,
    /// Identifiers of settings in the order in which our first SETTINGS names them; those that are
    /// not here follow in the order of their numbers. What has its default value is never named.
    /// Default: none.
    pub settings_order: Vec<u16>,
    /// Seed of PING payloads, jitter and random padding. The core has no randomness of its own; a peer that
    /// guesses it can answer a PING it has not read. Give each connection another one.
    pub seed: u64,
}

/// To how little isolation may lower the windows of streams: what HTTP/2 begins with.
const LEAST_WINDOW: u32 = 65_535;

/// How much padding frames get (RFC 9113 §10.7).
///
/// Padding costs flow-control window as content does, the octet that says how much there is
/// included. So there is less of it, down to none, where a window or the size of a frame leaves no
/// room. A head that needs more than one frame is not padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// None; frames have no Pad Length.
    #[default]
    None,
    /// A random number of octets, at most this.
    UpTo(u8),
    /// So many octets that the payload is a multiple of this, 2 to 256.
    ToMultipleOf(u16),
}

/// Numbers that a peer cannot guess without the seed.
#[derive(Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A token bucket: how many at once, and how many come back a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Bucket {
    /// Tokens in a full bucket.
    pub burst: u32,
    /// Tokens that come back a second.
    pub per_second: u32,
}

/// Six full frames of DATA. Measured over TCP on one machine, in the same runs: of the CPU time that
/// hyperium/h2 takes for a download, batches of four frames took 0.90 to 1.02, of eight 0.83 to 0.95,
/// and of three or six 0.71 to 0.84. Why fours are dear to the kernel is not known.
const BATCH: usize = 96 * 1024;

impl Config {
    /// The defaults of a client.
    #[must_use]
    pub const fn client() -> Self {
        let mut config = Self::server();
        config.max_concurrent_streams = 0;
        config.stream_window = 256 * 1024;
        config.max_stream_window = 8 * 1024 * 1024;
        config.connection_window = 64 * 1024 * 1024;
        config.send_pool = 4 * 1024 * 1024;
        config.reset_bucket = None;
        config
    }

    /// The defaults of a server.
    #[must_use]
    pub const fn server() -> Self {
        let ten_seconds = Some(Duration::from_secs(10));
        Self {
            max_concurrent_streams: 128,
            max_outbound_streams: 128,
            initial_outbound_streams: 100,
            stream_window: 64 * 1024,
            max_stream_window: 4 * 1024 * 1024,
            connection_window: 16 * 1024 * 1024,
            isolation: true,
            max_frame_size: MIN_MAX_FRAME_SIZE,
            max_header_list_size: 64 * 1024,
            max_header_fields: 1_000,
            max_header_block: 128 * 1024,
            max_continuations: 16,
            header_table_size: 4_096,
            encoder_table_size: 4_096,
            max_settings_entries: 64,
            send_credit: 16 * 1024,
            send_pool: 1024 * 1024,
            max_send_credit: 256 * 1024,
            batch: BATCH,
            reset_bucket: Some(Bucket { burst: 1_000, per_second: 100 }),
            glitch_bucket: Some(Bucket { burst: 10_000, per_second: 330 }),
            max_informational: 32,
            handshake_timeout: ten_seconds,
            header_block_timeout: ten_seconds,
            settings_ack_timeout: ten_seconds,
            write_stall_timeout: Some(Duration::from_secs(30)),
            keep_alive_interval: None,
            keep_alive_timeout: Duration::from_secs(20),
            idle_timeout: None,
            max_age: None,
            max_requests: None,
            drain_timeout: Some(Duration::from_secs(30)),
            stall_after: None,
            linger: Duration::from_secs(1),
            enable_push: false,
            enable_connect_protocol: false,
            answer_malformed: true,
            first_stream: None,
            padding: Padding::None,
            split_cookies: false,
            extra_settings: Vec::new(),
            settings_order: Vec::new(),
            seed: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// The streams that may be received on at once.
    fn streams(&self) -> u32 {
        self.max_concurrent_streams.max(self.max_outbound_streams).max(1)
    }

    /// Octets by which all stream windows together may grow. With isolation that is what the
    /// connection window has to spare, so that growing never lets one stream stop another.
    pub(crate) fn growth_pool(&self) -> u32 {
        let taken = if self.isolation { self.stream_window * self.streams() } else { 0 };
        self.connection_window.saturating_sub(taken)
    }

    /// Brings every value into its range. With isolation on, the connection window is raised to
    /// hold all streams. Where that would pass 2^31-1, the stream window is lowered, but not below
    /// 65,535 octets; then the numbers of streams are, to what the connection window holds: 32,768
    /// with windows of that size. Whoever wants more streams switches isolation off.
    #[must_use]
    pub fn checked(mut self) -> Self {
        self.stream_window = self.stream_window.min(MAX_WINDOW);
        self.max_stream_window = self.max_stream_window.min(MAX_WINDOW);
        self.connection_window = self.connection_window.clamp(65_535, MAX_WINDOW);
        self.max_frame_size = self.max_frame_size.clamp(MIN_MAX_FRAME_SIZE, MAX_MAX_FRAME_SIZE);
        self.max_header_block = self.max_header_block.max(1024);
        self.send_credit = self.send_credit.max(1);
        self.max_send_credit = self.max_send_credit.max(self.send_credit);
        self.batch = self.batch.max(1024);
        if self.isolation {
            let most = MAX_WINDOW / self.stream_window.clamp(1, LEAST_WINDOW);
            self.max_concurrent_streams = self.max_concurrent_streams.min(most);
            self.max_outbound_streams = self.max_outbound_streams.min(most);
            let streams = self.streams();
            self.stream_window = self.stream_window.min(MAX_WINDOW / streams);
            self.connection_window = self.connection_window.max(self.stream_window * streams);
        }
        self
    }
}
