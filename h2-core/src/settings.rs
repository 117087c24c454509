//! SETTINGS: the values in force on each side, in range by construction (RFC 9113 §6.5.2).

use crate::error::{Misuse, Violation};

/// Identifiers of the settings this crate knows.
pub(crate) mod id {
    pub(crate) const HEADER_TABLE_SIZE: u16 = 0x1;
    pub(crate) const ENABLE_PUSH: u16 = 0x2;
    pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 0x3;
    pub(crate) const INITIAL_WINDOW_SIZE: u16 = 0x4;
    pub(crate) const MAX_FRAME_SIZE: u16 = 0x5;
    pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 0x6;
    pub(crate) const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;
    pub(crate) const NO_RFC7540_PRIORITIES: u16 = 0x9;
}

/// What the RFCs call a setting, if it is one that this crate knows.
pub(crate) fn name(id: u16) -> Option<&'static str> {
    Some(match id {
        id::HEADER_TABLE_SIZE => "HEADER_TABLE_SIZE",
        id::ENABLE_PUSH => "ENABLE_PUSH",
        id::MAX_CONCURRENT_STREAMS => "MAX_CONCURRENT_STREAMS",
        id::INITIAL_WINDOW_SIZE => "INITIAL_WINDOW_SIZE",
        id::MAX_FRAME_SIZE => "MAX_FRAME_SIZE",
        id::MAX_HEADER_LIST_SIZE => "MAX_HEADER_LIST_SIZE",
        id::ENABLE_CONNECT_PROTOCOL => "ENABLE_CONNECT_PROTOCOL",
        id::NO_RFC7540_PRIORITIES => "NO_RFC7540_PRIORITIES",
        _ => return None,
    })
}

/// The smallest SETTINGS_MAX_FRAME_SIZE, and the one in force at the start.
pub(crate) const MIN_MAX_FRAME_SIZE: u32 = 16_384;
/// The largest SETTINGS_MAX_FRAME_SIZE.
pub(crate) const MAX_MAX_FRAME_SIZE: u32 = 0x00ff_ffff;
/// The window of every stream, and of the connection, before anybody changes it.
pub(crate) const DEFAULT_WINDOW: u32 = 65_535;
/// Settings of extensions that are kept.
const MAX_EXTENSIONS: usize = 16;
/// The largest window.
pub(crate) const MAX_WINDOW: u32 = 0x7fff_ffff;

/// The settings of one side of a connection, by their names in RFC 9113 §6.5.2, RFC 8441 §3 and RFC
/// 9218 §2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Octets of the dynamic table that this side's HPACK decoder keeps. Default 4,096.
    pub header_table_size: u32,
    /// Whether this side takes server push. Default true, by RFC; this crate's clients say false.
    pub enable_push: bool,
    /// Streams the other side may have open at once; `None` is no limit, the default.
    pub max_concurrent_streams: Option<u32>,
    /// Flow-control window of a fresh stream, 0 to 2^31-1. Default 65,535.
    pub initial_window_size: u32,
    /// Longest frame payload this side takes, 16,384 (the default) to 16,777,215.
    pub max_frame_size: u32,
    /// Largest field section this side takes, counted with 32 octets a field; `None` is unknown.
    pub max_header_list_size: Option<u32>,
    /// Whether extended CONNECT may be used (RFC 8441). Default false.
    pub enable_connect_protocol: bool,
    /// Whether RFC 7540 priorities are ignored (RFC 9218 §2.1). Default false.
    pub no_rfc7540_priorities: bool,
    /// Settings that this crate does not know, in the order in which they were first named.
    pub(crate) extensions: Vec<(u16, u32)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header_table_size: 4_096,
            enable_push: true,
            max_concurrent_streams: None,
            initial_window_size: DEFAULT_WINDOW,
            max_frame_size: MIN_MAX_FRAME_SIZE,
            max_header_list_size: None,
            enable_connect_protocol: false,
            no_rfc7540_priorities: false,
            extensions: Vec::new(),
        }
    }
}

impl Settings {
    /// The value of a setting by its identifier; `None` for one without a value: no limit was
    /// named, or it is one of an extension that was not, or not among the first 16.
    #[must_use]
    pub fn get(&self, id: u16) -> Option<u32> {
        match self.known().into_iter().find(|(known, _)| *known == id) {
            Some((_, value)) => value,
            None => self.extensions().find(|(other, _)| *other == id).map(|(_, value)| value),
        }
    }

    /// The settings that this crate does not know: those the peer named, at most 16 of them, or
    /// those of ours that were set.
    pub fn extensions(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        self.extensions.iter().copied()
    }

    /// Sets a setting that this crate does not know, for
    /// [`update_settings`](crate::Connection::update_settings).
    ///
    /// # Errors
    ///
    /// [`Misuse::InvalidSetting`] for one that it knows; [`Misuse::QueueFull`] for more than 16.
    pub fn set_extension(&mut self, id: u16, value: u32) -> Result<(), Misuse> {
        if self.known().iter().any(|(known, _)| *known == id) {
            return Err(Misuse::InvalidSetting);
        }
        if let Some((_, old)) = self.extensions.iter_mut().find(|(other, _)| *other == id) {
            *old = value;
        } else if self.extensions.len() < MAX_EXTENSIONS {
            self.extensions.push((id, value));
        } else {
            return Err(Misuse::QueueFull);
        }
        Ok(())
    }

    fn known(&self) -> [(u16, Option<u32>); 8] {
        [
            (id::HEADER_TABLE_SIZE, Some(self.header_table_size)),
            (id::ENABLE_PUSH, Some(u32::from(self.enable_push))),
            (id::MAX_CONCURRENT_STREAMS, self.max_concurrent_streams),
            (id::INITIAL_WINDOW_SIZE, Some(self.initial_window_size)),
            (id::MAX_FRAME_SIZE, Some(self.max_frame_size)),
            (id::MAX_HEADER_LIST_SIZE, self.max_header_list_size),
            (id::ENABLE_CONNECT_PROTOCOL, Some(u32::from(self.enable_connect_protocol))),
            (id::NO_RFC7540_PRIORITIES, Some(u32::from(self.no_rfc7540_priorities))),
        ]
    }

    /// Takes over one entry of a SETTINGS frame. Of unknown ones the first 16 are kept (§6.5.2).
    pub(crate) fn apply(&mut self, id: u16, value: u32) -> Result<(), Violation> {
        let out_of_range = Violation::InvalidSetting { id, value };
        match id {
            id::HEADER_TABLE_SIZE => self.header_table_size = value,
            id::ENABLE_PUSH => self.enable_push = flag(value).ok_or(out_of_range)?,
            id::MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = Some(value),
            id::INITIAL_WINDOW_SIZE if value > MAX_WINDOW => {
                return Err(Violation::InitialWindowTooLarge { value });
            }
            id::INITIAL_WINDOW_SIZE => self.initial_window_size = value,
            id::MAX_FRAME_SIZE if !(MIN_MAX_FRAME_SIZE..=MAX_MAX_FRAME_SIZE).contains(&value) => {
                return Err(out_of_range);
            }
            id::MAX_FRAME_SIZE => self.max_frame_size = value,
            id::MAX_HEADER_LIST_SIZE => self.max_header_list_size = Some(value),
            id::ENABLE_CONNECT_PROTOCOL => {
                let enable = flag(value).ok_or_else(|| out_of_range.clone())?;
                // RFC 8441 §3: a sender must not send 0 after it has sent 1.
                if self.enable_connect_protocol && !enable {
                    return Err(out_of_range);
                }
                self.enable_connect_protocol = enable;
            }
            id::NO_RFC7540_PRIORITIES => {
                self.no_rfc7540_priorities = flag(value).ok_or(out_of_range)?;
            }
            // More than are kept are ignored, as the specification wants all of them to be.
            _ => drop(self.set_extension(id, value)),
        }
        Ok(())
    }

    /// The entries that differ from `base`, in the order of their identifiers, then extensions.
    pub(crate) fn changes_from(&self, base: &Self) -> Vec<(u16, u32)> {
        let pairs = self.known().into_iter().zip(base.known());
        let known = pairs
            .filter(|(ours, theirs)| ours != theirs)
            // "No limit" has no spelling of its own once a limit was named; the largest value is it.
            .map(|((id, value), _)| (id, value.unwrap_or(u32::MAX)));
        known.chain(self.extensions().filter(|entry| !base.extensions.contains(entry))).collect()
    }

    /// Whether every value is in range.
    pub(crate) fn is_valid(&self) -> bool {
        self.initial_window_size <= MAX_WINDOW
            && (MIN_MAX_FRAME_SIZE..=MAX_MAX_FRAME_SIZE).contains(&self.max_frame_size)
    }
}

fn flag(value: u32) -> Option<bool> {
    match value {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused_and_change_nothing() {
        let mut settings = Settings::default();
        for (id, value) in
            [(2, 2), (4, 0x8000_0000), (5, 0), (5, 16_383), (5, 0x0100_0000), (8, 2), (9, 2)]
        {
            assert!(settings.apply(id, value).is_err(), "{id} {value}");
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn extended_connect_cannot_be_taken_back() {
        let mut settings = Settings::default();
        assert!(settings.apply(8, 1).is_ok());
        assert!(settings.apply(8, 0).is_err());
    }

    #[test]
    fn only_changed_entries_are_sent() {
        let ours =
            Settings { enable_push: false, max_concurrent_streams: Some(7), ..Settings::default() };
        assert_eq!(ours.changes_from(&Settings::default()), [(2, 0), (3, 7)]);
    }
}
