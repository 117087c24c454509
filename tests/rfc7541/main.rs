//! HPACK, sentence by sentence, and against other implementations.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has failed, which is its purpose, and may say why it was skipped"
)]

mod appendix_c;
mod corpus;
mod oracle;
mod properties;
mod rules;
mod wire;
