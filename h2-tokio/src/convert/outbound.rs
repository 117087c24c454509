//! What is to be sent, from types of the `http` crate: HTTP/1 leftovers are stripped and counted,
//! what breaks a rule of HTTP/2 is refused.

use std::borrow::Cow;

use h2_core::{Fields, Misuse, RequestHead, ResponseHead, Trailers};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, request, uri};

use super::Date;
use crate::config::Target;
use crate::error::Error;
use crate::ext::Protocol;

/// Fields that an adapter may add to a response.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extra {
    pub(crate) content_length: Option<u64>,
    pub(crate) date: Option<Date>,
}

/// A request head in the memory of `fields`, and how many fields were stripped from it.
pub(crate) fn request_head(
    mut fields: Fields,
    parts: &request::Parts,
    defaults: &Target,
    content_length: Option<u64>,
) -> Result<(RequestHead, u64), Error> {
    fields.reserve(parts.headers.len() + 6, room(&parts.headers));
    let authority = push_target(&mut fields, parts, defaults)?;
    if let Some(length) = content_length
        && length > 0
        && !parts.headers.contains_key(header::CONTENT_LENGTH)
    {
        push_number(&mut fields, "content-length", length);
    }
    let stripped = push_headers(&mut fields, &parts.headers, |name, value| match *name {
        // Where host is all there is, it went into :authority; beside it, it may only repeat it.
        header::HOST => authority.is_none_or(|authority| authority.as_bytes() != value.as_bytes()),
        header::TE => value.as_bytes().eq_ignore_ascii_case(b"trailers"),
        _ => true,
    });
    let head = RequestHead::from_fields(fields).map_err(Error::malformed)?;
    Ok((head, stripped))
}

/// Appends the pseudo-fields, and gives back what went into `:authority`.
fn push_target<'a>(
    fields: &mut Fields,
    parts: &'a request::Parts,
    defaults: &'a Target,
) -> Result<Option<&'a str>, Error> {
    let uri = &parts.uri;
    let host = || parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let default = || defaults.authority.as_ref().map(uri::Authority::as_str);
    let authority = uri.authority().map(uri::Authority::as_str).or_else(host).or_else(default);
    // User information must not be sent (RFC 9113 §8.3.1).
    let authority = authority.map(host_of);
    let protocol = parts.extensions.get::<Protocol>();
    if protocol.is_some() && parts.method != Method::CONNECT {
        return Err(Error::misuse(Misuse::NotEnabled));
    }
    let (mut scheme, mut target) = (None, None);
    if parts.method != Method::CONNECT || protocol.is_some() {
        let default = defaults.scheme.as_ref().map_or("http", uri::Scheme::as_str);
        scheme = Some(uri.scheme_str().unwrap_or(default));
        target = Some(path(parts));
    }
    fields.push_request(parts.method.as_str(), scheme, target.as_deref(), authority);
    if let Some(protocol) = protocol {
        fields.push(":protocol", protocol.as_str());
    }
    Ok(authority)
}

fn host_of(authority: &str) -> &str {
    // A plain loop: authorities are short.
    let at = authority.bytes().rposition(|octet| octet == b'@');
    at.and_then(|at| authority.get(at + 1..)).unwrap_or(authority)
}

fn path(parts: &request::Parts) -> Cow<'_, str> {
    let path = parts.uri.path_and_query().map_or("/", uri::PathAndQuery::as_str);
    Cow::Borrowed(match path {
        "" => "/",
        // `OPTIONS host` asks about the server itself (RFC 9113 §8.3.1).
        "/" if parts.method == Method::OPTIONS && parts.uri.path().is_empty() => "*",
        // A query behind an empty path.
        query if query.starts_with('?') => return Cow::Owned(format!("/{query}")),
        path => path,
    })
}

/// A final response head in the memory of `fields`, and how many fields were stripped from it.
pub(crate) fn response_head(
    mut fields: Fields,
    status: StatusCode,
    headers: &HeaderMap,
    extra: Extra,
) -> Result<(ResponseHead, u64), Error> {
    if status.is_informational() {
        return Err(Error::misuse(Misuse::WrongStatusKind));
    }
    fields.reserve(headers.len() + 3, room(headers));
    fields.push_status(status.as_u16());
    let (mut dated, mut measured) = (false, status == StatusCode::NO_CONTENT);
    let stripped = push_headers(&mut fields, headers, |name, _| match *name {
        header::TE => false,
        header::DATE => {
            dated = true;
            true
        }
        header::CONTENT_LENGTH => {
            measured = true;
            status != StatusCode::NO_CONTENT
        }
        _ => true,
    });
    if let Some(date) = extra.date.filter(|_| !dated) {
        fields.push("date", date.as_bytes());
    }
    if let Some(length) = extra.content_length.filter(|_| !measured) {
        push_number(&mut fields, "content-length", length);
    }
    let head = ResponseHead::from_fields(fields).map_err(Error::malformed)?;
    Ok((head, stripped))
}

/// An interim response head, and how many fields were stripped from it.
pub(crate) fn informational_head(
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<(ResponseHead, u64), Error> {
    if !status.is_informational() {
        return Err(Error::misuse(Misuse::WrongStatusKind));
    }
    let mut fields = Fields::with_capacity(headers.len() + 1, 64);
    fields.push_status(status.as_u16());
    let stripped = push_headers(&mut fields, headers, |name, _| {
        *name != header::TE && *name != header::CONTENT_LENGTH
    });
    let head = ResponseHead::from_fields(fields).map_err(Error::malformed)?;
    Ok((head, stripped))
}

/// Trailers, and how many fields were stripped from them.
pub(crate) fn trailers(headers: &HeaderMap) -> Result<(Trailers, u64), Error> {
    let mut fields = Fields::with_capacity(headers.len(), 128);
    let stripped = push_headers(&mut fields, headers, |name, _| *name != header::TE);
    let trailers = Trailers::new(fields).map_err(Error::malformed)?;
    Ok((trailers, stripped))
}

/// Octets that are likely to be enough for these fields: names are mostly known by number.
fn room(headers: &HeaderMap) -> usize {
    32 + 16 * headers.len()
}

/// Appends fields but for those that belong to one HTTP/1 connection and those that `keep` refuses.
fn push_headers(
    fields: &mut Fields,
    headers: &HeaderMap,
    mut keep: impl FnMut(&HeaderName, &HeaderValue) -> bool,
) -> u64 {
    let mut stripped = 0;
    // Comparing a few names is cheaper than hashing one.
    let connection = headers.keys().any(|name| *name == header::CONNECTION);
    for (name, value) in headers {
        let named = connection && is_named_by_connection(headers, name);
        if named || is_connection_specific(name) || !keep(name, value) {
            stripped += 1;
            continue;
        }
        let octets = value.as_bytes().trim_ascii();
        if value.is_sensitive() {
            fields.push_sensitive(name, octets);
        } else {
            fields.push(name, octets);
        }
    }
    stripped
}

fn is_connection_specific(name: &HeaderName) -> bool {
    match *name {
        header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE => true,
        _ => matches!(name.as_str(), "keep-alive" | "proxy-connection"),
    }
}

/// Whether `connection` lists this name, so that the field was meant for one hop alone.
fn is_named_by_connection(headers: &HeaderMap, name: &HeaderName) -> bool {
    let lists = headers.get_all(header::CONNECTION).iter();
    lists.flat_map(|list| list.as_bytes().split(|octet| *octet == b',')).any(|option| {
        let option = option.trim_ascii();
        // These frame the message or name its target, whatever `connection` says about them.
        !matches!(*name, header::HOST | header::CONTENT_LENGTH | header::TE)
            && option.eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}

/// Appends a field with a decimal number for a value.
fn push_number(fields: &mut Fields, name: &'static str, number: u64) {
    let mut digits = [0_u8; 20];
    let mut left = number;
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        // A remainder of a division by ten is below ten.
        *digit = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        start = at;
        if left == 0 {
            break;
        }
    }
    fields.push(name, digits.get(start..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};

    use super::*;

    fn request_of(request: Request<()>) -> Vec<(String, String)> {
        let (parts, ()) = request.into_parts();
        let (head, _) = request_head(Fields::new(), &parts, &Target::default(), None).unwrap();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        head.as_fields().iter().map(|field| (text(field.name), text(field.value))).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_uri_becomes_pseudo_fields_without_user_information() {
        let request = Request::get("https://user@a.example/x?y").body(()).unwrap();
        let expected = pairs(&[
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/x?y"),
            (":authority", "a.example"),
        ]);
        assert_eq!(request_of(request), expected);
    }

    /// RFC 9113 §8.3.1. A `Uri` with a scheme always has a path, so whoever asks about the server
    /// itself says `*`, or names the host alone.
    #[test]
    fn a_uri_without_a_path_is_asked_for_with_a_slash() {
        let path_of = |method: Method, uri: &str| {
            let request = Request::builder().method(method).uri(uri).header("host", "a.example");
            let fields = request_of(request.body(()).unwrap());
            fields.into_iter().find(|(name, _)| name == ":path").unwrap().1
        };
        assert_eq!(path_of(Method::GET, "http://a.example"), "/");
        assert_eq!(path_of(Method::GET, "http://a.example?x"), "/?x");
        assert_eq!(path_of(Method::OPTIONS, "http://a.example/"), "/");
        assert_eq!(path_of(Method::OPTIONS, "a.example"), "*");
        assert_eq!(path_of(Method::OPTIONS, "*"), "*");
    }

    #[test]
    fn a_host_field_becomes_the_authority_of_a_relative_uri() {
        let request = Request::get("/x").header("host", "b").body(()).unwrap();
        let expected =
            pairs(&[(":method", "GET"), (":scheme", "http"), (":path", "/x"), (":authority", "b")]);
        assert_eq!(request_of(request), expected);
    }

    #[test]
    fn a_relative_uri_without_a_host_is_refused_unless_the_config_names_one() {
        let (parts, ()) = Request::get("/").body(()).unwrap().into_parts();
        let refused = request_head(Fields::new(), &parts, &Target::default(), None).unwrap_err();
        assert!(matches!(refused.reason(), crate::Reason::Malformed(_)));
        let target = Target { scheme: None, authority: Some("c:1".parse().unwrap()) };
        let (head, _) = request_head(Fields::new(), &parts, &target, None).unwrap();
        assert_eq!(head.authority(), Some("c:1"));
    }

    #[test]
    fn what_belongs_to_one_connection_is_stripped_and_counted() {
        let request = Request::get("http://a/")
            .header("connection", "close, x-hop")
            .header("keep-alive", "1")
            .header("x-hop", "1")
            .header("te", "gzip")
            .header("x-end", "1")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let (head, stripped) =
            request_head(Fields::new(), &parts, &Target::default(), None).unwrap();
        assert_eq!(stripped, 4);
        assert_eq!(head.fields().count(), 1);
    }

    #[test]
    fn a_secret_stays_marked_and_white_space_around_a_value_goes() {
        let mut response = Response::new(());
        let mut secret = HeaderValue::from_static(" s ");
        secret.set_sensitive(true);
        response.headers_mut().insert("x", secret);
        let (head, _) =
            response_head(Fields::new(), StatusCode::OK, response.headers(), Extra::default())
                .unwrap();
        let field = head.fields().next().unwrap();
        assert!(field.sensitive);
        assert_eq!(field.value, b"s");
    }

    #[test]
    fn a_content_length_is_added_where_one_may_stand_and_none_was_given() {
        let none = HeaderMap::new();
        let extra = Extra { content_length: Some(12_340), date: None };
        let of = |status, headers: &HeaderMap| {
            response_head(Fields::new(), status, headers, extra).unwrap().0.content_length()
        };
        assert_eq!(of(StatusCode::OK, &none), Some(12_340));
        assert_eq!(of(StatusCode::NO_CONTENT, &none), None);
        let given = HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from(7))]);
        assert_eq!(of(StatusCode::OK, &given), Some(7));
        assert_eq!(of(StatusCode::NO_CONTENT, &given), None);
    }

    #[test]
    fn the_kind_of_a_status_must_fit() {
        let none = HeaderMap::new();
        assert!(
            response_head(Fields::new(), StatusCode::CONTINUE, &none, Extra::default()).is_err()
        );
        assert!(informational_head(StatusCode::OK, &none).is_err());
        assert!(informational_head(StatusCode::EARLY_HINTS, &none).is_ok());
    }
}
