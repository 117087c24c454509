//! One timer for all deadlines, moved only when the next one comes sooner than it is set to.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::Sleep;

/// A timer that is made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When it will ring, if it is set.
    set: Option<Instant>,
}

impl Alarm {
    /// Says whether `at` has come; if not, the task is woken then, or earlier.
    ///
    /// A deadline that moves away leaves the timer as it is: it rings for nothing once, which is
    /// cheaper than being moved with every frame.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, at: Option<Instant>, now: Instant) -> bool {
        let Some(at) = at else { return false };
        if at <= now {
            return true;
        }
        loop {
            if self.set.is_none_or(|set| set > at) {
                let at = tokio::time::Instant::from_std(at);
                match &mut self.sleep {
                    Some(sleep) => sleep.as_mut().reset(at),
                    None => self.sleep = Some(Box::pin(tokio::time::sleep_until(at))),
                }
                self.set = Some(at.into_std());
            }
            let Some(sleep) = &mut self.sleep else { return false };
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            if self.set.take().is_some_and(|set| set >= at) {
                return true;
            }
        }
    }
}
