//! What handles of both roles can do with a connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_core::ErrorCode;
use tokio::sync::oneshot;

use crate::actor::command::{Command, Rare};
use crate::error::{CloseReason, Error, Outcome};
use crate::hub::Hub;

pub(crate) async fn ping(hub: &Arc<Hub>) -> Result<Duration, Error> {
    let (answer, answered) = oneshot::channel();
    hub.send(Command::Rare(Box::new(Rare::Ping(answer))))?;
    answered.await.unwrap_or_else(|_| Err(hub.shared.error(Outcome::NotSent)))
}

pub(crate) fn shutdown(hub: &Arc<Hub>, time: Option<Duration>) {
    // A connection that has ended is shut down already.
    let _ = hub.send(Command::Rare(Box::new(Rare::Shutdown(time))));
}

pub(crate) fn close(hub: &Arc<Hub>, code: ErrorCode, debug: Bytes) {
    let _ = hub.send(Command::Rare(Box::new(Rare::Close(code, debug))));
}

pub(crate) async fn closed(hub: &Arc<Hub>) -> CloseReason {
    hub.shared.until(|shared| shared.closed().cloned()).await
}

pub(crate) async fn ready(hub: &Arc<Hub>) -> Result<(), Error> {
    hub.shared
        .until(|shared| match shared.closed() {
            Some(reason) => Some(Err(reason.to_error(Outcome::NotSent))),
            None => shared.is_ready().then_some(Ok(())),
        })
        .await
}

/// The methods that handles of both roles have.
macro_rules! common_methods {
    () => {
        /// Asks the peer for a sign of life and gives the time that it took.
        ///
        /// # Errors
        ///
        /// The connection ended before the answer came, or too many PINGs wait for theirs.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe. The PING may be sent all the same.
        pub async fn ping(&self) -> Result<std::time::Duration, crate::Error> {
            crate::handle::ping(&self.hub).await
        }

        /// Ends the connection gracefully: no new streams, the open ones finish, then it closes.
        ///
        /// Returns at once; [`closed`](Self::closed) waits for the end. The open streams have
        /// [`h2_core::Config::drain_timeout`] to finish.
        pub fn shutdown(&self) {
            crate::handle::shutdown(&self.hub, None);
        }

        /// As [`shutdown`](Self::shutdown), but the open streams have `drain` to finish. What is
        /// open then is cut, and [`CloseReason::streams_cut`](crate::CloseReason::streams_cut) of
        /// what [`closed`](Self::closed) gives says how many that were.
        ///
        /// On a connection that is going down already it only brings the end forward.
        pub fn shutdown_within(&self, drain: std::time::Duration) {
            crate::handle::shutdown(&self.hub, Some(drain));
        }

        /// Ends the connection now, with a GOAWAY of this code (RFC 9113 §6.8). Every stream on it
        /// fails, and every waiter hears of it. Returns at once.
        pub fn close(&self, code: h2_core::ErrorCode) {
            crate::handle::close(&self.hub, code, bytes::Bytes::new());
        }

        /// As [`close`](Self::close), with debug data for the GOAWAY: a line that says why, as the
        /// peer may log it. What does not fit the peer's frame size is cut off.
        pub fn close_with(&self, code: h2_core::ErrorCode, debug: impl Into<bytes::Bytes>) {
            crate::handle::close(&self.hub, code, debug.into());
        }

        /// Waits for the end of the connection and says why it came.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe. The handle that waits keeps the connection open as any other does.
        pub async fn closed(&self) -> crate::CloseReason {
            crate::handle::closed(&self.hub).await
        }

        /// Whether the connection has ended; [`closed`](Self::closed) says why.
        #[must_use]
        pub fn is_closed(&self) -> bool {
            self.hub.shared.closed().is_some()
        }

        /// Waits for the peer's first SETTINGS.
        ///
        /// # Errors
        ///
        /// The connection ended before they came.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe.
        pub async fn ready(&self) -> Result<(), crate::Error> {
            crate::handle::ready(&self.hub).await
        }

        /// How the connection stands, as its task saw it at the end of its last turn. It waits for
        /// nothing.
        #[must_use]
        pub fn state(&self) -> crate::State {
            self.hub.shared.state()
        }

        /// Watches how the connection stands, from here on.
        #[must_use]
        pub fn watch_state(&self) -> crate::StateWatch {
            self.hub.watch()
        }

        /// What the connection did without being asked.
        #[must_use]
        pub fn stats(&self) -> crate::Stats {
            self.hub.shared.stats()
        }
    };
}

pub(crate) use common_methods;
