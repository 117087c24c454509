//! The tokio adapter, client against server, over pipes in memory and real TCP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod endings;
mod exchange;
mod limits;
mod shutdown;
mod support;
mod transport;
