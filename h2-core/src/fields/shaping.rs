//! Lists brought into the form that HTTP/2 wants: names, values and cookies (RFC 9113 §8.2).

use std::borrow::Cow;

use super::Fields;

const COOKIE: &[u8] = b"cookie";
const BETWEEN_CRUMBS: &[u8] = b"; ";

/// Fields that belong to one HTTP/1.1 connection (RFC 9113 §8.2.2).
const CONNECTION_SPECIFIC: [&[u8]; 5] =
    [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];

impl Fields {
    /// The list in the form that HTTP/2 wants: names in lower case, values without white space
    /// around them, and without the fields that belong to one HTTP/1.1 connection, those that
    /// `connection` names included.
    ///
    /// Heads take lists as they are and refuse what breaks a rule; call this first on a list that
    /// comes from HTTP/1.1 or from a person.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let named: Vec<Vec<u8>> = self
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(b"connection"))
            .flat_map(|field| field.value.split(|octet| *octet == b','))
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        let mut list = Self::with_capacity(self.len(), self.octets.len());
        for field in self {
            let name = field.name.to_ascii_lowercase();
            let specific = CONNECTION_SPECIFIC.contains(&name.as_slice()) || named.contains(&name);
            if !specific {
                list.push_field(&name, field.value.trim_ascii(), field.sensitive);
            }
        }
        list
    }

    /// How many fields more the list has when its cookies are split.
    pub(crate) fn crumbs(&self) -> usize {
        let cookies = self.iter().filter(|field| field.name == COOKIE);
        cookies.map(|field| pieces(field.value).count() - 1).sum()
    }

    /// The list with each cookie-pair in a field of its own, which compresses better when some of
    /// them change (RFC 9113 §8.2.3). Everything else stays where it is.
    #[must_use]
    pub fn with_split_cookies(self) -> Self {
        if self.crumbs() == 0 {
            return self;
        }
        let mut list = Self::with_capacity(self.len() + self.crumbs(), self.octets.len());
        for field in &self {
            if field.name == COOKIE {
                pieces(field.value).for_each(|crumb| {
                    list.push_field(COOKIE, crumb, field.sensitive);
                });
            } else {
                list.push_field(field.name, field.value, field.sensitive);
            }
        }
        list
    }

    /// The cookies as one value, the crumbs joined as RFC 9113 §8.2.3 wants it; `None` without
    /// any. It copies only when there is more than one.
    #[must_use]
    pub fn cookie(&self) -> Option<Cow<'_, [u8]>> {
        let mut joined: Option<Cow<'_, [u8]>> = None;
        for field in self.iter().filter(|field| field.name == COOKIE) {
            match &mut joined {
                None => joined = Some(Cow::Borrowed(field.value)),
                Some(cookie) => {
                    let cookie = cookie.to_mut();
                    cookie.extend_from_slice(BETWEEN_CRUMBS);
                    cookie.extend_from_slice(field.value);
                }
            }
        }
        joined
    }
}

/// The cookie-pairs of a value.
fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let end = value.windows(BETWEEN_CRUMBS.len()).position(|octets| octets == BETWEEN_CRUMBS);
        let (piece, left) = match end {
            Some(end) => (value.get(..end), value.get(end + BETWEEN_CRUMBS.len()..)),
            None => (Some(value), None),
        };
        rest = left;
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(fields: &Fields) -> Vec<(String, String)> {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        fields.iter().map(|field| (text(field.name), text(field.value))).collect()
    }

    #[test]
    fn split_cookies_join_to_what_they_were() {
        for cookie in ["a=b", "a=b; c=d", "a=b; c=d; e=f", "", "; ", "a=b;c=d", "a=b; "] {
            let mut fields: Fields =
                [(":method", "GET"), ("cookie", cookie), ("x", "y")].into_iter().collect();
            fields.push_sensitive("cookie", "s=1; t=2");
            let expected = format!("{cookie}; s=1; t=2");
            let crumbs = fields.crumbs();
            let (before, size) = (fields.len(), fields.list_size());
            let split = fields.with_split_cookies();
            assert_eq!(split.len(), before + crumbs);
            assert_eq!(split.list_size(), size + crumbs * (32 + 6 - 2));
            assert_eq!(split.cookie().as_deref(), Some(expected.as_bytes()));
            assert!(split.iter().filter(|field| field.sensitive).count() == 2);
        }
    }

    #[test]
    fn a_list_without_cookies_has_none() {
        let fields: Fields = [("x", "a; b")].into_iter().collect();
        assert_eq!(fields.cookie(), None);
        assert_eq!(fields.clone().with_split_cookies(), fields);
    }

    #[test]
    fn one_cookie_is_not_copied() {
        let fields: Fields = [("cookie", "a=b; c=d")].into_iter().collect();
        assert!(matches!(fields.cookie(), Some(Cow::Borrowed(b"a=b; c=d"))));
    }

    #[test]
    fn a_list_of_http_1_becomes_one_of_http_2() {
        let fields: Fields = [
            ("Host", " a.example\t"),
            ("Connection", "close, X-Hop"),
            ("Keep-Alive", "timeout=5"),
            ("x-hop", "1"),
            ("Transfer-Encoding", "chunked"),
            ("X-End", "2"),
        ]
        .into_iter()
        .collect();
        let expected = [("host", "a.example"), ("x-end", "2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs(&fields.normalized()), expected);
    }
}
