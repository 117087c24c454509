//! Beside the RFCs stand rules, reactions and attacks with numbers: each has a test named after it.
//!
//! A trap is a rule that other implementations got wrong. A row is one of the header rules: names,
//! values, connection-specific fields, pseudo-fields, messages, cookies and size. The matrix says how
//! a suspicious input is answered. An attack has a bound on what it costs, and what real peers do
//! survives.

use std::collections::HashSet;

/// The letters of the header rules, and how many there are of each.
const ROWS: [(&str, usize); 6] = [("n", 4), ("v", 6), ("c", 4), ("p", 19), ("m", 9), ("k", 5)];

/// The attacks, and how many there are of each; 0 for one without a number.
const ATTACKS: [(&str, usize); 22] = [
    ("rst", 5),
    ("myr", 7),
    ("mcs", 2),
    ("slot", 0),
    ("pend", 0),
    ("id", 0),
    ("cont", 6),
    ("bomb", 4),
    ("hp", 4),
    ("431", 0),
    ("1xx", 0),
    ("push", 0),
    ("ping", 4),
    ("set", 6),
    ("prio", 0),
    ("unk", 0),
    ("goaway", 0),
    ("wu", 3),
    ("pre", 0),
    ("data", 6),
    ("hol", 0),
    ("send", 3),
];

/// What the names of the tests begin with.
fn beginnings() -> Vec<String> {
    let two = |word: &str, most: usize| -> Vec<String> {
        (1..=most).map(|n| format!("{word}_{n:02}_")).collect()
    };
    let mut all = [two("trap", 80), two("matrix", 33), two("survive", 20)].concat();
    for (letter, most) in ROWS {
        all.extend((1..=most).map(|n| format!("row_{letter}{n}_")));
    }
    for (attack, most) in ATTACKS {
        if most == 0 {
            all.push(format!("t_{attack}_"));
        }
        all.extend((1..=most).map(|n| format!("t_{attack}_{n}_")));
    }
    all
}

/// Complains about numbers after which no test is named, and about names with a number too high.
pub(crate) fn missing(tests: &HashSet<String>) -> Vec<String> {
    let names: Vec<&str> = tests.iter().filter_map(|test| test.rsplit("::").next()).collect();
    let beginnings = beginnings();
    let absent =
        beginnings.iter().filter(|start| !names.iter().any(|name| name.starts_with(*start)));
    let mut complaints: Vec<String> =
        absent.map(|start| format!("no test is called {start}*")).collect();
    let stranger = |name: &&&str| {
        let numbered = ["trap_", "matrix_", "survive_", "row_", "t_"];
        numbered.iter().any(|kind| name.starts_with(kind))
            && !beginnings.iter().any(|start| name.starts_with(start))
    };
    complaints
        .extend(names.iter().filter(stranger).map(|name| format!("{name} has no such number")));
    complaints
}
