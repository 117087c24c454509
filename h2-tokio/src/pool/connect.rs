//! How a connection is made: by whatever the user gives, or by TCP.

use std::error::Error as StdError;
use std::fmt;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::net::ToSocketAddrs;

use crate::client::{self, Handle};
use crate::config::Config;

/// Why a connection could not be made, and whether to try again.
///
/// Every error converts into one that is [worth another attempt](Self::new), so `?` does it.
pub struct ConnectError {
    source: Box<dyn StdError + Send + Sync>,
    fatal: bool,
}

impl ConnectError {
    /// It may go better later: the next attempt follows after a pause.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), fatal: false }
    }

    /// It will never work, because a certificate is wrong, say: no attempt follows, requests that
    /// wait and later ones fail with it, and what is connected is shut down.
    pub fn fatal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), fatal: true }
    }

    /// Whether no attempt follows.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    pub(super) fn into_source(self) -> Box<dyn StdError + Send + Sync> {
        self.source
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for ConnectError {
    fn from(source: E) -> Self {
        Self::new(source)
    }
}

// Not an `Error`, or it would have to convert into itself twice.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fatal = if self.fatal { ", fatal" } else { "" };
        write!(f, "ConnectError({}{fatal})", self.source)
    }
}

/// A connector for [`connections`](super::connections) that does what [`client::connect`] does:
/// TCP, tuned, with prior knowledge that the peer speaks HTTP/2. A name is looked up again for each
/// attempt.
pub fn tcp_connector<A>(
    addr: A,
    config: Config,
) -> impl Fn() -> BoxFuture<'static, Result<Handle, ConnectError>> + Send + Sync + 'static
where
    A: ToSocketAddrs + Clone + Send + Sync + 'static,
{
    move || {
        let (addr, config) = (addr.clone(), config.clone());
        async move { Ok(client::connect(addr, config).await?) }.boxed()
    }
}
