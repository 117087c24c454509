//! Rules about files as wholes: their length, their first sentence, the names at the top.

use crate::tree::Source;

const MOST_LINES: usize = 600;

/// What may stand at the top of the workspace; a licence may have several files.
const TOP_LEVEL: [&str; 8] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "examples",
    "h2-core",
    "h2-tokio",
    "tests",
];

/// Complains about a file with too many lines.
pub(crate) fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > MOST_LINES { vec![format!("{}: {lines} lines", source.path)] } else { Vec::new() }
}

/// Complains unless the file opens with `//!` and a full sentence.
pub(crate) fn header(source: &Source) -> Vec<String> {
    let paragraph: Vec<&str> = source
        .text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let sentence = paragraph.join(" ");
    let complaint = if sentence.is_empty() {
        "does not open with //!"
    } else if !sentence.ends_with('.') {
        "the first paragraph does not end with a full stop"
    } else if sentence.split_whitespace().count() < 3 {
        "the first sentence is too short to say a promise"
    } else {
        return Vec::new();
    };
    vec![format!("{}: {complaint}", source.path)]
}

/// Complains about names that are missing at the top level and about those that do not belong.
pub(crate) fn top_level(names: &[String]) -> Vec<String> {
    let is_licence = |name: &str| name.starts_with("LICENSE");
    let missing = TOP_LEVEL.iter().filter(|name| !names.iter().any(|have| have == *name));
    let mut complaints: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
    if !names.iter().any(|name| is_licence(name)) {
        complaints.push("LICENSE is missing".to_owned());
    }
    for name in names {
        if !TOP_LEVEL.contains(&name.as_str()) && !is_licence(name) {
            complaints.push(format!("{name} does not belong here; a dotfile might"));
        }
    }
    complaints
}

mod samples {
    use super::*;

    #[test]
    fn a_file_of_601_lines_is_too_long_and_one_of_600_is_not() {
        assert!(too_long(&Source::sample("a.rs", &"x\n".repeat(600))).is_empty());
        assert_eq!(too_long(&Source::sample("a.rs", &"x\n".repeat(601))), ["a.rs: 601 lines"]);
    }

    #[test]
    fn a_header_is_a_sentence_in_the_first_line() {
        let good =
            ["//! A window never overflows.", "//! Two lines that\n//! end here.\n//!\n//! x"];
        for text in good {
            assert!(header(&Source::sample("a.rs", text)).is_empty(), "{text}");
        }
        let bad = [
            "",
            "use std::fmt;\n//! Too late for a header.",
            "\n//! An empty line stands before it.",
            "//! Frames and their fields",
            "//! Frames.",
            "//!\n//! Begins with an empty line.",
        ];
        for text in bad {
            assert_eq!(header(&Source::sample("a.rs", text)).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_stranger_and_a_gap_at_the_top_are_found() {
        let mut names: Vec<String> = TOP_LEVEL.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(top_level(&names), ["LICENSE is missing"]);
        names.push("LICENSE-MIT".to_owned());
        assert!(top_level(&names).is_empty());
        names.push("deny.toml".to_owned());
        names.retain(|name| name != "tests");
        assert_eq!(top_level(&names).len(), 2);
    }
}
