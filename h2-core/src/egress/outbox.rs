//! Octets that are ready for the transport: peeked, written, advanced; never taken and lost.
//!
//! This room keeps one promise: what was not advanced over stays, in order, whatever the transport
//! took of it. Short frames are gathered in one buffer; long payloads are chained, not copied.

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Payloads from this length on are chained as their own slice; shorter ones are copied, because
/// another slice costs the transport more than the copy.
const SHARE_FROM: usize = 2048;

/// Gathering memory above this is given back when the outbox runs empty.
const KEEP: usize = 16 * 1024;

/// Octets that are ready to be written, as a [`Buf`].
///
/// Peek with [`chunk`](Buf::chunk), [`chunks_vectored`](Buf::chunks_vectored) or
/// [`peek_owned`](Self::peek_owned), write, then [`advance`](Buf::advance) by exactly what the
/// transport took. A peek changes nothing, so a partial write of any size keeps the rest.
#[derive(Default)]
pub struct Outbox {
    segments: VecDeque<Segment>,
    /// Octets of all gathered segments, in order; those before `read` have been advanced over.
    gathered: Vec<u8>,
    read: usize,
    /// Invariant: the sum of the lengths of all segments. No segment is empty.
    len: usize,
    /// Octets ever advanced over.
    taken: u64,
}

enum Segment {
    /// The next so many octets of `gathered`.
    Gathered(usize),
    Shared(Bytes),
}

impl Outbox {
    /// Octets that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Up to `max` of the waiting octets as owned buffers, for transports that need to own what
    /// they write until it is done. Changes nothing; advance when the write has completed.
    #[must_use]
    pub fn peek_owned(&self, max: usize) -> Vec<Bytes> {
        let mut left = max;
        let mut at = self.read;
        let mut pieces = Vec::new();
        for segment in &self.segments {
            if left == 0 {
                break;
            }
            let piece = match segment {
                Segment::Gathered(len) => {
                    let end = at + len.min(&left);
                    let piece = self.gathered.get(at..end).unwrap_or_default();
                    at += len;
                    Bytes::copy_from_slice(piece)
                }
                Segment::Shared(bytes) => bytes.slice(..bytes.len().min(left)),
            };
            left -= piece.len();
            pieces.push(piece);
        }
        pieces
    }

    /// Octets ever advanced over: whoever watches for progress compares it with what it was.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Where the output ends, counted as [`taken`](Self::taken) counts.
    pub(crate) fn end(&self) -> u64 {
        self.taken + self.len as u64
    }

    /// Lets `write` append octets to the gathered ones; returns how many.
    pub(crate) fn gather(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        let before = self.gathered.len();
        write(&mut self.gathered);
        let written = self.gathered.len().saturating_sub(before);
        if written == 0 {
            return 0;
        }
        self.len += written;
        match self.segments.back_mut() {
            Some(Segment::Gathered(len)) => *len += written,
            _ => self.segments.push_back(Segment::Gathered(written)),
        }
        written
    }

    /// The octets that were gathered last, so many of them.
    pub(crate) fn last(&self, octets: usize) -> &[u8] {
        self.gathered.get(self.gathered.len().saturating_sub(octets)..).unwrap_or_default()
    }

    /// Appends a payload.
    pub(crate) fn push_payload(&mut self, payload: Bytes) {
        if payload.len() < SHARE_FROM {
            self.gather(|gathered| gathered.extend_from_slice(&payload));
        } else {
            self.len += payload.len();
            self.segments.push_back(Segment::Shared(payload));
        }
    }

    /// Gives back memory that an idle connection does not need.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            self.gathered = Vec::new();
            self.segments = VecDeque::new();
        }
    }

    /// Drops everything that waits.
    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.gathered.clear();
        self.read = 0;
        self.len = 0;
    }

    fn reclaim(&mut self) {
        if self.len == 0 {
            self.gathered.clear();
            self.gathered.shrink_to(KEEP);
            self.read = 0;
        } else if self.read >= KEEP && self.read * 2 >= self.gathered.len() {
            self.gathered.drain(..self.read);
            self.read = 0;
        }
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        match self.segments.front() {
            None => &[],
            Some(Segment::Gathered(len)) => {
                self.gathered.get(self.read..self.read + len).unwrap_or_default()
            }
            Some(Segment::Shared(bytes)) => bytes,
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut at = self.read;
        let mut filled = 0;
        for (slice, segment) in slices.iter_mut().zip(&self.segments) {
            let octets = match segment {
                Segment::Gathered(len) => {
                    let octets = self.gathered.get(at..at + len).unwrap_or_default();
                    at += len;
                    octets
                }
                Segment::Shared(bytes) => bytes,
            };
            *slice = IoSlice::new(octets);
            filled += 1;
        }
        filled
    }

    /// Advances over what the transport took. Beyond the end it goes to the end.
    fn advance(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        self.taken += left as u64;
        while left > 0 {
            let Some(front) = self.segments.front_mut() else { break };
            let (len, step) = match front {
                Segment::Gathered(len) => {
                    let step = left.min(*len);
                    *len -= step;
                    self.read += step;
                    (*len, step)
                }
                Segment::Shared(bytes) => {
                    let step = left.min(bytes.len());
                    bytes.advance(step);
                    (bytes.len(), step)
                }
            };
            left -= step;
            if len == 0 {
                self.segments.pop_front();
            }
        }
        self.reclaim();
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} octets)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (Outbox, Vec<u8>) {
        let mut outbox = Outbox::default();
        let mut all = Vec::new();
        for round in 0..4_u8 {
            let head = [round; 9];
            let body = Bytes::from(vec![round; SHARE_FROM + usize::from(round)]);
            outbox.gather(|gathered| gathered.extend_from_slice(&head));
            all.extend_from_slice(&head);
            all.extend_from_slice(&body);
            outbox.push_payload(body);
            outbox.push_payload(Bytes::from_static(b"short"));
            all.extend_from_slice(b"short");
        }
        (outbox, all)
    }

    #[test]
    fn any_pattern_of_partial_writes_yields_the_same_octets() {
        for step in [1, 2, 7, 9, 10, 2047, 2048, 2057, 5000, 100_000] {
            let (mut outbox, all) = filled();
            let mut written = Vec::new();
            while outbox.has_remaining() {
                let take = step.min(outbox.chunk().len());
                written.extend_from_slice(&outbox.chunk()[..take]);
                outbox.advance(take);
            }
            assert!(written == all, "steps of {step}");
        }
    }

    #[test]
    fn a_vectored_peek_and_an_owned_peek_show_the_same_octets_and_change_nothing() {
        let (mut outbox, all) = filled();
        outbox.advance(3);
        let mut slices = [IoSlice::new(&[]); 64];
        let count = outbox.chunks_vectored(&mut slices);
        let seen: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        assert!(seen == all[3..]);
        assert!(outbox.peek_owned(usize::MAX).concat() == all[3..]);
        assert!(outbox.peek_owned(5000).concat() == all[3..5003]);
        assert_eq!(outbox.len(), all.len() - 3);
    }

    #[test]
    fn advancing_beyond_the_end_goes_to_the_end() {
        let (mut outbox, all) = filled();
        outbox.advance(all.len() + 1);
        assert!(outbox.is_empty());
        assert_eq!(outbox.taken(), all.len() as u64);
        assert_eq!(outbox.chunk(), b"");
    }

    #[test]
    fn octets_gathered_behind_a_half_taken_segment_keep_their_order() {
        let mut outbox = Outbox::default();
        outbox.gather(|gathered| gathered.extend_from_slice(b"abc"));
        outbox.advance(2);
        outbox.gather(|gathered| gathered.extend_from_slice(b"de"));
        assert_eq!(outbox.chunk(), b"cde");
    }
}
