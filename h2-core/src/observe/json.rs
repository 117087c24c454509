//! A frame as one line of JSON, for programs; every octet survives.

use std::fmt::{self, Write};

use super::tap::{FieldValue, FrameDirection, FrameSummary, TappedFields, TappedFrame};
use crate::error::ErrorCode;
use crate::settings;

/// [`TappedFrame::json`].
pub(super) struct Json<'a>(pub(super) &'a TappedFrame<'a>);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = self.0;
        let way = match frame.direction {
            FrameDirection::Received => "received",
            FrameDirection::Sent => "sent",
        };
        let (seconds, micros) = (frame.age.as_secs(), frame.age.subsec_micros());
        write!(f, "{{\"time\":{seconds}.{micros:06},\"direction\":\"{way}\"")?;
        write!(f, ",\"type\":{}", frame.kind)?;
        if let Some(name) = frame.kind_name() {
            write!(f, ",\"name\":\"{name}\"")?;
        }
        write!(f, ",\"flags\":{},\"set\":[", frame.flags)?;
        for (at, name) in frame.flag_names().enumerate() {
            comma(at, f)?;
            write!(f, "\"{name}\"")?;
        }
        write!(f, "],\"stream\":{},\"length\":{}", frame.stream, frame.length)?;
        details(&frame.summary, f)?;
        f.write_char('}')
    }
}

fn details(summary: &FrameSummary<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match summary {
        FrameSummary::Data { octets, padding } => {
            write!(f, ",\"octets\":{octets},\"padding\":{padding}")
        }
        FrameSummary::Headers { fields, padding } => {
            write!(f, ",\"padding\":{padding}")?;
            list(fields.as_ref(), f)
        }
        FrameSummary::Priority { depends_on, exclusive, weight } => {
            write!(f, ",\"depends_on\":{depends_on},\"exclusive\":{exclusive},\"weight\":{weight}")
        }
        FrameSummary::Reset { code } => error(*code, f),
        FrameSummary::Settings(entries) => {
            f.write_str(",\"settings\":[")?;
            for (at, (id, value)) in entries.iter().enumerate() {
                comma(at, f)?;
                write!(f, "{{\"id\":{id},")?;
                if let Some(name) = settings::name(id) {
                    write!(f, "\"name\":\"{name}\",")?;
                }
                write!(f, "\"value\":{value}}}")?;
            }
            f.write_char(']')
        }
        FrameSummary::PushPromise { promised, fields, padding } => {
            write!(f, ",\"promised\":{promised},\"padding\":{padding}")?;
            list(fields.as_ref(), f)
        }
        FrameSummary::Ping { ack, payload } => {
            write!(f, ",\"ack\":{ack},\"payload\":\"")?;
            payload.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
            f.write_char('"')
        }
        FrameSummary::GoAway { last_stream, code, debug } => {
            write!(f, ",\"last_stream\":{last_stream}")?;
            error(*code, f)?;
            octets("debug", debug, f)
        }
        FrameSummary::WindowUpdate { increment } => write!(f, ",\"increment\":{increment}"),
        FrameSummary::Continuation { fields } => list(fields.as_ref(), f),
        FrameSummary::PriorityUpdate { stream, value } => {
            write!(f, ",\"prioritized\":{stream}")?;
            octets("value", value, f)
        }
        FrameSummary::AltSvc { origin, value } => {
            octets("origin", origin, f)?;
            octets("value", value, f)
        }
        FrameSummary::Origin { entries } => octets("entries", entries, f),
        FrameSummary::SettingsAck => f.write_str(",\"ack\":true"),
        FrameSummary::Unknown => Ok(()),
        FrameSummary::Broken => f.write_str(",\"broken\":true"),
    }
}

fn error(code: ErrorCode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, ",\"code\":{}", code.get())?;
    match code.name() {
        Some(name) => write!(f, ",\"error\":\"{name}\""),
        None => Ok(()),
    }
}

fn list(fields: Option<&TappedFields<'_>>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(fields) = fields else { return Ok(()) };
    f.write_str(",\"fields\":[")?;
    for (at, field) in fields.iter().enumerate() {
        comma(at, f)?;
        f.write_str("{\"name\":")?;
        string(field.name, f)?;
        match field.value {
            FieldValue::Shown(value) => {
                f.write_str(",\"value\":")?;
                string(value, f)?;
            }
            FieldValue::Hidden(len) => write!(f, ",\"hidden\":{len}")?,
        }
        f.write_char('}')?;
    }
    write!(f, "],\"whole\":{}", fields.is_whole())
}

fn octets(name: &str, octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, ",\"{name}\":")?;
    string(octets, f)
}

/// A string whose code points are the octets (RFC 8259 §7).
fn string(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for octet in octets {
        match octet {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b' '..=b'~' => f.write_char(char::from(*octet))?,
            _ => write!(f, "\\u{octet:04x}")?,
        }
    }
    f.write_char('"')
}

fn comma(at: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if at == 0 { Ok(()) } else { f.write_char(',') }
}
