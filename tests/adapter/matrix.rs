//! Every place where something waits, by everything that can end it: each wait ends within a few
//! turns of the scheduler with the documented error, or goes on if it must.

use h2_core::{Misuse, StreamId, Timer};
use h2_tokio::{ErrorCode, Outcome, Reason, Scope};

use crate::faulty::Fault;
use crate::matrix_scenes::{Kind, Scene, Told};

const STREAM: StreamId = StreamId::new(3).unwrap();

/// Where something waits. A client's stream is 3, beside stream 1; the peer allows two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Handshake,
    Ready,
    Slot,
    Reserve,
    Head,
    Informational,
    Data,
    Trailers,
    SendData,
    Flush,
    Stopped,
    Ping,
    Closed,
    Watch,
    /// A request that may take no longer than it says.
    Deadline,
    Pushes,
    ManualData,
    TunnelRead,
    TunnelWrite,
    Incoming,
    Cancelled,
    ServerData,
    ServerTrailers,
    ServerSendData,
    ServerFlush,
    ServerStopped,
    ServerPing,
    ServerClosed,
    ServerManualData,
    ServerTunnelRead,
    ServerTunnelWrite,
}

const SITES: [Site; 31] = [
    Site::Handshake,
    Site::Ready,
    Site::Slot,
    Site::Reserve,
    Site::Head,
    Site::Informational,
    Site::Data,
    Site::Trailers,
    Site::SendData,
    Site::Flush,
    Site::Stopped,
    Site::Ping,
    Site::Closed,
    Site::Watch,
    Site::Deadline,
    Site::Pushes,
    Site::ManualData,
    Site::TunnelRead,
    Site::TunnelWrite,
    Site::Incoming,
    Site::Cancelled,
    Site::ServerData,
    Site::ServerTrailers,
    Site::ServerSendData,
    Site::ServerFlush,
    Site::ServerStopped,
    Site::ServerPing,
    Site::ServerClosed,
    Site::ServerManualData,
    Site::ServerTunnelRead,
    Site::ServerTunnelWrite,
];

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The peer resets stream 3.
    Reset(ErrorCode),
    /// The peer ends its side of stream 3.
    EndStream,
    GoAway {
        last: u32,
    },
    /// The peer breaks a rule of the connection.
    Violation,
    Eof,
    Io(Fault),
    /// This side closes the connection.
    Close,
    /// This side gives up stream 1.
    SiblingCancelled,
    /// All handles are dropped but what waits.
    LastHandle,
    /// The task of the connection is aborted.
    DriverDropped,
}

const CAUSES: [Cause; 16] = [
    Cause::Reset(ErrorCode::NO_ERROR),
    Cause::Reset(ErrorCode::CANCEL),
    Cause::Reset(ErrorCode::REFUSED_STREAM),
    Cause::Reset(ErrorCode::PROTOCOL_ERROR),
    Cause::EndStream,
    Cause::GoAway { last: 1 },
    Cause::GoAway { last: 3 },
    Cause::Violation,
    Cause::Eof,
    Cause::Io(Fault::Read),
    Cause::Io(Fault::Write),
    Cause::Io(Fault::Stall),
    Cause::Close,
    Cause::SiblingCancelled,
    Cause::LastHandle,
    Cause::DriverDropped,
];

/// What a cell of the matrix must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Ends(Told),
    /// It goes on waiting, and still hears of what ends it later.
    Stays,
    /// There is no such cell, for this reason.
    Absent(&'static str),
}

impl Site {
    pub(crate) fn is_of_client(self) -> bool {
        use Site::*;
        matches!(self, Handshake | Ready | Slot | Reserve | Head | Informational | Data | Trailers)
            || matches!(self, SendData | Flush | Stopped | Ping | Closed | Watch)
            || matches!(self, Deadline | Pushes | ManualData | TunnelRead | TunnelWrite)
    }

    /// Whether its stream's request has ended, so that a head that ends the response ends both.
    pub(crate) fn awaits_head(self) -> bool {
        use Site::*;
        matches!(self, Head | Informational | Slot | Reserve | Deadline | Pushes)
    }

    pub(crate) fn has_head(self) -> bool {
        use Site::*;
        matches!(self, Data | Trailers | ManualData | TunnelRead | TunnelWrite)
    }

    pub(crate) fn begins(self) -> bool {
        matches!(self, Self::Handshake | Self::Ready)
    }

    fn waits_for_stream(self) -> bool {
        matches!(self, Self::Slot | Self::Reserve)
    }

    fn is_of_connection(self) -> bool {
        use Site::*;
        matches!(self, Ping | Closed | Watch | Incoming | ServerPing | ServerClosed)
    }

    fn receives(self) -> bool {
        use Site::*;
        matches!(self, Data | Trailers | ManualData | TunnelRead)
            || matches!(self, ServerData | ServerTrailers | ServerManualData | ServerTunnelRead)
    }

    /// How far its request had come: nothing was sent, or there is no telling, or more.
    fn outcome(self) -> Option<Outcome> {
        use Site::*;
        match self {
            Handshake | Ready | Slot | Reserve | Ping | ServerPing => Some(Outcome::NotSent),
            Data | Trailers | ManualData | TunnelRead | TunnelWrite => {
                Some(Outcome::ResponseStarted)
            }
            Closed | Watch | ServerClosed => None,
            _ => Some(Outcome::MaybeProcessed),
        }
    }
}

/// The end of a wait by the end of its connection.
fn connection_ends(site: Site, reason: Kind, code: ErrorCode) -> Expected {
    Expected::Ends(match site {
        // These say that nothing more comes; why is for others to say.
        Site::Incoming | Site::Informational | Site::Pushes => Told::Clean,
        _ => Told::Error(Scope::Connection, reason, code, site.outcome()),
    })
}

/// The end of a wait by the end of its stream.
fn stream_ends(site: Site, code: ErrorCode) -> Expected {
    let refused = code == ErrorCode::REFUSED_STREAM && site.is_of_client();
    let outcome = match site.outcome() {
        Some(Outcome::MaybeProcessed) if refused => Some(Outcome::Refused),
        outcome => outcome,
    };
    Expected::Ends(match site {
        Site::Informational | Site::Pushes => Told::Clean,
        _ => Told::Error(Scope::Stream(STREAM), Kind::Exactly(Reason::Peer), code, outcome),
    })
}

fn expected(site: Site, cause: Cause) -> Expected {
    let reason = Kind::Exactly;
    let internal = ErrorCode::INTERNAL_ERROR;
    match cause {
        Cause::Reset(_) | Cause::EndStream | Cause::GoAway { .. } if site.begins() => {
            Expected::Absent("the first frame is SETTINGS; any other is a violation")
        }
        Cause::SiblingCancelled if site.begins() => Expected::Absent("there is no stream yet"),
        Cause::Close | Cause::DriverDropped if site == Site::Handshake => {
            Expected::Absent("nobody has a handle or the driver before it is done; see Ready")
        }
        Cause::LastHandle if !site.outlives_handles() => {
            Expected::Absent("what waits borrows a handle")
        }
        Cause::GoAway { last: 1 } if !site.is_of_client() => {
            Expected::Absent("the GOAWAY of a client names pushed streams")
        }
        Cause::LastHandle => Expected::Stays,
        // A stream that ends makes room for the next.
        Cause::Reset(_) | Cause::EndStream if site.waits_for_stream() => {
            Expected::Ends(Told::Clean)
        }
        // Where one waits for a stream there is room again, but nothing was heard of the peer since
        // the sibling was sent: nothing more is sent to it before it answers.
        Cause::SiblingCancelled => Expected::Stays,
        Cause::Reset(_) | Cause::EndStream | Cause::GoAway { .. } if site.is_of_connection() => {
            Expected::Stays
        }
        Cause::Reset(code) => stream_ends(site, code),
        Cause::EndStream if site.receives() || site.awaits_head() => Expected::Ends(Told::Clean),
        // The peer's side of a stream says nothing about ours.
        Cause::EndStream => Expected::Stays,
        Cause::GoAway { .. } if site.waits_for_stream() => Expected::Ends(Told::Error(
            Scope::Local,
            Kind::Exactly(Reason::Misuse(Misuse::Draining)),
            internal,
            Some(Outcome::NotSent),
        )),
        Cause::GoAway { last: 1 } => stream_ends(site, ErrorCode::REFUSED_STREAM),
        Cause::GoAway { .. } => Expected::Stays,
        Cause::Violation => connection_ends(site, Kind::Violation, ErrorCode::PROTOCOL_ERROR),
        // Between streams a transport may end; it is too early all the same.
        Cause::Eof if site.begins() => {
            connection_ends(site, reason(Reason::Eof), ErrorCode::NO_ERROR)
        }
        Cause::Eof => connection_ends(site, reason(Reason::Eof), internal),
        Cause::Io(Fault::Read | Fault::Write) => {
            connection_ends(site, reason(Reason::Io), internal)
        }
        Cause::Io(Fault::Stall) if site.begins() => {
            let timer = reason(Reason::Timeout(Timer::Handshake));
            connection_ends(site, timer, ErrorCode::SETTINGS_TIMEOUT)
        }
        Cause::Io(Fault::Stall) => {
            connection_ends(site, reason(Reason::Timeout(Timer::WriteStall)), internal)
        }
        Cause::Close => connection_ends(site, reason(Reason::Us), ErrorCode::CANCEL),
        Cause::DriverDropped => connection_ends(site, reason(Reason::Aborted), internal),
    }
}

impl Site {
    /// Whether what waits there is part of a stream and needs no handle.
    fn outlives_handles(self) -> bool {
        !self.begins()
            && !self.waits_for_stream()
            && self != Self::Deadline
            && (!self.is_of_connection() || matches!(self, Self::Incoming | Self::Watch))
    }
}

/// What is wrong with one cell, if anything is.
async fn complaint(site: Site, cause: Cause) -> Option<String> {
    let expected = expected(site, cause);
    if matches!(expected, Expected::Absent(_)) {
        return None;
    }
    let mut scene = Scene::set(site).await;
    scene.strike(cause, site).await;
    let told = scene.outcome().await;
    let is = told.map_or(Expected::Stays, Expected::Ends);
    let mut complaint = (is != expected)
        .then(|| format!("{site:?} x {cause:?}: {is:?}, and it should be {expected:?}"));
    if is == Expected::Stays && cause != Cause::DriverDropped {
        scene.strike(Cause::DriverDropped, site).await;
        if scene.outcome().await.is_none() && complaint.is_none() {
            complaint = Some(format!("{site:?} x {cause:?}: deaf to what came after it"));
        }
    }
    if !scene.clear().await && complaint.is_none() {
        complaint = Some(format!("{site:?} x {cause:?}: the connection's task goes on"));
    }
    complaint
}

#[tokio::test(start_paused = true)]
async fn every_wait_ends_as_documented_whatever_ends_it() {
    let mut complaints = Vec::new();
    for site in SITES {
        for cause in CAUSES {
            complaints.extend(complaint(site, cause).await);
        }
    }
    assert!(complaints.is_empty(), "{} cells:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn most_cells_of_the_matrix_exist() {
    let cells = SITES.iter().flat_map(|site| CAUSES.map(|cause| expected(*site, cause)));
    let absent = cells.filter(|cell| matches!(cell, Expected::Absent(_))).count();
    assert_eq!((SITES.len() * CAUSES.len(), absent), (496, 39));
}
