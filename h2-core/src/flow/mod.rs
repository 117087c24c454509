//! Flow control as arithmetic: what may be sent, and what was promised to the peer (RFC 9113 §5.2, §6.9).
//!
//! This room knows numbers. It has never heard of streams or frames.

mod growth;
mod inbound;
mod window;

pub(crate) use growth::Growth;
pub(crate) use inbound::Inbound;
pub(crate) use window::Window;
