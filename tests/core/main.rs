//! The core by itself, without any I/O.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]
mod push;
mod smoke;
mod upgrade;
