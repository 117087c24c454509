//! Extensible priorities: an urgency and whether a response is useful in parts (RFC 9218 §4).

mod dictionary;

use std::fmt;

use dictionary::Value;

/// The priority of a response, as the `priority` field and the PRIORITY_UPDATE frame carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)]
pub struct Priority {
    /// 0 is the most urgent, 7 the least. Default 3.
    pub urgency: u8,
    /// Whether the response is useful while it is incomplete, so that it shares with its equals.
    pub incremental: bool,
}

impl Priority {
    /// The least urgent.
    pub const LOWEST: u8 = 7;

    /// Reads a field value, a dictionary of RFC 8941. Members that are missing, unknown, out of range
    /// or of another type leave the default, as RFC 9218 §4 wants it. `None` if the value is no
    /// dictionary: then it says nothing, and is treated as if it were not there (RFC 8941 §4.2).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        Self::parse_lines([value])
    }

    /// Reads a field that stands in several lines: they are one dictionary (RFC 8941 §4.2).
    pub(crate) fn parse_lines<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut priority = Self::default();
        for line in lines {
            dictionary::members(line, |key, value| priority.take(key, value))?;
        }
        Some(priority)
    }

    /// Takes over one member. The last of several with one key counts.
    fn take(&mut self, key: &[u8], value: Value) {
        let default = Self::default();
        match (key, value) {
            (b"u", Value::Integer(urgency)) => {
                let urgency = u8::try_from(urgency).ok().filter(|level| *level <= Self::LOWEST);
                self.urgency = urgency.unwrap_or(default.urgency);
            }
            (b"u", _) => self.urgency = default.urgency,
            (b"i", Value::Boolean(incremental)) => self.incremental = incremental,
            (b"i", _) => self.incremental = default.incremental,
            _ => {}
        }
    }

    /// How long a stream of this priority keeps its turn, in DATA frames. A response that is of no
    /// use in parts is better finished than shared; but it must not hold up its equals for ever.
    pub(crate) fn turn(self) -> u8 {
        if self.incremental { 1 } else { 16 }
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self { urgency: 3, incremental: false }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u={}", self.urgency)?;
        if self.incremental { f.write_str(", i") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_make_no_sense_leave_the_default() {
        let check = |value: &[u8], urgency, incremental| {
            assert_eq!(
                Priority::parse(value),
                Some(Priority { urgency, incremental }),
                "{value:?}"
            );
        };
        check(b"", 3, false);
        check(b"u=0", 0, false);
        check(b"u=7, i", 7, true);
        check(b"i;x=1 ,u=2", 2, true);
        check(b"i=?1,i=?0", 3, false);
        check(b"u=8, i=1", 3, false);
        check(b"u=-1, foo=\"bar, u=1\", i=(1)", 3, false);
        check(b"u=1, u=9", 3, false);
        check(b"u, i=\"\"", 3, false);
        check(b"u=1.0, i", 3, true);
    }

    #[test]
    fn what_is_no_dictionary_says_nothing() {
        for value in [&b"u=1,"[..], b"u=1 i", b"u=1, \xff", b"U=1", b"u=", b"u=1;"] {
            assert_eq!(Priority::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn several_lines_are_one_dictionary() {
        let lines = |lines: [&'static [u8]; 2]| Priority::parse_lines(lines);
        assert_eq!(lines([b"u=1", b"i"]), Some(Priority { urgency: 1, incremental: true }));
        assert_eq!(lines([b"u=1", b"u=5"]), Some(Priority { urgency: 5, incremental: false }));
        assert_eq!(lines([b"u=1", b"?"]), None);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for urgency in 0..=7 {
            for incremental in [false, true] {
                let priority = Priority { urgency, incremental };
                assert_eq!(Priority::parse(priority.to_string().as_bytes()), Some(priority));
            }
        }
    }
}
