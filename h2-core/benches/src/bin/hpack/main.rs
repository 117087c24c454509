//! Prints what a header costs: nanoseconds to decode and to encode, and octets on the wire.
//!
//! `cargo run --release [--features nghttp2] --bin hpack -- DIRECTORY`, where the directory holds
//! the stories of hpack-test-case: `raw-data` is encoded and `nghttp2` is decoded. Every codec is
//! measured once a round and the median of the rounds is printed, so that whatever else the
//! machine does meets all of them alike.

#![allow(clippy::disallowed_methods, reason = "whoever measures time reads the clock")]

mod corpus;
#[cfg(feature = "nghttp2")]
mod nghttp2;
mod ours;
mod published;

use std::hint::black_box;
use std::time::{Duration, Instant};
use std::{env, process};

use corpus::Story;

const ROUNDS: usize = 15;

/// Something that can work through a corpus, each story with tables of its own.
trait Codec {
    fn name(&self) -> &'static str;

    /// Decodes all blocks and gives the number of fields.
    fn decode(&mut self, stories: &[Story]) -> usize;

    /// Encodes all lists and gives the number of octets.
    fn encode(&mut self, stories: &[Story]) -> usize;

    /// Whether one pass tells enough; for the slow.
    fn slow(&self) -> bool {
        false
    }
}

struct Figures {
    decode: Vec<Duration>,
    encode: Vec<Duration>,
    octets: usize,
}

fn main() {
    let Some(directory) = env::args().nth(1) else {
        eprintln!("usage: hpack DIRECTORY (of hpack-test-case, with raw-data and nghttp2)");
        process::exit(2);
    };
    let raw = corpus::read(&directory, "raw-data");
    let coded = corpus::read(&directory, "nghttp2");
    let fields = |stories: &[Story]| stories.iter().map(Story::fields).sum::<usize>();
    let (raw_fields, coded_fields) = (fields(&raw), fields(&coded));

    let mut codecs: Vec<Box<dyn Codec>> = vec![
        Box::new(ours::Ours::new(&raw)),
        #[cfg(feature = "nghttp2")]
        Box::new(nghttp2::Nghttp2::new(&raw)),
        Box::new(published::Published),
    ];
    let mut figures: Vec<_> = codecs
        .iter()
        .map(|_| Figures { decode: Vec::new(), encode: Vec::new(), octets: 0 })
        .collect();
    for _ in 0..ROUNDS {
        for (codec, figures) in codecs.iter_mut().zip(&mut figures) {
            let passes = if codec.slow() { 1 } else { 5 };
            for _ in 0..passes {
                let start = Instant::now();
                let decoded = black_box(codec.decode(&coded));
                figures.decode.push(start.elapsed());
                assert_eq!(decoded, coded_fields, "{} lost fields", codec.name());
                let start = Instant::now();
                figures.octets = black_box(codec.encode(&raw));
                figures.encode.push(start.elapsed());
            }
        }
    }

    println!("{raw_fields} headers encoded, {coded_fields} decoded, median of {ROUNDS} rounds");
    println!("{:<12} {:>12} {:>12} {:>12}", "", "decode", "encode", "wire octets");
    for (codec, mut figures) in codecs.iter().zip(figures) {
        let decode = median(&mut figures.decode).as_nanos() as f64 / coded_fields as f64;
        let encode = median(&mut figures.encode).as_nanos() as f64 / raw_fields as f64;
        println!("{:<12} {decode:>9.1} ns {encode:>9.1} ns {:>12}", codec.name(), figures.octets);
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
