//! The text of an RFC as sections of words, and the places where it obliges somebody.

use std::collections::HashMap;

/// The words that oblige (RFC 2119); `MUST NOT` and `SHALL NOT` begin like the others.
const KEYWORDS: [&str; 3] = ["MUST", "REQUIRED", "SHALL"];

/// Whether a phrase's word is one of those that oblige.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// The words of a phrase without the marks around them.
pub(crate) fn words(phrase: &str) -> Vec<String> {
    phrase.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// One section, from its heading to the next.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) number: String,
    words: Vec<String>,
    /// Where in `words` a keyword obliges.
    pub(crate) obligations: Vec<usize>,
}

impl Section {
    /// The obligations whose neighbourhood reads like `phrase`, which has one keyword.
    pub(crate) fn find(&self, phrase: &[String]) -> Vec<usize> {
        let Some(keyword) = phrase.iter().position(|word| is_keyword(word)) else {
            return Vec::new();
        };
        let reads = |at: &&usize| {
            let from = at.checked_sub(keyword);
            from.and_then(|from| self.words.get(from..from + phrase.len())) == Some(phrase)
        };
        self.obligations.iter().filter(reads).copied().collect()
    }

    /// The shortest phrase that tells the obligation from its neighbours: the keyword and what
    /// follows, then what precedes as well.
    pub(crate) fn shortest(&self, at: usize) -> String {
        let stop = |word: &&String| is_keyword(word);
        let after = self.words.get(at + 1..).unwrap_or_default();
        let room_after = after.iter().position(|word| stop(&word)).unwrap_or(after.len());
        let before = self.words.get(..at).unwrap_or_default();
        let room_before = before.iter().rev().position(|word| stop(&word)).unwrap_or(at);
        let candidates = (3..=6).map(|right| (0, right)).chain((1..=4).map(|left| (left, 3)));
        let candidates = candidates.chain((7..=16).map(|right| (0, right)));
        let candidates = candidates.chain((5..=16).map(|left| (left, 3)));
        let mut phrase = Vec::new();
        for (left, right) in candidates {
            let range = at - left.min(room_before)..at + 1 + right.min(room_after);
            phrase = self.words.get(range).unwrap_or_default().to_vec();
            if self.find(&phrase).len() == 1 {
                break;
            }
        }
        phrase.join(" ")
    }
}

/// The sections of a text whose table of contents lists them as `• 1.   Title`.
pub(crate) fn sections(text: &str) -> Vec<Section> {
    let contents: HashMap<String, String> = text.lines().filter_map(listed).collect();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(number) = contents.get(line.trim_end()) {
            let (words, obligations) = (Vec::new(), Vec::new());
            sections.push(Section { number: number.clone(), words, obligations });
        } else if let Some(section) = sections.last_mut() {
            for word in line.split_whitespace() {
                let bare = bare(word);
                // In quotation marks it is spoken of and obliges nobody.
                if is_keyword(&bare) && !word.starts_with(['"', '\u{201c}']) {
                    section.obligations.push(section.words.len());
                }
                section.words.extend(Some(bare).filter(|bare| !bare.is_empty()));
            }
        }
    }
    assert_eq!(sections.len(), contents.len(), "each section of the contents has its heading");
    sections
}

/// A line of the table of contents: the heading that it points to, and the number of its section.
fn listed(line: &str) -> Option<(String, String)> {
    let entry = line.strip_prefix(' ')?.trim_start().strip_prefix(['•', '□', '☆', '○'])?;
    let entry = entry.trim().strip_prefix("Appendix").unwrap_or(entry).trim();
    let (number, title) = entry.split_once(". ")?;
    let is_letter = number.len() == 1 && number.starts_with(|c: char| c.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let prefix = if is_letter { "Appendix " } else { "" };
    let heading = format!("{prefix}{number}. {}", title.trim());
    (is_letter || is_number).then(|| (heading, number.to_owned()))
}
