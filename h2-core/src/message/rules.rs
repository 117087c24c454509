//! The rules for field sections, each checked in one pass over the list (RFC 9113 §8.2, §8.3).

use crate::error::{HeadRule, Malformed};
use crate::fields::{Field, Fields};

/// Which way a field section goes. Some rules refuse on the way out what they drop on the way in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// Static table indices (RFC 7541 appendix A) of the names with rules of their own.
mod index {
    pub(super) const LAST_PSEUDO: u8 = 14;
    pub(super) const CONTENT_LENGTH: u8 = 28;
    pub(super) const HOST: u8 = 38;
    pub(super) const TRANSFER_ENCODING: u8 = 57;
}

const TOKEN: u8 = 1;
const HOST: u8 = 4;
const PATH: u8 = 8;
const UPPER: u8 = 16;

/// What each octet may be part of.
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
        class |= TOKEN;
    }
    if b.is_ascii_uppercase() {
        class |= UPPER;
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
        class |= HOST;
    }
    if b.is_ascii_graphic() && b != b'#' {
        class |= PATH;
    }
    class
}

fn all(octets: &[u8], class: u8) -> bool {
    // No early return: octets are nearly always good, and a plain fold is quicker than a search.
    octets.iter().fold(class, |seen, octet| seen & CLASS.get(usize::from(*octet)).unwrap_or(&0))
        == class
}

/// No octet of a value is a control octet but the tab. The comparisons cost less than a table,
/// because the compiler makes them on many octets at once.
fn is_value(octets: &[u8]) -> bool {
    octets.iter().fold(true, |good, b| good & ((*b >= 0x20 && *b != 0x7f) || *b == b'\t'))
}

/// A method or a protocol name: a token, in either case.
pub(super) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty()
        && octets
            .iter()
            .all(|octet| CLASS.get(usize::from(*octet)).unwrap_or(&0) & (TOKEN | UPPER) != 0)
}

pub(super) fn is_scheme(octets: &[u8]) -> bool {
    octets.first().is_some_and(u8::is_ascii_alphabetic)
        && octets.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

pub(super) fn is_path(octets: &[u8]) -> bool {
    all(octets, PATH)
}

/// `host [":" port]`, with brackets only around an IP literal, and no user information.
pub(super) fn is_authority(octets: &[u8]) -> bool {
    if octets.first() == Some(&b'[') {
        return is_ip_literal(octets);
    }
    let host_len = octets.iter().position(|b| *b == b':').unwrap_or(octets.len());
    let (host, port) = octets.split_at_checked(host_len).unwrap_or((octets, &[]));
    !host.is_empty() && all(host, HOST) && is_port(port)
}

/// `[address] [":" port]`.
fn is_ip_literal(octets: &[u8]) -> bool {
    let Some(end) = octets.iter().position(|b| *b == b']') else { return false };
    let address = octets.get(1..end).unwrap_or_default();
    let port = octets.get(end + 1..).unwrap_or_default();
    !address.is_empty() && address.iter().all(|b| *b == b':' || all(&[*b], HOST)) && is_port(port)
}

/// Nothing, or a colon and digits.
fn is_port(octets: &[u8]) -> bool {
    match octets.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

/// Whether an authority says a port, as CONNECT must (RFC 9113 §8.5).
pub(super) fn has_port(authority: &[u8]) -> bool {
    let host_end = authority.iter().rposition(|b| *b == b']').unwrap_or(0);
    let port = authority.get(host_end..).unwrap_or_default();
    port.iter().position(|b| *b == b':').is_some_and(|colon| colon + 1 < port.len())
}

/// Whether two authorities name the same host and port for this scheme.
pub(super) fn same_authority(a: &[u8], b: &[u8], scheme: &[u8]) -> bool {
    let default_port: &[u8] = match scheme {
        b"http" => b":80",
        b"https" => b":443",
        _ => b":",
    };
    let strip = |authority| {
        let authority: &[u8] = authority;
        let authority = authority.strip_suffix(b":").unwrap_or(authority);
        authority.strip_suffix(default_port).unwrap_or(authority).to_vec()
    };
    a == b || strip(a).eq_ignore_ascii_case(&strip(b))
}

/// A content-length: 1 to 19 digits, at most 2^63-1 (RFC 9110 §8.6).
fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = value.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    (length <= i64::MAX as u64).then_some(length)
}

/// What a pass over the regular fields of a section found out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Regular {
    pub(super) content_length: Option<u64>,
    /// Position of `host` in the list.
    pub(super) host: Option<usize>,
    /// Position of the last `priority`.
    pub(super) priority: Option<usize>,
}

/// Which kind of section is checked; `te` may stand in requests alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Request,
    Response,
    Trailers,
}

/// Checks every field from position `first` on; none may be a pseudo-field.
pub(super) fn check_regular(
    fields: &Fields,
    first: usize,
    section: Section,
) -> Result<Regular, Malformed> {
    let mut found = Regular::default();
    for position in first..fields.len() {
        let Some(field) = fields.at(position) else { break };
        if !field.static_value {
            check_value(&field)?;
        }
        let special = match field.name_index {
            0 => {
                check_name(&field, section)?;
                true
            }
            1..=index::LAST_PSEUDO => return Err(misplaced_pseudo(&field, section)),
            index::CONTENT_LENGTH | index::HOST | index::TRANSFER_ENCODING => true,
            _ => false,
        };
        if special {
            check_special(&field, position, section, &mut found)?;
        }
    }
    Ok(found)
}

fn misplaced_pseudo(field: &Field<'_>, section: Section) -> Malformed {
    let known: &[&[u8]] =
        &[b":method", b":scheme", b":authority", b":path", b":protocol", b":status"];
    let rule = match section {
        Section::Trailers => HeadRule::PseudoInTrailers,
        Section::Request | Section::Response if known.contains(&field.name) => HeadRule::LatePseudo,
        Section::Request | Section::Response => HeadRule::UnknownPseudo,
    };
    Malformed::at(rule, field.name)
}

fn check_name(field: &Field<'_>, section: Section) -> Result<(), Malformed> {
    if !field.name.is_empty() && all(field.name, TOKEN) {
        return Ok(());
    }
    Err(match field.name {
        [] => Malformed::new(HeadRule::EmptyName),
        [b':', ..] => misplaced_pseudo(field, section),
        name if name.iter().any(u8::is_ascii_uppercase) => {
            Malformed::at(HeadRule::UppercaseName, name)
        }
        name => Malformed::at(HeadRule::InvalidName, name),
    })
}

fn check_value(field: &Field<'_>) -> Result<(), Malformed> {
    let value = field.value;
    if !is_value(value) {
        return Err(Malformed::at(HeadRule::InvalidValue, field.name));
    }
    let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    if blank(value.first()) || blank(value.last()) {
        return Err(Malformed::at(HeadRule::PaddedValue, field.name));
    }
    Ok(())
}

fn check_special(
    field: &Field<'_>,
    position: usize,
    section: Section,
    found: &mut Regular,
) -> Result<(), Malformed> {
    match field.name {
        b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding" | b"upgrade" => {
            Err(Malformed::at(HeadRule::ConnectionSpecific, field.name))
        }
        b"te" if section != Section::Request || !field.value.eq_ignore_ascii_case(b"trailers") => {
            Err(Malformed::at(HeadRule::Te, field.name))
        }
        b"content-length" => {
            let Some(length) = content_length(field.value) else {
                return Err(Malformed::at(HeadRule::InvalidContentLength, field.name));
            };
            match found.content_length.replace(length) {
                Some(_) => Err(Malformed::at(HeadRule::RepeatedContentLength, field.name)),
                None => Ok(()),
            }
        }
        b"host" if section == Section::Request => match found.host.replace(position) {
            Some(_) => Err(Malformed::at(HeadRule::RepeatedHost, field.name)),
            None => Ok(()),
        },
        b"priority" => {
            found.priority = Some(position);
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_hosts_with_an_optional_port() {
        for good in ["a", "a:1", "a:", "example.org:8080", "[::1]", "[::1]:443", "1.2.3.4"] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in
            ["", ":80", "a@b", "a/b", "a b", "[::1", "::1]", "[]", "a:b", "[::1]x", "a\u{e9}"]
        {
            assert!(!is_authority(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_default_port_and_the_case_of_a_host_make_no_difference() {
        assert!(same_authority(b"Example.org:443", b"example.org", b"https"));
        assert!(!same_authority(b"example.org:80", b"example.org", b"https"));
    }

    #[test]
    fn a_content_length_is_digits_and_nothing_else() {
        assert_eq!(content_length(b"0"), Some(0));
        assert_eq!(content_length(b"9223372036854775807"), Some(i64::MAX as u64));
        let bad: [&[u8]; 7] =
            [b"", b"+1", b" 1", b"1,1", b"0x1", b"9223372036854775808", b"99999999999999999999"];
        for value in bad {
            assert_eq!(content_length(value), None, "{}", value.escape_ascii());
        }
    }
}
