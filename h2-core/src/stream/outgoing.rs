//! What one stream has yet to send: heads, then DATA, then what ends it, in that order.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::StreamId;
use crate::error::ErrorCode;
use crate::fields::Fields;

/// The send queue of a stream. Nothing in it has been cut into frames.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// What precedes the head on few streams; boxed, because streams are many.
    before: Option<Box<Before>>,
    /// In a box for the time that it waits, which is short.
    head: Option<Box<Fields>>,
    /// The head carries END_STREAM.
    head_ends: bool,
    /// The body or its trailers carry END_STREAM.
    ends: bool,
    /// The first chunk of the body lies outside the queue: most bodies are one chunk. If it is
    /// empty, there is no other.
    first: Bytes,
    more: Option<Box<More>>,
    /// With these `ends` is set.
    trailers: Option<Box<Fields>>,
    /// RST_STREAM that follows everything else.
    reset_after: Option<ErrorCode>,
}

/// The chunks of a body that are not its first.
#[derive(Debug, Default)]
struct More {
    chunks: VecDeque<Bytes>,
    /// Invariant: the octets of all of them.
    octets: usize,
}

/// What precedes the head.
#[derive(Debug, Default)]
struct Before {
    /// The request that is promised on another stream, before everything else.
    promise: Option<(StreamId, Fields)>,
    /// Interim responses.
    #[allow(clippy::vec_box)] // the box goes where the head goes
    informational: VecDeque<Box<Fields>>,
    /// The head stands in line once more, behind promises that were made after these.
    hold: bool,
}

/// What follows the body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing yet, or it was already cut.
    #[default]
    Open,
    /// END_STREAM.
    End,
    /// Trailers, which carry END_STREAM.
    Trailers(Box<Fields>),
}

impl More {
    fn pop(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.pop_front()?;
        self.octets -= chunk.len();
        Some(chunk)
    }
}

impl Outgoing {
    /// Promises `request` on the stream `parent`.
    pub(crate) fn set_promise(&mut self, parent: StreamId, request: Fields) {
        self.before.get_or_insert_default().promise = Some((parent, request));
    }

    /// Lets the head stand in line once more, behind what was promised since the interim responses.
    pub(crate) fn set_hold(&mut self) {
        self.before.get_or_insert_default().hold = true;
    }

    pub(crate) fn take_hold(&mut self) -> bool {
        self.before.as_mut().is_some_and(|before| std::mem::take(&mut before.hold))
    }

    pub(crate) fn take_promise(&mut self) -> Option<(StreamId, Fields)> {
        let promise = self.before.as_mut()?.promise.take();
        self.before.take_if(|before| before.informational.is_empty());
        promise
    }

    pub(crate) fn push_informational(&mut self, fields: Box<Fields>) {
        self.before.get_or_insert_default().informational.push_back(fields);
    }

    pub(crate) fn set_head(&mut self, fields: Box<Fields>, ends: bool) {
        self.head = Some(fields);
        self.head_ends = ends;
    }

    /// The next head to be cut and whether it ends the stream.
    /// With `interim` none but interim ones.
    pub(crate) fn pop_head(&mut self, interim: bool) -> Option<(Box<Fields>, bool)> {
        if let Some(before) = &mut self.before {
            if let Some(fields) = before.informational.pop_front() {
                return Some((fields, false));
            }
            self.before = None;
        }
        if interim {
            return None;
        }
        self.head.take().map(|fields| (fields, self.head_ends))
    }

    /// Whether there is nothing before the head, nor a reset that waits behind the message.
    pub(crate) fn is_plain(&self) -> bool {
        self.before.is_none() && self.reset_after.is_none()
    }

    /// Takes the whole body if it is one piece, shorter than `limit`, and ends the message.
    pub(crate) fn take_short(&mut self, limit: usize) -> Option<Bytes> {
        let whole = self.first.len() < limit && self.more.is_none() && self.ends_with_data();
        whole.then(|| {
            self.ends = false;
            std::mem::take(&mut self.first)
        })
    }

    pub(crate) fn has_heads(&self) -> bool {
        self.head.is_some() || self.before.is_some()
    }

    /// Interim responses that wait.
    pub(crate) fn informational_waiting(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.informational.len())
    }

    pub(crate) fn push_data(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        if self.first.is_empty() {
            self.first = data;
        } else {
            let more = self.more.get_or_insert_default();
            more.octets += data.len();
            more.chunks.push_back(data);
        }
    }

    /// Octets of body that wait.
    pub(crate) fn queued(&self) -> usize {
        self.first.len() + self.more.as_ref().map_or(0, |more| more.octets)
    }

    /// Takes a piece of at most `max` octets from the front of the body.
    pub(crate) fn pop_data(&mut self, max: usize) -> Bytes {
        if self.first.len() > max {
            return self.first.split_to(max);
        }
        let next = self.more.as_mut().and_then(|more| more.pop()).unwrap_or_default();
        std::mem::replace(&mut self.first, next)
    }

    /// The message ends behind its body.
    pub(crate) fn set_end(&mut self) {
        self.ends = true;
    }

    /// The message ends with trailers behind its body.
    pub(crate) fn set_trailers(&mut self, trailers: Fields) {
        self.ends = true;
        self.trailers = Some(Box::new(trailers));
    }

    /// What follows the body, once the body is gone.
    pub(crate) fn take_tail(&mut self) -> Tail {
        if !self.first.is_empty() || !std::mem::take(&mut self.ends) {
            return Tail::Open;
        }
        self.trailers.take().map_or(Tail::End, Tail::Trailers)
    }

    /// Whether the last octets of the body may carry END_STREAM.
    pub(crate) fn ends_with_data(&self) -> bool {
        self.ends && self.trailers.is_none()
    }

    pub(crate) fn has_tail(&self) -> bool {
        self.ends
    }

    pub(crate) fn set_reset_after(&mut self, code: ErrorCode) {
        self.reset_after = Some(code);
    }

    /// The reset that follows everything, once everything else is gone.
    pub(crate) fn take_reset(&mut self) -> Option<ErrorCode> {
        if self.has_heads() || !self.first.is_empty() || self.has_tail() {
            return None;
        }
        self.reset_after.take()
    }

    pub(crate) fn reset_waits(&self) -> bool {
        self.reset_after.is_some()
    }

    /// The reset that follows everything is not needed.
    pub(crate) fn cancel_reset(&mut self) {
        self.reset_after = None;
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty() && !self.has_heads() && !self.has_tail() && !self.reset_waits()
    }

    /// Drops everything; returns the octets of body that were dropped.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(self).queued()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_out_in_order_in_pieces_of_any_size() {
        let mut out = Outgoing::default();
        for chunk in ["abc", "", "de", "f"] {
            out.push_data(Bytes::from_static(chunk.as_bytes()));
        }
        assert_eq!(out.queued(), 6);
        let pieces: Vec<Bytes> =
            std::iter::from_fn(|| (out.queued() > 0).then(|| out.pop_data(2))).collect();
        assert_eq!(pieces, ["ab", "c", "de", "f"]);
    }

    #[test]
    fn what_ends_a_stream_waits_for_its_body() {
        let mut out = Outgoing::default();
        out.push_data(Bytes::from_static(b"x"));
        out.set_end();
        out.set_reset_after(ErrorCode::NO_ERROR);
        assert_eq!(out.take_tail(), Tail::Open);
        assert_eq!(out.take_reset(), None);
        out.pop_data(1);
        assert_eq!(out.take_tail(), Tail::End);
        assert_eq!(out.take_reset(), Some(ErrorCode::NO_ERROR));
        assert!(out.is_empty());
    }
}
