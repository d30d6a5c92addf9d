//! A deadline that knows which limit it came from.

use std::time::Duration;

use crate::{
    error::{Error, Phase, Result},
    time::Deadline,
};

/// Until when an operation may take, and the limit to name when it takes longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimit {
    deadline: Deadline,
    limit: Duration,
}

impl TimeLimit {
    /// A limit from now on; `None` never passes.
    pub(super) fn after(limit: Option<Duration>) -> Self {
        Self { deadline: Deadline::after(limit), limit: limit.unwrap_or(Duration::MAX) }
    }

    /// The one of two limits that passes first.
    pub(super) fn earlier(self, other: Self) -> Self {
        if self.deadline.is_before(other.deadline) { self } else { other }
    }

    /// What is left: `None` for ever, zero once it has passed.
    pub(super) fn remaining(self) -> Option<Duration> {
        self.deadline.remaining()
    }

    /// Fails once the limit has passed, for the phase that it passed in.
    pub(super) fn check(self, phase: Phase) -> Result<()> {
        if self.deadline.has_passed() { Err(self.passed(phase)) } else { Ok(()) }
    }

    /// What to say of a limit that has passed.
    pub(super) fn passed(self, phase: Phase) -> Error {
        Error::TimedOut { phase, limit: self.limit }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Instant;

    use super::*;

    /// Runs something that tells how late it was until it has once been no later than this: what else the machine does
    /// makes anything late at times.
    pub(in crate::http) fn is_late_by_less_than(margin: Duration, mut lateness: impl FnMut() -> Duration) {
        let found: Vec<Duration> = (0..10).map(|_| lateness()).take_while(|late| *late >= margin).collect();
        assert!(found.len() < 10, "late every time: {found:?}");
    }

    /// The same for a limit: it must never end early, and once in time.
    pub(in crate::http) fn takes(given: Duration, mut run: impl FnMut()) {
        is_late_by_less_than(Duration::from_millis(50), || {
            let start = Instant::now();
            run();
            start.elapsed().checked_sub(given).expect("it ended early")
        });
    }

    #[test]
    fn the_earlier_of_two_limits_is_kept_whichever_comes_first() {
        let (short, long, none) = (
            TimeLimit::after(Some(Duration::from_secs(5))),
            TimeLimit::after(Some(Duration::from_secs(50))),
            TimeLimit::after(None),
        );
        for (left, right) in [(short, long), (long, short), (short, none), (none, short)] {
            assert_eq!(left.earlier(right).limit, Duration::from_secs(5));
        }
        assert_eq!(none.earlier(none).remaining(), None);
    }

    #[test]
    fn a_limit_that_has_passed_is_named() {
        let limit = TimeLimit::after(Some(Duration::ZERO));
        let error = limit.check(Phase::Proxy).unwrap_err();
        assert_eq!(error.to_string(), "the answer of the proxy did not end within 0ns");
        TimeLimit::after(None).check(Phase::Proxy).unwrap();
    }
}
