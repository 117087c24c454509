//! The tests of the workspace by name, read from its sources: `suite::module::test`.
//!
//! A suite is a test target of the manifests, or one of the two libraries, whose hyphen is an
//! underscore here. Tests that are ignored do not count.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use h2_tests::lexer::{Keep, blank, is_word};

/// The names of all tests of the workspace at `root`.
pub(crate) fn tests(root: &Path) -> HashSet<String> {
    let mut found = HashSet::new();
    for package in ["tests", "examples"] {
        let folder = root.join(package);
        for (name, path) in targets(&read(&folder.join("Cargo.toml"))) {
            walk(&folder.join(path), &name, true, &mut found);
        }
    }
    for library in ["h2-core", "h2-tokio"] {
        let file = root.join(library).join("src/lib.rs");
        walk(&file, &library.replace('-', "_"), true, &mut found);
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Name and path of each `[[test]]` of a manifest.
pub(crate) fn targets(manifest: &str) -> Vec<(String, String)> {
    let value = |table: &str, key: &str| {
        let line = table.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
        line.map(|value| value.trim().trim_matches('"').to_owned())
    };
    manifest
        .split("\n[")
        .filter_map(|table| table.strip_prefix("[test]]"))
        .filter_map(|table| value(table, "name").zip(value(table, "path")))
        .collect()
}

/// Follows a file and the modules that it names. The modules of a root lie beside it, those of
/// another file in the folder of its name.
fn walk(file: &Path, path: &str, is_root: bool, found: &mut HashSet<String>) {
    let Contents { tests, modules } = contents(&read(file));
    found.extend(tests.iter().map(|test| format!("{path}::{test}")));
    let beside = file.parent().unwrap_or(file);
    let is_root = is_root || file.ends_with("mod.rs");
    let folder = if is_root { beside.to_path_buf() } else { file.with_extension("") };
    for module in modules {
        let candidates = [format!("{module}.rs"), format!("{module}/mod.rs")];
        let files: Vec<PathBuf> = candidates.iter().map(|name| folder.join(name)).collect();
        if let Some(file) = files.iter().find(|file| file.is_file()) {
            walk(file, &format!("{path}::{module}"), false, found);
        }
    }
}

/// What one file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Tests, with the modules inside the file before their names.
    pub(crate) tests: Vec<String>,
    /// Modules in files of their own.
    pub(crate) modules: Vec<String>,
}

/// Reads a file as far as modules and attributes go.
pub(crate) fn contents(text: &str) -> Contents {
    let code = blank(text, Keep::Code);
    let mut contents = Contents::default();
    // The open inner modules, each with the depth of braces outside of it.
    let mut inside: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut is_test, mut is_ignored) = (0_usize, false, false);
    let tokens = tokens(&code);
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        match *token {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inside.pop_if(|(_, outside)| *outside == depth);
            }
            "#" => {
                let attribute = attribute(rest.as_slice());
                is_test |= attribute.last() == Some(&"test");
                is_ignored |= attribute == ["ignore"];
            }
            "mod" => match (rest.next(), rest.as_slice().first()) {
                (Some(name), Some(&"{")) => inside.push(((*name).to_owned(), depth)),
                (Some(name), _) => contents.modules.push((*name).to_owned()),
                _ => {}
            },
            "fn" => {
                if let Some(name) = rest.next().filter(|_| is_test && !is_ignored) {
                    let modules = inside.iter().map(|(module, _)| module.as_str());
                    let path: Vec<&str> = modules.chain([*name]).collect();
                    contents.tests.push(path.join("::"));
                }
                (is_test, is_ignored) = (false, false);
            }
            _ => {}
        }
    }
    contents
}

/// The path of the attribute whose bracket opens next: `["tokio", "test"]` for `[tokio::test(..)]`.
fn attribute<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let inside = tokens.strip_prefix(&["["]).unwrap_or_default();
    let path = inside.iter().take_while(|token| !["]", "(", "="].contains(token));
    path.copied().filter(|token| *token != ":").collect()
}

/// Words, and every other visible character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (token, tail) = rest.split_at(if word == 0 { first.len_utf8() } else { word });
        tokens.push(token);
        rest = tail.trim_start();
    }
    tokens
}
