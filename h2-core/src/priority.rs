//! Extensible priorities: an urgency and whether a response is useful in parts (RFC 9218 §4).

/// The priority of a stream.
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
}

impl Default for Priority {
    fn default() -> Self {
        Self { urgency: 3, incremental: false }
    }
}
