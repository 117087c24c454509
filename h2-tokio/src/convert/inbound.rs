//! What was received, as types of the `http` crate.
//!
//! The values of a message are slices of one allocation of its own, never of a read buffer.

use bytes::Bytes;
use h2_core::{Fields, RequestHead, ResponseHead, Trailers};
use http::header;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use super::headers::{self, Source, Unmappable};
use super::last::Last;
use crate::ext::Protocol;

/// Longest path that a [`Uri`] holds.
const MAX_URI: usize = 65_534;

/// Fills in a request, and gives the memory of its head for the one that answers it. A request is
/// large, so it is filled where it lies instead of being moved from one hand to the next.
pub(crate) fn request<B>(
    request: &mut Request<B>,
    head: RequestHead,
    last: &mut Last,
) -> Result<Fields, Unmappable> {
    let pseudo = head.pseudo_fields();
    let fields = head.into_fields();
    let known = last.recall(&fields, pseudo);
    let mut fields = Source::new(fields);
    let mut target = Target::default();
    for position in 0..pseudo {
        target.take(&mut fields, position, last)?;
    }
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = std::mem::take(&mut target.method);
    *request.headers_mut() = known.complete(&mut fields, pseudo)?;
    if let Some(protocol) = target.protocol.take() {
        request.extensions_mut().insert(Protocol::received(protocol));
    }
    *request.uri_mut() = target.into_uri(request.headers())?;
    Ok(fields.into_spare())
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
        fields: &mut Source,
        position: usize,
        last: &mut Last,
    ) -> Result<(), Unmappable> {
        let Some(field) = fields.at(position) else { return Ok(()) };
        // What stands in the static table is known by number, unless the peer spelled it out.
        match (field.name_index, field.name) {
            (2 | 3, _) | (0, b":method") => {
                self.method = Method::from_bytes(field.value).map_err(|_| Unmappable::BAD)?;
            }
            (6 | 7, _) | (0, b":scheme") => self.scheme = Some(scheme(field.value)?),
            (1, _) | (0, b":authority") => self.authority = Some(last.authority(field.value)?),
            (4 | 5, _) | (0, b":path") => {
                self.path = Some(match field.value {
                    b"/" => PathAndQuery::from_static("/"),
                    long if long.len() > MAX_URI => return Err(Unmappable::URI_TOO_LONG),
                    _ => path(fields.shared().value(position))?,
                })
            }
            (_, b":protocol") => self.protocol = Some(fields.shared().value(position)),
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

/// Fills in a response, interim or final, and gives the memory of its head.
pub(crate) fn response<B>(
    response: &mut Response<B>,
    head: ResponseHead,
    last: &mut Last,
) -> Result<Fields, Unmappable> {
    let status = StatusCode::from_u16(head.status()).map_err(|_| Unmappable::BAD)?;
    let fields = head.into_fields();
    let known = last.recall(&fields, 1);
    let mut fields = Source::new(fields);
    *response.version_mut() = Version::HTTP_2;
    *response.status_mut() = status;
    *response.headers_mut() = known.complete(&mut fields, 1)?;
    Ok(fields.into_spare())
}

/// Trailers.
pub(crate) fn trailers(trailers: Trailers) -> Result<HeaderMap, Unmappable> {
    headers::build(&trailers.into_fields().share(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: RequestHead) -> Result<Request<()>, Unmappable> {
        let mut request = Request::new(());
        super::request(&mut request, head, &mut Last::default()).map(|_| request)
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
