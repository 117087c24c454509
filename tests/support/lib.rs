//! What the tests share: wire bytes by hand, an independent reader of output, scripted peers.

// Helpers of tests: a panic is how they report, and their names say what they do.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used, clippy::exhaustive_enums)]
#![allow(clippy::wildcard_enum_match_arm, clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![allow(clippy::cast_possible_truncation)]

pub mod frames;
pub mod lexer;
pub mod lone;
pub mod pair;
pub mod rng;
pub mod scenes;
pub mod short;
pub mod solo;
pub mod wire;

pub use frames::Frame;
pub use rng::Rng;

/// What nearly every test needs.
pub mod prelude {
    pub use std::time::Duration;

    pub use bytes::{Buf, Bytes};
    pub use h2_core::{Config, Connection, End, ErrorCode, Event, Misuse, Received};

    pub use crate::frames::Frame;
    pub use crate::lone::{self, Lone, Note, Setup, id};
    pub use crate::scenes;
    pub use crate::wire::{self, Wire};

    pub const NO_ERROR: ErrorCode = ErrorCode::NO_ERROR;
    pub const PROTOCOL_ERROR: ErrorCode = ErrorCode::PROTOCOL_ERROR;
    pub const INTERNAL_ERROR: ErrorCode = ErrorCode::INTERNAL_ERROR;
    pub const FLOW_CONTROL_ERROR: ErrorCode = ErrorCode::FLOW_CONTROL_ERROR;
    pub const SETTINGS_TIMEOUT: ErrorCode = ErrorCode::SETTINGS_TIMEOUT;
    pub const STREAM_CLOSED: ErrorCode = ErrorCode::STREAM_CLOSED;
    pub const FRAME_SIZE_ERROR: ErrorCode = ErrorCode::FRAME_SIZE_ERROR;
    pub const REFUSED_STREAM: ErrorCode = ErrorCode::REFUSED_STREAM;
    pub const CANCEL: ErrorCode = ErrorCode::CANCEL;
    pub const COMPRESSION_ERROR: ErrorCode = ErrorCode::COMPRESSION_ERROR;
    pub const ENHANCE_YOUR_CALM: ErrorCode = ErrorCode::ENHANCE_YOUR_CALM;
}
