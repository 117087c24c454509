//! The checkers find what they are there to find.

use crate::list::{incomplete, parse, strangers, unfinished};
use crate::named;
use crate::suites::{Contents, contents, targets};
use crate::text::{Section, sections};

const TEXT: &str = "Rules for everybody

  • 1.   Words
  • 2.   Rules
      □ 2.1.   More Rules
  • Appendix A.   Lists

1. Words

The words \"MUST\", \"MUST NOT\" and \"SHALL\" are used.

2. Rules

A sender MUST NOT
shout, and it MUST listen. The field \":path\" MUST be there;
a receiver MUST
be there.

2.1. More Rules

2.1. Such lines are no headings. Patience is REQUIRED.

Appendix A. Lists

Nothing.
";

const LIST: &str = "\
# All of it.
[2]
MUST NOT shout -- nobody shouts here
    suite::quiet
MUST listen -- everybody listens to others
    suite::attentive
    suite::patient
path MUST be -- requests have a path
    none: there are no requests in
        this example
receiver MUST be -- whoever receives is there
    suite::quiet

[2.1]
is REQUIRED -- one has to wait
    suite::patient
";

fn text() -> Vec<Section> {
    sections(TEXT)
}

#[test]
fn obligations_are_counted_by_section_and_not_where_they_are_quoted() {
    let found: Vec<(String, usize)> =
        text().iter().map(|s| (s.number.clone(), s.obligations.len())).collect();
    let counts = [("1", 0), ("2", 4), ("2.1", 1), ("A", 0)];
    assert_eq!(found, counts.map(|(number, count)| (number.to_owned(), count)));
}

#[test]
fn a_list_that_is_complete_finds_no_complaint() {
    let list = parse(LIST);
    assert_eq!(list.len(), 5);
    assert_eq!(list[1].tests, ["suite::attentive", "suite::patient"]);
    assert_eq!(unfinished(&list), Vec::<String>::new());
    assert_eq!(incomplete(&list, &text()), Vec::<String>::new());
    assert_eq!(strangers(&list, |test| test.starts_with("suite")), Vec::<String>::new());
}

#[test]
fn what_is_missing_twice_or_nowhere_is_found() {
    let without = LIST.replace("MUST listen", "MUST NOT shout");
    let complaints = incomplete(&parse(&without), &text()).join("\n");
    assert!(complaints.contains("line 5: 'MUST NOT shout' in section 2 is listed twice"));
    assert!(complaints.contains("missing:\n[2]\nMUST listen The field -- "), "{complaints}");
    let bent = LIST.replace("MUST listen", "MUST obey").replace("receiver MUST be", "MUST be");
    let complaints = incomplete(&parse(&bent), &text()).join("\n");
    assert!(complaints.contains("'MUST obey' in section 2 is not there"), "{complaints}");
    assert!(complaints.contains("'MUST be' in section 2 fits 2 places"), "{complaints}");
    let elsewhere = LIST.replace("[2.1]", "[2]");
    assert!(incomplete(&parse(&elsewhere), &text()).join("\n").contains("'is REQUIRED'"));
}

#[test]
fn the_skeleton_of_an_empty_list_finds_every_place() {
    let mut skeleton = incomplete(&[], &text()).join("\n").replace("missing:\n", "");
    assert_eq!(unfinished(&parse(&skeleton)).len(), 5);
    skeleton = skeleton.replace(" -- ", " -- what is asked of all\n    suite::test");
    assert_eq!(unfinished(&parse(&skeleton)), Vec::<String>::new());
    assert_eq!(incomplete(&parse(&skeleton), &text()), Vec::<String>::new());
}

#[test]
fn entries_that_are_not_whole_are_found() {
    let bad = [
        "MUST be -- it has no section\n    a::b",
        "[1]\nit be -- has no keyword at all\n    a::b",
        "[1]\nMUST be and MUST -- has two of them\n    a::b",
        "[1]\nMUST be -- short\n    a::b",
        "[1]\nMUST be -- covered by no test",
        "[1]\nMUST be -- without a reason\n    none:",
        "[1]\nMUST be -- covered and not covered\n    a::b\n    none: we have no time",
    ];
    for text in bad {
        assert_eq!(unfinished(&parse(text)).len(), 1, "{text}");
    }
}

#[test]
fn tests_that_are_not_in_the_tree_are_found() {
    let complaints = strangers(&parse(LIST), |test| test != "suite::patient");
    let expected = [5, 15].map(|line| format!("line {line}: there is no test suite::patient"));
    assert_eq!(complaints, expected);
}

#[test]
fn tests_are_read_with_their_modules() {
    let source = r##"
        mod beside;
        // #[test] fn in_a_comment() {}
        #[cfg(test)]
        mod inner {
            const TEXT: &str = "#[test] fn in_a_string() {}";
            #[test]
            fn first() { if true { } }
            fn no_test() {}
            mod deeper { #[tokio::test(start_paused = true)] async fn second() {} }
            #[test]
            #[ignore = "too slow"]
            fn never_run() {}
        }
        #[test]
        #[should_panic]
        fn last() {}
    "##;
    let tests = ["inner::first", "inner::deeper::second", "last"].map(str::to_owned).to_vec();
    assert_eq!(contents(source), Contents { tests, modules: vec!["beside".to_owned()] });
}

#[test]
fn suites_are_read_from_the_manifest() {
    let manifest = "[lib]\npath = \"x\"\n\n[[test]]\nname = \"a\"\npath = \"a/main.rs\"\n[lints]\n";
    assert_eq!(targets(manifest), [("a".to_owned(), "a/main.rs".to_owned())]);
}

#[test]
fn a_number_without_a_test_and_a_test_without_a_number_are_found() {
    let tests = ["core::traps::trap_01_a", "core::traps::trap_99_b", "core::fields::row_n1_c"];
    let complaints = named::missing(&tests.map(str::to_owned).into());
    let has = |text: &str| complaints.iter().any(|complaint| complaint == text);
    assert!(has("no test is called trap_02_*") && has("trap_99_b has no such number"));
    assert!(!has("no test is called trap_01_*") && !has("no test is called row_n1_*"));
    assert!(has("no test is called t_rst_1_*") && has("no test is called survive_20_*"));
}
