//! A line of body pieces: the usual single piece costs no allocation, small ones are merged.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces shorter than this are copied behind their predecessor: a piece on its own costs about a
/// hundred octets of bookkeeping.
const MERGE_BELOW: usize = 1024;

/// A merged piece does not grow beyond this.
const MERGE_UP_TO: usize = 16 * 1024;

/// Pieces of a body, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunks {
    /// The next piece. Invariant: if it is empty, there is no other.
    first: Bytes,
    /// The others; boxed, because most bodies are one piece and streams are many.
    others: Option<Box<Others>>,
}

#[derive(Clone, Debug, Default)]
struct Others {
    pieces: VecDeque<Bytes>,
    /// The last piece, while small ones are being merged into it.
    tail: BytesMut,
    /// Invariant: the octets of all of them together.
    octets: usize,
}

impl Others {
    /// The tail grows no more.
    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
    }

    fn pop(&mut self) -> Bytes {
        let piece = match self.pieces.pop_front() {
            Some(piece) => piece,
            None => std::mem::take(&mut self.tail).freeze(),
        };
        self.octets -= piece.len();
        piece
    }
}

impl Chunks {
    pub(crate) fn octets(&self) -> usize {
        self.first.len() + self.others.as_ref().map_or(0, |others| others.octets)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Appends a piece as it is. Empty ones are dropped.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        if self.first.is_empty() {
            self.first = piece;
        } else {
            let others = self.others.get_or_insert_default();
            others.octets += piece.len();
            others.seal();
            others.pieces.push_back(piece);
        }
    }

    /// Appends a piece; a small one behind another small one is copied to it.
    pub(crate) fn push_merged(&mut self, piece: Bytes) {
        if self.first.is_empty() || piece.len() >= MERGE_BELOW {
            return self.push(piece);
        }
        self.merge(&piece);
    }

    /// Appends a copy of these octets; few of them go behind what there is.
    pub(crate) fn push_copy(&mut self, octets: &[u8]) {
        if self.first.is_empty() || octets.len() >= MERGE_BELOW {
            return self.push(Bytes::copy_from_slice(octets));
        }
        self.merge(octets);
    }

    fn merge(&mut self, octets: &[u8]) {
        let others = self.others.get_or_insert_default();
        if others.tail.len() + octets.len() > MERGE_UP_TO {
            others.seal();
        }
        others.octets += octets.len();
        others.tail.extend_from_slice(octets);
    }

    /// Puts back what was left of a piece.
    pub(crate) fn push_front(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        let next = std::mem::replace(&mut self.first, piece);
        if !next.is_empty() {
            let others = self.others.get_or_insert_default();
            others.octets += next.len();
            others.pieces.push_front(next);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        if self.first.is_empty() {
            return None;
        }
        let next = self.others.as_mut().map(|others| others.pop()).unwrap_or_default();
        Some(std::mem::replace(&mut self.first, next))
    }

    /// Moves all pieces of `other` behind the own ones.
    pub(crate) fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        while let Some(piece) = other.pop() {
            self.push(piece);
        }
    }

    /// Drops everything, the memory too.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(chunks: &mut Chunks) -> Vec<Bytes> {
        std::iter::from_fn(|| chunks.pop()).collect()
    }

    #[test]
    fn pieces_come_out_in_order_and_the_count_is_true() {
        let mut chunks = Chunks::default();
        for piece in ["a", "", "bc", "def"] {
            chunks.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!(chunks.octets(), 6);
        let first = chunks.pop().unwrap();
        chunks.push_front(first);
        assert_eq!(drain(&mut chunks), ["a", "bc", "def"]);
        assert!(chunks.is_empty());
    }

    #[test]
    fn small_pieces_are_merged_and_large_ones_are_not() {
        let mut chunks = Chunks::default();
        let large = Bytes::from(vec![b'x'; MERGE_BELOW]);
        for _ in 0..3 {
            chunks.push_merged(Bytes::from_static(b"a"));
        }
        chunks.push_merged(large.clone());
        chunks.push_merged(Bytes::from_static(b"b"));
        chunks.push_merged(Bytes::from_static(b"c"));
        let out = drain(&mut chunks);
        assert_eq!(out, [&b"a"[..], b"aa", &large, b"bc"]);
    }

    #[test]
    fn copies_are_merged_as_pieces_are() {
        let mut chunks = Chunks::default();
        let large = [b'x'; MERGE_BELOW];
        for octets in [&b"a"[..], b"", b"a", b"a", &large, b"b", b"c"] {
            chunks.push_copy(octets);
        }
        assert_eq!(chunks.octets(), 5 + MERGE_BELOW);
        assert_eq!(drain(&mut chunks), [&b"a"[..], b"aa", &large, b"bc"]);
    }

    #[test]
    fn a_merged_piece_does_not_grow_without_end() {
        let mut chunks = Chunks::default();
        for _ in 0..MERGE_UP_TO {
            chunks.push_merged(Bytes::from_static(b"abc"));
        }
        let out = drain(&mut chunks);
        assert!(out.iter().all(|piece| piece.len() <= MERGE_UP_TO));
        assert_eq!(out.iter().map(Bytes::len).sum::<usize>(), 3 * MERGE_UP_TO);
    }

    #[test]
    fn appending_keeps_the_order() {
        let mut chunks = Chunks::default();
        let mut more = Chunks::default();
        chunks.push(Bytes::from_static(b"a"));
        more.push(Bytes::from_static(b"b"));
        more.push(Bytes::from_static(b"c"));
        chunks.append(&mut more);
        assert!(more.is_empty());
        assert_eq!(drain(&mut chunks), ["a", "b", "c"]);
    }
}
