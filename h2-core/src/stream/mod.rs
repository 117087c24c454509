//! Streams: what each half may still do, what waits to be sent, and which of them are alive.

mod closed;
mod outgoing;
mod state;
mod table;

pub(crate) use closed::{ClosedStreams, How};
pub(crate) use outgoing::{Outgoing, Tail};
pub(crate) use state::Half;
pub use state::StreamState;
pub(crate) use table::{Closed, Initiator, Key, Removed, Standing, Stream, Table};
