//! HPACK (RFC 7541): whole header blocks in, whole header blocks out.
//!
//! This room keeps one promise: the two tables follow the blocks in wire order, whatever the
//! fields mean and whether or not anybody wants them. It has never heard of frames or streams.
//!
//! ```
//! use h2_core::Fields;
//! use h2_core::hpack::{Decoder, Encoder, ListLimits};
//!
//! let fields: Fields = [(":method", "GET"), ("accept", "text/html")].into_iter().collect();
//! let mut block = Vec::new();
//! Encoder::new(4096).encode(&fields, &mut block);
//!
//! let limits = ListLimits { max_list_size: 65_536, max_fields: 1_000, hard_list_size: 262_144 };
//! let mut decoded = Fields::new();
//! Decoder::new(4096).decode(&block, &limits, &mut decoded)?;
//! assert_eq!(decoded, fields);
//! # Ok::<(), h2_core::hpack::DecodeError>(())
//! ```

mod decoder;
mod dynamic_table;
mod encoder;
mod error;
mod huffman;
mod huffman_tables;
mod integer;
mod search;

pub use decoder::{Decoded, Decoder, ListLimits};
pub use encoder::Encoder;
pub use error::DecodeError;

/// What SETTINGS_HEADER_TABLE_SIZE is before anybody has set it (RFC 9113 §6.5.2).
const INITIAL_TABLE_SIZE: usize = 4096;

/// The index of the newest entry of a dynamic table (RFC 7541 §2.3.3).
const FIRST_DYNAMIC_INDEX: usize = crate::fields::WELL_KNOWN.len() + 1;
