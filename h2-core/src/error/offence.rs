//! A rule that was broken and the frame that broke it, so that a report needs no packet capture.

use std::fmt;

use super::{ErrorCode, Violation};
use crate::StreamId;

/// What the peer did wrong, and where: the rule, its section and code, the frame, the stream, and
/// the field if one field did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    violation: Violation,
    /// Type and stream of the frame; 0 is the connection.
    frame: Option<(u8, u32)>,
}

impl Offence {
    pub(crate) fn new(violation: Violation, frame: Option<(u8, u32)>) -> Self {
        Self { violation, frame }
    }

    /// The rule.
    #[must_use]
    pub fn violation(&self) -> &Violation {
        &self.violation
    }

    /// The code that RST_STREAM or GOAWAY carries for it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.violation.code()
    }

    /// The section that has the rule, of RFC 9113 unless another number precedes it.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.violation.section()
    }

    /// The type of the frame that broke the rule; `None` when it was no frame but the preface.
    #[must_use]
    pub fn frame(&self) -> Option<u8> {
        self.frame.map(|(kind, _)| kind)
    }

    /// The stream that the frame was on; `None` for frames about the connection, and for none.
    #[must_use]
    pub fn stream(&self) -> Option<StreamId> {
        self.frame.and_then(|(_, stream)| StreamId::new(stream))
    }

    /// The name of the field that broke the rule, where one field did: at most 64 octets of it,
    /// escaped. Never a value.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        if let Violation::Malformed { why } = &self.violation { why.field() } else { None }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.violation.fmt(f)?;
        let Some((kind, stream)) = self.frame else { return Ok(()) };
        match name(kind) {
            Some(name) => write!(f, ", in {name}")?,
            None => write!(f, ", in a frame of type {kind:#x}")?,
        }
        if stream == 0 { Ok(()) } else { write!(f, " on stream {stream}") }
    }
}

impl std::error::Error for Offence {}

/// What specifications call a type of frames.
fn name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x0 => "DATA",
        0x1 => "HEADERS",
        0x2 => "PRIORITY",
        0x3 => "RST_STREAM",
        0x4 => "SETTINGS",
        0x5 => "PUSH_PROMISE",
        0x6 => "PING",
        0x7 => "GOAWAY",
        0x8 => "WINDOW_UPDATE",
        0x9 => "CONTINUATION",
        0xa => "ALTSVC",
        0xc => "ORIGIN",
        0x10 => "PRIORITY_UPDATE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offence_names_its_frame_and_stream() {
        let on = |kind, stream| Offence::new(Violation::ZeroIncrement, Some((kind, stream)));
        assert!(on(8, 5).to_string().ends_with("(section 6.9), in WINDOW_UPDATE on stream 5"));
        assert!(on(8, 0).to_string().ends_with("(section 6.9), in WINDOW_UPDATE"));
        assert!(on(0xbe, 1).to_string().ends_with(", in a frame of type 0xbe on stream 1"));
        assert_eq!((on(8, 0).stream(), on(8, 5).stream()), (None, StreamId::new(5)));
        let preface = Offence::new(Violation::Preface, None);
        assert_eq!(preface.to_string(), Violation::Preface.to_string());
    }
}
