//! Every obligation of the RFCs is listed with the tests that cover it, or the reason why none can.
//!
//! A list is a file beside this one, named like the RFC. An obligation is one occurrence of MUST,
//! MUST NOT, REQUIRED, SHALL or SHALL NOT. Its entry stands under the number of its section:
//!
//! ```text
//! # A comment.
//! [4.2]
//! MUST be capable of receiving -- frames of 16,384 octets are taken by everybody
//!     rfc9113::s4_frames::frames_of_16384_octets_are_taken
//! ```
//!
//! First as many words of the RFC as tell the place from all others of the section, the keyword
//! among them, marks left out; then what is asked, in own words. Below it the tests,
//! `suite::module::test`, one a line; or `none:` and the reason.
//!
//! The environment variable `RFC_TEXTS` names the folder with the texts of the RFCs, such as
//! `rfc9113.txt`; without it these tests say that they have not compared them. A list that lacks
//! something is told what, in its own form: an empty list is told its skeleton.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that panics has failed, which is its purpose, and may say what it left out"
)]

mod list;
mod named;
mod samples;
mod suites;
mod text;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The RFCs that there must be a list of.
const RFCS: [&str; 6] = ["rfc7541", "rfc7838", "rfc8336", "rfc8441", "rfc9113", "rfc9218"];

/// Name and text of each list.
fn lists() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("musts");
    let files = fs::read_dir(folder).expect("the folder of this file");
    let paths = files.map(|file| file.expect("a file of the folder").path());
    let mut lists: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    lists.sort();
    for name in RFCS {
        assert!(lists.iter().any(|(list, _)| list == name), "there is no list of {name}");
    }
    lists
}

/// Fails with the complaints about each list.
fn check_each(complain: impl Fn(&str, &[list::Entry]) -> Vec<String>) {
    let mut all = Vec::new();
    for (name, text) in lists() {
        let complaints = complain(&name, &list::parse(&text));
        if !complaints.is_empty() {
            all.push(format!("musts/{name}.txt:\n{}", complaints.join("\n")));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn every_entry_says_what_is_asked_and_what_covers_it() {
    check_each(|_, entries| list::unfinished(entries));
}

#[test]
fn every_test_that_a_list_names_is_in_the_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let tests = suites::tests(root);
    assert!(tests.contains("musts::every_test_that_a_list_names_is_in_the_tree"), "{tests:?}");
    check_each(|_, entries| list::strangers(entries, |test| tests.contains(test)));
}

#[test]
fn every_trap_row_reaction_and_attack_has_a_test_named_after_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let complaints = named::missing(&suites::tests(root));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_obligation_of_the_texts_is_listed_once() {
    let Some(folder) = env::var_os("RFC_TEXTS").map(PathBuf::from) else {
        let names: Vec<String> = lists().into_iter().map(|(name, _)| name).collect();
        println!("skipped: RFC_TEXTS does not name the texts of {}", names.join(", "));
        return;
    };
    check_each(|name, entries| {
        let path = folder.join(format!("{name}.txt"));
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        list::incomplete(entries, &text::sections(&text))
    });
}
