//! The core by itself, without any I/O.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
mod smoke;
