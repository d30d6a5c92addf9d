//! How often a peer may do something.

use std::time::{Duration, Instant};

/// So many at once, and so many a second after that.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    /// What one costs.
    interval: Duration,
    /// The most that can be saved up.
    most: Duration,
    /// Time saved up.
    saved: Duration,
    looked: Instant,
}

impl Allowance {
    /// Allows `burst` at once, then one in each `interval`.
    pub(crate) fn new(burst: u32, interval: Duration, now: Instant) -> Self {
        let most = interval.saturating_mul(burst);
        Self { interval, most, saved: most, looked: now }
    }

    /// Takes one if there is one left.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.looked);
        self.looked = now;
        self.saved = self.saved.saturating_add(passed).min(self.most);
        match self.saved.checked_sub(self.interval) {
            Some(left) => {
                self.saved = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_rate_and_no_more_than_the_burst_is_saved() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut allowance = Allowance::new(3, second, start);
        let taken = |allowance: &mut Allowance, now| (0..10).filter(|_| allowance.take(now)).count();
        assert_eq!(taken(&mut allowance, start), 3);
        assert_eq!(taken(&mut allowance, start + second / 2), 0);
        assert_eq!(taken(&mut allowance, start + second), 1);
        assert_eq!(taken(&mut allowance, start + 60 * second), 3);
    }
}
