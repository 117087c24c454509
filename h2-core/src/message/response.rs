//! Response heads and trailers (RFC 9113 §8.1, §8.3.2).

use super::rules::{Direction, Section, check_regular};
use crate::error::{HeadRule, Malformed};
use crate::fields::{Field, Fields};

/// The head of a response, interim or final, that keeps every rule of RFC 9113 §8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    fields: Fields,
    status: u16,
    content_length: Option<u64>,
}

impl ResponseHead {
    /// A response made of its parts.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the rule and the field that broke it.
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        status: u16,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Malformed> {
        let fields = fields.into_iter();
        let mut list = Fields::for_message(1, &fields);
        list.push_status(status);
        list.extend(fields);
        Self::from_fields(list)
    }

    /// A response made of a whole list, `:status` first.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the rule and the field that broke it.
    pub fn from_fields(fields: Fields) -> Result<Self, Malformed> {
        Self::checked(fields, Direction::Outbound)
    }

    pub(crate) fn checked(mut fields: Fields, direction: Direction) -> Result<Self, Malformed> {
        let status = find_status(&fields)?;
        let mut content_length = check_regular(&fields, 1, Section::Response)?.content_length;
        // RFC 9110 §8.6: none in 1xx and 204. What a peer sends there is dropped or means nothing.
        if content_length.is_some() && (status < 200 || status == 204) {
            match direction {
                Direction::Outbound => {
                    return Err(Malformed::at(
                        HeadRule::UnexpectedContentLength,
                        b"content-length",
                    ));
                }
                Direction::Inbound if status < 200 => {
                    fields.retain(|field| field.name != b"content-length");
                    content_length = None;
                }
                Direction::Inbound => {}
            }
        }
        Ok(Self { fields, status, content_length })
    }

    /// The status, 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether it is an interim response, 1xx.
    #[must_use]
    pub fn is_informational(&self) -> bool {
        self.status < 200
    }

    /// The content-length, if the response says one.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// The fields that are not `:status`.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().skip(1)
    }

    /// The value of the first regular field called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|field| field.name == name.as_bytes()).map(|field| field.value)
    }

    /// All fields in order, `:status` first.
    #[must_use]
    pub fn as_fields(&self) -> &Fields {
        &self.fields
    }

    /// The list itself, `:status` first.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        self.fields
    }

    /// Whether a response of this status has no body, whatever its content-length says.
    pub(crate) fn has_no_body(&self) -> bool {
        self.status == 204 || self.status == 304
    }
}

fn find_status(fields: &Fields) -> Result<u16, Malformed> {
    let mut spans = fields.spans().iter();
    let Some(first) = spans.next() else {
        return Err(Malformed::at(HeadRule::MissingPseudo, b":status"));
    };
    if !matches!(first.name_index, 8..=14) {
        match fields.name(first) {
            b":status" => {}
            name @ [b':', ..] => return Err(Malformed::at(HeadRule::UnknownPseudo, name)),
            _ => return Err(Malformed::at(HeadRule::MissingPseudo, b":status")),
        }
    }
    if let Some(second) = spans.next()
        // Other names of the static table are regular.
        && second.name_index <= 14
        && let name @ [b':', ..] = fields.name(second)
    {
        let rule = match name {
            b":status" => HeadRule::RepeatedPseudo,
            _ => HeadRule::UnknownPseudo,
        };
        return Err(Malformed::at(rule, name));
    }
    let status = match fields.value(first) {
        [a @ b'1'..=b'9', b, c] if b.is_ascii_digit() && c.is_ascii_digit() => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err(Malformed::at(HeadRule::InvalidStatus, b":status")),
    };
    match status {
        101 => Err(Malformed::at(HeadRule::SwitchingProtocols, b":status")),
        status => Ok(status),
    }
}

/// Trailers that keep every rule of RFC 9113 §8.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers(Fields);

impl Trailers {
    /// Trailers made of a list.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for pseudo-fields, and for fields that may not stand in trailers:
    /// `content-length` and `host` (RFC 9110 §6.5.1).
    pub fn new(fields: Fields) -> Result<Self, Malformed> {
        Self::checked(fields, Direction::Outbound)
    }

    pub(crate) fn checked(mut fields: Fields, direction: Direction) -> Result<Self, Malformed> {
        let found = check_regular(&fields, 0, Section::Trailers)?;
        let framing = |name: &[u8]| matches!(name, b"content-length" | b"host");
        match direction {
            Direction::Outbound => {
                if let Some(field) = fields.iter().find(|field| framing(field.name)) {
                    return Err(Malformed::at(HeadRule::ForbiddenTrailer, field.name));
                }
            }
            Direction::Inbound
                if found.content_length.is_some() || fields.get("host").is_some() =>
            {
                fields.retain(|field| !framing(field.name));
            }
            Direction::Inbound => {}
        }
        Ok(Self(fields))
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.0.iter()
    }

    /// The value of the first field called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name)
    }

    /// The fields as a list.
    #[must_use]
    pub fn as_fields(&self) -> &Fields {
        &self.0
    }

    /// The list itself.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(list: &[(&str, &str)]) -> Option<HeadRule> {
        let fields: Fields = list.iter().copied().collect();
        ResponseHead::from_fields(fields).err().map(|malformed| malformed.rule())
    }

    #[test]
    fn a_status_is_three_digits_and_never_101() {
        assert_eq!(rule(&[(":status", "200")]), None);
        assert_eq!(rule(&[(":status", "999")]), None);
        for bad in ["", "20", "2000", "099", "2x0", "+20"] {
            assert_eq!(rule(&[(":status", bad)]), Some(HeadRule::InvalidStatus), "{bad}");
        }
        assert_eq!(rule(&[(":status", "101")]), Some(HeadRule::SwitchingProtocols));
        assert_eq!(rule(&[("a", "b")]), Some(HeadRule::MissingPseudo));
        assert_eq!(rule(&[(":status", "200"), (":status", "200")]), Some(HeadRule::RepeatedPseudo));
        assert_eq!(rule(&[(":status", "200"), ("te", "trailers")]), Some(HeadRule::Te));
    }

    #[test]
    fn the_content_length_of_an_interim_response_is_dropped() {
        let fields: Fields =
            [(":status", "103"), ("content-length", "5"), ("link", "x")].into_iter().collect();
        let head = ResponseHead::checked(fields, Direction::Inbound).unwrap();
        assert_eq!(head.content_length(), None);
        assert_eq!(head.fields().count(), 1);
    }

    #[test]
    fn trailers_frame_nothing() {
        let list = || -> Fields { [("content-length", "1"), ("x", "y")].into_iter().collect() };
        assert!(Trailers::new(list()).is_err());
        let received = Trailers::checked(list(), Direction::Inbound).unwrap();
        assert_eq!(received.fields().count(), 1);
        let pseudo: Fields = [(":status", "200")].into_iter().collect();
        assert_eq!(Trailers::new(pseudo).unwrap_err().rule(), HeadRule::PseudoInTrailers);
    }
}
