//! What one side heard in one exchange is what the other was told to say.

use crate::known::known;
use crate::ours::{Record, adler};
use crate::plan::{Exchange, List, PATTERN};

/// Cookies apart from the rest, joined.
fn comparable(list: &List) -> (List, String) {
    known("cookies");
    let (cookies, rest): (List, List) = list.iter().cloned().partition(|(n, ..)| n == "cookie");
    let cookies: Vec<String> = cookies.into_iter().map(|(_, value, _)| value).collect();
    (rest, cookies.join("; "))
}

fn same(seen: &List, meant: &List) {
    assert_eq!(comparable(seen), comparable(meant), "fields");
}

/// What one side heard is what the other, `sender`, was told to say. An orphan was promised on a
/// stream that was reset, and may have been refused with it.
pub(crate) fn observed(exchange: &Exchange, sender: usize, record: &Record, orphan: bool) {
    let (message, answer) = (&exchange.messages[sender], &exchange.messages[1 - sender]);
    let undisturbed = message.reset.is_none() && answer.reset.is_none() && !orphan;
    let what = || format!("sender {sender}, record {record:?}, exchange {exchange:?}");
    if exchange.pushed && sender == 0 {
        return;
    }
    if exchange.pushed {
        if let Some(promise) = &record.promise {
            same(promise, &exchange.messages[0].head);
        }
        assert!(record.promise.is_some() || !undisturbed, "promised: {}", what());
    }
    assert!(
        record.heads.len() <= 1 && record.interims.len() <= message.interims.len(),
        "{}",
        what()
    );
    for (seen, meant) in record.interims.iter().zip(&message.interims) {
        same(seen, meant);
    }
    for head in &record.heads {
        same(head, &message.head);
        assert_eq!(record.interims.len(), message.interims.len(), "interims come first");
    }
    assert!(record.length <= message.length, "{}", what());
    let body = &PATTERN[message.offset..message.offset + record.length];
    let nothing = record.heads.is_empty() && record.length == 0;
    assert!(nothing || adler(1, body) == record.sum, "body: {}", what());
    for trailers in &record.trailers {
        same(trailers, message.trailers.as_ref().expect("no other trailers"));
    }
    let whole = message.whole && answer.reset.is_none() && !orphan;
    if record.ended || undisturbed || whole {
        assert!(record.ended, "the end arrives: {}", what());
        assert_eq!(record.heads.len(), 1, "{}", what());
        assert_eq!(record.length, message.length, "a whole body: {}", what());
        assert_eq!(record.trailers.len(), usize::from(message.trailers.is_some()), "{}", what());
    }
    match (record.reset, message.reset) {
        (Some(_), None) if orphan => {}
        (Some(seen), meant) => assert_eq!(Some(seen), meant, "{}", what()),
        (None, Some(_)) => {
            // It came too late to matter, or the stream never was.
            let done = record.ended && answer.ops.is_empty();
            let nothing = record.heads.is_empty() && record.promise.is_none();
            assert!(
                answer.reset.is_some() || done || nothing || orphan,
                "reset is heard of: {}",
                what()
            );
        }
        (None, None) => {}
    }
}
