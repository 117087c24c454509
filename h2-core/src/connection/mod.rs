//! One HTTP/2 connection: inputs, commands, outputs and questions, owned by whoever calls them.

mod stub;

pub use stub::{Connection, Deadline, Outcome, Permit, Received};
