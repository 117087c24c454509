//! Frames: what stands on the wire, both ways, and whether its form is legal (RFC 9113 §4, §6).
//!
//! This room knows layout. Whether a frame may come on its stream is not its business.

mod block;
mod decode;
mod encode;
mod head;
mod reader;

pub(crate) use block::{Block, BlockLimits, Opening};
pub(crate) use decode::{Frame, decode};
pub(crate) use encode::{
    GoAway, Pad, data, data_head, extension, goaway, headers, padded_data_head, ping,
    priority_update, push_promise, reset, settings, settings_ack, window_update,
};
pub(crate) use head::{FrameHead, HEAD_LEN, flag, kind};
pub(crate) use reader::{Next, PREFACE, Reader};
