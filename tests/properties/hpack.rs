//! P5: whatever became of a header block, both tables are equal after it: a block that refers to
//! every entry of the table means what the sender thinks it means.

use std::collections::VecDeque;

use h2_tests::prelude::*;
use proptest::prelude::*;

/// How one field is written.
#[derive(Clone, Debug)]
enum Spelling {
    Incremental(u8, usize),
    Literal(u8),
    Never(u8),
    /// An entry of the dynamic table, if there is one.
    Indexed(usize),
}

/// What becomes of a block.
#[derive(Clone, Debug)]
enum Fate {
    Request,
    /// Above the limit on streams: REFUSED_STREAM.
    Refused,
    /// A field that no request may have.
    Malformed,
    /// On a stream that we have reset.
    Late,
    /// Trailers of an upload that goes on, or of one that was reset meanwhile.
    Trailers,
    /// Above SETTINGS_MAX_HEADER_LIST_SIZE, below what ends the connection.
    Oversize,
    /// On a stream that depends on itself.
    OnItself,
}

#[derive(Clone, Debug)]
struct Block {
    fate: Fate,
    /// A size update before it.
    resize: Option<usize>,
    fields: Vec<Spelling>,
    /// Where it is cut into CONTINUATION frames.
    cuts: Vec<usize>,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![
        4 => (any::<u8>(), 0_usize..900).prop_map(|(name, length)| Spelling::Incremental(name, length)),
        1 => any::<u8>().prop_map(Spelling::Literal),
        1 => any::<u8>().prop_map(Spelling::Never),
        3 => (0_usize..40).prop_map(Spelling::Indexed),
    ]
}

fn block() -> impl Strategy<Value = Block> {
    let fate = prop_oneof![
        3 => Just(Fate::Request),
        1 => Just(Fate::Refused),
        2 => Just(Fate::Malformed),
        2 => Just(Fate::Late),
        2 => Just(Fate::Trailers),
        1 => Just(Fate::Oversize),
        1 => Just(Fate::OnItself),
    ];
    (
        fate,
        proptest::option::weighted(0.2, prop_oneof![Just(0_usize), 0_usize..4_097]),
        proptest::collection::vec(spelling(), 0..8),
        proptest::collection::vec(0_usize..200, 0..3),
    )
        .prop_map(|(fate, resize, fields, cuts)| Block { fate, resize, fields, cuts })
}

/// The dynamic table as RFC 7541 §2.3.2 and §4 describe it.
struct Table {
    entries: VecDeque<(String, String)>,
    most: usize,
}

impl Table {
    fn size(&self) -> usize {
        self.entries.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
    }

    fn evict(&mut self) {
        while self.size() > self.most {
            self.entries.pop_back();
        }
    }

    fn spell(&mut self, spelling: &Spelling, out: &mut Vec<u8>) {
        match spelling {
            Spelling::Incremental(name, length) => {
                let (name, value) = (format!("x-{name}"), "v".repeat(*length));
                out.extend(wire::incremental(&name, &value));
                // An entry larger than the table empties it (§4.4).
                self.entries.push_front((name, value));
                self.evict();
            }
            Spelling::Literal(name) => out.extend(wire::literal(format!("l-{name}"), "plain")),
            Spelling::Never(name) => out.extend(wire::never_indexed(format!("n-{name}"), "hush")),
            Spelling::Indexed(at) if self.entries.is_empty() => {
                out.extend(wire::literal("l-none", at.to_string()));
            }
            Spelling::Indexed(at) => out.extend(wire::indexed(62 + at % self.entries.len())),
        }
    }
}

/// A peer that sends blocks, and what it knows.
struct Peer<'a> {
    server: &'a mut Lone,
    table: Table,
    next: u32,
}

impl Peer<'_> {
    fn open(&mut self) -> u32 {
        self.next += 2;
        self.next - 2
    }

    fn send(&mut self, block: &Block) {
        let mut out = Vec::new();
        if let Some(size) = block.resize {
            out.extend(wire::size_update(size));
            self.table.most = size;
            self.table.evict();
        }
        if !matches!(block.fate, Fate::Trailers) {
            out.extend(wire::block(wire::POST));
        }
        for spelling in &block.fields {
            self.table.spell(spelling, &mut out);
        }
        let mut end = false;
        let stream = match block.fate {
            Fate::Request | Fate::OnItself | Fate::Refused => self.open(),
            Fate::Malformed => {
                // In the middle: what follows it must be taken in all the same.
                out.extend(wire::incremental("X-Upper", "case"));
                self.table.entries.push_front(("X-Upper".into(), "case".into()));
                self.table.evict();
                self.table.spell(&Spelling::Incremental(1, 9), &mut out);
                self.open()
            }
            Fate::Oversize => {
                // One entry of 3 KiB, referred to often enough to pass 64 KiB.
                let before = self.table.most;
                if before >= 4_000 {
                    self.table.spell(&Spelling::Incremental(7, 3_000), &mut out);
                    out.extend(wire::indexed(62).repeat(30));
                } else {
                    out.extend(wire::literal("l-long", "z".repeat(70_000)));
                }
                self.open()
            }
            Fate::Late => {
                let stream = self.open();
                self.server.hears(wire::post(stream));
                self.server.resets(stream, CANCEL);
                self.server.releases(stream);
                stream
            }
            Fate::Trailers => {
                let stream = self.open();
                self.server.hears(wire::post(stream));
                end = true;
                stream
            }
        };
        let mut filled = Vec::new();
        if matches!(block.fate, Fate::Refused) {
            // The limit on streams is reached by plain requests.
            let mut frames = Vec::new();
            let refused = stream + 8;
            for n in 0..4 {
                filled.push(stream + 2 * n);
                frames.push(wire::post(stream + 2 * n));
            }
            self.server.hears(frames);
            self.next = refused + 2;
            self.deliver(refused, &out, block, end);
        } else {
            self.deliver(stream, &out, block, end);
            filled.push(stream);
        }
        self.server.must_live();
        for stream in filled {
            self.server.resets(stream, CANCEL);
            self.server.releases(stream);
        }
        self.server.forget();
    }

    fn deliver(&mut self, stream: u32, octets: &[u8], block: &Block, end: bool) {
        let mut cuts = block.cuts.clone();
        // No frame is longer than 16,384 octets.
        cuts.extend([16_000; 6]);
        if octets.len() < 16_000 {
            cuts.truncate(block.cuts.len());
        }
        if matches!(block.fate, Fate::OnItself) {
            self.server.hears(wire::headers_of(stream, octets).prioritized(stream, 3));
        } else {
            self.server.hears(wire::split(stream, octets, &cuts, end));
        }
    }

    /// Every entry, by its index.
    fn probe(&mut self) {
        let mut out = wire::block(wire::GET);
        for at in 0..self.table.entries.len() {
            out.extend(wire::indexed(62 + at));
        }
        let stream = self.open();
        // Names in upper case are in the table, too, and would not be shown; trailers of them are
        // decoded all the same, so only sound names can be looked at.
        let sound = self.table.entries.iter().all(|(name, _)| !name.starts_with('X'));
        self.server.hears(wire::headers_of(stream, &out).end_stream());
        self.server.must_live();
        assert_eq!(self.server.conn.stats().decoder_table, self.table.size());
        let events = self.server.events();
        if sound {
            let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
            let seen: Vec<(String, String)> = head
                .fields()
                .map(|field| {
                    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
                    (text(field.name), text(field.value))
                })
                .collect();
            assert_eq!(seen, Vec::from(self.table.entries.clone()));
        }
        self.server.resets(stream, CANCEL);
        self.server.releases(stream);
        self.server.forget();
    }
}

proptest! {
    #![proptest_config(crate::cases(128))]

    #[test]
    fn tables_stay_equal_whatever_becomes_of_a_block(
        blocks in proptest::collection::vec(block(), 1..12),
    ) {
        let setup = Setup::server().config(|config| {
            config.max_concurrent_streams = 4;
            config.reset_bucket = None;
            config.glitch_bucket = None;
        });
        setup.run_once(|server| {
            let table = Table { entries: VecDeque::new(), most: 4_096 };
            let mut peer = Peer { server, table, next: 1 };
            for block in &blocks {
                peer.send(block);
                peer.probe();
            }
        });
    }
}
