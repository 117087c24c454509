//! HTTP/2 for tokio.

#![forbid(unsafe_code)]
