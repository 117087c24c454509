//! The checked-in lists: which obligation is covered by which tests, or why by none.

use crate::text::{Section, is_keyword, words};

/// One obligation and what covers it.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) section: String,
    pub(crate) phrase: String,
    gist: String,
    /// `suite::module::test`, one or more.
    pub(crate) tests: Vec<String>,
    /// Why no test can cover it.
    reason: Option<String>,
}

/// Reads a list. The form is that of [`crate`].
pub(crate) fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = String::new();
    for (at, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(number) = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            number.clone_into(&mut section);
        } else if !line.starts_with(' ') {
            let (phrase, gist) = content.split_once("--").unwrap_or((content, ""));
            let (phrase, gist) = (phrase.trim().to_owned(), gist.trim().to_owned());
            entries.push(Entry {
                line: at + 1,
                section: section.clone(),
                phrase,
                gist,
                ..Entry::default()
            });
        } else if let Some(entry) = entries.last_mut() {
            match (content.strip_prefix("none:"), &mut entry.reason) {
                (Some(reason), _) => entry.reason = Some(reason.trim().to_owned()),
                (None, Some(reason)) => reason.extend([" ", content]),
                (None, None) => entry.tests.push(content.to_owned()),
            }
        }
    }
    entries
}

/// Complains about entries that are not whole.
pub(crate) fn unfinished(entries: &[Entry]) -> Vec<String> {
    let complaint = |entry: &Entry| {
        let keywords = words(&entry.phrase).iter().filter(|word| is_keyword(word)).count();
        let covered = !entry.tests.is_empty();
        let short = |text: &str| text.split_whitespace().count() < 3;
        if entry.section.is_empty() {
            Some("stands in no section")
        } else if keywords != 1 {
            Some("has not exactly one keyword")
        } else if short(&entry.gist) {
            Some("does not say in own words what is asked")
        } else if entry.reason.as_deref().is_some_and(short) {
            Some("gives no reason")
        } else if covered == entry.reason.is_some() {
            Some("needs tests or the reason why there are none")
        } else {
            None
        }
    };
    let said = |entry: &Entry, why| format!("line {}: '{}' {why}", entry.line, entry.phrase);
    entries.iter().filter_map(|entry| complaint(entry).map(|why| said(entry, why))).collect()
}

/// Complains about tests that are not in the tree.
pub(crate) fn strangers(entries: &[Entry], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let named = entries.iter().flat_map(|entry| entry.tests.iter().map(|test| (entry.line, test)));
    let unknown = named.filter(|(_, test)| !exists(test));
    unknown.map(|(line, test)| format!("line {line}: there is no test {test}")).collect()
}

/// Complains about obligations of the text that are missing or listed twice, and about entries that
/// fit no place or several.
pub(crate) fn incomplete(entries: &[Entry], text: &[Section]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut listed: Vec<(&str, usize)> = Vec::new();
    for entry in entries {
        let phrase = words(&entry.phrase);
        let sections = text.iter().filter(|section| section.number == entry.section);
        let found: Vec<usize> = sections.flat_map(|section| section.find(&phrase)).collect();
        let place = format!("line {}: '{}' in section {}", entry.line, entry.phrase, entry.section);
        match found[..] {
            [at] if listed.contains(&(&entry.section, at)) => {
                complaints.push(format!("{place} is listed twice"));
            }
            [at] => listed.push((&entry.section, at)),
            [] => complaints.push(format!("{place} is not there")),
            _ => complaints.push(format!("{place} fits {} places", found.len())),
        }
    }
    for section in text {
        let missing = |at: &&usize| !listed.contains(&(&section.number, **at));
        let missing: Vec<usize> = section.obligations.iter().filter(missing).copied().collect();
        // In the form of the list, to be completed there.
        if !missing.is_empty() {
            complaints.push(format!("missing:\n[{}]", section.number));
            complaints.extend(missing.iter().map(|at| format!("{} -- ", section.shortest(*at))));
        }
    }
    complaints
}
