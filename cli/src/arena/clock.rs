//! Steps at a fixed rate, without drift.

use std::time::{Duration, Instant};

use super::world::TICK_RATE;

/// Says when the next of [`TICK_RATE`] steps a second is due. The n-th step is due n/60 s after the start, computed
/// from n and not from the step before, so that neither rounding nor a late step moves those that follow.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Instant,
    done: u64,
    missed: u64,
}

impl Clock {
    /// Most steps that are made up for at once; after a longer pause (a suspended machine) the rest is counted as
    /// missed.
    pub(crate) const CATCH_UP: u64 = 12;

    /// Starts counting: the first step is due one sixtieth of a second from `start`.
    pub(crate) const fn starting(start: Instant) -> Self {
        Self { start, done: 0, missed: 0 }
    }

    /// Tells how long to wait for the next step; zero when it is due.
    pub(crate) fn until_next(&self, now: Instant) -> Duration {
        self.next().saturating_duration_since(now)
    }

    /// Takes the next step if it is due, and tells how late that is.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Duration> {
        let late = now.checked_duration_since(self.next())?;
        let behind = steps_in(late);
        if behind >= Self::CATCH_UP {
            self.missed = self.missed.saturating_add(behind);
        }
        let late = now.saturating_duration_since(self.next());
        self.done = self.done.saturating_add(1);
        Some(late)
    }

    /// Steps skipped because they came too late.
    pub(crate) const fn missed(&self) -> u64 {
        self.missed
    }

    fn next(&self) -> Instant {
        self.start + time_of(self.done.saturating_add(self.missed).saturating_add(1))
    }
}

/// When the n-th step is due, exact to the nanosecond.
fn time_of(step: u64) -> Duration {
    let rate = u64::from(TICK_RATE);
    Duration::from_secs(step / rate) + Duration::from_nanos((step % rate) * NANOS / rate)
}

/// How many whole steps fit into a time.
fn steps_in(time: Duration) -> u64 {
    let rate = u64::from(TICK_RATE);
    time.as_secs().saturating_mul(rate).saturating_add(u64::from(time.subsec_nanos()) * rate / NANOS)
}

const NANOS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_late_steps_does_not_drift() {
        let start = Instant::now();
        let mut clock = Clock::starting(start);
        let mut now = start;
        for step in 0..216_000_u64 {
            // Every step is taken somewhere between on time and 9 ms late.
            now = now + clock.until_next(now) + Duration::from_micros(step % 10 * 1_000);
            assert!(clock.take(now).is_some_and(|late| late < Duration::from_millis(10)));
        }
        assert_eq!((clock.done, clock.missed()), (216_000, 0));
        assert_eq!(now + clock.until_next(now), start + Duration::from_secs(3_600) + time_of(1));
    }

    #[test]
    fn a_step_is_taken_once_and_not_before_it_is_due() {
        let start = Instant::now();
        let mut clock = Clock::starting(start);
        assert_eq!(clock.take(start + Duration::from_nanos(16_666_665)), None);
        assert_eq!(clock.take(start + Duration::from_nanos(16_666_666)), Some(Duration::ZERO));
        assert_eq!(clock.take(start + Duration::from_nanos(16_666_666)), None);
    }

    #[test]
    fn a_short_pause_is_made_up_for() {
        let start = Instant::now();
        let mut clock = Clock::starting(start);
        let now = start + time_of(Clock::CATCH_UP);
        let mut steps = 0;
        while clock.take(now).is_some() {
            steps += 1;
        }
        assert_eq!((steps, clock.missed()), (Clock::CATCH_UP, 0));
    }

    #[test]
    fn a_long_pause_is_counted_and_not_made_up_for() {
        let start = Instant::now();
        let mut clock = Clock::starting(start);
        let now = start + Duration::from_secs(60);
        let mut steps = 0;
        while clock.take(now).is_some() {
            steps += 1;
        }
        assert_eq!((steps, clock.missed()), (1, 3_599));
    }
}
