//! What can go wrong, split by whose fault it is: the peer's ([`Violation`], and with its place
//! [`Offence`]), the caller's
//! ([`Misuse`]), and why a connection ended ([`CloseReason`]).

mod close;
mod code;
mod malformed;
mod misuse;
mod offence;
mod outcome;
mod violation;

pub use close::{CloseReason, Origin, Timer};
pub use code::ErrorCode;
pub use malformed::{HeadRule, Malformed};
pub use misuse::{Misuse, OpenError};
pub use offence::Offence;
pub use outcome::{Outcome, Retry};
pub(crate) use violation::Fault;
pub use violation::Violation;
