//! Whether to write now or to let other handlers answer first.
//!
//! On a runtime with several threads the actor is woken by the first handler that answers, and runs
//! before the others that were given their requests together with it. A write for each answer costs
//! more than all the rest, so the actor lets them run once; it never waits for them.

/// Counts requests that were handed to tasks since the last write, and answers that came back.
#[derive(Debug, Default)]
pub(super) struct Patience {
    handed: usize,
    answered: usize,
    yielded: bool,
}

impl Patience {
    /// A request was given to a task.
    pub(super) fn hand(&mut self) {
        self.handed += 1;
    }

    /// A task answered.
    pub(super) fn answer(&mut self) {
        self.answered += 1;
    }

    /// Whether to let other tasks run before the next write. At most once a write, and only while
    /// some but not all of the answers to the last requests are there.
    pub(super) fn waits(&mut self) -> bool {
        let due = self.answered > 0 && self.answered < self.handed;
        due && !std::mem::replace(&mut self.yielded, true)
    }

    /// Everything that there was has been written. Who has not answered by now may take long.
    pub(super) fn wrote(&mut self) {
        if self.answered > 0 {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_once_while_answers_are_missing() {
        let mut patience = Patience::default();
        assert!(!patience.waits());
        patience.hand();
        patience.hand();
        assert!(!patience.waits(), "nothing is there that could wait");
        patience.answer();
        assert!(patience.waits());
        assert!(!patience.waits());
        patience.wrote();
        patience.answer();
        assert!(!patience.waits(), "a late answer waits for nobody");
    }

    #[test]
    fn a_single_request_never_waits() {
        let mut patience = Patience::default();
        patience.hand();
        patience.answer();
        assert!(!patience.waits());
    }
}
