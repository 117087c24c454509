//! Extensible priorities: an urgency and whether a response is useful in parts (RFC 9218 §4).

use std::fmt;

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

    /// Reads a field value, a dictionary of RFC 8941. Members that are missing, unknown or out of
    /// range leave the default, as RFC 9218 §4 wants it.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut priority = Self::default();
        for member in value.split(|octet| *octet == b',') {
            let member = member.split(|octet| *octet == b';').next().unwrap_or_default();
            match member.trim_ascii() {
                [b'u', b'=', urgency @ b'0'..=b'7'] => priority.urgency = urgency - b'0',
                b"i" | b"i=?1" => priority.incremental = true,
                b"i=?0" => priority.incremental = false,
                _ => {}
            }
        }
        priority
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
            assert_eq!(Priority::parse(value), Priority { urgency, incremental }, "{value:?}");
        };
        check(b"", 3, false);
        check(b"u=0", 0, false);
        check(b"u=7, i", 7, true);
        check(b"i;x=1 ,u=2", 2, true);
        check(b"i=?1,i=?0", 3, false);
        check(b"u=8, i=1", 3, false);
        check(b"u=-1, foo=\"bar\", \xff", 3, false);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for urgency in 0..=7 {
            for incremental in [false, true] {
                let priority = Priority { urgency, incremental };
                assert_eq!(Priority::parse(priority.to_string().as_bytes()), priority);
            }
        }
    }
}
