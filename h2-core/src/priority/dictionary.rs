//! Dictionaries of structured fields (RFC 8941 §4.2.2): everything is checked, nothing is stored.

/// The value of a member, as far as priorities have a use for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    Boolean(bool),
    /// A value of another type: decimal, string, token, octets or inner list.
    Other,
}

/// Shows each member of a dictionary, in order. `None` if the text is no dictionary; then what was
/// shown is to be ignored as well, for the whole field is.
pub(super) fn members(text: &[u8], mut shows: impl FnMut(&[u8], Value)) -> Option<()> {
    let mut reader = Reader { rest: text };
    reader.skip_spaces();
    while !reader.rest.is_empty() {
        let key = reader.key()?;
        let value = if reader.takes(b'=') { reader.member()? } else { Value::Boolean(true) };
        reader.parameters()?;
        shows(key, value);
        reader.skip_blanks();
        if reader.rest.is_empty() {
            break;
        }
        reader.takes(b',').then_some(())?;
        reader.skip_blanks();
        // A comma is followed by another member.
        reader.rest.first()?;
    }
    Some(())
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn takes(&mut self, octet: u8) -> bool {
        self.next_if(|found| found == octet).is_some()
    }

    fn next_if(&mut self, fits: impl Fn(u8) -> bool) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        fits(*first).then(|| {
            self.rest = rest;
            *first
        })
    }

    /// The octets up to the first that does not fit.
    fn span(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|octet| !fits(*octet)).unwrap_or(self.rest.len());
        let (span, rest) = self.rest.split_at(end);
        self.rest = rest;
        span
    }

    fn skip_spaces(&mut self) {
        self.span(|octet| octet == b' ');
    }

    /// Spaces and tabs, which may stand around a comma.
    fn skip_blanks(&mut self) {
        self.span(|octet| matches!(octet, b' ' | b'\t'));
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        let first = self.rest.first()?;
        if !first.is_ascii_lowercase() && *first != b'*' {
            return None;
        }
        Some(
            self.span(
                |octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'),
            ),
        )
    }

    fn member(&mut self) -> Option<Value> {
        if !self.takes(b'(') {
            return self.bare_item();
        }
        loop {
            self.skip_spaces();
            if self.takes(b')') {
                return Some(Value::Other);
            }
            self.bare_item()?;
            self.parameters()?;
            matches!(self.rest.first(), Some(b' ' | b')')).then_some(())?;
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.takes(b';') {
            self.skip_spaces();
            self.key()?;
            if self.takes(b'=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    fn bare_item(&mut self) -> Option<Value> {
        match *self.rest.first()? {
            b'-' | b'0'..=b'9' => self.number(),
            b'?' => {
                self.takes(b'?');
                let digit = self.next_if(|octet| matches!(octet, b'0' | b'1'))?;
                Some(Value::Boolean(digit == b'1'))
            }
            b'"' => self.string(),
            b':' => {
                self.takes(b':');
                self.span(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'/' | b'='));
                self.takes(b':').then_some(Value::Other)
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'*' => {
                self.span(|o| o.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&o));
                Some(Value::Other)
            }
            _ => None,
        }
    }

    /// An integer of up to 15 digits, or a decimal of up to 12 and 3 (§4.2.4).
    fn number(&mut self) -> Option<Value> {
        let negative = self.takes(b'-');
        let digits = self.span(|octet| octet.is_ascii_digit());
        if digits.is_empty() || digits.len() > 15 {
            return None;
        }
        if self.takes(b'.') {
            let fraction = self.span(|octet| octet.is_ascii_digit());
            let fits = digits.len() <= 12 && (1..=3).contains(&fraction.len());
            return fits.then_some(Value::Other);
        }
        let size = digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Some(Value::Integer(if negative { -size } else { size }))
    }

    fn string(&mut self) -> Option<Value> {
        self.takes(b'"');
        loop {
            match self.next_if(|octet| (0x20..0x7f).contains(&octet))? {
                b'"' => return Some(Value::Other),
                b'\\' => {
                    self.next_if(|octet| matches!(octet, b'"' | b'\\'))?;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(String, Value)>> {
        let mut list = Vec::new();
        members(text.as_bytes(), |key, value| {
            list.push((String::from_utf8_lossy(key).into_owned(), value));
        })?;
        Some(list)
    }

    fn one(text: &str) -> Option<Value> {
        match &read(text)?[..] {
            [(_, value)] => Some(*value),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_type_of_value_is_read() {
        let rows = [
            ("a", Value::Boolean(true)),
            ("a;b;c=1;d=\"x\"", Value::Boolean(true)),
            ("a=?0", Value::Boolean(false)),
            ("a=-7", Value::Integer(-7)),
            ("a=007", Value::Integer(7)),
            ("a=999999999999999", Value::Integer(999_999_999_999_999)),
            ("a=1.5", Value::Other),
            ("a=123456789012.123", Value::Other),
            ("a=\"x, y\\\"\\\\\"", Value::Other),
            ("a=token/x:y", Value::Other),
            ("a=*", Value::Other),
            ("a=:aGk=:", Value::Other),
            ("a=()", Value::Other),
            ("a=( 1  \"b\";c d );e=?1", Value::Other),
            ("*a_b-c.d*9=1", Value::Integer(1)),
            ("  a=1  ", Value::Integer(1)),
        ];
        for (text, value) in rows {
            assert_eq!(one(text), Some(value), "{text}");
        }
        let keys = |text| read(text).unwrap().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys("a=1 ,\tb,c;d , e=()"), ["a", "b", "c", "e"]);
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("   "), Some(vec![]));
    }

    #[test]
    fn what_is_no_dictionary_is_nothing_at_all() {
        let bad = [
            "A=1",
            "1a",
            "=1",
            ",",
            "a,",
            "a=1,",
            "a=1,,b",
            "a b",
            "a=1 b",
            "a=",
            "a =1",
            "a= 1",
            "a ;b",
            "a;B",
            "a;",
            "a;b=",
            "\ta",
            "a=?",
            "a=?2",
            "a=?true",
            "a=-",
            "a=--1",
            "a=+1",
            "a=1.",
            "a=1.2345",
            "a=1234567890123.1",
            "a=1234567890123456",
            "a=.5",
            "a=\"x",
            "a=\"\\x\"",
            "a=\"\u{7f}\"",
            "a=\"\u{e9}\"",
            "a=:x",
            "a=:x$:",
            "a=(",
            "a=(1",
            "a=(1,2)",
            "a=(1\t2)",
            "a=(1 (2))",
            "a=)",
            "a=@1",
            "a=%\"x\"",
            "\u{e9}",
            "a\0",
        ];
        for text in bad {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
