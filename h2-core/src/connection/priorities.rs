//! Priorities: said by clients, obeyed by servers, changed at any time (RFC 9218).

use std::time::Instant;

use super::receive::Place;
use super::{Connection, Role};
use crate::StreamId;
use crate::error::{Fault, Misuse, Violation};
use crate::event::Event;
use crate::priority::Priority;
use crate::stream::Key;

/// PRIORITY_UPDATE frames of ours that may wait to be cut.
const MAX_UPDATES: usize = 256;

impl Connection {
    /// RFC 9113 §5.3.2: the old signal is read and dropped.
    pub(super) fn on_priority(
        &mut self,
        stream: StreamId,
        on_itself: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        if on_itself {
            return Err(Fault::Stream(stream, Violation::SelfDependency));
        }
        Ok(self.guard.glitch(1, "priority", now)?)
    }

    pub(super) fn on_priority_update(
        &mut self,
        stream: u32,
        value: &[u8],
        now: Instant,
    ) -> Result<(), Fault> {
        let Some(id) = StreamId::new(stream).filter(|_| self.role == Role::Server) else {
            return Err(Violation::PriorityUpdate.into());
        };
        self.guard.glitch(1, "priority_update", now)?;
        let place = self.place(id);
        if matches!(place, Place::Idle) && id.is_server_initiated() {
            return Err(Violation::PriorityUpdate.into());
        }
        // RFC 8941 §4.2: what is no dictionary is ignored as a whole.
        let Some(priority) = Priority::parse(value) else { return Ok(()) };
        match place {
            Place::Live(key) => {
                self.set_priority(key, priority);
                self.emit(key, Event::PriorityChanged { stream: id, priority });
                Ok(())
            }
            Place::Gone(_) => Ok(()),
            Place::Idle => self.remember_priority(id, priority),
        }
    }

    /// A priority for a request that is still to come. Such streams count against the limit on
    /// streams (RFC 9218 §7.1): what exceeds one that the peer has not acknowledged is forgotten.
    fn remember_priority(&mut self, id: StreamId, priority: Priority) -> Result<(), Fault> {
        self.early_priorities.retain(|(other, _)| *other != id);
        let others = self.early_priorities.len() + self.streams.open_theirs();
        let agreed = self.negotiation.local().max_concurrent_streams;
        if agreed.is_some_and(|limit| others >= limit as usize) {
            return Err(Violation::PriorityUpdate.into());
        }
        if others < self.stream_limit() {
            self.early_priorities.push((id, priority));
        }
        Ok(())
    }

    /// The priority that a fresh request begins with: what an update said before, or its field.
    pub(super) fn first_priority(
        &mut self,
        id: StreamId,
        field: Option<Priority>,
    ) -> Option<Priority> {
        if self.early_priorities.is_empty() {
            return field;
        }
        let early = self.early_priorities.iter().find(|(other, _)| *other == id).map(|(_, p)| *p);
        // Lower identifiers that were not used are closed by this one (RFC 9113 §5.1.1).
        self.early_priorities.retain(|(other, _)| *other > id);
        early.or(field)
    }

    fn set_priority(&mut self, key: Key, priority: Priority) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let before = std::mem::replace(&mut stream.priority, priority);
        stream.prioritized = true;
        if stream.in_ready && before.urgency != priority.urgency {
            // It may also be set aside for want of window, and then it is in no line.
            if self.egress.scheduler.remove(key, before) {
                self.egress.scheduler.push(key, priority);
            }
        }
    }

    /// Changes the priority of a response. A client tells the server with PRIORITY_UPDATE, unless the
    /// server's SETTINGS say that it goes by the priorities of RFC 7540 and so would ignore it
    /// (RFC 9218 §2.1.1); a server only changes the order in which it sends itself, and the client
    /// hears nothing.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoSuchStream`]; [`Misuse::InvalidSetting`] for an urgency above 7;
    /// [`Misuse::QueueFull`] while 256 updates wait to be written; [`Misuse::ConnectionClosed`].
    pub fn prioritize(&mut self, stream: StreamId, priority: Priority) -> Result<(), Misuse> {
        if priority.urgency > Priority::LOWEST {
            return Err(Misuse::InvalidSetting);
        }
        let (key, _) = self.usable(stream)?;
        if self.role == Role::Server {
            self.set_priority(key, priority);
            return Ok(());
        }
        if self.is_handshake_complete() && !self.remote_settings().no_rfc7540_priorities {
            return Ok(());
        }
        if self.egress.agenda.priority_updates.len() >= MAX_UPDATES {
            return Err(Misuse::QueueFull);
        }
        self.egress.agenda.priority_updates.push_back((stream, priority));
        Ok(())
    }
}
