//! Lists that end like others: peers say much the same in every message.

use super::{COOKIE, Fields, Span};

impl Fields {
    /// A copy of the fields from `first` on that holds no secret: cookies are left out, and what is
    /// marked as sensitive has no value.
    #[must_use]
    pub fn without_secrets(&self, first: usize) -> Self {
        let mut copy = Self::new();
        for span in self.spans.get(first..).unwrap_or_default() {
            let field = self.resolve(span);
            if span.name_index == COOKIE || field.name == b"cookie" {
                continue;
            }
            if span.static_value {
                copy.append(*span);
                continue;
            }
            let value = if span.sensitive { b"" } else { field.value };
            let start = copy.octets.len();
            if span.name_index == 0 {
                copy.octets.extend_from_slice(field.name);
            }
            copy.octets.extend_from_slice(value);
            copy.append(span.moved(start, value.len()));
        }
        copy
    }

    /// Whether the fields from `first` on are those of `other`, order and marks included. It is
    /// quick, and may say no where lists that say the same came to be in different ways.
    #[must_use]
    pub fn ends_with(&self, first: usize, other: &Self) -> bool {
        let spans = self.spans.get(first..).unwrap_or_default();
        if spans.len() != other.spans.len() {
            return false;
        }
        // What has octets of its own has them behind those of the field before it.
        let start = spans.iter().find_map(Span::start).unwrap_or(self.octets.len());
        let shift = start - other.spans.iter().find_map(Span::start).unwrap_or_default().min(start);
        spans.iter().zip(&other.spans).all(|(one, two)| one.is_shifted(two, shift))
            && self.octets.get(start..) == Some(&other.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(path: &str, last: &str) -> Fields {
        let mut fields = Fields::new();
        fields.push_static(2);
        fields.push(":path", path);
        fields.push("accept-encoding", "gzip, deflate");
        fields.push("user-agent", "a");
        fields.push("x-last", last);
        fields
    }

    #[test]
    fn a_list_ends_with_a_copy_of_its_end_wherever_that_lies() {
        let known = message("/", "value").without_secrets(2);
        assert_eq!(known.iter().count(), 3);
        assert!(message("/", "value").ends_with(2, &known));
        assert!(message("/a/longer/path", "value").ends_with(2, &known));
        assert!(Fields::new().ends_with(0, &Fields::new()));
        assert!(message("/", "value").ends_with(5, &Fields::new()));
    }

    #[test]
    fn a_list_does_not_end_with_what_differs_in_anything() {
        let known = message("/", "value").without_secrets(2);
        assert!(!message("/", "walue").ends_with(2, &known));
        assert!(!message("/", "value2").ends_with(2, &known));
        assert!(!message("/", "value").ends_with(3, &known));
        assert!(!message("/", "value").ends_with(9, &known));
        let mut more = message("/", "value");
        more.push("x", "");
        assert!(!more.ends_with(2, &known));
        let mut secret = message("/", "value").without_secrets(0);
        secret.retain(|field| field.name != b"x-last");
        secret.push_sensitive("x-last", "value");
        assert!(!secret.ends_with(2, &known));
        // The same octets, cut differently.
        let (mut one, mut two) = (Fields::new(), Fields::new());
        one.push("ab", "c");
        two.push("a", "bc");
        assert!(!one.ends_with(0, &two));
    }

    #[test]
    fn a_copy_holds_no_secret() {
        let mut fields = Fields::new();
        fields.push("cookie", "secret");
        fields.push_sensitive("authorization", "secret");
        fields.push_sensitive("x-key", "secret");
        fields.push("a", "b");
        let copy = fields.without_secrets(0);
        let seen: Vec<_> = copy.iter().map(|f| (f.name, f.value, f.sensitive)).collect();
        let expected =
            [(&b"authorization"[..], &b""[..], true), (b"x-key", b"", true), (b"a", b"b", false)];
        assert_eq!(seen, expected);
        assert!(!copy.octets.windows(6).any(|octets| octets == b"secret"));
    }
}
