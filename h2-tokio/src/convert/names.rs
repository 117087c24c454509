//! The names of HPACK's static table as constants of the `http` crate, so that a known name is
//! neither parsed nor copied.

use http::header::{self, HeaderName};

/// Index of the first name that is not a pseudo-field.
const FIRST: usize = 15;

/// Names of entries 15 to 61 of RFC 7541, appendix A.
static NAMES: [HeaderName; 47] = [
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::ACCEPT_RANGES,
    header::ACCEPT,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::AGE,
    header::ALLOW,
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::DATE,
    header::ETAG,
    header::EXPECT,
    header::EXPIRES,
    header::FROM,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::LAST_MODIFIED,
    header::LINK,
    header::LOCATION,
    header::MAX_FORWARDS,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::REFERER,
    header::REFRESH,
    header::RETRY_AFTER,
    header::SERVER,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TRANSFER_ENCODING,
    header::USER_AGENT,
    header::VARY,
    header::VIA,
    header::WWW_AUTHENTICATE,
];

/// The name of static table entry `index`, unless it is a pseudo-field or there is none.
pub(super) fn known(index: u8) -> Option<HeaderName> {
    NAMES.get(usize::from(index).checked_sub(FIRST)?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_name_stand_where_the_rfc_has_them() {
        assert_eq!(known(14), None);
        assert_eq!(known(15), Some(header::ACCEPT_CHARSET));
        assert_eq!(known(28), Some(header::CONTENT_LENGTH));
        assert_eq!(known(38), Some(header::HOST));
        assert_eq!(known(58), Some(header::USER_AGENT));
        assert_eq!(known(61), Some(header::WWW_AUTHENTICATE));
        assert_eq!(known(62), None);
    }
}
