//! Reads the stories of hpack-test-case.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The header lists of one connection.
pub struct Story {
    pub cases: Vec<Case>,
}

pub struct Case {
    /// The encoded block, empty in raw data.
    pub wire: Vec<u8>,
    pub fields: Vec<(String, String)>,
}

impl Story {
    pub fn fields(&self) -> usize {
        self.cases.iter().map(|case| case.fields.len()).sum()
    }
}

/// All stories of `folder`, in the order of their names.
pub fn read(directory: &str, folder: &str) -> Vec<Story> {
    let folder = Path::new(directory).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable folder").path()).collect();
    paths.sort();
    paths.iter().map(|path| story(&fs::read(path).expect("readable story"))).collect()
}

fn story(json: &[u8]) -> Story {
    let json: Value = serde_json::from_slice(json).expect("a story is JSON");
    let cases = json["cases"].as_array().expect("a story has cases");
    Story { cases: cases.iter().map(case).collect() }
}

fn case(json: &Value) -> Case {
    let wire = json["wire"].as_str().unwrap_or_default();
    let octet = |at| u8::from_str_radix(&wire[at..at + 2], 16).expect("wire is hexadecimal");
    let fields = json["headers"].as_array().expect("a case has headers");
    let pairs = fields.iter().flat_map(|field| field.as_object().expect("a field is an object"));
    let text = |value: &Value| value.as_str().expect("a value is a string").to_owned();
    Case {
        wire: (0..wire.len()).step_by(2).map(octet).collect(),
        fields: pairs.map(|(name, value)| (name.clone(), text(value))).collect(),
    }
}
