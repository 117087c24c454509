//! The order of the core's rooms, and which paths in the sources point against it.

use std::collections::BTreeMap;

use h2_tests::lexer::{Keep, blank, is_word};

use crate::tree::Source;

/// The rooms from the bottom up. A room may name those of lower layers.
const LAYERS: [Layer; 5] = [
    Layer {
        rooms: &["stream_id", "stream_map", "moment", "error", "fields", "settings", "config"],
        within: true,
    },
    Layer {
        rooms: &["frame", "hpack", "message", "flow", "priority", "guard"],
        // Grammar and arithmetic: none of them has heard of another.
        within: false,
    },
    Layer { rooms: &["stream", "event", "observe"], within: true },
    Layer { rooms: &["egress"], within: true },
    Layer { rooms: &["connection"], within: true },
];

struct Layer {
    rooms: &'static [&'static str],
    /// Whether rooms of this layer may name each other.
    within: bool,
}

/// Arrows that point up and are meant to: room, what it names, why.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("error", "RequestHead", "a request that cannot be opened is handed back inside its error"),
    ("error", "DecodeError", "a violation says what the decoder found, in the decoder's words"),
    ("message", "Priority", "a head answers what its priority field says, as it does for others"),
];

/// Rooms that may name `hpack`: compression state changes in wire order, and these two keep it;
/// `error` carries what the decoder found.
const USERS_OF_HPACK: [&str; 4] = ["connection", "egress", "error", "hpack"];

/// Complains about every path that points up, or sideways between grammar rooms.
pub(crate) fn upward(core: &[Source]) -> Vec<String> {
    let public = reexports(core);
    let mut complaints = Vec::new();
    for arrow in core.iter().flat_map(|source| arrows(source, &public)) {
        let Arrow { file, from, to, name } = &arrow;
        let excepted = EXCEPTIONS.iter().any(|(room, what, _)| room == from && what == name);
        if from == to || excepted {
            continue;
        }
        let (Some(low), Some(high)) = (layer(to), layer(from)) else {
            let stranger = if layer(to).is_none() { to } else { from };
            complaints.push(format!("{file}: room `{stranger}` has no place in the order"));
            continue;
        };
        let down = low < high || (low == high && LAYERS.get(low).is_some_and(|layer| layer.within));
        if !down {
            complaints.push(format!("{file}: `{from}` may not name `{to}` ({name})"));
        }
    }
    complaints
}

/// Complains about every path into `hpack` from a room that has no business there.
pub(crate) fn uses_of_hpack(core: &[Source]) -> Vec<String> {
    let public = reexports(core);
    core.iter()
        .flat_map(|source| arrows(source, &public))
        .filter(|arrow| arrow.to == "hpack" && !USERS_OF_HPACK.contains(&arrow.from.as_str()))
        .map(|arrow| format!("{}: `{}` names hpack ({})", arrow.file, arrow.from, arrow.name))
        .collect()
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.rooms.contains(&room))
}

/// One path in one file: the room it stands in, the room it leads to, its last name.
#[derive(Debug, PartialEq, Eq)]
struct Arrow {
    file: String,
    from: String,
    to: String,
    name: String,
}

const LIB: &str = "h2-core/src/lib.rs";

/// The arrows of a file; none for `lib.rs`, which names every room once for the public.
fn arrows(source: &Source, public: &BTreeMap<String, String>) -> Vec<Arrow> {
    let Some(home) = source.path.strip_prefix("h2-core/src/").filter(|_| source.path != LIB) else {
        return Vec::new();
    };
    let home = home.trim_end_matches(".rs").trim_end_matches("/mod");
    let home: Vec<String> = home.split('/').map(str::to_owned).collect();
    let from = home.first().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for path in paths(&source.text, &home) {
        let Some(first) = path.first() else { continue };
        // A name at the root is a room, or a public name that lives in one.
        let to = public.get(first).unwrap_or(first).clone();
        let name = path.last().unwrap_or(first).clone();
        found.push(Arrow { file: source.path.clone(), from: from.clone(), to, name });
    }
    found
}

/// Which room each public name at the root of the crate comes from, read off `lib.rs`.
fn reexports(core: &[Source]) -> BTreeMap<String, String> {
    let mut public = BTreeMap::new();
    let Some(lib) = core.iter().find(|source| source.path == LIB) else { return public };
    let tokens = tokens(&blank(&lib.text, Keep::Code));
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "use") {
        let mut found = Vec::new();
        tree(&tokens, at + 1, &[], &mut found);
        for path in found {
            if let [room, .., name] = path.as_slice() {
                public.insert(name.clone(), room.clone());
            }
        }
    }
    public
}

/// Every path in the code that starts at `crate`, or at `super` and leaves the file's own room, as
/// names from the root of the crate.
fn paths(text: &str, home: &[String]) -> Vec<Vec<String>> {
    let tokens = tokens(&blank(text, Keep::Code));
    let mut found = Vec::new();
    // Depths of the braces that opened the modules around the token.
    let mut modules: Vec<usize> = Vec::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is = |offset: usize, what: &str| tokens.get(at + offset).is_some_and(|t| t == what);
        let continues =
            at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|t| t == "::");
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if modules.last() == Some(&depth) {
                    modules.pop();
                }
            }
            "mod" if is(2, "{") => modules.push(depth),
            "crate" if is(1, "::") && !continues => {
                tree(&tokens, at + 2, &[], &mut found);
            }
            "super" if is(1, "::") && !continues => {
                let chain = tokens.get(at..).unwrap_or_default().chunks_exact(2);
                let ups = chain.take_while(|pair| *pair == ["super", "::"]).count();
                let inside = home.len() + modules.len();
                let from_root = inside.saturating_sub(ups).min(home.len());
                let start = home.get(..from_root).unwrap_or_default();
                tree(&tokens, at + 2 * ups, start, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Reads one path, or a tree of them in braces, from `at` on; returns where it ends.
fn tree(tokens: &[String], mut at: usize, start: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = start.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let end = tree(tokens, at, &path, found);
                    let aliased = tokens.get(end).is_some_and(|token| token == "as");
                    at = if aliased { end + 2 } else { end.max(at + 1) };
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some("self") => at += 1,
            Some(name) if name.starts_with(is_word) => {
                path.push(name.to_owned());
                at += 1;
            }
            Some("*") => {
                path.push("*".to_owned());
                at += 1;
            }
            _ => break,
        }
        if tokens.get(at).is_some_and(|token| token == "::") {
            at += 1;
        } else {
            break;
        }
    }
    found.push(path);
    at
}

/// Words, `::`, and every other visible character by itself.
fn tokens(code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at(len);
        found.push(token.to_owned());
        rest = tail.trim_start();
    }
    found
}

mod samples {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        let lib =
            "mod message;\npub use message::{RequestHead, Trailers};\npub use error::Misuse;\n";
        upward(&[Source::sample(LIB, lib), Source::sample(path, text)]).len()
    }

    #[test]
    fn arrows_down_and_inside_a_room_are_fine() {
        let fine = [
            (
                "h2-core/src/connection/mod.rs",
                "use crate::egress::Outbox; use crate::error::Misuse;",
            ),
            (
                "h2-core/src/message/request.rs",
                "use super::rules::{a, b}; use crate::fields::{Field, Fields as F};",
            ),
            (
                "h2-core/src/message/request.rs",
                "mod tests { use super::super::rules::x; use super::*; }",
            ),
            (
                "h2-core/src/config.rs",
                "fn f() -> crate::settings::Settings {} pub(crate) fn g() {}",
            ),
            ("h2-core/src/error/misuse.rs", "use crate::RequestHead;"),
            (
                "h2-core/src/stream/state.rs",
                "use crate::{Misuse, Trailers, stream_id::{self, StreamId}};",
            ),
            (
                "h2-core/src/frame/head.rs",
                "// crate::connection::Connection\n/// [`crate::Connection`]\n",
            ),
        ];
        for (path, text) in fine {
            assert_eq!(complaints(path, text), 0, "{path}: {text}");
        }
    }

    #[test]
    fn arrows_up_and_sideways_are_found_however_they_are_written() {
        let wrong = [
            ("h2-core/src/frame/head.rs", "use crate::connection::Connection;"),
            ("h2-core/src/frame/head.rs", "use crate::{error::Misuse, hpack::Decoder};"),
            ("h2-core/src/frame/head.rs", "fn f() { crate::stream::open() }"),
            ("h2-core/src/frame/head.rs", "use super::super::egress::Outbox;"),
            ("h2-core/src/priority.rs", "use super::stream::State;"),
            ("h2-core/src/fields/mod.rs", "use crate::Trailers;"),
            ("h2-core/src/error/mod.rs", "use crate::message::Trailers;"),
            ("h2-core/src/egress/mod.rs", "mod a { use super::super::connection::{self, X}; }"),
            ("h2-core/src/event.rs", "use crate::lounge::Sofa;"),
            ("h2-core/src/lounge.rs", "use crate::error::Misuse;"),
        ];
        for (path, text) in wrong {
            assert_eq!(complaints(path, text).min(1), 1, "{path}: {text}");
        }
    }

    #[test]
    fn hpack_is_named_by_its_users_alone() {
        let use_it = "use crate::hpack::Decoder;";
        for user in
            ["connection/heads.rs", "egress/mod.rs", "error/violation.rs", "hpack/decoder.rs"]
        {
            let source = Source::sample(&format!("h2-core/src/{user}"), use_it);
            assert!(uses_of_hpack(&[source]).is_empty(), "{user}");
        }
        for stranger in ["stream/state.rs", "event.rs", "frame/block.rs"] {
            let source = Source::sample(&format!("h2-core/src/{stranger}"), use_it);
            assert_eq!(uses_of_hpack(&[source]).len(), 1, "{stranger}");
        }
    }
}
