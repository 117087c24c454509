//! Header blocks as browsers and servers send them: the first of a connection, and one after it.

use std::hint::black_box;

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder, ListLimits};

const LIMITS: ListLimits =
    ListLimits { max_list_size: 65_536, max_fields: 1_000, hard_list_size: 262_144 };

pub const REQUEST: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "https"),
    (":authority", "www.example.com"),
    (":path", "/assets/app.4f1c2d.js?lang=en"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("accept", "*/*"),
    ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://www.example.com/articles/2024/index.html"),
    ("cookie", "session=0123456789abcdef0123456789abcdef"),
    ("sec-fetch-dest", "script"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-site", "same-origin"),
];

pub const RESPONSE: &[(&str, &str)] = &[
    (":status", "200"),
    ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("content-type", "text/html; charset=utf-8"),
    ("content-length", "48213"),
    ("cache-control", "public, max-age=31536000, immutable"),
    ("etag", "\"5f3c9b2a-bc55\""),
    ("last-modified", "Fri, 04 Nov 1994 18:02:11 GMT"),
    ("server", "nginx"),
    ("vary", "accept-encoding"),
    ("x-content-type-options", "nosniff"),
];

/// Two blocks with the same fields: the second finds in the table what the first has left there.
fn blocks(fields: &[(&str, &str)]) -> [Vec<u8>; 2] {
    let fields = fields.iter().copied().collect();
    let mut encoder = Encoder::new(4096);
    [(), ()].map(|()| {
        let mut block = Vec::new();
        encoder.encode(&fields, &mut block);
        block
    })
}

fn decode(fields: &[(&str, &str)], times: usize) {
    let blocks = blocks(fields);
    let mut list = Fields::new();
    for _ in 0..times {
        let mut decoder = Decoder::new(4096);
        for block in &blocks {
            list.clear();
            decoder.decode(black_box(block), &LIMITS, &mut list).expect("a valid block");
            assert_eq!(black_box(&list).len(), fields.len());
        }
    }
}

fn encode(fields: &[(&str, &str)], times: usize) {
    let list: Fields = fields.iter().copied().collect();
    let mut block = Vec::new();
    for _ in 0..times {
        let mut encoder = Encoder::new(4096);
        for _ in 0..2 {
            block.clear();
            encoder.encode(black_box(&list), &mut block);
            black_box(&block);
        }
    }
}

pub fn decode_request(times: usize) {
    decode(REQUEST, times);
}

pub fn encode_request(times: usize) {
    encode(REQUEST, times);
}

pub fn decode_response(times: usize) {
    decode(RESPONSE, times);
}

pub fn encode_response(times: usize) {
    encode(RESPONSE, times);
}

/// One long value that no table takes.
pub fn huffman(times: usize) {
    let text: String =
        "the quick brown fox /0123456789?=&%20;".chars().cycle().take(1_400).collect();
    let mut secret = Fields::new();
    secret.push_sensitive("x-secret", &text);
    let mut block = Vec::new();
    Encoder::new(4096).encode(&secret, &mut block);
    assert!((960..1_090).contains(&block.len()), "{}", block.len());
    let (mut decoder, mut list) = (Decoder::new(4096), Fields::new());
    for _ in 0..times {
        list.clear();
        decoder.decode(black_box(&block), &LIMITS, &mut list).expect("a valid block");
        assert_eq!(black_box(&list).get("x-secret").map(<[u8]>::len), Some(text.len()));
    }
}
