//! Whether to write now or to let other handlers answer first.
//!
//! On a runtime with several threads the actor is woken by the first handler that answers, and runs
//! before the others that were given their requests together with it. A write for each answer costs
//! more than all the rest, so the actor lets them run once; it never waits for them.
//!
//! A thread may have taken half of the handlers and be late with them. It is for them too that the
//! actor lets others run: 64 requests at once on two threads took from 3 to 17 writes, as the threads
//! happened to be scheduled, and take 3.

/// Counts requests that were handed to tasks and not answered.
#[derive(Debug, Default)]
pub(super) struct Patience {
    missing: usize,
    /// Answers came since the last write.
    answered: bool,
    yielded: bool,
}

impl Patience {
    /// A request was given to a task.
    pub(super) fn hand(&mut self) {
        self.missing += 1;
    }

    /// A task answered.
    pub(super) fn answer(&mut self) {
        self.missing = self.missing.saturating_sub(1);
        self.answered = true;
    }

    /// Whether to let other tasks run before the next write. At most once a write, and only while
    /// some but not all of the answers are there. Of `open` streams no more can be missing: those
    /// that were reset never answer.
    pub(super) fn waits(&mut self, open: usize) -> bool {
        self.missing = self.missing.min(open);
        let due = self.answered && self.missing > 0;
        due && !std::mem::replace(&mut self.yielded, true)
    }

    /// Everything that there was has been written.
    pub(super) fn wrote(&mut self) {
        self.answered = false;
        self.yielded = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_once_a_write_while_answers_are_missing() {
        let mut patience = Patience::default();
        assert!(!patience.waits(3));
        for _ in 0..3 {
            patience.hand();
        }
        assert!(!patience.waits(3), "nothing is there that could wait");
        patience.answer();
        assert!(patience.waits(3));
        assert!(!patience.waits(3));
        patience.wrote();
        assert!(!patience.waits(2), "nothing came since");
        patience.answer();
        assert!(patience.waits(2), "the last is as late as this one");
        patience.wrote();
        patience.answer();
        assert!(!patience.waits(1), "that was all");
    }

    #[test]
    fn a_single_request_never_waits() {
        let mut patience = Patience::default();
        patience.hand();
        patience.answer();
        assert!(!patience.waits(1));
    }

    #[test]
    fn it_does_not_wait_for_streams_that_are_gone() {
        let mut patience = Patience::default();
        patience.hand();
        patience.hand();
        patience.answer();
        assert!(!patience.waits(0));
        patience.hand();
        patience.answer();
        assert!(!patience.waits(1), "nor later");
    }
}
