//! What can go wrong, split by whose fault it is: the peer's ([`Violation`]), the caller's
//! ([`Misuse`]), and why a connection ended ([`CloseReason`]).

mod close;
mod code;
mod malformed;
mod misuse;
mod violation;

pub use close::{CloseReason, Origin, Timer};
pub use code::ErrorCode;
pub use malformed::{HeadRule, Malformed};
pub use misuse::{Misuse, OpenError};
pub(crate) use violation::Fault;
pub use violation::Violation;
