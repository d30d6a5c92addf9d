//! Deadlines: computed once for an operation, then only subtracted from.

use std::time::{Duration, Instant};

/// The instant at which an operation has to end, or never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// A deadline this long from now; `None`, and a limit beyond what the clock can count, never comes.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        Self(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// What is left until the deadline: `None` for ever, zero once it has passed.
    pub(crate) fn remaining(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Whichever comes first.
    pub(crate) fn or_before(self, other: Self) -> Self {
        Self(self.0.into_iter().chain(other.0).min())
    }

    /// Tells whether this deadline comes first.
    #[cfg(feature = "http")]
    pub(crate) fn is_before(self, other: Self) -> bool {
        match (self.0, other.0) {
            (Some(end), Some(others)) => end < others,
            (end, None) => end.is_some(),
            (None, Some(_)) => false,
        }
    }

    /// Tells whether the deadline has passed.
    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|end| end <= Instant::now())
    }
}

/// What one of several has of a time that the others are to have a share of, too.
#[cfg(any(feature = "ftp", feature = "messages"))]
pub(crate) fn share(time: Duration, others: usize) -> Duration {
    time / u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_and_endless_limits_never_pass() {
        for limit in [None, Some(Duration::MAX)] {
            let deadline = Deadline::after(limit);
            assert!(!deadline.has_passed());
            assert_eq!(deadline.remaining(), None);
        }
    }

    #[test]
    fn a_zero_limit_has_passed_at_once() {
        let deadline = Deadline::after(Some(Duration::ZERO));
        assert!(deadline.has_passed());
        assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    }
}
