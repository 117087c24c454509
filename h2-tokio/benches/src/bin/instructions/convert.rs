//! Between the core's messages and those of the `http` crate.
//!
//! The adapter keeps this to itself, so its sources are compiled into this program once more, with
//! stand-ins for the three types that they take from the rest of the adapter.

use std::hint::black_box;

use h2_core::{RequestHead, ResponseHead};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};

use crate::hpack::{REQUEST, RESPONSE};

#[path = "../../../../src/convert/mod.rs"]
#[allow(dead_code, unused_imports)]
mod sources;

#[path = "../../../../src/ext.rs"]
#[allow(dead_code)]
pub mod ext;

pub mod config {
    #[derive(Default)]
    pub struct Target {
        pub scheme: Option<http::uri::Scheme>,
        pub authority: Option<http::uri::Authority>,
    }
}

pub mod error {
    #[derive(Debug)]
    pub struct Error;

    impl Error {
        pub fn malformed(_: h2_core::Malformed) -> Self {
            Self
        }

        pub fn misuse(_: h2_core::Misuse) -> Self {
            Self
        }
    }
}

fn fields(
    list: &[(&'static str, &'static str)],
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let plain = list.iter().filter(|(name, _)| !name.starts_with(':'));
    plain.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
}

/// `KNOWN` says whether each message is like the one before, on a connection that remembers it.
pub fn request_in<const KNOWN: bool>(times: usize) {
    let head = RequestHead::from_fields(REQUEST.iter().copied().collect()).expect("well formed");
    let mut last = sources::Last::default();
    for _ in 0..times {
        if !KNOWN {
            last = sources::Last::default();
        }
        let mut request = http::Request::new(());
        let spare = sources::request(&mut request, head.clone(), &mut last);
        assert!(black_box((request, spare)).1.is_ok());
    }
}

pub fn response_in<const KNOWN: bool>(times: usize) {
    let head = ResponseHead::from_fields(RESPONSE.iter().copied().collect()).expect("well formed");
    let mut last = sources::Last::default();
    for _ in 0..times {
        if !KNOWN {
            last = sources::Last::default();
        }
        let mut response = http::Response::new(());
        let spare = sources::response(&mut response, head.clone(), &mut last);
        assert!(black_box((response, spare)).1.is_ok());
    }
}

pub fn request_out(times: usize) {
    let mut request = Request::new(());
    *request.uri_mut() =
        "https://www.example.com/assets/app.4f1c2d.js?lang=en".parse().expect("a URI");
    request.headers_mut().extend(fields(REQUEST));
    let (parts, ()) = request.into_parts();
    let target = config::Target::default();
    for _ in 0..times {
        let head = sources::request_head(h2_core::Fields::new(), black_box(&parts), &target, None);
        assert!(black_box(head).is_ok());
    }
}

pub fn response_out(times: usize) {
    let headers: HeaderMap = fields(RESPONSE).collect();
    for _ in 0..times {
        let extra = sources::Extra::default();
        let head = sources::response_head(
            h2_core::Fields::new(),
            StatusCode::OK,
            black_box(&headers),
            extra,
        );
        assert!(black_box(head).is_ok());
    }
}
