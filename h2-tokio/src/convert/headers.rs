//! The fields of a message as a map of the `http` crate.
//!
//! The values of a message are slices of one allocation of its own, never of a read buffer.

use bytes::{Bytes, BytesMut};
use h2_core::{Field, Fields, SharedFields};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::names;

/// Static table index of `cookie` (RFC 7541 appendix A).
const COOKIE: u8 = 32;

/// Size of a list whose memory is not worth keeping.
const MOST_SPARE: usize = 2048;

/// A message that keeps the rules of HTTP but that the `http` types cannot hold.
#[derive(Debug)]
pub(crate) struct Unmappable {
    /// What a server answers to it.
    pub(crate) status: StatusCode,
}

impl Unmappable {
    pub(super) const BAD: Self = Self { status: StatusCode::BAD_REQUEST };
    pub(super) const URI_TOO_LONG: Self = Self { status: StatusCode::URI_TOO_LONG };
    pub(super) const TOO_MANY_FIELDS: Self =
        Self { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE };
}

/// The fields of a message, shared once something of them is to be held: what is known from the
/// messages before costs no allocation.
#[derive(Default)]
pub(super) struct Source {
    fields: Fields,
    shared: Option<SharedFields>,
}

impl Source {
    pub(super) fn new(fields: Fields) -> Self {
        Self { fields, shared: None }
    }

    pub(super) fn at(&self, position: usize) -> Option<Field<'_>> {
        match &self.shared {
            Some(shared) => shared.at(position),
            None => self.fields.at(position),
        }
    }

    pub(super) fn shared(&mut self) -> &SharedFields {
        self.shared.get_or_insert_with(|| std::mem::take(&mut self.fields).share())
    }

    /// An empty list with the memory of this one, unless it is much.
    pub(super) fn into_spare(self) -> Fields {
        let Self { mut fields, shared } = self;
        if let Some(shared) = shared {
            return shared.into_spare();
        }
        if fields.list_size() > MOST_SPARE {
            return Fields::new();
        }
        fields.clear();
        fields
    }
}

/// The fields from position `first` on.
pub(super) fn build(fields: &SharedFields, first: usize) -> Result<HeaderMap, Unmappable> {
    let expected = fields.len().saturating_sub(first);
    let mut map =
        HeaderMap::try_with_capacity(expected).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
    let mut crumbs = Crumbs::default();
    for (field, octets) in fields.iter().skip(first) {
        let name = name(&field)?;
        let value = value(octets, field.sensitive)?;
        if is_cookie(&field) {
            crumbs.add(value);
        } else {
            map.try_append(name, value).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
        }
    }
    crumbs.join_into(&mut map)?;
    Ok(map)
}

pub(super) fn is_cookie(field: &Field<'_>) -> bool {
    match field.name_index {
        0 => field.name == b"cookie",
        index => index == COOKIE,
    }
}

pub(super) fn value(octets: Bytes, sensitive: bool) -> Result<HeaderValue, Unmappable> {
    let mut value = HeaderValue::from_maybe_shared(octets).map_err(|_| Unmappable::BAD)?;
    value.set_sensitive(sensitive);
    Ok(value)
}

fn name(field: &Field<'_>) -> Result<HeaderName, Unmappable> {
    match names::known(field.name_index) {
        Some(name) => Ok(name),
        None => HeaderName::from_lowercase(field.name).map_err(|_| Unmappable::BAD),
    }
}

/// The pieces of a cookie, which are one value to everyone but HPACK (RFC 9113 §8.2.3).
#[derive(Default)]
pub(super) struct Crumbs {
    only: Option<HeaderValue>,
    joined: BytesMut,
}

impl Crumbs {
    pub(super) fn add(&mut self, crumb: HeaderValue) {
        let Some(first) = &mut self.only else {
            self.only = Some(crumb);
            return;
        };
        if self.joined.is_empty() {
            self.joined.extend_from_slice(first.as_bytes());
        }
        // One secret crumb makes the whole a secret.
        first.set_sensitive(first.is_sensitive() || crumb.is_sensitive());
        self.joined.extend_from_slice(b"; ");
        self.joined.extend_from_slice(crumb.as_bytes());
    }

    /// Appends them as one field, if there are any.
    pub(super) fn join_into(self, map: &mut HeaderMap) -> Result<(), Unmappable> {
        let Some(only) = self.only else { return Ok(()) };
        let cookie = match self.joined.is_empty() {
            true => only,
            false => value(self.joined.freeze(), only.is_sensitive())?,
        };
        map.try_append(header::COOKIE, cookie).map_err(|_| Unmappable::TOO_MANY_FIELDS)?;
        Ok(())
    }
}
