//! Rust source as far as the rules need it: what is comment, what is string, and which paths occur.

/// What of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Code and strings, no comments.
    CodeAndStrings,
    /// Code alone.
    Code,
}

/// The text with everything that `keep` leaves out replaced by spaces, line by line as before.
pub fn blank(text: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, shown) = next_piece(rest, first, out.chars().next_back());
        let piece = rest.get(..len).unwrap_or(rest);
        let visible = match shown {
            Piece::Code => true,
            Piece::Comment => false,
            Piece::Text => keep == Keep::CodeAndStrings,
        };
        if visible {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    out
}

enum Piece {
    Code,
    Comment,
    Text,
}

/// The length and the kind of the piece that `rest` starts with; never empty.
fn next_piece(rest: &str, first: char, before: Option<char>) -> (usize, Piece) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Piece::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Piece::Comment);
    }
    let in_word = before.is_some_and(is_word);
    if first == 'r'
        && !in_word
        && let Some(len) = raw_string(rest)
    {
        return (len, Piece::Text);
    }
    match first {
        '"' => (quoted(rest, '"'), Piece::Text),
        '\'' => match character(rest) {
            Some(len) => (len, Piece::Text),
            None => (1, Piece::Code),
        },
        _ => (first.len_utf8(), Piece::Code),
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.get(1..)?.chars().take_while(|&c| c == '#').count();
    let body = rest.get(1 + hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(1 + hashes + 1 + len)
}

/// The length of a literal up to and with the closing `quote` that no backslash hides.
fn quoted(rest: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in rest.char_indices().skip(1) {
        if hidden {
            hidden = false;
        } else if c == '\\' {
            hidden = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

/// The length of a character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.chars().skip(1);
    let (first, second) = (chars.next()?, chars.next()?);
    if first == '\\' || second == '\'' { Some(quoted(rest, '\'')) } else { None }
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `line` with no letter, digit or underscore directly beside it.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod samples {
    use super::*;

    #[test]
    fn comments_vanish_and_lines_stay() {
        let text = "a // x\n/* b /* c */\nd */ e \"// no comment\" 'f' '\\'' g";
        let spaces = " ".repeat(12);
        let with_strings = format!("a     \n{spaces}\n     e \"// no comment\" 'f' '\\'' g");
        assert_eq!(blank(text, Keep::CodeAndStrings), with_strings);
        let code = blank(text, Keep::Code);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "e", "g"]);
        assert_eq!(code.lines().count(), 3);
    }

    #[test]
    fn raw_strings_and_lifetimes_are_told_apart_from_quotes() {
        let text = "r#\"a \" b\"# fn f<'a>(x: &'a str) {} \"\\\"\" b'x' for\"y\"";
        let code = blank(text, Keep::Code);
        assert!(code.contains("fn f<'a>(x: &'a str) {}"), "{code}");
        for gone in ["a \"", "b\"", "x'", "y"] {
            assert!(!code.contains(gone), "{gone} in {code}");
        }
    }

    #[test]
    fn a_word_has_edges() {
        assert!(has_word("use tokio::net;", "tokio"));
        assert!(!has_word("use my_tokio::net;", "tokio"));
        assert!(has_word("println!(\"x\")", "println!"));
        assert!(!has_word("asynchronous", "async"));
    }
}
