//! SETTINGS both ways: ours in force when acknowledged, in order; the peer's at once (RFC 9113 §6.5.3).

use std::collections::VecDeque;
use std::time::Instant;

use super::{Connection, Role};
use crate::config::Config;
use crate::error::{Fault, Misuse, Timer, Violation};
use crate::event::Event;
use crate::settings::{Settings, id};

/// Changes of ours that may be under way at once.
const MAX_IN_FLIGHT: usize = 16;

/// What each side has said.
#[derive(Debug)]
pub(super) struct Negotiation {
    /// Acknowledged by the peer.
    local: Settings,
    /// Sent, oldest first; one acknowledgement is for exactly one of them.
    in_flight: VecDeque<Settings>,
    /// How many of them were cut into frames; only those can be acknowledged.
    cut: usize,
    /// When the oldest of them was cut, if nothing was cut since.
    cut_at: Option<Instant>,
    remote: Settings,
    remote_known: bool,
}

impl Negotiation {
    pub(super) fn new(client: bool, config: &Config) -> Self {
        let mut first = Settings {
            header_table_size: config.header_table_size,
            // RFC 9113 §6.5.2: a client that takes no pushes says so; a server says nothing.
            enable_push: !client || config.enable_push,
            max_concurrent_streams: (!client || config.enable_push)
                .then_some(config.max_concurrent_streams),
            initial_window_size: config.stream_window,
            max_frame_size: config.max_frame_size,
            max_header_list_size: Some(config.max_header_list_size),
            enable_connect_protocol: !client && config.enable_connect_protocol,
            no_rfc7540_priorities: true,
            ..Settings::default()
        };
        for (id, value) in &config.extra_settings {
            // The configuration says which of them are ignored.
            let _ = first.set_extension(*id, *value);
        }
        Self {
            local: Settings::default(),
            in_flight: VecDeque::from([first]),
            cut: 0,
            cut_at: None,
            remote: Settings::default(),
            remote_known: false,
        }
    }

    /// The entries of our first SETTINGS: those named in `order`, then the others.
    pub(super) fn first(&self, order: &[u16]) -> Vec<(u16, u32)> {
        let mut entries = self.latest().changes_from(&self.local);
        let place = |id: u16| order.iter().position(|other| *other == id).unwrap_or(order.len());
        entries.sort_by_key(|(id, _)| place(*id));
        entries
    }

    pub(super) fn local(&self) -> &Settings {
        &self.local
    }

    pub(super) fn remote(&self) -> &Settings {
        &self.remote
    }

    pub(super) fn is_remote_known(&self) -> bool {
        self.remote_known
    }

    /// All our changes were cut into frames.
    pub(super) fn all_cut(&mut self, now: Instant) {
        self.cut_at = (self.cut == 0).then_some(now);
        self.cut = self.in_flight.len();
    }

    /// When the change was cut that is being acknowledged, if that is certain.
    fn asked_at(&mut self) -> Option<Instant> {
        self.cut_at.take()
    }

    /// The oldest change that the peer can have seen.
    fn acknowledge(&mut self) -> Option<Settings> {
        self.cut = self.cut.checked_sub(1)?;
        self.in_flight.pop_front()
    }

    /// What we said last, acknowledged or not.
    pub(super) fn latest(&self) -> &Settings {
        self.in_flight.back().unwrap_or(&self.local)
    }

    /// The longest frame that the peer may send: what it acknowledged, or what it may have taken
    /// over without our knowing.
    pub(super) fn largest_frame(&self) -> u32 {
        let sent = self.in_flight.iter().map(|settings| settings.max_frame_size);
        sent.chain([self.local.max_frame_size]).max().unwrap_or_default()
    }
}

impl Connection {
    /// How many streams the peer may have open: what we said last binds at once (CVE-2025-53506).
    pub(super) fn stream_limit(&self) -> usize {
        let said = self.negotiation.latest().max_concurrent_streams;
        said.unwrap_or(self.config.max_concurrent_streams) as usize
    }

    pub(super) fn on_settings(&mut self, entries: &[u8], now: Instant) -> Result<(), Fault> {
        let count = entries.len() / 6;
        if count > self.config.max_settings_entries {
            return Err(Violation::TooManySettings { count }.into());
        }
        let first = !std::mem::replace(&mut self.negotiation.remote_known, true);
        if first {
            self.clock.clear(Timer::Handshake);
        } else {
            self.guard.glitch(1, "settings", now)?;
        }
        let (entries, _) = entries.as_chunks::<6>();
        for [i0, i1, value @ ..] in entries {
            let (id, value) = (u16::from_be_bytes([*i0, *i1]), u32::from_be_bytes(*value));
            self.apply_remote(id, value, first)?;
        }
        self.egress.agenda.settings_ack();
        self.slot_freed();
        let settings = Box::new(self.negotiation.remote.clone());
        self.events.push_back(Event::SettingsChanged { settings });
        Ok(())
    }

    pub(super) fn apply_remote(&mut self, id: u16, value: u32, first: bool) -> Result<(), Fault> {
        let out_of_range = Violation::InvalidSetting { id, value };
        let Settings { initial_window_size, no_rfc7540_priorities, .. } = self.negotiation.remote;
        self.negotiation.remote.apply(id, value)?;
        match id {
            // RFC 9113 §6.5.2: a server must not say that it takes pushes.
            id::ENABLE_PUSH if self.role == Role::Client && value == 1 => {
                return Err(out_of_range.into());
            }
            id::HEADER_TABLE_SIZE => self.egress.encoder.set_peer_table_size(value as usize),
            id::MAX_FRAME_SIZE => self.egress.max_frame_size = value as usize,
            id::INITIAL_WINDOW_SIZE => {
                self.shift_send_windows(i64::from(value) - i64::from(initial_window_size))?;
            }
            // RFC 9218 §2.1: it must not change after the first SETTINGS.
            id::NO_RFC7540_PRIORITIES if !first && no_rfc7540_priorities != (value == 1) => {
                return Err(out_of_range.into());
            }
            _ => {}
        }
        Ok(())
    }

    /// §6.9.2: every stream's window moves by the difference; the connection's does not.
    fn shift_send_windows(&mut self, delta: i64) -> Result<(), Violation> {
        if delta == 0 {
            return Ok(());
        }
        for key in self.streams.keys() {
            if let Some(stream) = self.streams.get_mut(key) {
                stream.send_window.shift(delta).map_err(|_| Violation::WindowOverflow)?;
            }
            if delta > 0 {
                self.watch_sending(key);
                self.schedule(key);
            }
        }
        Ok(())
    }

    pub(super) fn on_settings_ack(&mut self) -> Result<(), Fault> {
        let Some(acknowledged) = self.negotiation.acknowledge() else {
            return Err(Violation::UnsolicitedSettingsAck.into());
        };
        if let Some(asked) = self.negotiation.asked_at() {
            self.saw_round_trip(asked);
        }
        self.clock.clear(Timer::SettingsAck);
        if self.negotiation.cut > 0 {
            self.clock.set(Timer::SettingsAck, self.config.settings_ack_timeout);
        }
        let settings = Box::new(acknowledged.clone());
        self.put_in_force(acknowledged);
        self.events.push_back(Event::SettingsAcknowledged { settings });
        Ok(())
    }

    /// Our first SETTINGS were taken note of without an acknowledgement of their own: a 101
    /// response is one (RFC 7540 §3.2.1). That of the preface, which says the same again, still
    /// comes.
    pub(super) fn first_settings_are_known(&mut self) {
        let first = self.negotiation.latest().clone();
        self.put_in_force(first);
    }

    /// The peer acts on these settings of ours from here on.
    fn put_in_force(&mut self, acknowledged: Settings) {
        let before = std::mem::replace(&mut self.negotiation.local, acknowledged.clone());
        self.reader.max_frame_size = self.negotiation.largest_frame();
        if before.header_table_size != acknowledged.header_table_size {
            self.decoder.set_max_table_size(acknowledged.header_table_size as usize);
        }
        let delta =
            i64::from(acknowledged.initial_window_size) - i64::from(before.initial_window_size);
        if delta != 0 {
            for key in self.streams.keys() {
                if let Some(stream) = self.streams.get_mut(key) {
                    stream.inbound.shift(delta);
                }
                self.watch_reading(key);
                // What was too little to announce in a large window may be much in a small one.
                self.announce(key);
            }
        }
    }

    /// The settings of ours that were said last, whether or not the peer has acknowledged them: what
    /// [`update_settings`](Self::update_settings) gives to be changed.
    #[must_use]
    pub fn latest_settings(&self) -> &Settings {
        self.negotiation.latest()
    }

    /// Changes settings of ours (RFC 9113 §6.5). They are in force when the peer has acknowledged
    /// them ([`Event::SettingsAcknowledged`]); a lower limit on streams binds at once, by refusal.
    ///
    /// # Errors
    ///
    /// [`Misuse::InvalidSetting`] for values out of range, and for what must not change (RFC 8441
    /// §3, RFC 9218 §2.1); [`Misuse::WrongRole`] for push, which only a client takes;
    /// [`Misuse::QueueFull`] while 16 changes wait for their acknowledgement;
    /// [`Misuse::ConnectionClosed`].
    pub fn update_settings(&mut self, change: impl FnOnce(&mut Settings)) -> Result<(), Misuse> {
        if self.reason.is_some() {
            return Err(Misuse::ConnectionClosed);
        }
        if self.negotiation.in_flight.len() >= MAX_IN_FLIGHT {
            return Err(Misuse::QueueFull);
        }
        let before = self.negotiation.latest();
        let mut after = before.clone();
        change(&mut after);
        if !after.is_valid()
            || (before.enable_connect_protocol && !after.enable_connect_protocol)
            || before.no_rfc7540_priorities != after.no_rfc7540_priorities
        {
            return Err(Misuse::InvalidSetting);
        }
        // Push is a client's to take or leave; a server must never say that it takes it.
        if self.role == Role::Server && before.enable_push != after.enable_push {
            return Err(Misuse::WrongRole);
        }
        let entries = after.changes_from(before);
        if entries.is_empty() {
            return Ok(());
        }
        self.config.enable_connect_protocol = after.enable_connect_protocol;
        self.config.enable_push |= after.enable_push;
        if let Some(limit) = after.max_header_list_size {
            self.config.max_header_list_size = limit;
        }
        self.negotiation.in_flight.push_back(after);
        self.reader.max_frame_size = self.negotiation.largest_frame();
        self.egress.agenda.settings(entries);
        self.admit_waiting();
        Ok(())
    }
}
