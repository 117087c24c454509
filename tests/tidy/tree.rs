//! The files of the workspace, read from disk: no version control is asked.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file, its path relative to the workspace and with `/` between its parts.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A sample for the tests of the checkers.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the package lies in the workspace").to_path_buf()
}

/// The text of one file of the workspace.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file of the workspace, packages outside of it included.
pub(crate) fn all_rust() -> Vec<Source> {
    rust_below("")
}

/// Every Rust file below a folder of the workspace.
pub(crate) fn rust_below(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Names directly in the workspace's folder that do not start with a dot. `target` is what cargo
/// builds into and no part of the sources.
pub(crate) fn visible_top_level() -> Vec<String> {
    entries(&root())
        .iter()
        .map(|path| name(path))
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for path in entries(folder) {
        let name = name(&path);
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).unwrap_or(&path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push(Source { path: parts.join("/"), text });
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    listing.map(|entry| entry.expect("a folder that can be listed").path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
