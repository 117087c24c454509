//! HTTP/2 as a pure state machine.

#![forbid(unsafe_code)]

mod config;
mod connection;
mod egress;
mod error;
mod event;
mod fields;
mod flow;
mod frame;
mod guard;
pub mod hpack;
mod message;
mod priority;
mod settings;
mod stream;
mod stream_id;

pub use config::{Bucket, Config};
pub use connection::{Connection, Deadline, Outcome, Permit, Received};
pub use egress::Outbox;
pub use error::{
    CloseReason, ErrorCode, HeadRule, Malformed, Misuse, OpenError, Origin, Timer, Violation,
};
pub use event::{End, Event, ResetCause};
pub use fields::{Field, Fields, Iter as FieldsIter, SharedFields};
pub use message::{RequestHead, ResponseHead, Trailers};
pub use priority::Priority;
pub use settings::Settings;
pub use stream_id::StreamId;
