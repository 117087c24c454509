//! What waits to go out, in which order it goes, and the cutting of it into frames.
//!
//! Commands record intent; frames are made here, when the transport has room. So wire order is
//! HPACK order, and whatever was not cut yet can still be taken back.

mod agenda;
mod outbox;
mod scheduler;

use agenda::Owed;
pub(crate) use agenda::{Agenda, MAX_PINGS};
use std::collections::VecDeque;

use bytes::Bytes;
pub use outbox::Outbox;
pub(crate) use scheduler::Scheduler;

use crate::StreamId;
use crate::fields::Fields;
use crate::flow::Window;
use crate::frame;
use crate::hpack::Encoder;
use crate::settings::{DEFAULT_WINDOW, MIN_MAX_FRAME_SIZE};
use crate::stream::{Stream, Tail};

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct Egress {
    pub(crate) outbox: Outbox,
    pub(crate) agenda: Agenda,
    pub(crate) scheduler: Scheduler,
    pub(crate) encoder: Encoder,
    /// What the peer takes on all streams together.
    pub(crate) window: Window,
    /// Longest payload the peer takes.
    pub(crate) max_frame_size: usize,
    /// DATA frames cut.
    pub(crate) data_frames: u64,
    /// Answers that were cut and that the transport has not taken: where in the output they end.
    unwritten: VecDeque<(u64, Owed)>,
}

/// DATA frames are cut to this length even when the peer takes longer ones, so that streams take
/// turns often.
const MAX_DATA: usize = MIN_MAX_FRAME_SIZE as usize;

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
    pub(crate) fn new(encoder_table_size: usize) -> Self {
        Self {
            outbox: Outbox::default(),
            agenda: Agenda::default(),
            scheduler: Scheduler::default(),
            encoder: Encoder::new(encoder_table_size),
            window: Window::new(DEFAULT_WINDOW),
            max_frame_size: MIN_MAX_FRAME_SIZE as usize,
            data_frames: 0,
            unwritten: VecDeque::new(),
        }
    }

    /// Cuts every control frame that was promised.
    pub(crate) fn cut_control(&mut self) {
        let owed = self.agenda.owed();
        let (agenda, max_frame_size) = (&mut self.agenda, self.max_frame_size);
        self.outbox.gather(|out| agenda.cut_control(out, max_frame_size));
        if owed != Owed::default() {
            let end = self.outbox.end();
            self.unwritten.push_back((end, owed));
        }
    }

    /// Whether the peer makes us answer and does not read the answers: reading must wait.
    pub(crate) fn owes_too_much(&mut self) -> bool {
        let taken = self.outbox.taken();
        while self.unwritten.front().is_some_and(|(end, _)| *end <= taken) {
            self.unwritten.pop_front();
        }
        let unwritten = self.unwritten.iter().map(|(_, owed)| *owed);
        unwritten.fold(self.agenda.owed(), Owed::plus).is_too_much()
    }

    /// Cuts one head: HEADERS, with CONTINUATION where it is long.
    pub(crate) fn cut_head(&mut self, id: StreamId, fields: &Fields, end: bool) {
        let Self { outbox, encoder, max_frame_size, .. } = self;
        outbox.gather(|out| {
            frame::headers(out, id, end, *max_frame_size, |out| encoder.encode(fields, out));
        });
    }

    /// Cuts a promise of `id` on the stream `parent`.
    pub(crate) fn cut_promise(&mut self, parent: StreamId, id: StreamId, request: &Fields) {
        let Self { outbox, encoder, max_frame_size, .. } = self;
        outbox.gather(|out| {
            frame::push_promise(out, parent, id, *max_frame_size, |out| {
                encoder.encode(request, out);
            });
        });
    }

    /// Cuts the next frame of what follows the head: DATA, or what ends the stream.
    pub(crate) fn cut_body(&mut self, id: StreamId, stream: &mut Stream) -> Cut {
        let queued = stream.out.queued();
        if queued > 0 {
            let room = stream.send_window.available().min(self.window.available());
            let len = queued.min(room).min(MAX_DATA.min(self.max_frame_size));
            if len == 0 {
                return Cut::Starved;
            }
            self.cut_data(id, stream, len, queued);
        } else {
            match stream.out.take_tail() {
                Tail::Open => {}
                Tail::End => self.outbox.gather(|out| frame::data_head(out, id, 0, true)),
                Tail::Trailers(fields) => self.cut_head(id, &fields, true),
            }
        }
        match stream.out.take_reset() {
            Some(code) => {
                self.outbox.gather(|out| frame::reset(out, id, code));
                Cut::Reset
            }
            None => Cut::Done,
        }
    }

    fn cut_data(&mut self, id: StreamId, stream: &mut Stream, len: usize, queued: usize) {
        stream.send_window.spend(len);
        self.window.spend(len);
        self.data_frames += 1;
        stream.moved += len as u64;
        let end = len == queued && stream.out.ends_with_data();
        self.outbox.gather(|out| frame::data_head(out, id, len, end));
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
}
