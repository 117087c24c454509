//! Between the core's messages and the types of the `http` crate: nothing is lost that either side
//! can hold, and what one of them cannot hold is refused, never bent.

mod date;
mod headers;
mod inbound;
mod last;
mod names;
mod outbound;

pub(crate) use date::Date;
pub(crate) use inbound::{request, response, trailers};
pub(crate) use last::Last;
pub(crate) use outbound::{
    Extra, informational_head, request_head, response_head, trailers as outbound_trailers,
};

/// Whether a response of this status has no body, whatever its fields say (RFC 9110 §6.4.1).
pub(crate) fn is_bodiless(status: http::StatusCode) -> bool {
    status == http::StatusCode::NO_CONTENT || status == http::StatusCode::NOT_MODIFIED
}
