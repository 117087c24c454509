//! What was received, as types of the `http` crate.
//!
//! The values of a message are slices of one allocation of its own, never of a read buffer.

use bytes::{Bytes, BytesMut};
use h2_core::{Field, Fields, RequestHead, ResponseHead, SharedFields, Trailers};
use http::header::{self, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use super::names;
use crate::ext::Protocol;

/// Static table index of `cookie` (RFC 7541 appendix A).
const COOKIE: u8 = 32;

/// Longest path that a [`Uri`] holds.
const MAX_URI: usize = 65_534;

/// A message that keeps the rules of HTTP but that the `http` types cannot hold.
#[derive(Debug)]
pub(crate) struct Unmappable {
    /// What a server answers to it.
    pub(crate) status: StatusCode,
}

impl Unmappable {
    const BAD: Self = Self { status: StatusCode::BAD_REQUEST };
    const URI_TOO_LONG: Self = Self { status: StatusCode::URI_TOO_LONG };
    const TOO_MANY_FIELDS: Self = Self { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE };
}

/// Fills in a request, and gives the memory of its head for the one that answers it. A request is
/// large, so it is filled where it lies instead of being moved from one hand to the next.
///
/// `last` is kept by the connection: nearly all of its requests are for the same authority, which
/// then is neither parsed nor kept more than once.
pub(crate) fn request<B>(
    request: &mut Request<B>,
    head: RequestHead,
    last: &mut LastAuthority,
) -> Result<Fields, Unmappable> {
    let pseudo = head.pseudo_fields();
    let fields = head.into_fields().share();
    let mut target = Target::default();
    for position in 0..pseudo {
        target.take(&fields, position, last)?;
    }
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = std::mem::take(&mut target.method);
    *request.headers_mut() = headers(&fields, pseudo)?;
    if let Some(protocol) = target.protocol.take() {
        request.extensions_mut().insert(Protocol::received(protocol));
    }
    *request.uri_mut() = target.into_uri(request.headers())?;
    Ok(fields.into_spare())
}

/// The authority that the last request was for.
#[derive(Debug, Default)]
pub(crate) struct LastAuthority(Option<Authority>);

impl LastAuthority {
    fn parse(&mut self, octets: &[u8]) -> Result<Authority, Unmappable> {
        match &self.0 {
            Some(last) if last.as_str().as_bytes() == octets => Ok(last.clone()),
            _ => {
                let authority = Authority::try_from(octets).map_err(|_| Unmappable::BAD)?;
                Ok(self.0.insert(authority).clone())
            }
        }
    }
}

/// The pseudo-fields of a request.
#[derive(Default)]
struct Target {
    method: Method,
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    path: Option<PathAndQuery>,
    protocol: Option<Bytes>,
}

impl Target {
    /// Takes the pseudo-field at a position. Only what it keeps as it is becomes an owned slice:
    /// a slice that is made and dropped costs sixty instructions.
    fn take(
        &mut self,
        fields: &SharedFields,
        position: usize,
        last: &mut LastAuthority,
    ) -> Result<(), Unmappable> {
        let Some(field) = fields.at(position) else { return Ok(()) };
        match field.name {
            b":method" => {
                self.method = Method::from_bytes(field.value).map_err(|_| Unmappable::BAD)?;
            }
            b":scheme" => self.scheme = Some(scheme(field.value)?),
            b":authority" => self.authority = Some(last.parse(field.value)?),
            b":path" if field.value == b"/" => self.path = Some(PathAndQuery::from_static("/")),
            b":path" if field.value.len() > MAX_URI => return Err(Unmappable::URI_TOO_LONG),
            b":path" => self.path = Some(path(fields.value(position))?),
            b":protocol" => self.protocol = Some(fields.value(position)),
            _ => {}
        }
        Ok(())
    }

    fn into_uri(self, headers: &HeaderMap) -> Result<Uri, Unmappable> {
        let mut parts = http::uri::Parts::default();
        parts.authority = match self.authority {
            Some(authority) => Some(authority),
            // RFC 9113 §8.3.1: without :authority, host names what the request is for.
            None => headers.get(header::HOST).and_then(host),
        };
        parts.path_and_query = self.path;
        // A URI with a scheme needs an authority; one without either is `*` or a bare path.
        parts.scheme = self.scheme.filter(|_| parts.authority.is_some());
        if parts.scheme.is_none() && parts.path_and_query.is_some() {
            parts.authority = None;
        }
        Uri::from_parts(parts).map_err(|_| Unmappable::BAD)
    }
}

fn host(value: &HeaderValue) -> Option<Authority> {
    Authority::try_from(value.as_bytes()).ok()
}

fn scheme(value: &[u8]) -> Result<Scheme, Unmappable> {
    match value {
        b"http" => Ok(Scheme::HTTP),
        b"https" => Ok(Scheme::HTTPS),
        other => Scheme::try_from(other).map_err(|_| Unmappable::BAD),
    }
}

fn path(value: Bytes) -> Result<PathAndQuery, Unmappable> {
    // `PathAndQuery` drops what follows a `#` without a word.
    if value.contains(&b'#') {
        return Err(Unmappable::BAD);
    }
    PathAndQuery::from_maybe_shared(value).map_err(|_| Unmappable::BAD)
}

/// A response, interim or final, without its body, and the memory of its head.
pub(crate) fn response(head: ResponseHead) -> Result<(Response<()>, Fields), Unmappable> {
    let status = StatusCode::from_u16(head.status()).map_err(|_| Unmappable::BAD)?;
    let fields = head.into_fields().share();
    let mut response = Response::new(());
    *response.version_mut() = Version::HTTP_2;
    *response.status_mut() = status;
    *response.headers_mut() = headers(&fields, 1)?;
    Ok((response, fields.into_spare()))
}

/// Trailers.
pub(crate) fn trailers(trailers: Trailers) -> Result<HeaderMap, Unmappable> {
    headers(&trailers.into_fields().share(), 0)
}

/// The fields from position `first` on.
fn headers(fields: &SharedFields, first: usize) -> Result<HeaderMap, Unmappable> {
    let expected = fields.len().saturating_sub(first);
    let mut map =
        HeaderMap::try_with_capacity(expected).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
    let mut crumbs = Crumbs::default();
    for (field, octets) in fields.iter().skip(first) {
        let name = name(&field)?;
        let is_cookie = match field.name_index {
            0 => field.name == b"cookie",
            index => index == COOKIE,
        };
        let mut value = HeaderValue::from_maybe_shared(octets).map_err(|_| Unmappable::BAD)?;
        value.set_sensitive(field.sensitive);
        if is_cookie {
            crumbs.add(value);
        } else {
            map.try_append(name, value).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
        }
    }
    if let Some(cookie) = crumbs.join() {
        map.try_append(header::COOKIE, cookie).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
    }
    Ok(map)
}

fn name(field: &Field<'_>) -> Result<HeaderName, Unmappable> {
    match names::known(field.name_index) {
        Some(name) => Ok(name),
        None => HeaderName::from_lowercase(field.name).map_err(|_| Unmappable::BAD),
    }
}

/// The pieces of a cookie, which are one value to everyone but HPACK (RFC 9113 §8.2.3).
#[derive(Default)]
struct Crumbs {
    only: Option<HeaderValue>,
    joined: BytesMut,
}

impl Crumbs {
    fn add(&mut self, crumb: HeaderValue) {
        let Some(first) = &mut self.only else {
            self.only = Some(crumb);
            return;
        };
        if self.joined.is_empty() {
            self.joined.extend_from_slice(first.as_bytes());
        }
        // One secret crumb makes the whole a secret.
        first.set_sensitive(first.is_sensitive() || crumb.is_sensitive());
        self.joined.extend_from_slice(b"; ");
        self.joined.extend_from_slice(crumb.as_bytes());
    }

    fn join(self) -> Option<HeaderValue> {
        let only = self.only?;
        if self.joined.is_empty() {
            return Some(only);
        }
        let mut value = HeaderValue::from_maybe_shared(self.joined.freeze()).ok()?;
        value.set_sensitive(only.is_sensitive());
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: RequestHead) -> Result<Request<()>, Unmappable> {
        let mut request = Request::new(());
        super::request(&mut request, head, &mut LastAuthority::default()).map(|_| request)
    }

    fn head(list: &[(&str, &str)]) -> RequestHead {
        RequestHead::from_fields(list.iter().copied().collect()).unwrap()
    }

    fn get(path: &str) -> RequestHead {
        let list = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "a.example"),
            (":path", path),
        ];
        head(&list)
    }

    #[test]
    fn a_target_becomes_a_uri() {
        let request = request(get("/a?b=c")).unwrap();
        assert_eq!(request.uri(), "https://a.example/a?b=c");
        assert_eq!(request.method(), Method::GET);
        assert_eq!(request.version(), Version::HTTP_2);
    }

    #[test]
    fn a_request_without_authority_is_for_its_host() {
        let list = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "b:81")];
        assert_eq!(request(head(&list)).unwrap().uri(), "http://b:81/");
    }

    #[test]
    fn a_request_about_the_server_itself_has_an_asterisk_for_a_path() {
        let list = [(":method", "OPTIONS"), (":scheme", "http"), (":path", "*")];
        assert_eq!(request(head(&list)).unwrap().uri().path(), "*");
    }

    #[test]
    fn connect_has_an_authority_alone() {
        let request = request(head(&[(":method", "CONNECT"), (":authority", "a:443")])).unwrap();
        assert_eq!(request.uri(), "a:443");
        assert_eq!(request.uri().scheme(), None);
    }

    #[test]
    fn extended_connect_names_its_protocol() {
        let list = [
            (":method", "CONNECT"),
            (":scheme", "https"),
            (":authority", "a"),
            (":path", "/chat"),
            (":protocol", "websocket"),
        ];
        let request = request(head(&list)).unwrap();
        assert_eq!(request.uri(), "https://a/chat");
        let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
        assert_eq!(protocol, Some("websocket"));
    }

    #[test]
    fn a_path_that_no_uri_holds_is_answered_414() {
        let long = format!("/{}", "a".repeat(MAX_URI));
        let refused = request(get(&long)).unwrap_err();
        assert_eq!(refused.status, StatusCode::URI_TOO_LONG);
    }

    #[test]
    fn cookie_crumbs_are_one_value_and_a_secret_if_one_of_them_is() {
        let mut fields: Fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "a"),
            (":path", "/"),
            ("cookie", "a=b"),
        ]
        .into_iter()
        .collect();
        fields.push_sensitive("cookie", "c=d");
        let request = request(RequestHead::from_fields(fields).unwrap()).unwrap();
        let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=b; c=d"]);
        assert!(cookies[0].is_sensitive());
    }
}
