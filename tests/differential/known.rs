//! Differences that are python-h2's: what the schedules leave out or accept for that reason.

/// One difference.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "nothing after GOAWAY",
        reason: "h2 takes any GOAWAY for the end: in state CLOSED a PING or HEADERS that follows is \
                 a ProtocolError, although RFC 9113 §6.8 lets streams up to the last one finish. So \
                 connections are ended when nothing is under way, and a server does not shut down \
                 gracefully here: its first GOAWAY is followed by a PING",
    },
    Known {
        name: "automatic credit never shrinks",
        reason: "h2's window manager keeps the largest size a window ever had, so after its \
                 SETTINGS lowered the windows it waits for more octets than the window lets through \
                 and the stream stalls. Schedules that change its window credit by hand",
    },
    Known {
        name: "a secret that was none before",
        reason: "h2 sends a sensitive field as an index when the table has it from a time when it \
                 was not sensitive (RFC 7541 §6.2.3 is about literals). Names here are always \
                 sensitive or never",
    },
    Known {
        name: "a promise on a stream that it reset",
        reason: "h2 resets the promised stream, but takes response HEADERS that were under way on \
                 it for a request and ends the connection (RFC 9113 §5.1 wants them discarded). \
                 As a client it resets no exchange that has a promise",
    },
    Known {
        name: "a promise in a tunnel",
        reason: "h2 promises on a stream whose CONNECT it has answered, where RFC 9113 §8.5 allows \
                 nothing but DATA and stream management. Nothing is promised on a CONNECT",
    },
    Known {
        name: "every size since the last block",
        reason: "h2 announces each table size that it was given since its last block, larger ones \
                 before the final one included, which may exceed the limit by then (RFC 7541 §4.2 \
                 wants the smallest and the last, §6.3 none above the limit). Our table only grows",
    },
    Known {
        name: "one acknowledgement for all",
        reason: "h2 takes an acknowledgement for the next change of every setting, also of those \
                 that a later SETTINGS frame carried (RFC 9113 §6.5.3), and then holds the sender \
                 to what it has not read. It has one SETTINGS frame under way at a time",
    },
    Known {
        name: "an interim response on a stream that it reset",
        reason: "h2 ends the connection over it, where RFC 9113 §5.1 wants it discarded. As a \
                 client it resets no exchange that has interim responses",
    },
    Known {
        name: "cookies",
        reason: "h2 joins cookie crumbs and moves the result to the end of the list (RFC 9113 \
                 §8.2.3 permits the joining), so cookies are compared apart from the rest",
    },
];

/// Names a difference where it is allowed for, so that the table has no row too few.
pub(crate) fn known(name: &str) {
    let row = KNOWN.iter().find(|row| row.name == name);
    assert!(row.is_some_and(|row| !row.reason.is_empty()), "no such difference: {name}");
}
