//! `h2_core::hpack`, with the lists as a connection would hold them.

use std::hint::black_box;

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder, ListLimits};

use crate::Codec;
use crate::corpus::Story;

const LIMITS: ListLimits =
    ListLimits { max_list_size: 65_536, max_fields: 1_000, hard_list_size: 262_144 };

pub struct Ours {
    lists: Vec<Vec<Fields>>,
}

impl Ours {
    pub fn new(raw: &[Story]) -> Self {
        let list = |fields: &[(String, String)]| fields.iter().map(|(n, v)| (n, v)).collect();
        let lists = raw.iter().map(|story| story.cases.iter().map(|c| list(&c.fields)).collect());
        Self { lists: lists.collect() }
    }
}

impl Codec for Ours {
    fn name(&self) -> &'static str {
        "h2-core"
    }

    fn decode(&mut self, stories: &[Story]) -> usize {
        let mut count = 0;
        let mut fields = Fields::new();
        for story in stories {
            let mut decoder = Decoder::new(4096);
            for case in &story.cases {
                fields.clear();
                decoder.decode(&case.wire, &LIMITS, &mut fields).expect("a valid block");
                count += black_box(&fields).len();
            }
        }
        count
    }

    fn encode(&mut self, _: &[Story]) -> usize {
        let mut octets = 0;
        let mut block = Vec::new();
        for story in &self.lists {
            let mut encoder = Encoder::new(4096);
            for fields in story {
                block.clear();
                encoder.encode(fields, &mut block);
                octets += black_box(&block).len();
            }
        }
        octets
    }
}
