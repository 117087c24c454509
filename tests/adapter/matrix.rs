//! Every place where something waits, by everything that can end it: each wait ends in one turn
//! with the documented error, or goes on if it must.
//!
//! A turn is the least that it can be: the task of the connection runs once, and then what waits
//! runs once and is done. Both are counted, from the moment on at which the cause has happened:
//! octets have arrived, a handle has been told, a deadline has passed. Tasks that the library spawns
//! cannot be counted (that of a pool, those of a server, that of `handshake`). For them as for all
//! others the test gives way once: the runtime, which has one thread, then runs what can run and
//! what that wakes, and comes back when nobody is left who could go on.

use h2_tokio::ErrorCode;

use crate::faulty::Fault;
use crate::matrix_expected::{Expected, expected};
use crate::matrix_scenes::{Scene, tasks};

macro_rules! sites {
    ($($(#[$doc:meta])* $site:ident,)*) => {
        /// Where something waits. A client's stream is 3, beside stream 1; the peer allows two.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Site {
            $($(#[$doc])* $site,)*
        }

        const SITES: &[Site] = &[$(Site::$site),*];
    };
}

sites! {
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
    Request,
    /// A request whose body has begun, and has nothing to give.
    Upload,
    Pushes,
    ManualData,
    OpenTunnel,
    TunnelRead,
    TunnelWrite,
    TunnelShutdown,
    Incoming,
    Cancelled,
    ServerReady,
    ServerData,
    ServerTrailers,
    ServerSendData,
    ServerFlush,
    ServerStopped,
    ServerPing,
    ServerClosed,
    ServerWatch,
    ServerManualData,
    ServerTunnelRead,
    ServerTunnelWrite,
    ServerTunnelShutdown,
    /// A client over at most one connection, whose peer has not spoken; it may not try again.
    PoolConnect,
    /// As well, but both streams of the connection are taken. No other can be had.
    PoolReserve,
    PoolReady,
    PoolLine,
    /// A request that has one of the two streams.
    PoolRequest,
    PoolClosed,
    /// A whole server with one connection, on which two requests are being answered.
    Accepting,
    /// As well, after it was told to stop.
    Stopping,
}

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
    /// This side closes the connection, or shuts down the whole that has it.
    Close,
    /// This side gives up stream 1.
    SiblingCancelled,
    /// The time that the request may take is over.
    Deadline,
    /// All handles are dropped but what waits.
    LastHandle,
    /// The task of the connection is aborted.
    DriverDropped,
}

const CAUSES: [Cause; 18] = [
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
    Cause::Io(Fault::Panic),
    Cause::Close,
    Cause::SiblingCancelled,
    Cause::Deadline,
    Cause::LastHandle,
    Cause::DriverDropped,
];

impl Site {
    pub(crate) fn is_of_client(self) -> bool {
        (self as usize) < (Self::Incoming as usize)
    }

    pub(crate) fn is_of_pool(self) -> bool {
        use Site::*;
        matches!(self, PoolConnect | PoolReserve | PoolReady | PoolLine | PoolRequest | PoolClosed)
    }

    pub(crate) fn is_of_server(self) -> bool {
        matches!(self, Self::Accepting | Self::Stopping)
    }

    /// Whether its stream's request has ended, so that a head that ends the response ends both.
    pub(crate) fn awaits_head(self) -> bool {
        use Site::*;
        matches!(self, Head | Informational | Slot | Reserve | Request | Upload | Pushes)
            || self == OpenTunnel
            || self.is_of_pool()
    }

    pub(crate) fn has_head(self) -> bool {
        use Site::*;
        matches!(self, Data | Trailers | ManualData | TunnelRead | TunnelWrite | TunnelShutdown)
    }

    /// Whether the peer has not said its SETTINGS.
    pub(crate) fn begins(self) -> bool {
        use Site::*;
        matches!(self, Handshake | Ready | ServerReady | PoolConnect)
    }
}

/// What is wrong with one cell, if anything is.
async fn complaint(site: Site, cause: Cause) -> Option<String> {
    let expected = expected(site, cause);
    if matches!(expected, Expected::Absent(_)) {
        return None;
    }
    let before = tasks();
    let mut scene = Scene::set(site, cause).await;
    scene.strike(cause, site).await;
    let outcome = scene.outcome().await;
    let is = outcome.clone().map_or(Expected::Stays, |(told, _)| Expected::Ends(told));
    let mut complaints = Vec::new();
    if is != expected {
        complaints.push(format!("{is:?}, and it should be {expected:?}"));
    }
    match outcome {
        Some((_, turn)) if !turn.is_least(site) => complaints.push(format!("{turn:?}")),
        Some(_) => {}
        None => {
            scene.end(site).await;
            if scene.outcome().await.is_none() {
                complaints.push("deaf to what came after it".to_owned());
            }
        }
    }
    scene.clear().await;
    if tasks() != before {
        complaints.push("tasks are left".to_owned());
    }
    let complaint = format!("{site:?} x {cause:?}: {}", complaints.join("; "));
    (!complaints.is_empty()).then_some(complaint)
}

#[tokio::test(start_paused = true)]
async fn every_wait_ends_as_documented_whatever_ends_it() {
    let mut complaints = Vec::new();
    for site in SITES {
        for cause in CAUSES {
            complaints.extend(complaint(*site, cause).await);
        }
    }
    assert!(complaints.is_empty(), "{} cells:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn most_cells_of_the_matrix_exist() {
    let cells = SITES.iter().flat_map(|site| CAUSES.map(|cause| expected(*site, cause)));
    let absent = cells.filter(|cell| matches!(cell, Expected::Absent(_))).count();
    assert_eq!((SITES.len() * CAUSES.len(), absent), (810, 100));
}
