//! HTTP/2 as a pure state machine.

#![forbid(unsafe_code)]

mod fields;
pub mod hpack;
mod stream_id;

pub use fields::{Field, Fields, Iter as FieldsIter, SharedFields};
pub use stream_id::StreamId;
