//! The public interoperability corpus: what four encoders wrote is read, what we write is small.
//!
//! The environment variable `HPACK_TEST_CASE` names its directory; without it these tests say
//! that they were skipped.

use std::path::{Path, PathBuf};
use std::{env, fs};

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder};
use serde_json::Value;

use crate::wire::{UNLIMITED, decode, decode_within, encode, hex};

const DECODED: [&str; 4] = ["go-hpack", "nghttp2", "nghttp2-change-table-size", "python-hpack"];

/// libnghttp2 1.52 takes 358,782 octets.
const MOST_OCTETS: usize = 362_400;

fn corpus(test: &str) -> Option<PathBuf> {
    let directory = env::var_os("HPACK_TEST_CASE").map(PathBuf::from);
    if directory.is_none() {
        println!("{test}: skipped, HPACK_TEST_CASE does not name the corpus");
    }
    directory
}

fn stories(folder: &Path) -> Vec<(String, Vec<Value>)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no story", folder.display());
    let read = |path: PathBuf| {
        let story: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path.display().to_string(), story["cases"].as_array().unwrap().clone())
    };
    paths.into_iter().map(read).collect()
}

fn fields(case: &Value) -> Fields {
    let fields = case["headers"].as_array().unwrap();
    let pairs = fields.iter().flat_map(|field| field.as_object().unwrap());
    pairs.map(|(name, value)| (name, value.as_str().unwrap())).collect()
}

fn table_size(case: &Value) -> Option<usize> {
    case["header_table_size"].as_u64().map(|size| usize::try_from(size).unwrap())
}

/// Field by field without the never-indexed mark, which the corpus does not record.
fn assert_same(decoded: &Fields, expected: &Fields, place: &str) {
    assert_eq!(decoded.len(), expected.len(), "{place}");
    for (left, right) in decoded.iter().zip(expected) {
        assert_eq!((left.name, left.value), (right.name, right.value), "{place}");
    }
}

#[test]
fn every_story_of_other_encoders_decodes_to_its_fields() {
    let Some(corpus) = corpus("every_story_of_other_encoders_decodes_to_its_fields") else {
        return;
    };
    for (path, cases) in DECODED.iter().flat_map(|folder| stories(&corpus.join(folder))) {
        let mut decoder = Decoder::new(4096);
        for case in &cases {
            if let Some(size) = table_size(case) {
                decoder.set_max_table_size(size);
            }
            let place = format!("{path} {}", case["seqno"]);
            let wire = hex(case["wire"].as_str().unwrap());
            let (decoded, _) = decode_within(&mut decoder, &wire, &UNLIMITED)
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_same(&decoded, &fields(case), &place);
        }
    }
}

#[test]
fn what_we_encode_is_small_and_decodes_to_the_same() {
    let Some(corpus) = corpus("what_we_encode_is_small_and_decodes_to_the_same") else { return };
    let (mut octets, mut headers) = (0, 0);
    for (path, cases) in stories(&corpus.join("raw-data")) {
        let (mut encoder, mut decoder) = (Encoder::new(4096), Decoder::new(4096));
        for case in &cases {
            let expected = fields(case);
            let block = encode(&mut encoder, &expected);
            octets += block.len();
            headers += expected.len();
            assert_same(&decode(&mut decoder, &block).unwrap(), &expected, &path);
            assert_eq!(encoder.table_size(), decoder.table_size(), "{path}");
        }
    }
    assert_eq!(headers, 39_359);
    assert!(octets <= MOST_OCTETS, "{octets} octets");
    println!("{octets} octets for {headers} headers");
}

#[test]
fn what_we_encode_while_the_peer_changes_its_table_decodes_to_the_same() {
    let test = "what_we_encode_while_the_peer_changes_its_table_decodes_to_the_same";
    let Some(corpus) = corpus(test) else { return };
    for (path, cases) in stories(&corpus.join("nghttp2-change-table-size")) {
        let (mut encoder, mut decoder) = (Encoder::new(4096), Decoder::new(4096));
        for case in &cases {
            if let Some(size) = table_size(case) {
                encoder.set_peer_table_size(size);
                decoder.set_max_table_size(size);
            }
            let expected = fields(case);
            let block = encode(&mut encoder, &expected);
            assert_same(&decode(&mut decoder, &block).unwrap(), &expected, &path);
            assert_eq!(encoder.table_size(), decoder.table_size(), "{path}");
        }
    }
}
