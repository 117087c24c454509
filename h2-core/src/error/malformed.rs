//! Why a field section may not stand in a message: one rule a variant, and the field that broke it
//! (RFC 9113 §8.1 to §8.3, §8.5; RFC 9110; RFC 8441).

use std::fmt;

/// A field section that breaks a rule of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    rule: HeadRule,
    field: Option<Box<str>>,
}

impl Malformed {
    pub(crate) fn new(rule: HeadRule) -> Self {
        Self { rule, field: None }
    }

    /// Names the field, cut to 64 octets and escaped: it goes into logs and GOAWAY frames.
    pub(crate) fn at(rule: HeadRule, name: &[u8]) -> Self {
        let name = name.get(..64).unwrap_or(name).escape_ascii().to_string();
        Self { rule, field: Some(name.into_boxed_str()) }
    }

    /// The rule that was broken.
    #[must_use]
    pub fn rule(&self) -> HeadRule {
        self.rule
    }

    /// The name of the field that broke it, where one field did. Never a value.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (RFC {})", self.rule.text(), self.rule.section())?;
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Malformed {}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $section:literal, $text:literal;)*) => {
        /// The rules that a field section can break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HeadRule {
            $($(#[$doc])* $name,)*
        }

        impl HeadRule {
            /// Where the rule stands.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

rules! {
    /// A field name without an octet.
    EmptyName = "9110 5.1", "empty field name";
    /// A field name with an upper-case letter.
    UppercaseName = "9113 8.2.1", "upper-case field name";
    /// A field name with an octet that is not a token octet.
    InvalidName = "9113 8.2.1", "invalid octet in a field name";
    /// A field value with a control octet.
    InvalidValue = "9113 8.2.1", "invalid octet in a field value";
    /// A field value that begins or ends with a space or a tab.
    PaddedValue = "9113 8.2.1", "white space around a field value";
    /// A field that belongs to one HTTP/1.1 connection.
    ConnectionSpecific = "9113 8.2.2", "connection-specific field";
    /// `te` with anything but `trailers`, or outside a request.
    Te = "9113 8.2.2", "te may only say trailers, in a request";
    /// A pseudo-field that this kind of message does not have.
    UnknownPseudo = "9113 8.3", "unexpected pseudo-field";
    /// A pseudo-field after a regular field.
    LatePseudo = "9113 8.3", "pseudo-field after a regular field";
    /// A pseudo-field that stands twice.
    RepeatedPseudo = "9113 8.3", "repeated pseudo-field";
    /// A pseudo-field in trailers.
    PseudoInTrailers = "9113 8.3", "pseudo-field in trailers";
    /// A pseudo-field that is not there but must be.
    MissingPseudo = "9113 8.3.1", "missing pseudo-field";
    /// A `:method` that is not a token of at most 64 octets.
    InvalidMethod = "9110 9.1", "invalid method";
    /// A `:scheme` that is not a URI scheme.
    InvalidScheme = "3986 3.1", "invalid scheme";
    /// A `:path` that is empty, does not start with a slash, or has an octet that no URI has.
    InvalidPath = "9113 8.3.1", "invalid path";
    /// An `:authority` or `host` that names no host, or has user information.
    InvalidAuthority = "9113 8.3.1", "invalid authority";
    /// A request for http or https that names no host.
    MissingAuthority = "9110 7.2", "neither :authority nor host";
    /// More than one `host`.
    RepeatedHost = "9110 7.2", "repeated host";
    /// A `host` that differs from `:authority`.
    HostMismatch = "9113 8.3.1", "host differs from :authority";
    /// A CONNECT request with `:scheme` or `:path`.
    ConnectTarget = "9113 8.5", "CONNECT with :scheme or :path";
    /// `:protocol` outside CONNECT, invalid, or without SETTINGS_ENABLE_CONNECT_PROTOCOL.
    Protocol = "8441 4", "unexpected :protocol";
    /// A `:status` that is not three digits from 100 on.
    InvalidStatus = "9113 8.3.2", "invalid status";
    /// Status 101, which HTTP/2 does not have.
    SwitchingProtocols = "9113 8.6", "status 101";
    /// An interim response that ends the stream.
    InformationalEnd = "9113 8.1", "1xx with END_STREAM";
    /// An interim response after the final one.
    LateInformational = "9113 8.1", "1xx after the final response";
    /// A status that this call does not send: a final one where 1xx is due, or the reverse.
    WrongStatusKind = "9113 8.1", "status of the wrong kind";
    /// Trailers that do not end the stream.
    TrailersWithoutEnd = "9113 8.1", "trailers without END_STREAM";
    /// A `content-length` that is not 1 to 19 digits.
    InvalidContentLength = "9110 8.6", "invalid content-length";
    /// More than one `content-length`.
    RepeatedContentLength = "9110 8.6", "repeated content-length";
    /// A `content-length` where none may be sent.
    UnexpectedContentLength = "9110 8.6", "content-length not allowed here";
    /// A field that may not stand in trailers.
    ForbiddenTrailer = "9110 6.5.1", "field not allowed in trailers";
    /// A promised request that is not safe and without content.
    UnsafePromise = "9113 8.4", "promised request is not safe and cacheable";
    /// A field section above the limit on its size or on the number of its fields.
    TooLarge = "9113 10.5.1", "field section too large";
}
