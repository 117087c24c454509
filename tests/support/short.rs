//! Events in short, so that a whole exchange is a list of lines in a test.

use h2_core::{Event, ResetCause, StreamId};

/// Events in short. Pieces of one body that follow each other are one.
pub fn short(events: &[Event]) -> Vec<String> {
    let end = |end: bool| if end { " end" } else { "" };
    let mut lines = Vec::new();
    let mut body: Option<(StreamId, usize)> = None;
    for event in events {
        if let (Event::DataReceived { stream, data, .. }, Some((last, sum))) = (event, body)
            && last == *stream
        {
            lines.pop();
            body = Some((*stream, sum + data.len()));
        } else {
            body = match event {
                Event::DataReceived { stream, data, .. } => Some((*stream, data.len())),
                _ => None,
            };
        }
        lines.push(match event {
            Event::RequestReceived { stream, head, end: e } => {
                let target = head.path().or_else(|| head.authority()).unwrap_or("-");
                format!("request {stream} {} {target}{}", head.method(), end(*e))
            }
            Event::InformationalReceived { stream, head } => {
                format!("interim {stream} {}", head.status())
            }
            Event::ResponseReceived { stream, head, end: e } => {
                format!("response {stream} {}{}", head.status(), end(*e))
            }
            Event::DataReceived { stream, end: e, .. } => {
                format!("data {stream} {}{}", body.map_or(0, |(_, sum)| sum), end(*e))
            }
            Event::TrailersReceived { stream, .. } => format!("trailers {stream}"),
            Event::PushReceived { parent, stream, head } => {
                let path = head.path().unwrap_or("-");
                format!("push {stream} on {parent} {} {path}", head.method())
            }
            Event::StreamReset { stream, code, cause, .. } => {
                let by = match cause {
                    ResetCause::Peer => "peer",
                    ResetCause::Violation(_) => "rule",
                    ResetCause::NotProcessed => "unprocessed",
                    _ => "other",
                };
                format!("reset {stream} {code} {by}")
            }
            Event::SendStopped { stream, code } => format!("stopped {stream} {code}"),
            Event::PingAcknowledged { .. } => "pong".to_owned(),
            Event::GoAwayReceived { last_stream, code, .. } => {
                format!("goaway {last_stream} {code}")
            }
            Event::UnknownFrame { kind, .. } => format!("unknown {kind:#x}"),
            Event::ConnectionClosed { reason } => format!("closed {}", reason.code),
            _ => continue,
        });
    }
    lines
}
