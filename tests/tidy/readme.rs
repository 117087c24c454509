//! Rules about the README: its Rust code is code that the workspace compiles.

/// The fenced blocks of a Markdown text: the word after the fence, and the lines.
fn blocks(markdown: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.trim(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// What of a file a reader is shown: everything below its header and its inner attributes.
fn shown(file: &str) -> &str {
    let mut rest = file;
    while let Some((line, below)) = rest.split_once('\n') {
        let skip = line.starts_with("//!") || line.starts_with("#![") || line.trim().is_empty();
        if !skip {
            break;
        }
        rest = below;
    }
    rest
}

/// Complains about Rust blocks that are no compiled file, and about files that are not shown.
pub(crate) fn strangers(readme: &str, compiled: &[String]) -> Vec<String> {
    let blocks = blocks(readme);
    let rust: Vec<&str> = blocks
        .iter()
        .filter(|(language, _)| language.starts_with("rust"))
        .map(|(_, text)| text.trim_end())
        .collect();
    let files: Vec<&str> = compiled.iter().map(|file| shown(file).trim_end()).collect();
    let mut complaints = Vec::new();
    for block in &rust {
        if !files.contains(block) {
            complaints.push(format!("this block is no compiled file:\n{block}"));
        }
    }
    for file in &files {
        if !rust.contains(file) {
            complaints.push(format!("this file is not shown:\n{file}"));
        }
    }
    complaints
}

/// Complains unless the first block holds exactly `commands`, one a line.
pub(crate) fn first_block(readme: &str, commands: &[&str]) -> Vec<String> {
    let first = blocks(readme).into_iter().next().map(|(_, text)| text).unwrap_or_default();
    let lines: Vec<&str> = first.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines == commands { Vec::new() } else { vec![format!("the first block is:\n{first}")] }
}

/// Complains about rows of the section on speed that the last comparison did not write.
pub(crate) fn unmeasured(readme: &str, results: &str) -> Vec<String> {
    let section = readme.split("\n## ").find(|section| section.starts_with("Speed\n"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
    let strange = rows.filter(|row| !results.lines().any(|line| line == *row));
    strange.map(|row| format!("nothing measured says: {row}")).collect()
}

mod samples {
    use super::*;

    const FILE: &str = "//! Says hello.\n\n#![allow(x)]\n\nfn main() {\n    hello();\n}\n";

    #[test]
    fn a_block_that_differs_from_its_file_is_found_on_both_sides() {
        let readme = "# T\n```sh\nls\n```\n```rust\nfn main() {\n    hello();\n}\n```\n";
        assert!(strangers(readme, &[FILE.to_owned()]).is_empty());
        let changed = readme.replace("hello", "goodbye");
        assert_eq!(strangers(&changed, &[FILE.to_owned()]).len(), 2);
        assert_eq!(strangers("# T\n", &[FILE.to_owned()]).len(), 1);
    }

    #[test]
    fn a_figure_that_was_not_measured_is_found() {
        let readme = "# T\n\n## Speed\n\n| a | 1 |\n| b | 2 |\n\n## Other\n\n| c | 3 |\n";
        assert_eq!(unmeasured(readme, "| a | 1 |\n| b | 3 |\n").len(), 1);
        assert!(unmeasured(readme, "| a | 1 |\n| b | 2 |\n").is_empty());
    }

    #[test]
    fn the_first_block_is_compared_line_by_line() {
        let readme = "# T\n```sh\none\ntwo\n```\n```sh\nthree\n```\n";
        assert!(first_block(readme, &["one", "two"]).is_empty());
        assert_eq!(first_block(readme, &["one"]).len(), 1);
        assert_eq!(first_block("# T\n", &["one"]).len(), 1);
    }
}
