//! How a connection on tokio is run: the core's numbers, and the few that only the adapter has.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use h2_core::FrameTap;
use http::Extensions;
use http::uri::{Authority, Scheme};

use crate::ext::RequestTimeout;

/// How a connection behaves. [`Config::client`] and [`Config::server`] are complete as they are.
///
/// Windows, limits and timers belong to the protocol and lie in [`core`](Self::core); the setters
/// here are for what the adapter adds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The numbers of the protocol: windows, limits, timers.
    ///
    /// A [`seed`](h2_core::Config::seed) that was left at its default is replaced by a random one
    /// when a connection is made; a seed of your own is kept.
    pub core: h2_core::Config,
    pub(crate) knobs: Knobs,
    pub(crate) target: Target,
    pub(crate) extensions: Extensions,
    taps: Option<Taps>,
}

/// Makes a tap for each connection.
#[derive(Clone)]
struct Taps(Arc<dyn Fn() -> Box<dyn FrameTap> + Send + Sync>);

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Taps")
    }
}

/// What the actor itself is steered by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knobs {
    pub(crate) max_queued: usize,
    pub(crate) poll_in_place: bool,
    pub(crate) add_date: bool,
    pub(crate) auto_continue: bool,
    pub(crate) request_timeout: Option<RequestTimeout>,
}

/// Where requests go whose URI does not say it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) authority: Option<Authority>,
}

impl Config {
    /// The defaults of a client.
    #[must_use]
    pub fn client() -> Self {
        Self::new(h2_core::Config::client())
    }

    /// The defaults of a server.
    #[must_use]
    pub fn server() -> Self {
        Self::new(h2_core::Config::server())
    }

    fn new(core: h2_core::Config) -> Self {
        let knobs = Knobs {
            max_queued: 16_384,
            poll_in_place: true,
            add_date: true,
            auto_continue: true,
            request_timeout: None,
        };
        Self { core, knobs, target: Target::default(), extensions: Extensions::new(), taps: None }
    }

    /// Requests that may wait for a stream on one connection; the next one fails with
    /// [`Reason::QueueFull`](crate::Reason::QueueFull). With 0 none waits. Default 16,384.
    #[must_use]
    pub fn max_queued(mut self, requests: usize) -> Self {
        self.knobs.max_queued = requests;
        self
    }

    /// Whether [`serve`](crate::server::serve) polls a handler once where its request was read,
    /// and gives it a task only when it is not done then. Default true.
    ///
    /// It saves a task for every handler that answers at once. A handler that computes for long
    /// without waiting holds up the other streams of its connection meanwhile; a connection that
    /// notices this (first polls of more than 50 µs on average) spawns at once for a second.
    #[must_use]
    pub fn poll_in_place(mut self, on: bool) -> Self {
        self.knobs.poll_in_place = on;
        self
    }

    /// Whether [`serve`](crate::server::serve) adds `date` to responses without one. Default true.
    #[must_use]
    pub fn add_date(mut self, on: bool) -> Self {
        self.knobs.add_date = on;
        self
    }

    /// Whether [`serve`](crate::server::serve) answers `expect: 100-continue` when the handler
    /// first asks for the body. Default true.
    #[must_use]
    pub fn auto_continue(mut self, on: bool) -> Self {
        self.knobs.auto_continue = on;
        self
    }

    /// Time for the last frames to be written, and for the peer to read them before the transport
    /// is closed, after a connection ended with an error. Default one second.
    #[must_use]
    pub fn linger(mut self, time: Duration) -> Self {
        self.core.linger = time;
        self
    }

    /// A value that every request of a server's connection carries in its
    /// [`extensions`](http::Request::extensions), cloned for each: the peer's address or
    /// certificate, say. One of a type; another value of the same type replaces it. Default none,
    /// which costs nothing.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Lets somebody look at every frame, both ways: `make` is called once a connection. The tap is
    /// called from the connection's task, so it must not block; should it panic, the connection ends
    /// with its task ([`Reason::Aborted`](crate::Reason::Aborted)). Default none, which costs a
    /// branch a frame.
    ///
    /// ```
    /// use h2_core::TappedFrame;
    ///
    /// let config = h2_tokio::Config::client()
    ///     .frame_tap(|| Box::new(|frame: &TappedFrame<'_>| eprintln!("{}", frame.text())));
    /// ```
    #[must_use]
    pub fn frame_tap(
        mut self,
        make: impl Fn() -> Box<dyn FrameTap> + Send + Sync + 'static,
    ) -> Self {
        self.taps = Some(Taps(Arc::new(make)));
        self
    }

    /// How long a request may take until the head of its response is there, waiting in line for a
    /// stream included. Default: as long as it takes.
    ///
    /// A request with an [`ext::RequestTimeout`](RequestTimeout) of its own has that instead.
    #[must_use]
    pub fn request_timeout(mut self, after: Duration) -> Self {
        self.knobs.request_timeout = Some(RequestTimeout::new(after));
        self
    }

    /// Scheme of requests whose URI has none. Default `http`.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.target.scheme = Some(scheme);
        self
    }

    /// Host and port of requests whose URI has none. Default none: such a request needs a `host`.
    #[must_use]
    pub fn authority(mut self, authority: Authority) -> Self {
        self.target.authority = Some(authority);
        self
    }

    /// The tap of one connection.
    pub(crate) fn tap(&self) -> Option<Box<dyn FrameTap>> {
        self.taps.as_ref().map(|taps| (taps.0)())
    }

    /// The core's part, with a seed that nobody can guess.
    pub(crate) fn seeded_core(&self) -> h2_core::Config {
        let mut core = self.core.clone();
        if core.seed == h2_core::Config::server().seed {
            core.seed = RandomState::new().hash_one(core.seed);
        }
        core
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_connections_of_one_config_have_different_seeds() {
        let config = Config::client();
        assert_ne!(config.seeded_core().seed, config.seeded_core().seed);
    }

    #[test]
    fn a_seed_of_the_users_own_is_kept() {
        let mut config = Config::client();
        config.core.seed = 7;
        assert_eq!(config.seeded_core().seed, 7);
    }
}
