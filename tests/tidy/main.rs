//! House-keeping: what the workspace promises about its own sources, one test a rule.
//!
//! Every checker takes text and returns complaints, so that each can be shown bad samples; the
//! tests here hand the checkers the real tree. They read files and nothing else: they work in an
//! unpacked archive as well as in a clone.

mod arrows;
mod docs;
mod readme;
mod shape;
mod tree;
mod words;

use tree::Source;

/// Fails with one complaint a line.
fn expect_none(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

/// Runs `check` over `sources` and fails with everything it finds.
fn check_each(rule: &str, sources: &[Source], check: impl Fn(&Source) -> Vec<String>) {
    assert!(!sources.is_empty(), "{rule}: no file to check");
    let complaints: Vec<String> = sources.iter().flat_map(check).collect();
    expect_none(rule, &complaints);
}

#[test]
fn no_file_is_above_600_lines() {
    check_each("files above 600 lines", &tree::all_rust(), shape::too_long);
}

#[test]
fn every_file_opens_with_a_sentence_that_says_its_promise() {
    check_each("files without a header", &tree::all_rust(), shape::header);
}

#[test]
fn arrows_between_the_rooms_of_the_core_point_down() {
    let core = tree::rust_below("h2-core/src");
    expect_none("arrows that point up", &arrows::upward(&core));
}

#[test]
fn only_connection_egress_and_error_use_hpack() {
    let core = tree::rust_below("h2-core/src");
    expect_none("uses of hpack", &arrows::uses_of_hpack(&core));
}

#[test]
fn the_core_never_speaks_of_runtimes_sockets_clocks_or_locks() {
    let core = tree::rust_below("h2-core/src");
    let test_files = words::test_files(&core);
    check_each("forbidden words", &core, |source| words::impure(source, &test_files));
}

#[test]
fn work_left_to_do_names_its_issue() {
    check_each("notes without an issue", &tree::all_rust(), words::unnumbered_notes);
}

#[test]
fn the_two_libraries_hold_no_unsafe_code() {
    let mut libraries = tree::rust_below("h2-core/src");
    libraries.extend(tree::rust_below("h2-tokio/src"));
    check_each("unsafe code", &libraries, words::unsafe_code);
}

#[test]
fn what_is_asynchronous_says_what_dropping_it_does() {
    check_each("futures", &tree::rust_below("h2-tokio/src"), docs::silent_futures);
}

#[test]
fn the_tables_for_those_who_come_from_elsewhere_leave_no_name_out() {
    for (path, names) in [
        ("h2-core/src/guide/coming_from.rs", docs::PYTHON_H2),
        ("h2-tokio/src/guide/coming_from.rs", docs::HYPERIUM_H2),
    ] {
        let page = Source { path: path.to_owned(), text: tree::read(path) };
        check_each("names left out", &[page], |page| docs::unmentioned(page, names));
    }
}

#[test]
fn the_top_level_holds_what_it_should_and_nothing_else() {
    expect_none("top level", &shape::top_level(&tree::visible_top_level()));
}

#[test]
fn the_code_of_the_readme_is_code_that_is_compiled() {
    let readme = tree::read("README.md");
    let compiled = [tree::read("examples/small_server.rs"), tree::read("examples/small_client.rs")];
    expect_none("README", &readme::strangers(&readme, &compiled));
}

#[test]
fn the_figures_of_the_readme_are_those_of_the_last_comparison() {
    let readme = tree::read("README.md");
    let results = tree::read("h2-tokio/benches/results/speed.md");
    expect_none("README", &readme::unmeasured(&readme, &results));
}

#[test]
fn the_readme_opens_with_the_two_commands() {
    let readme = tree::read("README.md");
    let commands =
        ["cargo run --release -p h2-examples --bin hello_server", "cargo test --workspace"];
    expect_none("README", &readme::first_block(&readme, &commands));
}
