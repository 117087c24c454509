//! Rules about single words: those the core may not say, and those that ask for an issue.

use h2_tests::lexer::{Keep, blank, has_word};

use crate::tree::Source;

/// The core has no runtime, socket, clock, lock or output of its own.
const IMPURE: [&str; 9] = [
    "tokio",
    "async",
    "Waker",
    "std::net",
    "Instant::now",
    "SystemTime::now",
    "Mutex",
    "println!",
    "eprintln!",
];

/// What stands before a module of tests.
const TEST_MODULE: &str = "#[cfg(test)]";

/// In two parts, so that this file does not trip over itself.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Complains about words outside comments that have no place in a pure state machine.
///
/// Unit tests, at the end of a file or in one of the `test_files`, may ask for the time: they must
/// begin it somewhere, and an `Instant` can be had in no other way.
pub(crate) fn impure(source: &Source, test_files: &[String]) -> Vec<String> {
    let text = blank(&source.text, Keep::CodeAndStrings);
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| {
        // A module in a file of its own is declared among the others, above the code.
        pair.first() == Some(&TEST_MODULE) && pair.last().is_some_and(|line| !line.ends_with(';'))
    };
    let first = (1..).zip(lines.windows(2)).find(|(_, pair)| opens_tests(pair));
    let tests = match first {
        _ if test_files.contains(&source.path) => 0,
        Some((number, _)) => number,
        None => usize::MAX,
    };
    find(&text, &source.path, |number, line| {
        let allowed = |word: &str| word == "Instant::now" && number > tests;
        IMPURE.into_iter().filter(|word| has_word(line, word) && !allowed(word)).collect()
    })
}

/// The files of modules that are compiled for tests alone.
pub(crate) fn test_files(sources: &[Source]) -> Vec<String> {
    let of = |source: &Source| {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let names = declared(&source.text);
        names.into_iter().map(move |name| format!("{folder}/{name}.rs")).collect::<Vec<_>>()
    };
    sources.iter().flat_map(of).collect()
}

/// The modules that a file declares, in files of their own, for tests alone.
fn declared(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair.first() == Some(&TEST_MODULE));
    let names = pairs.filter_map(|pair| pair.last()?.strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// Complains about `unsafe` outside comments and strings.
pub(crate) fn unsafe_code(source: &Source) -> Vec<String> {
    let text = blank(&source.text, Keep::Code);
    find(
        &text,
        &source.path,
        |_, line| {
            if has_word(line, "unsafe") { vec!["unsafe"] } else { Vec::new() }
        },
    )
}

/// Complains about notes of work left to do that are not followed by the number of an issue, as in
/// `(#12)` or ` #12`.
pub(crate) fn unnumbered_notes(source: &Source) -> Vec<String> {
    find(&source.text, &source.path, |_, line| {
        NOTES
            .into_iter()
            .filter(|note| line.match_indices(note).any(|(at, _)| !numbered(line, at + note.len())))
            .collect()
    })
}

fn numbered(line: &str, from: usize) -> bool {
    let rest = line.get(from..).unwrap_or_default().trim_start_matches(['(', ' ', ':']);
    rest.strip_prefix('#').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

fn find(text: &str, path: &str, look: impl Fn(usize, &str) -> Vec<&'static str>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        complaints.extend(look(number, line).iter().map(|word| format!("{path}:{number}: {word}")));
    }
    complaints
}

mod samples {
    use super::*;

    #[test]
    fn each_impure_word_is_found_in_code_and_not_in_comments() {
        for word in IMPURE {
            let bad = Source::sample("a.rs", &format!("//! {word}\nlet x = {word};\n"));
            assert!(
                impure(&bad, &[]).iter().any(|found| found == &format!("a.rs:2: {word}")),
                "{word}"
            );
            let good = Source::sample("a.rs", &format!("/// {word}\n/* {word} */ let x = 1;\n"));
            assert!(impure(&good, &[]).is_empty(), "{word}");
        }
    }

    #[test]
    fn unit_tests_may_ask_for_the_time_and_for_nothing_else() {
        let text =
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    Instant::now();\n    Mutex::new();\n}\n";
        assert_eq!(impure(&Source::sample("a.rs", text), &[]), ["a.rs:5: Mutex"]);
        let parent = Source::sample(
            "x/mod.rs",
            "#[cfg(test)]\nmod a;\nmod b;\n\nInstant::now();\n#[cfg(test)]\nmod tests {\nInstant::now();\n}\n",
        );
        let files = test_files(std::slice::from_ref(&parent));
        assert_eq!(files, ["x/a.rs"]);
        assert_eq!(impure(&parent, &files), ["x/mod.rs:5: Instant::now"]);
        assert!(impure(&Source::sample("x/a.rs", "Instant::now();"), &files).is_empty());
        assert_eq!(impure(&Source::sample("x/b.rs", "Instant::now();"), &files).len(), 1);
    }

    #[test]
    fn unsafe_is_found_and_the_lint_against_it_is_not() {
        let text = "#![forbid(unsafe_code)]\nlet x = \"unsafe\"; // unsafe\nunsafe { f() }\n";
        assert_eq!(unsafe_code(&Source::sample("a.rs", text)), ["a.rs:3: unsafe"]);
    }

    #[test]
    fn a_note_needs_the_number_of_an_issue() {
        for note in NOTES {
            let good = format!("// {note}(#12): later\n// {note} #7\n// {note}: #7\n");
            assert!(unnumbered_notes(&Source::sample("a.rs", &good)).is_empty());
            for bad in
                [format!("// {note}: later"), format!("x(); // {note} (me)"), note.to_owned()]
            {
                assert_eq!(unnumbered_notes(&Source::sample("a.rs", &bad)).len(), 1, "{bad}");
            }
        }
    }
}
