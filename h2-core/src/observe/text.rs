//! A frame in lines for people: which frame it is at a glance, below it what it says.

use std::fmt;

use super::tap::{FrameDirection, FrameSummary, TappedFields, TappedFrame};
use crate::settings;

/// [`TappedFrame::text`].
pub(super) struct Text<'a>(pub(super) &'a TappedFrame<'a>);

/// What lines below the first begin with.
const INDENT: &str = "\n           ";

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = self.0;
        let way = match frame.direction {
            FrameDirection::Received => "recv",
            FrameDirection::Sent => "send",
        };
        let (seconds, millis) = (frame.age.as_secs(), frame.age.subsec_millis());
        write!(f, "[{seconds:>3}.{millis:03}] {way} ")?;
        match frame.kind_name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "type {:#04x}", frame.kind)?,
        }
        write!(f, " stream={} length={}", frame.stream, frame.length)?;
        if frame.flags != 0 {
            write!(f, " flags={:#04x}", frame.flags)?;
            for name in frame.flag_names() {
                write!(f, " {name}")?;
            }
        }
        details(&frame.summary, f)
    }
}

fn details(summary: &FrameSummary<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match summary {
        FrameSummary::Data { padding, .. } => padded(*padding, f),
        FrameSummary::Headers { fields, padding } => {
            padded(*padding, f)?;
            list(fields.as_ref(), f)
        }
        FrameSummary::Priority { depends_on, exclusive, weight } => {
            let exclusive = if *exclusive { " exclusively" } else { "" };
            write!(f, "{INDENT}depends{exclusive} on {depends_on}, weight {weight}")
        }
        FrameSummary::Reset { code } => write!(f, "{INDENT}{code}"),
        FrameSummary::Settings(entries) => {
            entries.iter().try_for_each(|(id, value)| match settings::name(id) {
                Some(name) => write!(f, "{INDENT}{name} = {value}"),
                None => write!(f, "{INDENT}{id:#06x} = {value}"),
            })
        }
        FrameSummary::PushPromise { promised, fields, padding } => {
            padded(*padding, f)?;
            write!(f, "{INDENT}promises stream {promised}")?;
            list(fields.as_ref(), f)
        }
        FrameSummary::Ping { payload, .. } => {
            f.write_str(INDENT)?;
            payload.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
        }
        FrameSummary::GoAway { last_stream, code, debug } => {
            write!(f, "{INDENT}{code}, last stream {last_stream}")?;
            if debug.is_empty() { Ok(()) } else { write!(f, "{INDENT}{}", debug.escape_ascii()) }
        }
        FrameSummary::WindowUpdate { increment } => write!(f, "{INDENT}+{increment}"),
        FrameSummary::Continuation { fields } => list(fields.as_ref(), f),
        FrameSummary::PriorityUpdate { stream, value } => {
            write!(f, "{INDENT}stream {stream}: {}", value.escape_ascii())
        }
        FrameSummary::AltSvc { origin, value } => {
            write!(f, "{INDENT}{} {}", origin.escape_ascii(), value.escape_ascii())
        }
        FrameSummary::Origin { entries } => write!(f, "{INDENT}{}", entries.escape_ascii()),
        FrameSummary::Broken => write!(f, "{INDENT}(not of the form that its type asks for)"),
        FrameSummary::SettingsAck | FrameSummary::Unknown => Ok(()),
    }
}

fn padded(padding: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if padding == 0 { Ok(()) } else { write!(f, "{INDENT}({padding} octets of padding)") }
}

fn list(fields: Option<&TappedFields<'_>>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(fields) = fields else { return Ok(()) };
    for field in fields.iter() {
        write!(f, "{INDENT}{field:?}")?;
    }
    if fields.is_whole() { Ok(()) } else { write!(f, "{INDENT}(the rest is not kept)") }
}
