//! How many connections, how they are replaced, and how far requests go to be served.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::ext::RequestTimeout;

/// How [`connections_with`](crate::client::connections_with) behaves. The defaults are complete.
#[derive(Clone, Debug)]
pub struct ConnectionsConfig {
    pub(super) most: usize,
    pub(super) retries: u32,
    pub(super) max_waiting: usize,
    pub(super) connect_timeout: Duration,
    pub(super) pauses: (Duration, Duration),
    pub(super) give_up_after: u32,
    pub(super) request_timeout: Option<RequestTimeout>,
    seed: Option<u64>,
}

impl ConnectionsConfig {
    /// Up to so many connections at once, at least one; those that finish their last streams come
    /// on top.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            retries: 5,
            max_waiting: 16_384,
            connect_timeout: Duration::from_secs(10),
            pauses: (Duration::from_millis(100), Duration::from_secs(10)),
            give_up_after: 5,
            request_timeout: None,
            seed: None,
        }
    }

    /// How often one request is sent again that certainly was not processed. Default 5: a server
    /// that goes down may refuse a request on several connections in turn, and one that refuses
    /// everything must not be asked for ever.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Requests and reservations that may wait for a slot; the next one fails with
    /// [`Reason::QueueFull`](crate::Reason::QueueFull). At least one, for the first connection is
    /// opened for a request that waits. Default 16,384, as on one connection. Clones that wait in
    /// `poll_ready` come on top.
    #[must_use]
    pub fn max_waiting(mut self, requests: usize) -> Self {
        self.max_waiting = requests.max(1);
        self
    }

    /// Time for one attempt to connect: the connector, then the peer's SETTINGS. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// The pause after a failure, and the longest. Each further failure doubles it; up to half of
    /// it is taken off at random, so that the clients of a server that comes back do not all come
    /// at once. Default 100 ms and 10 s.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.pauses = (first, longest);
        self
    }

    /// Failures in a row, while nothing is connected, after which requests that wait fail with
    /// [`Reason::Connect`](crate::Reason::Connect); attempts go on as soon as others are made.
    /// Default 5, which takes about a second beside what the attempts take. With `u32::MAX` they
    /// wait until their own time is over.
    #[must_use]
    pub fn give_up_after(mut self, failures: u32) -> Self {
        self.give_up_after = failures.max(1);
        self
    }

    /// How long a request may take until the head of its response is there: waiting for a
    /// connection, waiting for a slot and being sent again included. Default: as long as it takes.
    ///
    /// A request with an [`ext::RequestTimeout`](RequestTimeout) of its own has that instead. That
    /// of a connection's [`Config`](crate::Config::request_timeout) begins only when the request
    /// has a slot.
    #[must_use]
    pub fn request_timeout(mut self, after: Duration) -> Self {
        self.request_timeout = Some(RequestTimeout::new(after));
        self
    }

    /// What the random part of the pauses is drawn from. Default: another one each time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(super) fn seed_or_random(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(self.most))
    }
}
