//! The rules for field sections, each checked in one pass over the list (RFC 9113 §8.2, §8.3).

use crate::error::{HeadRule, Malformed};
use crate::fields::{CONTENT_LENGTH, Facts, Field, Fields, LAST_PSEUDO, has_value_octets};

/// Which way a field section goes. Some rules refuse on the way out what they drop on the way in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// Whether an authority says a port, as CONNECT must (RFC 9113 §8.5).
pub(super) fn has_port(authority: &[u8]) -> bool {
    let host_end = authority.iter().rposition(|b| *b == b']').unwrap_or(0);
    let port = authority.get(host_end..).unwrap_or_default();
    port.iter().position(|b| *b == b':').is_some_and(|colon| colon + 1 < port.len())
}

/// Whether two authorities name the same host and port for this scheme.
pub(super) fn same_authority(a: &[u8], b: &[u8], scheme: &[u8]) -> bool {
    let default_port: &[u8] = if scheme.eq_ignore_ascii_case(b"https") {
        b":443"
    } else if scheme.eq_ignore_ascii_case(b"http") {
        b":80"
    } else {
        b":"
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
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    let mut length = 0_u64;
    for octet in value {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        length = length * 10 + u64::from(digit);
    }
    (length <= i64::MAX as u64).then_some(length)
}

/// What a pass over the regular fields of a section found out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Regular {
    pub(super) content_length: Option<u64>,
    /// Position of `host` in the list.
    pub(super) host: Option<usize>,
    /// Position of the first `priority`.
    pub(super) priority: Option<usize>,
}

impl Regular {
    fn content_length(&mut self, field: &Field<'_>) -> Result<(), Malformed> {
        let Some(length) = content_length(field.value) else {
            return Err(Malformed::at(HeadRule::InvalidContentLength, field.name));
        };
        match self.content_length.replace(length) {
            Some(_) => Err(Malformed::at(HeadRule::RepeatedContentLength, field.name)),
            None => Ok(()),
        }
    }
}

/// Which kind of section is checked; `te` may stand in requests alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Request,
    Response,
    Trailers,
}

/// Checks every field from position `first` on; none may be a pseudo-field.
///
/// Facts decide about nearly all of them, so that a field that recurs costs one comparison.
#[inline]
pub(super) fn check_regular(
    fields: &Fields,
    first: usize,
    section: Section,
) -> Result<Regular, Malformed> {
    let mut found = Regular::default();
    for (position, span) in (first..).zip(fields.spans().get(first..).unwrap_or_default()) {
        if !span.facts.has(Facts::REGULAR) {
            check_closely(fields.resolve(span), position, section, &mut found)?;
        }
    }
    Ok(found)
}

/// Checks a field that nobody has looked at, or that more is to be said about.
fn check_closely(
    mut field: Field<'_>,
    position: usize,
    section: Section,
    found: &mut Regular,
) -> Result<(), Malformed> {
    field.facts = field.facts();
    let (facts, field) = (field.facts, &field);
    if !facts.has(Facts::VALUE) {
        return Err(bad_value(field));
    }
    match field.name_index {
        0 if !facts.has(Facts::NAME) => Err(bad_name(field, section)),
        1..=LAST_PSEUDO => Err(misplaced_pseudo(field, section)),
        CONTENT_LENGTH => found.content_length(field),
        _ if facts.has(Facts::REGULAR) => Ok(()),
        _ => check_special(field, position, section, found),
    }
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

/// What is wrong with a name that is not known to be good.
fn bad_name(field: &Field<'_>, section: Section) -> Malformed {
    match field.name {
        [] => Malformed::new(HeadRule::EmptyName),
        [b':', ..] => misplaced_pseudo(field, section),
        name if name.iter().any(u8::is_ascii_uppercase) => {
            Malformed::at(HeadRule::UppercaseName, name)
        }
        name => Malformed::at(HeadRule::InvalidName, name),
    }
}

/// What is wrong with a value that is not known to be good.
fn bad_value(field: &Field<'_>) -> Malformed {
    let rule =
        if has_value_octets(field.value) { HeadRule::PaddedValue } else { HeadRule::InvalidValue };
    Malformed::at(rule, field.name)
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
        b"content-length" => found.content_length(field),
        b"host" if section == Section::Request => match found.host.replace(position) {
            Some(_) => Err(Malformed::at(HeadRule::RepeatedHost, field.name)),
            None => Ok(()),
        },
        b"priority" => {
            found.priority.get_or_insert(position);
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
