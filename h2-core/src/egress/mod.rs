//! What waits to go out, and in which order it goes.

mod outbox;

pub use outbox::Outbox;
