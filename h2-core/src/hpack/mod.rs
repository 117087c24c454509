//! HPACK (RFC 7541): whole header blocks in, whole header blocks out.
//!
//! This room keeps one promise: the two tables follow the blocks in wire order, whatever the
//! fields mean and whether or not anybody wants them. It has never heard of frames or streams.
mod stub_error;
pub use stub_error::DecodeError;
