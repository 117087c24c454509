//! The two halves of a message body, and other ways to hold them.

mod manual;
pub(crate) mod pump;
mod reader;
mod recv;
mod send;
mod writer;

pub use manual::{Credit, ManualBody, Piece};
pub use reader::BodyReader;
pub use recv::RecvBody;
pub use send::SendBody;
pub use writer::BodyWriter;

use std::io;

use crate::error::{Error, Reason};

/// An error as readers and writers have it; its source is the whole of it. None of the kinds is one
/// that anybody takes for a clean end, or tries again after.
fn io_error(error: Error) -> io::Error {
    let reason = error.reason();
    let kind = if matches!(reason, Reason::Misuse(_) | Reason::Malformed(_)) {
        io::ErrorKind::BrokenPipe
    } else if matches!(reason, Reason::Timeout(_)) {
        io::ErrorKind::TimedOut
    } else if error.is_connection() {
        io::ErrorKind::ConnectionAborted
    } else {
        io::ErrorKind::ConnectionReset
    };
    io::Error::new(kind, error)
}
