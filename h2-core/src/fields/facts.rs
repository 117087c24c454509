//! What the octets of a field are fit for: found when somebody needs to know, and kept beside it.
//!
//! A field that recurs comes out of a compression table, and its facts come with it, so the octets
//! of a user agent are looked at once a connection and not once a request. A field that comes once
//! is looked at by the rules alone.

use super::static_table;

/// What is known to be good about a field. Nothing is known to be bad: that takes a closer look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(u8);

impl Facts {
    /// The name is a token without upper-case letters (RFC 9113 §8.2.1).
    pub(crate) const NAME: Self = Self(1);
    /// The value has no forbidden octet, and no blank at its ends (RFC 9113 §8.2.1).
    pub(crate) const VALUE: Self = Self(2);
    /// The value is what the name asks for: of pseudo-fields of requests, and of `host`.
    pub(crate) const FIT: Self = Self(4);

    /// Somebody looked.
    const LOOKED: Self = Self(8);

    /// The name is that of a regular field, and of none that has a rule of its own.
    const PLAIN: Self = Self(16);

    /// There is nothing that a rule could say against the field, wherever it stands.
    pub(crate) const REGULAR: Self = Self(Self::NAME.0 | Self::VALUE.0 | Self::PLAIN.0);

    /// Nobody has looked.
    pub(crate) const UNKNOWN: Self = Self(0);

    /// These facts, or what a look at the field finds.
    #[inline]
    pub(crate) fn or_look(self, name_index: u8, name: &[u8], value: &[u8]) -> Self {
        if self.has(Self::LOOKED) { self } else { Self::of(name_index, name, value) }
    }

    /// Looks at a field. `name_index` is the static entry of its name, or 0; then `name` counts.
    #[inline]
    pub(crate) fn of(name_index: u8, name: &[u8], value: &[u8]) -> Self {
        if name_index == 0 { Self::of_own(name, value) } else { Self::of_named(name_index, value) }
    }

    /// Looks at a field whose name is written out.
    fn of_own(name: &[u8], value: &[u8]) -> Self {
        let (index, of_name) = Self::of_name(name);
        of_name.and(Self::of_value(index, value))
    }

    /// Looks at a field whose name is that of static entry `index` (1 to 61).
    #[inline]
    pub(crate) fn of_named(index: u8, value: &[u8]) -> Self {
        Self::of_index(index).and(Self::of_value(index, value))
    }

    /// Looks at a value; `index` is the static entry of its name, if that matters.
    #[inline]
    fn of_value(index: u8, value: &[u8]) -> Self {
        let facts = Self::LOOKED.and(Self::VALUE.only_if(is_value(value)));
        // Most names ask for nothing.
        if FITTED >> index & 1 == 0 {
            return facts;
        }
        facts.and(Self::FIT.only_if(is_fit(index, value)))
    }

    /// What a name says that is written out, and its static entry if it matters.
    fn of_name(name: &[u8]) -> (u8, Self) {
        let named = Self::NAME.only_if(is_name(name));
        if name.first() != Some(&b':') && !has_rules(name) {
            return (0, named.and(Self::PLAIN));
        }
        (static_table::find_name(name).unwrap_or(0), named)
    }

    /// What the name of static entry `index` (1 to 61) says.
    #[inline]
    const fn of_index(index: u8) -> Self {
        let plain = RULED >> index & 1 == 0;
        Self(Self::NAME.0 | if plain { Self::PLAIN.0 } else { 0 })
    }

    /// The facts of static entry `index`.
    pub(crate) const fn of_static(index: u8) -> Self {
        // The empty values are those of no host at all.
        let fit = if matches!(index, 1 | HOST) { 0 } else { Self::FIT.0 };
        Self(Self::of_index(index).0 | Self::LOOKED.0 | Self::VALUE.0 | fit)
    }

    /// Whether all of `other` is known.
    #[inline]
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[inline]
    fn only_if(self, holds: bool) -> Self {
        if holds { self } else { Self::default() }
    }

    #[inline]
    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

// Static entries (RFC 7541 appendix A) whose names have rules of their own.
pub(crate) const LAST_PSEUDO: u8 = 14;
pub(crate) const CONTENT_LENGTH: u8 = 28;
pub(crate) const COOKIE: u8 = 32;
const HOST: u8 = 38;
const TRANSFER_ENCODING: u8 = 57;

/// The static entries whose names have rules of their own, a bit for each; and 0, which is none.
const RULED: u64 =
    ((1 << (LAST_PSEUDO + 1)) - 1) | 1 << CONTENT_LENGTH | 1 << HOST | 1 << TRANSFER_ENCODING;

/// The static entries whose names ask for values of a form: those of [`is_fit`].
const FITTED: u64 = 0b1111_1110 | 1 << HOST;

/// Whether a value is what the name of static entry `index` asks for.
fn is_fit(index: u8, value: &[u8]) -> bool {
    match index {
        1 | HOST => is_authority(value),
        2 | 3 => is_token(value),
        4 | 5 => is_path(value),
        6 | 7 => is_scheme(value),
        _ => false,
    }
}

/// Whether the rules for sections have something to say about regular fields called `name`.
fn has_rules(name: &[u8]) -> bool {
    // Told apart by length first, which most names are done with.
    match name.len() {
        2 => name == b"te",
        4 => name == b"host",
        7 => name == b"upgrade",
        8 => name == b"priority",
        10 => name == b"connection" || name == b"keep-alive",
        14 => name == b"content-length",
        16 => name == b"proxy-connection",
        17 => name == b"transfer-encoding",
        _ => false,
    }
}

// Classes of octets. The table is built by the compiler.
/// Part of a lower-case token (RFC 9110 §5.6.2).
const IN_NAME: u8 = 1;
/// Part of a host name or an IPv4 address: visible, and none of the marks that end one.
const IN_HOST: u8 = 2;
/// Part of a path: visible, and not the `#` that ends one.
const IN_PATH: u8 = 4;
/// Part of a token, which may be upper case.
const IN_TOKEN: u8 = 8;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        // The loop bound makes the cast exact and the place exist.
        #[allow(clippy::cast_possible_truncation, clippy::indexing_slicing)]
        {
            table[octet] = class(octet as u8);
        }
        octet += 1;
    }
    table
}

const fn class(b: u8) -> u8 {
    let mut class = 0;
    let token_mark = matches!(
        b,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    );
    if b.is_ascii_lowercase() || b.is_ascii_digit() || token_mark {
        class |= IN_NAME | IN_TOKEN;
    }
    if b.is_ascii_uppercase() {
        class |= IN_TOKEN;
    }
    let no_host = matches!(
        b,
        b'"' | b'#'
            | b'/'
            | b':'
            | b'<'
            | b'>'
            | b'?'
            | b'@'
            | b'['
            | b'\\'
            | b']'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}'
    );
    if b.is_ascii_graphic() && !no_host {
        class |= IN_HOST;
    }
    if b.is_ascii_graphic() && b != b'#' {
        class |= IN_PATH;
    }
    class
}

fn all(octets: &[u8], class: u8) -> bool {
    // No early return: octets are nearly always good, and a plain fold is quicker than a search.
    octets.iter().fold(class, |seen, octet| seen & CLASS.get(usize::from(*octet)).unwrap_or(&0))
        == class
}

/// Whether `octets` may be the name of a field: a token without upper-case letters.
fn is_name(octets: &[u8]) -> bool {
    !octets.is_empty() && all(octets, IN_NAME)
}

/// Whether every octet may stand in a value: visible, blank, or above ASCII.
pub(crate) fn has_value_octets(octets: &[u8]) -> bool {
    if octets.len() >= LONG {
        return octets.iter().fold(true, |good, octet| good & is_value_octet(*octet));
    }
    // Values are short, and a word at a time is quicker than what setting up wider registers costs.
    let good = |word: [u8; 8]| is_printable(word) || word.into_iter().all(is_value_octet);
    if let Some(last) = octets.last_chunk() {
        let (words, _) = octets.as_chunks();
        return words.iter().all(|word| good(*word)) && good(*last);
    }
    if let (Some(&[a, b, c, d]), Some(&[w, x, y, z])) = (octets.first_chunk(), octets.last_chunk())
    {
        return good([a, b, c, d, w, x, y, z]);
    }
    octets.iter().copied().all(is_value_octet)
}

/// From this length on, a plain fold is quicker, because the compiler widens it.
const LONG: usize = 64;

#[inline]
fn is_value_octet(octet: u8) -> bool {
    (octet >= 0x20 && octet != 0x7f) || octet == b'\t'
}

/// Whether all eight octets are neither controls nor DEL: each test borrows into the high bit of an
/// octet that fails it.
fn is_printable(word: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_ne_bytes(word);
    let control = word.wrapping_sub(0x20 * ONES) & !word;
    let delete = word ^ (0x7f * ONES);
    let delete = delete.wrapping_sub(ONES) & !delete;
    (control | delete) & HIGH == 0
}

#[inline]
fn is_value(octets: &[u8]) -> bool {
    let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    has_value_octets(octets) && !blank(octets.first()) && !blank(octets.last())
}

/// Whether `octets` are a token, upper case allowed, as methods are.
pub(crate) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && all(octets, IN_TOKEN)
}

/// Whether `octets` have the form of a scheme (RFC 3986 §3.1).
fn is_scheme(octets: &[u8]) -> bool {
    octets.first().is_some_and(u8::is_ascii_alphabetic)
        && octets.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Whether `octets` may stand in `:path`.
fn is_path(octets: &[u8]) -> bool {
    !octets.is_empty() && all(octets, IN_PATH)
}

/// Whether `octets` are a host and perhaps a port, without user information.
fn is_authority(octets: &[u8]) -> bool {
    if octets.first() == Some(&b'[') {
        return is_ip_literal(octets);
    }
    let host_len = octets.iter().position(|b| *b == b':').unwrap_or(octets.len());
    let (host, port) = octets.split_at_checked(host_len).unwrap_or((octets, &[]));
    !host.is_empty() && all(host, IN_HOST) && is_port(port)
}

/// Whether `octets` are the ASCII serialization of an origin (RFC 6454 §6.2): a scheme, a host and
/// perhaps a port. "null", the origin of nothing, names no server and so is none here.
pub(crate) fn is_origin(octets: &[u8]) -> bool {
    let Some(end) = octets.windows(3).position(|three| three == b"://") else { return false };
    let Some((scheme, rest)) = octets.split_at_checked(end) else { return false };
    let authority = rest.get(3..).unwrap_or_default();
    is_scheme(scheme) && is_authority(authority) && authority.last() != Some(&b':')
}

/// `[IPv6]` and perhaps a port.
fn is_ip_literal(octets: &[u8]) -> bool {
    let Some(end) = octets.iter().position(|b| *b == b']') else { return false };
    let address = octets.get(1..end).unwrap_or_default();
    let port = octets.get(end + 1..).unwrap_or_default();
    !address.is_empty()
        && address.iter().all(|b| *b == b':' || all(&[*b], IN_HOST))
        && is_port(port)
}

/// Nothing, or a colon and digits.
fn is_port(octets: &[u8]) -> bool {
    match octets.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::WELL_KNOWN;

    #[test]
    fn the_facts_of_static_entries_are_those_of_their_octets() {
        for (index, (name, value)) in (1..).zip(WELL_KNOWN) {
            let facts = Facts::of(0, name.as_bytes(), value.as_bytes());
            let pseudo = name.starts_with(':');
            assert_eq!(facts.has(Facts::NAME), !pseudo, "{name}");
            assert!(facts.has(Facts::VALUE), "{name}: {value}");
            let fitted = matches!(index, 1..=7 | HOST);
            if fitted {
                assert_eq!(
                    facts.has(Facts::FIT),
                    Facts::of_static(index).has(Facts::FIT),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_value_has_no_control_and_no_blank_at_its_ends() {
        for (value, good) in
            [("", true), ("a b\tc", true), (" a", false), ("a\t", false), ("a\nb", false)]
        {
            assert_eq!(Facts::of(58, b"", value.as_bytes()).has(Facts::VALUE), good, "{value:?}");
        }
        assert!(Facts::of(58, b"", b"\xff\x80").has(Facts::VALUE));
        for octet in 0..=255 {
            let good = octet >= 0x20 && octet != 0x7f || octet == b'\t';
            for at in 0..8 {
                let mut value = *b"\xff~ !a0\x80z-tail";
                value[at] = octet;
                assert_eq!(has_value_octets(&value), good, "{octet} at {at}");
                let mut long = [b'x'; LONG + 3];
                long[at] = octet;
                assert_eq!(has_value_octets(&long), good, "{octet} at {at}");
            }
        }
        assert!(!Facts::of(58, b"", b"a\x7f").has(Facts::VALUE));
    }

    #[test]
    fn an_origin_is_a_scheme_and_an_authority_and_nothing_else() {
        for good in ["https://a.example", "http://a:8080", "https://[::1]:443", "x+y://1.2.3.4"] {
            assert!(is_origin(good.as_bytes()), "{good}");
        }
        let bad = [
            "",
            "null",
            "a.example",
            "//a",
            "://a",
            "https:/a",
            "https://",
            "https://a/",
            "https://a:",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a b",
            "1s://a",
            "https://\u{e9}",
            "https://a://b",
            "https://*.a/",
        ];
        for bad in bad {
            assert!(!is_origin(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn authorities_are_hosts_with_an_optional_port() {
        for good in ["a", "a:1", "a:", "example.org:8080", "[::1]", "[::1]:443", "1.2.3.4"] {
            assert!(Facts::of(1, b"", good.as_bytes()).has(Facts::FIT), "{good}");
        }
        for bad in
            ["", ":80", "a@b", "a/b", "a b", "[::1", "::1]", "[]", "a:b", "[::1]x", "a\u{e9}"]
        {
            assert!(!Facts::of(1, b"", bad.as_bytes()).has(Facts::FIT), "{bad}");
        }
    }
}
