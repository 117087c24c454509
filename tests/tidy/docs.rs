//! Rules about documentation: what is asynchronous says what dropping it does.

use crate::tree::Source;

const HEADING: &str = "/// # Cancel safety";

/// Complains about public asynchronous functions, and public types that are futures, whose
/// documentation has no heading about dropping them.
pub(crate) fn silent_futures(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let futures: Vec<&str> = lines.iter().filter_map(|line| future(line)).collect();
    let mut complaints = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let name = match (line.strip_prefix("pub async fn "), line.strip_prefix("pub struct ")) {
            (Some(rest), _) => name(rest),
            (None, Some(rest)) if futures.contains(&name(rest)) => name(rest),
            _ => continue,
        };
        let above = lines.get(..at).unwrap_or_default().iter().rev();
        let mut about = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
        if !about.any(|line| *line == HEADING) {
            complaints.push(format!("{}:{}: {name}", source.path, at + 1));
        }
    }
    complaints
}

/// The type that a line makes a future.
fn future(line: &str) -> Option<&str> {
    let (_, of) = line.strip_prefix("impl")?.split_once(" Future for ")?;
    Some(name(of))
}

fn name(rest: &str) -> &str {
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

mod samples {
    use super::*;

    #[test]
    fn a_future_that_does_not_say_what_dropping_it_does_is_found() {
        let good = "/// Waits.\n///\n/// # Cancel safety\n///\n/// Cancel-safe.\n#[must_use]\n";
        let bad = "/// Waits.\n";
        for item in ["pub async fn wait(&self) {}\n", "    pub async fn wait<T>() {}\n"] {
            assert!(silent_futures(&Source::sample("a.rs", &format!("{good}{item}"))).is_empty());
            let found = silent_futures(&Source::sample("a.rs", &format!("{bad}{item}")));
            assert_eq!(found, ["a.rs:2: wait"]);
        }
        let future = "pub struct Wait<T>(T);\n\nimpl<T> Future for Wait<T> {}\n";
        assert!(silent_futures(&Source::sample("a.rs", &format!("{good}{future}"))).is_empty());
        let found = silent_futures(&Source::sample("a.rs", &format!("{bad}{future}")));
        assert_eq!(found, ["a.rs:2: Wait"]);
        let other = "pub struct Other;\npub(crate) async fn hidden() {}\n";
        assert!(silent_futures(&Source::sample("a.rs", other)).is_empty());
    }
}
