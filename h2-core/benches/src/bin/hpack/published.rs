//! The published crate `hpack` 0.3.

use std::hint::black_box;

use crate::Codec;
use crate::corpus::Story;

pub struct Published;

impl Codec for Published {
    fn name(&self) -> &'static str {
        "hpack 0.3"
    }

    fn decode(&mut self, stories: &[Story]) -> usize {
        let mut count = 0;
        for story in stories {
            let mut decoder = hpack::Decoder::new();
            for case in &story.cases {
                count += black_box(decoder.decode(&case.wire).expect("a valid block")).len();
            }
        }
        count
    }

    fn encode(&mut self, stories: &[Story]) -> usize {
        let mut octets = 0;
        for story in stories {
            let mut encoder = hpack::Encoder::new();
            for case in &story.cases {
                let fields = case.fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
                octets += black_box(encoder.encode(fields)).len();
            }
        }
        octets
    }

    fn slow(&self) -> bool {
        true
    }
}
