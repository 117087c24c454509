//! What waits to go out, in which order it goes, and the cutting of it into frames.
//!
//! Commands record intent; frames are made here, when the transport has room. So wire order is
//! HPACK order, and whatever was not cut yet can still be taken back.

mod agenda;
mod outbox;
mod padding;
mod scheduler;

use agenda::Owed;
pub(crate) use agenda::{Agenda, MAX_PINGS};
use std::collections::VecDeque;

use bytes::Bytes;
pub use outbox::Outbox;
pub(crate) use padding::Padder;
pub(crate) use scheduler::Scheduler;

use crate::StreamId;
use crate::fields::Fields;
use crate::flow::Window;
use crate::frame::{self, FrameHead, HEAD_LEN, Pad, kind};
use crate::hpack::Encoder;
use crate::observe::{FrameCounts, Tap};
use crate::settings::{DEFAULT_WINDOW, MIN_MAX_FRAME_SIZE};
use crate::stream::{Stream, Tail};

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct Egress {
    pub(crate) outbox: Outbox,
    pub(crate) agenda: Agenda,
    pub(crate) scheduler: Scheduler,
    pub(crate) encoder: Encoder,
    padder: Padder,
    /// What the peer takes on all streams together.
    pub(crate) window: Window,
    /// Longest payload the peer takes.
    pub(crate) max_frame_size: usize,
    /// What was cut so far.
    pub(crate) sent: Sent,
    /// Who looks at it.
    pub(crate) tap: Tap,
    /// Answers that were cut and that the transport has not taken: where in the output they end.
    unwritten: VecDeque<(u64, Owed)>,
}

/// Counters of what was cut.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) frames: FrameCounts,
    /// Octets of field sections: as encoded, and as RFC 9113 §6.5.2 counts them.
    pub(crate) header_octets: u64,
    pub(crate) header_list_size: u64,
}

/// DATA frames are cut to this length even when the peer takes longer ones, so that streams take
/// turns often.
const MAX_DATA: usize = MIN_MAX_FRAME_SIZE as usize;

/// Bodies up to this length may go out with their head.
const SHORT: usize = 1024;

/// What cutting from one stream led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Something was cut.
    Done,
    /// The stream has DATA, but the connection's window is shut.
    Starved,
    /// A reset was cut; the stream is gone.
    Reset,
}

impl Egress {
    pub(crate) fn new(encoder_table_size: usize, padder: Padder) -> Self {
        Self {
            outbox: Outbox::default(),
            agenda: Agenda::default(),
            scheduler: Scheduler::default(),
            encoder: Encoder::new(encoder_table_size),
            padder,
            window: Window::new(DEFAULT_WINDOW),
            max_frame_size: MIN_MAX_FRAME_SIZE as usize,
            sent: Sent::default(),
            tap: Tap::default(),
            unwritten: VecDeque::new(),
        }
    }

    /// Cuts every control frame that was promised.
    pub(crate) fn cut_control(&mut self) {
        let owed = self.agenda.owed();
        let (agenda, max_frame_size) = (&mut self.agenda, self.max_frame_size);
        let written = self.outbox.gather(|out| agenda.cut_control(out, max_frame_size));
        self.note_control(written);
        if owed != Owed::default() {
            let end = self.outbox.end();
            self.unwritten.push_back((end, owed));
        }
    }

    /// Counts the frames that were written last and shows them.
    fn note_control(&mut self, written: usize) {
        let octets = self.outbox.last(written);
        let mut rest = octets;
        while let Some((head, after)) = rest.split_first_chunk::<HEAD_LEN>() {
            let head = FrameHead::parse(*head);
            self.sent.frames.count(head.kind);
            rest = after.get(head.len as usize..).unwrap_or_default();
        }
        self.tap.sent(octets, None);
    }

    /// Counts the one frame that was written last and shows it.
    #[inline]
    fn note(&mut self, kind: u8, written: usize) {
        self.sent.frames.count(kind);
        if self.tap.is_on() {
            self.show(written, None);
        }
    }

    #[cold]
    fn show(&mut self, written: usize, fields: Option<&Fields>) {
        self.tap.sent(self.outbox.last(written), fields);
    }

    /// Counts the frames of a block that was written last and shows them. The first of them has
    /// `fixed` octets around the fragment.
    fn note_block(&mut self, kind: u8, fixed: usize, written: usize, fields: &Fields) {
        let most = self.max_frame_size + HEAD_LEN;
        let frames = if written <= most { 1 } else { written.div_ceil(most) };
        self.sent.frames.count(kind);
        self.sent.frames.continuation += frames as u64 - 1;
        self.sent.header_octets += (written - frames * HEAD_LEN - fixed) as u64;
        self.sent.header_list_size += fields.list_size() as u64;
        if self.tap.is_on() {
            self.show(written, Some(fields));
        }
    }

    /// Cuts a WINDOW_UPDATE for a stream, or with `None` for the connection.
    pub(crate) fn cut_window_update(&mut self, stream: Option<StreamId>, increment: u32) {
        let written = self.outbox.gather(|out| frame::window_update(out, stream, increment));
        self.note(kind::WINDOW_UPDATE, written);
    }

    /// Whether the peer makes us answer and does not read the answers: reading must wait.
    pub(crate) fn owes_too_much(&mut self) -> bool {
        if self.unwritten.is_empty() && self.agenda.owed() == Owed::default() {
            return false;
        }
        let taken = self.outbox.taken();
        while self.unwritten.front().is_some_and(|(end, _)| *end <= taken) {
            self.unwritten.pop_front();
            if self.unwritten.is_empty() {
                // Most connections answer SETTINGS once and nothing more.
                self.unwritten = VecDeque::new();
            }
        }
        let unwritten = self.unwritten.iter().map(|(_, owed)| *owed);
        unwritten.fold(self.agenda.owed(), Owed::plus).is_too_much()
    }

    /// Cuts one head: HEADERS, with CONTINUATION where it is long.
    pub(crate) fn cut_head(&mut self, id: StreamId, fields: &Fields, end: bool) {
        let Self { outbox, encoder, max_frame_size, padder, .. } = self;
        let (is_on, mut padding) = (padder.is_on(), 0);
        let mut choose = |len, most| {
            let octets = padder.choose(len, most);
            padding = 1 + octets.map_or(0, usize::from);
            octets
        };
        let pad: Option<Pad<'_>> = if is_on { Some(&mut choose) } else { None };
        let written = outbox.gather(|out| {
            frame::headers(out, id, end, *max_frame_size, pad, |out| encoder.encode(fields, out));
        });
        self.note_block(kind::HEADERS, padding, written, fields);
    }

    /// Cuts a promise of `id` on the stream `parent`.
    pub(crate) fn cut_promise(&mut self, parent: StreamId, id: StreamId, request: &Fields) {
        let Self { outbox, encoder, max_frame_size, padder, .. } = self;
        let (is_on, mut padding) = (padder.is_on(), 0);
        let mut choose = |len, most| {
            let octets = padder.choose(len, most);
            padding = 1 + octets.map_or(0, usize::from);
            octets
        };
        let pad: Option<Pad<'_>> = if is_on { Some(&mut choose) } else { None };
        let written = outbox.gather(|out| {
            frame::push_promise(out, parent, id, *max_frame_size, pad, |out| {
                encoder.encode(request, out);
            });
        });
        self.note_block(kind::PUSH_PROMISE, 4 + padding, written, request);
    }

    /// Cuts the whole body of a message right behind its head, if it is short and nobody is in line
    /// before it; tells whether it did. Such a body costs others no more of their turn than its head
    /// does, and a stream that is done with at once costs 300 instructions less than one that stands
    /// in line.
    pub(crate) fn cut_short_body(&mut self, id: StreamId, stream: &mut Stream) -> bool {
        if !self.scheduler.is_empty() || self.padder.is_on() || stream.prioritized {
            return false;
        }
        let most = self.most_data(stream).min(SHORT);
        let Some(body) = stream.out.take_short(most + 1) else { return false };
        let len = body.len();
        self.spend(stream, len);
        let written = self.outbox.gather(|out| frame::data(out, id, &body, true));
        self.note(kind::DATA, written);
        true
    }

    /// Cuts the next frame of what follows the head: DATA, or what ends the stream.
    pub(crate) fn cut_body(&mut self, id: StreamId, stream: &mut Stream) -> Cut {
        let queued = stream.out.queued();
        if queued > 0 {
            let most = self.most_data(stream);
            if most == 0 {
                return Cut::Starved;
            }
            if self.padder.is_on() {
                self.cut_padded(id, stream, queued, most);
            } else {
                self.cut_data(id, stream, queued, most);
            }
        } else {
            match stream.out.take_tail() {
                Tail::Open => {}
                Tail::End if self.padder.is_on() => {
                    let most = self.most_data(stream);
                    self.put_padded(id, stream, 0, most, true);
                }
                Tail::End => {
                    let written = self.outbox.gather(|out| frame::data_head(out, id, 0, true));
                    self.note(kind::DATA, written);
                }
                Tail::Trailers(fields) => self.cut_head(id, &fields, true),
            }
        }
        match stream.out.take_reset() {
            Some(code) => {
                let written = self.outbox.gather(|out| frame::reset(out, id, code));
                self.note(kind::RST_STREAM, written);
                Cut::Reset
            }
            None => Cut::Done,
        }
    }

    /// The longest payload of a DATA frame that windows and frame size allow.
    #[inline]
    fn most_data(&self, stream: &Stream) -> usize {
        let room = stream.send_window.available().min(self.window.available());
        room.min(MAX_DATA).min(self.max_frame_size)
    }

    /// Both windows pay for so many octets.
    #[inline]
    fn spend(&mut self, stream: &mut Stream, octets: usize) {
        stream.send_window.spend(octets);
        self.window.spend(octets);
        stream.moved += octets as u64;
    }

    fn cut_data(&mut self, id: StreamId, stream: &mut Stream, queued: usize, most: usize) {
        let len = queued.min(most);
        let end = len == queued && stream.out.ends_with_data();
        self.put_data(id, stream, len, end);
    }

    /// Puts a DATA frame of `len` octets out. Windows pay for them.
    #[inline]
    fn put_data(&mut self, id: StreamId, stream: &mut Stream, len: usize, end: bool) {
        self.spend(stream, len);
        let written = self.outbox.gather(|out| frame::data_head(out, id, len, end));
        self.note(kind::DATA, written);
        self.put_body(stream, len, end);
    }

    #[inline]
    fn put_body(&mut self, stream: &mut Stream, len: usize, end: bool) {
        let mut left = len;
        while left > 0 {
            let piece: Bytes = stream.out.pop_data(left);
            if piece.is_empty() {
                break;
            }
            left -= piece.len();
            self.outbox.push_payload(piece);
        }
        if end {
            stream.out.take_tail();
        }
    }

    /// Cuts a DATA frame with padding.
    #[cold]
    fn cut_padded(&mut self, id: StreamId, stream: &mut Stream, queued: usize, most: usize) {
        // The octet that says how much padding there is needs room; content needs it more.
        let len = queued.min(if most > 1 { most - 1 } else { most });
        let end = len == queued && stream.out.ends_with_data();
        self.put_padded(id, stream, len, most, end);
    }

    /// Puts a DATA frame of `len` octets of content out, with as much padding as there should be in
    /// a payload of at most `most` octets. Windows pay for all of it.
    #[cold]
    fn put_padded(
        &mut self,
        id: StreamId,
        stream: &mut Stream,
        len: usize,
        most: usize,
        end: bool,
    ) {
        let Some(padding) = self.padder.choose(len, most) else {
            return self.put_data(id, stream, len, end);
        };
        let flow = len + 1 + usize::from(padding);
        self.spend(stream, flow);
        let written = self.outbox.gather(|out| frame::padded_data_head(out, id, len, end, padding));
        self.note(kind::DATA, written);
        self.put_body(stream, len, end);
        self.outbox.gather(|out| out.resize(out.len() + usize::from(padding), 0));
    }
}
