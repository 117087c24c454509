//! RFC 9113, sentence by sentence: one test for each MUST that an endpoint can break.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod s10_security;
mod s3_start;
mod s4_client;
mod s4_frames;
mod s5_reserved;
mod s5_streams;
mod s6_10_continuation;
mod s6_1_data;
mod s6_2_headers;
mod s6_3_priority;
mod s6_4_rst_stream;
mod s6_5_settings;
mod s6_6_push_promise;
mod s6_6_pushing;
mod s6_7_ping;
mod s6_8_goaway;
mod s6_9_window_update;
mod s8_authority;
mod s8_fields;
mod s8_messages;
mod s8_tunnels;
