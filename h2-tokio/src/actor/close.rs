//! The end of a connection: one reason, told once to everyone who waits.

use std::io;
use std::task::{Context, Poll, ready};

use h2_core::StreamId;
use tokio::sync::mpsc::error::TryRecvError;

use super::command::{Command, Rare};
use super::{Engine, Ping, now};
use crate::error::{CloseReason, End, Outcome, Reason, Retry};
use crate::trace;

impl Engine {
    /// The transport failed.
    pub(super) fn broken(&mut self, error: io::Error) {
        // The protocol may know of an earlier cause.
        let reason = match self.conn.close_reason() {
            Some(reason) => CloseReason::from_core(reason, self.http1),
            None => CloseReason::from_io(error),
        };
        self.conn.handle_failure(self.now);
        self.close(reason);
    }

    /// The task was dropped before the connection ended.
    pub(super) fn abandon(&mut self) {
        if self.closed.is_none() {
            self.close(CloseReason::aborted());
        }
        self.await_last_commands();
    }

    /// Ends everything. The first reason stays.
    pub(super) fn close(&mut self, reason: CloseReason) {
        if self.closed.is_some() {
            return;
        }
        let reason = reason.ending(End {
            cut: self.open_streams(),
            age: now().saturating_duration_since(self.began),
            last_inbound: self.conn.last_inbound_stream(),
            last_outbound: self.conn.last_outbound_stream(),
        });
        log(&reason, self.entries.len());
        // Known before anyone is woken, so that whoever asks then gets the answer.
        self.shared.keep_stats(self.conn.stats());
        let reason = self.shared.close(reason).clone();
        self.closed = Some(reason.clone());
        for (stream, entry) in std::mem::take(&mut self.entries) {
            let outcome = self.outcome(stream, entry.answered);
            let retry = self.conn.retry_hint(stream).unwrap_or(Retry::DoNot);
            if let Some(slot) = entry.slot {
                slot.fail(reason.to_stream_error(outcome, retry));
            }
        }
        self.line.end();
        self.dismiss_line();
        for (_, Ping { answer, .. }) in self.pings.drain() {
            // Whoever asked may have left.
            let _ = answer.send(Err(reason.to_error(Outcome::NotSent)));
        }
        // No command comes after those that are on their way; they are turned away.
        self.commands.close();
        self.observers.clear();
        self.publish();
    }

    /// No more streams are opened: everyone can see that before anyone in line is told.
    pub(super) fn drains(&mut self, why: impl FnOnce() -> CloseReason) {
        self.shared.drain(why);
        self.line.end();
        self.publish();
    }

    /// How far a request came, by the protocol, or for a stream that is over there by whether it
    /// was `answered`.
    pub(super) fn outcome(&self, stream: StreamId, answered: bool) -> Outcome {
        let gone = if answered { Outcome::ResponseStarted } else { Outcome::MaybeProcessed };
        self.conn.request_outcome(stream).unwrap_or(gone)
    }

    /// Turns away the commands that come after the end, and says whether the last has come. One that
    /// was let in before the channel was closed may still be on its way into it.
    pub(super) fn poll_last_commands(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(command) = ready!(self.commands.poll_recv(cx)) {
            self.refuse_command(command);
        }
        Poll::Ready(())
    }

    /// As [`poll_last_commands`](Self::poll_last_commands), for a task that is polled no more. Its
    /// thread waits while others are in the middle of giving a command, as for a lock.
    fn await_last_commands(&mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.refuse_command(command),
                Err(TryRecvError::Empty) => std::thread::yield_now(),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn refuse_command(&self, command: Command) {
        let error = self.shared.error(Outcome::NotSent);
        match command {
            Command::Open(slot) => slot.fail(error),
            Command::Look(_) => {}
            Command::Rare(rare) => match *rare {
                Rare::Reserve { answer, .. } => drop(answer.send(Err(error))),
                Rare::OpenWith(_, slot, _) => slot.fail(error),
                Rare::Promise { answer, .. } => drop(answer.send(Err(error))),
                Rare::Ping(answer) => drop(answer.send(Err(error))),
                // Those who ask or listen learn by that they are dropped.
                Rare::Call(_) | Rare::Tell(_) => {}
                Rare::Return(_) | Rare::Leave | Rare::Shutdown(_) => {}
                Rare::Close(..) | Rare::Publish => {}
            },
        }
    }
}

/// Tells of the end of a connection, and louder where somebody had better look.
fn log(reason: &CloseReason, streams: usize) {
    let notable = matches!(reason.reason(), Reason::Violation(_) | Reason::Timeout(_));
    if notable && !reason.is_graceful() {
        trace::warn!(%reason, streams, "connection closed");
        return;
    }
    trace::debug!(%reason, streams, "connection closed");
}
