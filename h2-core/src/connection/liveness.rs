//! Whether the peer is still there: asked by PING after silence or on suspicion, answered by any octet.

use std::time::{Duration, Instant};

use super::{Connection, GRACEFUL};
use crate::StreamId;
use crate::error::Timer;

/// Time between two questions for which given-up requests are the reason. Peers count PINGs that
/// come with nothing else, and end connections that send many: those of gRPC answer the third within
/// five minutes with `too_many_pings`, unless they sent something between.
const BETWEEN_SUSPICIONS: Duration = Duration::from_secs(30);

/// What is known about the peer being alive.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// How often octets arrived, modulo 2^32: streams remember it to tell silence from an answer.
    heard: u32,
    /// When that was last.
    heard_at: Option<Instant>,
    /// Octets of a part of a frame that the last call left in its input.
    left: usize,
    /// Our PING that is not answered, if there is one. There is never a second.
    asked: Option<[u8; 8]>,
    /// When suspicion asked last.
    suspected_at: Option<Instant>,
    /// The peer's silence is being timed, or will be as soon as the PING is handed over.
    doubt: Option<Doubt>,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// A request was given up, so the connection is not to be relied on.
    suspect: bool,
    wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// The PING is put off: the last one was a short while ago, and was answered.
    Later,
    /// The PING was not cut yet.
    Cut,
    /// The PING was cut; it ends at this place of the output.
    Taken(u64),
    /// The transport has it, and the deadline runs.
    Answer,
}

impl Liveness {
    /// How often octets arrived.
    pub(super) fn heard(&self) -> u32 {
        self.heard
    }

    /// Whether octets arrived that the last call did not leave behind.
    pub(super) fn is_news(&self, input: usize) -> bool {
        input > self.left
    }

    /// Remembers what a call left behind.
    pub(super) fn leaves(&mut self, input: usize) {
        self.left = input;
    }

    /// The peer answered a PING; whether it was ours.
    pub(super) fn is_answer(&mut self, payload: [u8; 8]) -> bool {
        self.asked.take_if(|asked| *asked == payload).is_some()
    }
}

impl Connection {
    /// Says that the application gave up waiting for the answer to a request of ours: it timed out
    /// or was cancelled. To be called before the stream is reset.
    ///
    /// If nothing at all arrived since the head of the request was sent, the connection may be
    /// dead without anybody having been told, as after a change of network. Then one PING asks, and
    /// [`is_suspect`](Self::is_suspect) is true until anything arrives. If nothing does within
    /// [`Config::keep_alive_timeout`](crate::Config::keep_alive_timeout), counted from the moment
    /// when the transport took the PING, the connection ends with [`Timer::KeepAlive`]. Until the
    /// transport takes it, [`Config::write_stall_timeout`](crate::Config::write_stall_timeout)
    /// watches.
    ///
    /// Nothing is asked twice: while a PING is unanswered, be it of this kind, of keep-alive or of
    /// the application, that one is waited for. Nor is it asked often: within 30 seconds of the last
    /// suspicion, which was answered, the question and the suspicion are put off to the end of that
    /// time, and nothing comes of them if anything arrives before. Nothing happens for streams that
    /// are gone, were not sent, or are not ours.
    pub fn suspect(&mut self, stream: StreamId) {
        let Some(found) = self.ours(stream).and_then(|key| self.streams.get(key)) else { return };
        let silent = found.on_wire && found.heard == self.liveness.heard;
        if !silent || self.reason.is_some() {
            return;
        }
        match &mut self.liveness.doubt {
            Some(doubt) => doubt.suspect |= doubt.wait != Wait::Later,
            None => match self.too_soon() {
                Some(left) => {
                    self.liveness.doubt = Some(Doubt { suspect: false, wait: Wait::Later });
                    self.clock.hasten(Timer::KeepAlive, left);
                }
                None => self.ask(true),
            },
        }
    }

    /// For how long suspicion is not to ask again, if it had to.
    fn too_soon(&self) -> Option<Duration> {
        let last = self.liveness.suspected_at.filter(|_| !self.is_asked())?;
        let since = self.clock.now().saturating_duration_since(last);
        BETWEEN_SUSPICIONS.checked_sub(since).filter(|left| !left.is_zero())
    }

    /// Whether a question is under way that any octet answers.
    fn is_asked(&self) -> bool {
        self.liveness.asked.is_some() || !self.pings.is_empty() || self.farewell.awaits_answer()
    }

    /// Whether a request was given up and nothing has arrived since it was sent, so that new ones
    /// had better go elsewhere. See [`suspect`](Self::suspect).
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.reason.is_none() && self.liveness.doubt.is_some_and(|doubt| doubt.suspect)
    }

    /// Asks the peer whether it is there, unless it was asked already.
    fn ask(&mut self, suspect: bool) {
        self.clock.clear(Timer::KeepAlive);
        if !self.is_asked() {
            let payload = self.random.next().to_be_bytes();
            self.liveness.asked = Some(payload);
            self.egress.agenda.ping(payload);
            if suspect {
                self.liveness.suspected_at = Some(self.clock.now());
            }
        }
        let wait = match self.egress.agenda.pings_waiting() {
            0 => Wait::Taken(self.egress.outbox.end()),
            _ => Wait::Cut,
        };
        self.liveness.doubt = Some(Doubt { suspect, wait });
        self.watch_question();
    }

    /// PINGs that waited were cut.
    pub(super) fn pings_were_cut(&mut self) {
        let end = self.egress.outbox.end();
        if let Some(Doubt { wait: wait @ Wait::Cut, .. }) = &mut self.liveness.doubt {
            *wait = Wait::Taken(end);
        }
    }

    /// The time for an answer begins when the transport has taken the question: before that, the
    /// peer cannot be blamed.
    pub(super) fn watch_question(&mut self) {
        let Some(doubt) = &mut self.liveness.doubt else { return };
        if let Wait::Taken(end) = doubt.wait
            && end <= self.egress.outbox.taken()
        {
            doubt.wait = Wait::Answer;
            self.clock.set(Timer::KeepAlive, Some(self.config.keep_alive_timeout));
        }
    }

    /// Octets arrived: whatever they say, the peer is alive.
    pub(super) fn heard_from_peer(&mut self) {
        self.liveness.heard = self.liveness.heard.wrapping_add(1);
        self.liveness.heard_at = Some(self.clock.now());
        if self.liveness.doubt.take().is_some() {
            self.clock.clear(Timer::KeepAlive);
        }
        if self.config.keep_alive_interval.is_some() && !self.clock.is_set(Timer::KeepAlive) {
            self.clock.set(Timer::KeepAlive, self.config.keep_alive_interval);
        }
    }

    /// The interval is over, or the time for an answer is.
    pub(super) fn keep_alive_fired(&mut self) {
        let put_off = match self.liveness.doubt {
            None => None,
            Some(Doubt { wait: Wait::Later, .. }) => match self.too_soon() {
                None => return self.ask(true),
                left => left,
            },
            Some(_) => return self.time_out(Timer::KeepAlive, GRACEFUL),
        };
        let (Some(interval), Some(heard)) =
            (self.config.keep_alive_interval, self.liveness.heard_at)
        else {
            return;
        };
        // Deadlines are not moved by every frame, so it may have been set long before the last one.
        let silence = self.clock.now().saturating_duration_since(heard);
        match interval.checked_sub(silence).filter(|left| !left.is_zero()) {
            Some(left) => {
                let next = put_off.map_or(left, |put_off| left.min(put_off));
                self.clock.set(Timer::KeepAlive, Some(next));
            }
            None => self.ask(put_off.is_some()),
        }
    }
}
