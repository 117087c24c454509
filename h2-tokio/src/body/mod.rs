//! The two halves of a message body.

pub(crate) mod pump;
mod recv;
mod send;

pub use recv::RecvBody;
pub use send::SendBody;
