//! What handles say to the actor: sixteen octets a message, so that an idle channel costs little.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_core::{Connection, ErrorCode, Event, RequestHead, StreamId};
use tokio::sync::{broadcast, oneshot};

use super::due::By;
use crate::error::Error;
use crate::exchange::Slot;
use crate::hub::Hub;
use crate::responder::Responder;

/// One message to the actor. What it is about lies in the slot.
#[derive(Debug)]
pub(crate) enum Command {
    /// A request waits in this slot: put it in line for a stream.
    Open(Arc<Slot>),
    /// The application changed something in this slot. At most one a slot is under way.
    Look(Arc<Slot>),
    /// Anything that does not happen once a request.
    Rare(Box<Rare>),
}

#[derive(Debug)]
pub(crate) enum Rare {
    /// Asks for the right to open a stream; `wait` says whether to stand in line for it.
    Reserve {
        hub: Arc<Hub>,
        wait: bool,
        answer: oneshot::Sender<Result<Permit, Error>>,
    },
    /// A permit that was not used.
    Return(h2_core::Permit),
    /// A request with a permit, or with a deadline.
    OpenWith(Option<h2_core::Permit>, Arc<Slot>, Option<By>),
    /// Whoever asked for the right to open a stream has left the line.
    Leave,
    /// A promise of a response to a request that the client has not made.
    Promise {
        hub: Arc<Hub>,
        parent: StreamId,
        head: RequestHead,
        answer: oneshot::Sender<Result<Responder, Error>>,
    },
    Ping(oneshot::Sender<Result<Duration, Error>>),
    /// A question to the protocol, or a wish.
    Call(Call),
    /// Somebody wants to hear what belongs to no request.
    Tell(broadcast::Sender<Event>),
    /// A graceful end; the time for it, if it is not the configured one.
    Shutdown(Option<Duration>),
    Close(ErrorCode, Bytes),
    /// Somebody watches the state.
    Publish,
}

type Ask = dyn FnOnce(&mut Connection) + Send;

/// Something to be done with the protocol. It never waits, and runs none of the user's code.
pub(crate) struct Call(Box<Ask>);

impl Call {
    pub(crate) fn new(ask: impl FnOnce(&mut Connection) + Send + 'static) -> Self {
        Self(Box::new(ask))
    }

    pub(crate) fn run(self, conn: &mut Connection) {
        (self.0)(conn);
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

/// The right to open one stream now. Dropped, it goes back.
#[derive(Debug)]
#[must_use = "a permit that is not used goes back"]
pub struct Permit {
    hub: Arc<Hub>,
    core: Option<h2_core::Permit>,
}

impl Permit {
    pub(crate) fn new(hub: Arc<Hub>, core: h2_core::Permit) -> Self {
        Self { hub, core: Some(core) }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(crate) fn into_core(mut self) -> Option<h2_core::Permit> {
        self.core.take()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(core) = self.core.take() {
            // A connection that has ended does not miss it.
            let _ = self.hub.send(Command::Rare(Box::new(Rare::Return(core))));
        }
    }
}

const _: () = assert!(size_of::<Command>() == 16);
