//! What each cell of the matrix must hold.

use h2_core::{Misuse, StreamId, Timer};
use h2_tokio::{ErrorCode, Outcome, Reason, Scope};

use crate::faulty::Fault;
use crate::matrix::{Cause, Site};
use crate::matrix_scenes::{Kind, Told};

const STREAM: StreamId = StreamId::new(3).unwrap();

/// What a cell must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Ends(Told),
    /// It goes on waiting, and still hears of what ends it later.
    Stays,
    /// There is no such cell, for this reason.
    Absent(&'static str),
}

impl Site {
    fn waits_for_stream(self) -> bool {
        matches!(self, Self::Slot | Self::Reserve)
    }

    fn is_of_connection(self) -> bool {
        use Site::*;
        matches!(self, Ping | Closed | Watch | Incoming)
            || matches!(self, ServerPing | ServerClosed | ServerWatch)
    }

    fn receives(self) -> bool {
        use Site::*;
        matches!(self, Data | Trailers | ManualData | TunnelRead)
            || matches!(self, ServerData | ServerTrailers | ServerManualData | ServerTunnelRead)
    }

    /// Whether what waits there is part of a stream and needs no handle.
    fn outlives_handles(self) -> bool {
        use Site::*;
        let borrows = matches!(self, Request | Upload | OpenTunnel);
        let of_connection = self.is_of_connection() && !matches!(self, Incoming | Watch);
        !self.begins() && !self.waits_for_stream() && !borrows && !of_connection
    }

    /// Whether it is a request, or part of one, that was given a time.
    fn has_time(self) -> bool {
        use Site::*;
        let without = matches!(self, Reserve | Ping | Closed | Watch | PoolReserve | PoolReady)
            || matches!(self, Handshake | Ready | PoolClosed);
        (self.is_of_client() || self.is_of_pool()) && !without
    }

    /// How far its request had come: nothing was sent, or there is no telling, or more.
    fn outcome(self) -> Option<Outcome> {
        use Site::*;
        match self {
            Handshake | Ready | Slot | Reserve | Ping | ServerReady | ServerPing => {
                Some(Outcome::NotSent)
            }
            PoolConnect | PoolLine => Some(Outcome::NotSent),
            _ if self.has_head() => Some(Outcome::ResponseStarted),
            Closed | Watch | ServerClosed | ServerWatch => None,
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

pub(crate) fn expected(site: Site, cause: Cause) -> Expected {
    let reason = Kind::Exactly;
    match cause {
        Cause::Deadline => time_is_over(site),
        _ if site.is_of_pool() => expected_of_pool(site, cause),
        _ if site.is_of_server() => expected_of_server(site, cause),
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
            reason(Reason::Misuse(Misuse::Draining)),
            ErrorCode::NO_ERROR,
            Some(Outcome::NotSent),
        )),
        Cause::GoAway { last: 1 } => stream_ends(site, ErrorCode::REFUSED_STREAM),
        Cause::GoAway { .. } => Expected::Stays,
        Cause::Violation | Cause::Eof | Cause::Io(_) | Cause::Close | Cause::DriverDropped => {
            end_of_connection(site, cause)
        }
    }
}

/// The end of a wait by what ends its connection.
fn end_of_connection(site: Site, cause: Cause) -> Expected {
    let reason = Kind::Exactly;
    let internal = ErrorCode::INTERNAL_ERROR;
    match cause {
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
        Cause::DriverDropped | Cause::Io(Fault::Panic) => {
            connection_ends(site, reason(Reason::Aborted), internal)
        }
        _ => unreachable!("{cause:?} ends no connection"),
    }
}

/// The end of a wait by the end of the time that its request had.
fn time_is_over(site: Site) -> Expected {
    use Site::*;
    let unsent = matches!(site, Slot | PoolConnect | PoolLine);
    let scope = if unsent { Scope::Local } else { Scope::Stream(STREAM) };
    let reason = Kind::Exactly(Reason::Timeout(Timer::Request));
    match site {
        _ if !site.has_time() => Expected::Absent("it is no part of a request that has a time"),
        Informational | Pushes => Expected::Ends(Told::Clean),
        _ => Expected::Ends(Told::Error(scope, reason, ErrorCode::CANCEL, site.outcome())),
    }
}

/// Over a pool one connection is as good as another, and another takes its time to come.
fn expected_of_pool(site: Site, cause: Cause) -> Expected {
    use Site::{PoolClosed, PoolConnect, PoolLine, PoolReady, PoolRequest, PoolReserve};
    let internal = ErrorCode::INTERNAL_ERROR;
    let local = |reason, code| {
        let reason = Kind::Exactly(reason);
        Expected::Ends(Told::Error(Scope::Local, reason, code, Some(Outcome::NotSent)))
    };
    match (site, cause) {
        (_, Cause::LastHandle) => Expected::Absent("what waits borrows a handle, or is one"),
        (PoolConnect, Cause::Reset(_) | Cause::EndStream | Cause::GoAway { .. }) => {
            Expected::Absent("the first frame is SETTINGS; any other is a violation")
        }
        (PoolConnect, Cause::SiblingCancelled) => Expected::Absent("there is no stream yet"),
        (PoolConnect | PoolReserve | PoolReady | PoolLine, Cause::Close) => {
            local(Reason::Us, ErrorCode::NO_ERROR)
        }
        (PoolConnect, _) => local(Reason::Connect, internal),
        (PoolReserve | PoolReady, Cause::Reset(_) | Cause::EndStream) => {
            Expected::Ends(Told::Clean)
        }
        // What gets a stream waits for its response; what does not, for another connection; and
        // what is open when the client is shut down is finished.
        (PoolReserve | PoolReady | PoolLine | PoolClosed, _)
        | (PoolRequest, Cause::Close | Cause::SiblingCancelled) => Expected::Stays,
        // It is sent again: here, or over another connection.
        (_, Cause::Reset(ErrorCode::REFUSED_STREAM) | Cause::GoAway { .. }) => Expected::Stays,
        (_, Cause::Reset(code)) => stream_ends(site, code),
        (_, Cause::EndStream) => Expected::Ends(Told::Clean),
        (_, cause) => end_of_connection(site, cause),
    }
}

/// What happens to one connection is nothing to a whole server, until it waits for its last one.
fn expected_of_server(site: Site, cause: Cause) -> Expected {
    match cause {
        Cause::LastHandle | Cause::DriverDropped => {
            Expected::Absent("a server holds its connections itself")
        }
        Cause::GoAway { last: 1 } => {
            Expected::Absent("the GOAWAY of a client names pushed streams")
        }
        Cause::Close if site == Site::Stopping => Expected::Absent("it was told so before"),
        Cause::Eof | Cause::Io(_) if site == Site::Stopping => Expected::Ends(Told::Clean),
        // After a violation the connection lingers, so that the client gets to read why.
        _ => Expected::Stays,
    }
}
