//! What handles ask of the protocol itself: settings, priorities, frames of extensions, and what it
//! tells that belongs to no request.

use std::sync::Arc;

use bytes::Bytes;
use h2_core::{Connection, Event, Misuse, Priority, Settings, Stats, StreamId, StreamStats};
use tokio::sync::{broadcast, oneshot};

use crate::actor::command::{Call, Command, Rare};
use crate::error::{Error, Outcome};
use crate::hub::Hub;

/// Events that wait for one who takes them.
const KEPT: usize = 32;

/// Lets the connection's task do something with the protocol, and gives the answer.
pub(crate) async fn call<T: Send + 'static>(
    hub: &Arc<Hub>,
    what: impl FnOnce(&mut Connection) -> Result<T, Misuse> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = oneshot::channel();
    let call = Call::new(move |conn| {
        // Whoever asked may have left.
        let _ = answer.send(what(conn).map_err(Error::misuse));
    });
    hub.send(Command::Rare(Box::new(Rare::Call(call))))?;
    answered.await.unwrap_or_else(|_| Err(hub.shared.error(Outcome::NotSent)))
}

async fn inspect(hub: &Arc<Hub>) -> Result<Stats, Error> {
    let asked = call(hub, |conn| Ok(conn.stats())).await;
    asked.or_else(|error| hub.shared.last_stats().ok_or(error))
}

async fn update_settings(
    hub: &Arc<Hub>,
    mut change: impl FnMut(&mut Settings),
) -> Result<(), Error> {
    loop {
        let before = call(hub, |conn| Ok(conn.latest_settings().clone())).await?;
        let mut after = before.clone();
        change(&mut after);
        let changed = call(hub, move |conn| {
            // Somebody else may have been faster.
            let same = *conn.latest_settings() == before;
            if same {
                conn.update_settings(|settings| *settings = after).map(|()| true)
            } else {
                Ok(false)
            }
        });
        if changed.await? {
            return Ok(());
        }
    }
}

/// What a connection tells beside its requests, from [`watch_events`](crate::client::Handle::watch_events)
/// on. It does not keep the connection open.
///
/// It is one of these [`Event`]s of the protocol:
///
/// * [`Stalled`](Event::Stalled), where [`h2_core::Config::stall_after`] is set, and
///   [`LimitNear`](Event::LimitNear);
/// * [`SettingsChanged`](Event::SettingsChanged) and
///   [`SettingsAcknowledged`](Event::SettingsAcknowledged);
/// * [`GoAwayReceived`](Event::GoAwayReceived);
/// * [`AlternativeService`](Event::AlternativeService) (RFC 7838) and [`Origin`](Event::Origin)
///   (RFC 8336), on a client, and [`PriorityChanged`](Event::PriorityChanged) (RFC 9218), on a server;
/// * [`UnknownFrame`](Event::UnknownFrame) (RFC 9113 §5.5).
///
/// Others may be added. Of what is not taken in time the 32 newest are kept, each of at most 16 KiB
/// and a little; [`missed`](Self::missed) counts the rest.
#[derive(Debug)]
pub struct Events {
    events: broadcast::Receiver<Event>,
    missed: u64,
}

impl Events {
    pub(crate) fn of(hub: &Hub) -> Self {
        let (to, events) = broadcast::channel(KEPT);
        // One that has ended tells nothing more: the sender is dropped.
        let _ = hub.send(Command::Rare(Box::new(Rare::Tell(to))));
        Self { events, missed: 0 }
    }

    /// The next event; `None` when the connection has ended, for which
    /// [`closed`](crate::client::Handle::closed) says why.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: an event that was not given out is given out next time.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.events.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => self.missed += missed,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Events that were dropped before they were taken, as far as [`next`](Self::next) has noticed.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// The methods that handles of both roles have.
macro_rules! protocol_methods {
    () => {
        /// Watches what the connection tells beside its requests, from here on: stalls, limits,
        /// settings, frames of extensions. Several may watch; each gets everything. Nothing is kept
        /// while nobody does.
        #[must_use]
        pub fn watch_events(&self) -> Events {
            Events::of(&self.hub)
        }

        /// How the protocol stands: windows, what waits where, frames by type, what stood still
        /// and for how long. It is true of one moment, at which nothing was under way in the
        /// connection's task. After the end it is how the connection stood when it ended.
        ///
        /// # Errors
        ///
        /// The connection ended in this very moment.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe: nothing changes.
        pub async fn inspect(&self) -> Result<Stats, Error> {
            inspect(&self.hub).await
        }

        /// How one stream stands: its windows, what is queued and unread, what holds it; `None`
        /// for one that is gone. A response, its body and a responder know their stream.
        ///
        /// # Errors
        ///
        /// The connection ended.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe: nothing changes.
        pub async fn inspect_stream(&self, stream: StreamId) -> Result<Option<StreamStats>, Error> {
            call(&self.hub, move |conn| Ok(conn.stream_stats(stream))).await
        }

        /// The settings of the peer that are in force (RFC 9113 §6.5.2): the defaults of the RFC
        /// until [`ready`](Self::ready) is done. On a client,
        /// [`enable_connect_protocol`](Settings::enable_connect_protocol) says whether tunnels for
        /// WebSocket and the like can be asked for (RFC 8441 §3).
        ///
        /// # Errors
        ///
        /// The connection ended.
        ///
        /// # Cancel safety
        ///
        /// Cancel-safe: nothing changes.
        pub async fn peer_settings(&self) -> Result<Settings, Error> {
            call(&self.hub, |conn| Ok(conn.remote_settings().clone())).await
        }

        /// Changes settings of ours (RFC 9113 §6.5). `change` is given those that were sent last,
        /// and is called again if somebody else changed them meanwhile. They are in force when the
        /// peer has acknowledged them, which
        /// [`SettingsAcknowledged`](Event::SettingsAcknowledged) tells; a lower limit on streams
        /// binds at once, by refusal.
        ///
        /// # Errors
        ///
        /// [`InvalidSetting`](Misuse::InvalidSetting), [`WrongRole`](Misuse::WrongRole) or
        /// [`QueueFull`](Misuse::QueueFull), as
        /// [`Connection::update_settings`](h2_core::Connection::update_settings) says, or the
        /// connection ended. Nothing was changed then.
        ///
        /// # Cancel safety
        ///
        /// If the future is dropped, the settings are changed or they are not.
        pub async fn update_settings(
            &self,
            change: impl FnMut(&mut Settings),
        ) -> Result<(), Error> {
            update_settings(&self.hub, change).await
        }

        /// Changes the priority of a response (RFC 9218). A client tells the server by
        /// PRIORITY_UPDATE, unless the server said that it does not go by it; a server changes the
        /// order in which it sends. What a request begins with is its field `priority`.
        ///
        /// # Errors
        ///
        /// [`InvalidSetting`](Misuse::InvalidSetting) for an urgency above 7,
        /// [`NoSuchStream`](Misuse::NoSuchStream) for a stream that is gone,
        /// [`QueueFull`](Misuse::QueueFull) while 256 changes wait to be written, or the connection
        /// ended.
        ///
        /// # Cancel safety
        ///
        /// If the future is dropped, the priority is changed or it is not.
        pub async fn prioritize(&self, stream: StreamId, priority: Priority) -> Result<(), Error> {
            call(&self.hub, move |conn| conn.prioritize(stream, priority)).await
        }

        /// Sends a frame of an extension (RFC 9113 §5.5), of a type that the protocol does not know,
        /// on a stream or, with 0, on none.
        ///
        /// # Errors
        ///
        /// [`InvalidFrame`](Misuse::InvalidFrame) for a type that is known and for a payload that is
        /// longer than the peer takes, [`QueueFull`](Misuse::QueueFull) while 64 KiB wait to be
        /// written, or the connection ended.
        ///
        /// # Cancel safety
        ///
        /// If the future is dropped, the frame is sent or it is not.
        pub async fn send_extension_frame(
            &self,
            kind: u8,
            flags: u8,
            stream: u32,
            payload: impl Into<Bytes>,
        ) -> Result<(), Error> {
            let payload = payload.into();
            call(&self.hub, move |conn| conn.send_extension_frame(kind, flags, stream, payload))
                .await
        }
    };
}

impl crate::client::Handle {
    protocol_methods!();
}

impl crate::server::Handle {
    protocol_methods!();

    /// Tells the client of an alternative service (RFC 7838 §4) for `origin`, or with `None` for
    /// that of `stream`. `value` is what an `alt-svc` field would say.
    ///
    /// # Errors
    ///
    /// [`InvalidFrame`](Misuse::InvalidFrame) unless exactly one of both is given, and for what is no
    /// origin or no field value; [`NoSuchStream`](Misuse::NoSuchStream),
    /// [`QueueFull`](Misuse::QueueFull), or the connection ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the client is told or it is not.
    pub async fn advertise_alternative_service(
        &self,
        origin: Option<&str>,
        stream: Option<StreamId>,
        value: &str,
    ) -> Result<(), Error> {
        let (origin, value) = (origin.map(str::to_owned), value.to_owned());
        call(&self.hub, move |conn| {
            conn.advertise_alternative_service(origin.as_deref(), stream, &value)
        })
        .await
    }

    /// Tells the client for which origins this connection is good (RFC 8336). Clients ignore it on a
    /// connection in the clear.
    ///
    /// # Errors
    ///
    /// [`InvalidFrame`](Misuse::InvalidFrame) for what is no origin,
    /// [`QueueFull`](Misuse::QueueFull), or the connection ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the client is told or it is not.
    pub async fn advertise_origins(&self, origins: &[&str]) -> Result<(), Error> {
        let origins: Vec<String> = origins.iter().copied().map(str::to_owned).collect();
        call(&self.hub, move |conn| {
            let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
            conn.advertise_origins(&origins)
        })
        .await
    }
}
