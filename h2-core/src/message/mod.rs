//! Messages: a head or a set of trailers that exists is well formed (RFC 9113 §8).
//!
//! Only checked constructors make them, for what is received and for what is sent alike, so a
//! connection can neither deliver nor emit a malformed one.

mod length;
mod request;
mod response;
mod rules;

pub(crate) use length::{BodyLength, Mismatch};
pub use request::RequestHead;
pub(crate) use request::may_be_promised;
pub use response::{ResponseHead, Trailers};
pub(crate) use rules::Direction;
