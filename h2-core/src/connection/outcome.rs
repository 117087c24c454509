//! How far requests came, by what was cut, taken and said about them (RFC 9113 §8.7).

use super::{Connection, Role};
use crate::StreamId;
use crate::error::{ErrorCode, Outcome, Retry};
use crate::event::{Event, ResetCause};
use crate::stream::{Half, Initiator, Key, Standing};

impl Connection {
    /// How far a request of ours came; `None` for streams that are gone or not ours.
    ///
    /// It still answers after the connection has ended, for the streams that the end cut short.
    #[must_use]
    pub fn request_outcome(&self, stream: StreamId) -> Option<Outcome> {
        self.outcome_of(self.ours(stream)?)
    }

    /// Whether the transport has taken the whole head of this request of ours: from then on the end
    /// of the connection does not make it [`Outcome::NotSent`]. No for streams that are gone or not
    /// ours.
    #[must_use]
    pub fn is_request_written(&self, stream: StreamId) -> bool {
        let found = self.ours(stream).and_then(|key| self.streams.get(key));
        found.is_some_and(|it| it.on_wire && it.head_end <= self.egress.outbox.taken())
    }

    /// What to do about a request of ours if it fails now, or with the end of the connection:
    /// [`Retry::after`] with what is known here. `None` for streams that are gone or not ours.
    #[must_use]
    pub fn retry_hint(&self, stream: StreamId) -> Option<Retry> {
        let outcome = self.request_outcome(stream)?;
        let code = self.reason.as_ref().map_or(ErrorCode::NO_ERROR, |reason| reason.code);
        Some(self.retry(stream, outcome, code))
    }

    fn retry(&self, stream: StreamId, outcome: Outcome, code: ErrorCode) -> Retry {
        Retry::after(outcome, code, self.is_first(stream), !self.is_draining())
    }

    fn outcome_of(&self, key: Key) -> Option<Outcome> {
        let stream = self.streams.get(key)?;
        if stream.initiator == Initiator::Peer {
            return Some(Outcome::MaybeProcessed);
        }
        // What the outbox dropped lies beyond its end.
        if !stream.on_wire || stream.head_end > self.egress.outbox.end() {
            return Some(Outcome::NotSent);
        }
        let answered = match self.role {
            Role::Client => stream.recv > Half::Head,
            Role::Server => self.streams.standing(key) != Standing::Reserved,
        };
        Some(if answered { Outcome::ResponseStarted } else { Outcome::MaybeProcessed })
    }

    /// The event of a stream that is about to be reset, by what it is like before.
    pub(super) fn reset_event(&self, key: Key, code: ErrorCode, cause: ResetCause) -> Event {
        let stream = key.id;
        let ours = self.ours(stream).is_some();
        let refused = match cause {
            ResetCause::Peer => code == ErrorCode::REFUSED_STREAM && ours,
            ResetCause::NotProcessed => true,
            ResetCause::Violation(_) => false,
        };
        let outcome = match self.outcome_of(key) {
            Some(Outcome::MaybeProcessed) if refused => Outcome::Refused,
            Some(outcome) => outcome,
            None => Outcome::MaybeProcessed,
        };
        let said = match cause {
            ResetCause::NotProcessed => self.farewell.code_of_theirs().unwrap_or(code),
            ResetCause::Peer | ResetCause::Violation(_) => code,
        };
        let retry = self.retry(stream, outcome, said);
        Event::StreamReset { stream, code, cause, outcome, retry }
    }
}
