//! Request heads: pseudo-fields in place, target and authority sound (RFC 9113 §8.3.1, §8.5; RFC 8441).

use super::rules::{Section, check_regular, has_port, same_authority};
use crate::error::{HeadRule, Malformed};
use crate::fields::{Facts, Field, Fields, LAST_PSEUDO, Span, is_token};
use crate::priority::Priority;

/// The head of a request that keeps every rule of RFC 9113 §8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    fields: Fields,
    target: Target,
    content_length: Option<u64>,
    priority: Option<Priority>,
}

/// Where the fields stand in the list that say what the request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    /// Position of each [`Part`], or [`ABSENT`].
    places: [u8; 5],
    /// How many pseudo-fields there are, all of them in front.
    pseudo: u8,
    verb: Verb,
    host: Option<u16>,
}

/// A pseudo-field of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Method,
    Scheme,
    Authority,
    Path,
    Protocol,
}

/// The place of what is not there: all pseudo-fields stand before it.
const ABSENT: u8 = u8::MAX;

/// The methods that change what a message looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verb {
    #[default]
    Other,
    Head,
    Connect,
}

/// Longest method that is taken.
const MAX_METHOD: usize = 64;

impl RequestHead {
    /// A request made of its parts, `fields` being the regular ones.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the rule and the field that broke it.
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        method: &str,
        scheme: &str,
        authority: &str,
        path: &str,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Malformed> {
        let fields = fields.into_iter();
        let mut list = Fields::for_message(4, &fields);
        list.push_method(method);
        list.push_scheme(scheme);
        if !authority.is_empty() {
            list.push_named(1, authority.as_bytes(), false);
        }
        list.push_path(path);
        list.extend(fields);
        Self::from_fields(list)
    }

    /// A CONNECT request for a tunnel to `authority`, which must say host and port (§8.5).
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the rule and the field that broke it.
    pub fn connect<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        authority: &str,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Malformed> {
        let mut list = Fields::new();
        list.push(":method", "CONNECT");
        list.push(":authority", authority);
        list.extend(fields);
        Self::from_fields(list)
    }

    /// A request made of a whole list, pseudo-fields first. They go out in the order of the list;
    /// nothing is normalized, see [`Fields::normalized`].
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the rule and the field that broke it.
    pub fn from_fields(fields: Fields) -> Result<Self, Malformed> {
        Self::checked(fields)
    }

    pub(crate) fn checked(fields: Fields) -> Result<Self, Malformed> {
        let (mut target, unfit) = Target::find(&fields)?;
        let regular = check_regular(&fields, usize::from(target.pseudo), Section::Request)?;
        target.host = regular.host.and_then(|at| u16::try_from(at).ok());
        let pseudo = Pseudo { fields: &fields, target, unfit };
        target.verb = pseudo.check(regular.host.and_then(|at| fields.at(at)))?;
        let priority = regular.priority.and_then(|at| priority_of(&fields, at));
        Ok(Self { fields, target, content_length: regular.content_length, priority })
    }

    /// The method, `GET` for instance (RFC 9113 §8.3.1).
    #[must_use]
    pub fn method(&self) -> &str {
        text(self.part(Part::Method).unwrap_or_default())
    }

    /// The scheme; `None` for CONNECT (RFC 9113 §8.3.1, §8.5).
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.part(Part::Scheme).map(text)
    }

    /// Host and port that the request is for: `:authority`, or `host` where that is missing.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.part(Part::Authority).or_else(|| self.host()).map(text)
    }

    /// Path and query; `None` for CONNECT (RFC 9113 §8.3.1, §8.5).
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.part(Part::Path).map(text)
    }

    /// The protocol of an extended CONNECT (RFC 8441).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.part(Part::Protocol).map(text)
    }

    /// The content-length in octets, if the request says one (RFC 9110 §8.6).
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// What the `priority` field says, if there is one and it is well formed (RFC 9218 §5).
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// The fields that are not pseudo-fields.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().skip(usize::from(self.target.pseudo))
    }

    /// The value of the first regular field called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|field| field.name == name.as_bytes()).map(|field| field.value)
    }

    /// The cookies as one value, however many fields they came in (RFC 9113 §8.2.3). It copies only
    /// when there is more than one.
    #[must_use]
    pub fn cookie(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        self.fields.cookie()
    }

    /// All fields in order, pseudo-fields first.
    #[must_use]
    pub fn as_fields(&self) -> &Fields {
        &self.fields
    }

    /// How many pseudo-fields stand at the start of the list.
    #[must_use]
    pub fn pseudo_fields(&self) -> usize {
        usize::from(self.target.pseudo)
    }

    /// The list itself, pseudo-fields first.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        self.fields
    }

    pub(crate) fn is_head(&self) -> bool {
        self.target.verb == Verb::Head
    }

    /// Whether `:authority` says where the request goes, and not `host` alone.
    pub(crate) fn has_authority(&self) -> bool {
        self.target.has(Part::Authority)
    }

    /// Whether only `host` says where the request goes.
    pub(crate) fn has_host_alone(&self) -> bool {
        !self.target.has(Part::Authority) && self.host().is_some_and(|host| !host.is_empty())
    }

    pub(crate) fn is_connect(&self) -> bool {
        self.target.verb == Verb::Connect
    }

    fn part(&self, part: Part) -> Option<&[u8]> {
        self.target.span(part, &self.fields).map(|span| self.fields.value(span))
    }

    fn host(&self) -> Option<&[u8]> {
        let at = usize::from(self.target.host?);
        self.fields.at(at).map(|field| field.value)
    }
}

impl Part {
    /// Which part a field is; `None` if it is a regular one. Names that have an index, as nearly
    /// all have, are not compared.
    #[inline]
    fn of(fields: &Fields, span: &Span) -> Result<Option<Self>, Malformed> {
        /// The parts of the static entries from 1 on.
        const PARTS: [Part; 7] = [
            Part::Authority,
            Part::Method,
            Part::Method,
            Part::Path,
            Part::Path,
            Part::Scheme,
            Part::Scheme,
        ];
        match PARTS.get(usize::from(span.name_index).wrapping_sub(1)) {
            Some(part) => Ok(Some(*part)),
            None if span.name_index > LAST_PSEUDO => Ok(None),
            None => Self::named(fields.name(span)),
        }
    }

    fn named(name: &[u8]) -> Result<Option<Self>, Malformed> {
        let parts = [Self::Method, Self::Scheme, Self::Authority, Self::Path, Self::Protocol];
        match parts.into_iter().find(|part| part.name() == name) {
            None if name.first() == Some(&b':') => {
                Err(Malformed::at(HeadRule::UnknownPseudo, name))
            }
            part => Ok(part),
        }
    }

    fn name(self) -> &'static [u8] {
        match self {
            Self::Method => b":method",
            Self::Scheme => b":scheme",
            Self::Authority => b":authority",
            Self::Path => b":path",
            Self::Protocol => b":protocol",
        }
    }

    /// Whether a look at the value finds that it is not what the name asks for.
    fn is_unfit(self, fields: &Fields, span: &Span) -> bool {
        self != Self::Protocol && !fields.resolve(span).facts().has(Facts::FIT)
    }

    /// The offence of a value that is not what the name asks for.
    fn unfit(self) -> Malformed {
        let rule = match self {
            Self::Method => HeadRule::InvalidMethod,
            Self::Scheme => HeadRule::InvalidScheme,
            Self::Authority => HeadRule::InvalidAuthority,
            Self::Path => HeadRule::InvalidPath,
            Self::Protocol => HeadRule::Protocol,
        };
        Malformed::at(rule, self.name())
    }
}

impl Target {
    /// Finds the pseudo-fields, which stand first and once, and the first of them, `:protocol`
    /// aside, whose value is not what its name asks for.
    fn find(fields: &Fields) -> Result<(Self, Option<Part>), Malformed> {
        let mut target = Self { places: [ABSENT; 5], pseudo: 0, verb: Verb::default(), host: None };
        let mut unfit = None;
        for span in fields.spans() {
            let Some(part) = Part::of(fields, span)? else { break };
            let Some(place) = target.places.get_mut(part as usize) else { break };
            if *place != ABSENT {
                return Err(Malformed::at(HeadRule::RepeatedPseudo, part.name()));
            }
            *place = target.pseudo;
            target.pseudo += 1;
            // A field that recurs comes with its facts.
            if !span.facts.has(Facts::FIT) && unfit.is_none() && part.is_unfit(fields, span) {
                unfit = Some(part);
            }
        }
        Ok((target, unfit))
    }

    fn has(&self, part: Part) -> bool {
        self.places.get(part as usize).is_some_and(|place| *place != ABSENT)
    }

    fn span<'a>(&self, part: Part, fields: &'a Fields) -> Option<&'a Span> {
        let place = *self.places.get(part as usize).filter(|place| **place != ABSENT)?;
        fields.spans().get(usize::from(place))
    }
}

/// The pseudo-fields of a list, to be held to the rules.
struct Pseudo<'a> {
    fields: &'a Fields,
    target: Target,
    unfit: Option<Part>,
}

impl<'a> Pseudo<'a> {
    fn span(&self, part: Part) -> Option<&'a Span> {
        self.target.span(part, self.fields)
    }

    /// The value of a part, which is empty if it is not there.
    fn value(&self, part: Part) -> &'a [u8] {
        self.span(part).map(|span| self.fields.value(span)).unwrap_or_default()
    }

    /// Holds them, and the `host` of the request, to the rules.
    fn check(&self, host: Option<Field<'_>>) -> Result<Verb, Malformed> {
        let Some(method) = self.span(Part::Method) else {
            return Err(Malformed::at(HeadRule::MissingPseudo, b":method"));
        };
        // GET and POST are known by their index.
        let method = if method.static_value { b"GET" } else { self.fields.value(method) };
        if method.len() > MAX_METHOD {
            return Err(Malformed::at(HeadRule::InvalidMethod, b":method"));
        }
        if let Some(part) = self.unfit {
            return Err(part.unfit());
        }
        if let Some(host) = &host {
            self.check_host(host)?;
        }
        let verb = match method {
            b"HEAD" => Verb::Head,
            b"CONNECT" => Verb::Connect,
            _ => Verb::Other,
        };
        let authority = self.target.has(Part::Authority);
        match (verb, self.target.has(Part::Protocol)) {
            (Verb::Connect, false) => self.check_connect()?,
            (Verb::Connect, true) if !is_token(self.value(Part::Protocol)) => {
                return Err(Malformed::at(HeadRule::Protocol, b":protocol"));
            }
            (Verb::Connect, true) if !authority => {
                return Err(Malformed::at(HeadRule::MissingPseudo, b":authority"));
            }
            (Verb::Head | Verb::Other, true) => {
                return Err(Malformed::at(HeadRule::Protocol, b":protocol"));
            }
            (Verb::Connect, true) | (Verb::Head | Verb::Other, false) => {
                let by_host = host.is_some_and(|host| !host.value.is_empty());
                self.check_uri(method, authority || by_host)?;
            }
        }
        Ok(verb)
    }

    fn check_connect(&self) -> Result<(), Malformed> {
        if self.target.has(Part::Scheme) || self.target.has(Part::Path) {
            return Err(Malformed::new(HeadRule::ConnectTarget));
        }
        if !self.target.has(Part::Authority) {
            return Err(Malformed::at(HeadRule::MissingPseudo, b":authority"));
        }
        if !has_port(self.value(Part::Authority)) {
            return Err(Malformed::at(HeadRule::InvalidAuthority, b":authority"));
        }
        Ok(())
    }

    fn check_uri(&self, method: &[u8], named: bool) -> Result<(), Malformed> {
        let Some(scheme) = self.span(Part::Scheme) else {
            return Err(Malformed::at(HeadRule::MissingPseudo, b":scheme"));
        };
        let Some(path) = self.span(Part::Path) else {
            return Err(Malformed::at(HeadRule::MissingPseudo, b":path"));
        };
        // The schemes and the paths of the static table are those of HTTP.
        let is_http = scheme.static_value || {
            let scheme = self.fields.value(scheme);
            scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https")
        };
        let path = if path.static_value { b"/" } else { self.fields.value(path) };
        let asterisk = path == b"*" && method == b"OPTIONS";
        if is_http && !asterisk && path.first() != Some(&b'/') {
            return Err(Malformed::at(HeadRule::InvalidPath, b":path"));
        }
        if is_http && !asterisk && !named {
            return Err(Malformed::new(HeadRule::MissingAuthority));
        }
        Ok(())
    }

    fn check_host(&self, host: &Field<'_>) -> Result<(), Malformed> {
        let authority = self.span(Part::Authority).map(|span| self.fields.value(span));
        // RFC 9110 §7.2: a client sends an empty host when the target has no authority.
        let absent = host.value.is_empty() && authority.is_none();
        if !absent && !host.facts().has(Facts::FIT) {
            return Err(Malformed::at(HeadRule::InvalidAuthority, b"host"));
        }
        match authority {
            Some(authority) if !same_authority(authority, host.value, self.value(Part::Scheme)) => {
                Err(Malformed::at(HeadRule::HostMismatch, b"host"))
            }
            _ => Ok(()),
        }
    }
}

/// What the lines called `priority` say, the first of which stands at `first`.
fn priority_of(fields: &Fields, first: usize) -> Option<Priority> {
    let lines = fields.iter().skip(first).filter(|field| field.name == b"priority");
    Priority::parse_lines(lines.map(|field| field.value))
}

/// Pseudo-fields that passed the rules are ASCII.
fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap_or_default()
}

/// Whether a request asks for something without changing it and without sending a body, and says in
/// `:authority` of whom, so that it may be promised (RFC 9113 §8.4).
pub(crate) fn may_be_promised(head: &RequestHead) -> bool {
    let safe = matches!(head.method(), "GET" | "HEAD");
    safe && head.content_length().unwrap_or(0) == 0 && head.has_authority()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &[(&str, &str)], expected: Option<HeadRule>) {
        let fields: Fields = list.iter().copied().collect();
        let outcome = RequestHead::from_fields(fields);
        assert_eq!(outcome.err().map(|malformed| malformed.rule()), expected, "{list:?}");
    }

    const GET: [(&str, &str); 4] =
        [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/")];

    fn get_and(more: &[(&str, &str)], expected: Option<HeadRule>) {
        check(&[&GET[..], more].concat(), expected);
    }

    #[test]
    fn every_part_of_a_target_is_needed_and_checked() {
        check(&GET, None);
        check(&GET[1..], Some(HeadRule::MissingPseudo));
        check(&GET[..3], Some(HeadRule::MissingPseudo));
        let with = |at: usize, value| {
            let mut list = GET;
            list[at].1 = value;
            list
        };
        check(&with(0, "GET /x HTTP/1.1"), Some(HeadRule::InvalidMethod));
        check(&with(1, "1http"), Some(HeadRule::InvalidScheme));
        check(&with(2, "user@a.example"), Some(HeadRule::InvalidAuthority));
        check(&with(3, "x"), Some(HeadRule::InvalidPath));
        check(&with(3, ""), Some(HeadRule::InvalidPath));
        check(&with(3, "/a b"), Some(HeadRule::InvalidPath));
        check(&with(3, "*"), Some(HeadRule::InvalidPath));
    }

    #[test]
    fn pseudo_fields_stand_first_and_once() {
        get_and(&[(":path", "/")], Some(HeadRule::RepeatedPseudo));
        get_and(&[(":status", "200")], Some(HeadRule::UnknownPseudo));
        get_and(&[("a", "b"), (":path", "/")], Some(HeadRule::LatePseudo));
        get_and(&[("a", "b"), (":x", "/")], Some(HeadRule::UnknownPseudo));
    }

    #[test]
    fn a_host_must_agree_with_the_authority_and_stand_once() {
        get_and(&[("host", "A.example:443")], None);
        get_and(&[("host", "b.example")], Some(HeadRule::HostMismatch));
        get_and(&[("host", "a.example"), ("host", "a.example")], Some(HeadRule::RepeatedHost));
    }

    #[test]
    fn connect_has_an_authority_with_a_port_and_nothing_else() {
        check(&[(":method", "CONNECT"), (":authority", "a:443")], None);
        check(&[(":method", "CONNECT"), (":authority", "a")], Some(HeadRule::InvalidAuthority));
        check(
            &[(":method", "CONNECT"), (":authority", "a:1"), (":path", "/")],
            Some(HeadRule::ConnectTarget),
        );
        get_and(&[(":protocol", "websocket")], Some(HeadRule::Protocol));
    }

    #[test]
    fn connection_specific_fields_are_refused() {
        get_and(&[("connection", "close")], Some(HeadRule::ConnectionSpecific));
        get_and(&[("transfer-encoding", "chunked")], Some(HeadRule::ConnectionSpecific));
        get_and(&[("te", "Trailers")], None);
        get_and(&[("te", "gzip")], Some(HeadRule::Te));
    }

    #[test]
    fn names_and_values_are_checked_octet_by_octet() {
        get_and(&[("", "v")], Some(HeadRule::EmptyName));
        get_and(&[("Name", "v")], Some(HeadRule::UppercaseName));
        get_and(&[("na me", "v")], Some(HeadRule::InvalidName));
        get_and(&[("n", "a\r\nb")], Some(HeadRule::InvalidValue));
        get_and(&[("n", " v")], Some(HeadRule::PaddedValue));
        get_and(&[("n", "v\t")], Some(HeadRule::PaddedValue));
        get_and(&[("n", "")], None);
        get_and(
            &[("content-length", "1"), ("content-length", "1")],
            Some(HeadRule::RepeatedContentLength),
        );
    }
}
