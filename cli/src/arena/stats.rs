//! What the game measures: times, bytes, packets.

use std::fmt;
use std::time::{Duration, Instant};

/// A distribution of times in fixed memory: 16 steps to each power of two nanoseconds, so a quantile is at most 1/16
/// too high.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: Duration,
    max: Duration,
}

impl Histogram {
    const STEP_BITS: u32 = 4;
    const STEPS: u64 = 1 << Self::STEP_BITS;
    /// Up to two to the 40th nanoseconds, 18 minutes; what is longer counts as that long.
    const BUCKETS: usize = 592;

    /// Makes an empty one.
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; Self::BUCKETS], count: 0, sum: Duration::ZERO, max: Duration::ZERO }
    }

    /// Counts one time.
    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = Self::bucket_of(nanos).min(Self::BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
        self.max = self.max.max(time);
    }

    /// Adds everything that another one counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// How many times were counted.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The mean; zero when nothing was counted.
    pub(crate) fn mean(&self) -> Duration {
        let nanos = self.sum.as_nanos().checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The longest.
    pub(crate) const fn max(&self) -> Duration {
        self.max
    }

    /// The time that `percent` of a hundred did not go over; zero when nothing was counted.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(Self::top_of(bucket)).min(self.max);
            }
        }
        self.max
    }

    fn bucket_of(nanos: u64) -> usize {
        let octave = nanos.checked_ilog2().unwrap_or(0).saturating_sub(Self::STEP_BITS);
        let bucket = u64::from(octave) * Self::STEPS + (nanos >> octave);
        usize::try_from(bucket).unwrap_or(usize::MAX)
    }

    /// The highest number of nanoseconds that belongs to a bucket.
    fn top_of(bucket: usize) -> u64 {
        let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
        let octave = (bucket / Self::STEPS).saturating_sub(1);
        ((bucket - octave * Self::STEPS + 1) << octave) - 1
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Histogram").field("count", &self.count).field("max", &self.max).finish_non_exhaustive()
    }
}

/// Bytes and packets in one direction: payload only, without the headers of IP, TCP and UDP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
}

impl Flow {
    /// Counts one packet.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.packets += 1;
    }

    /// Adds what another one counted.
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.packets += other.packets;
    }

    /// Bytes and packets a second, over a time.
    pub(crate) fn per_second(self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { bytes: self.bytes.saturating_mul(1_000) / millis, packets: self.packets.saturating_mul(1_000) / millis }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/s, {} packets/s", Bytes(self.bytes), self.packets)
    }
}

/// Both directions, seen from whoever counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received: Flow,
    pub(crate) sent: Flow,
}

impl Traffic {
    /// Adds what another one counted.
    pub(crate) fn add(&mut self, other: Self) {
        self.received.add(other.received);
        self.sent.add(other.sent);
    }
}

/// The rate of the last whole second.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    since: Instant,
    at_start: Traffic,
    rate: Traffic,
}

impl Meter {
    const WINDOW: Duration = Duration::from_secs(1);

    /// Starts the first second.
    pub(crate) fn starting(now: Instant) -> Self {
        Self { since: now, at_start: Traffic::default(), rate: Traffic::default() }
    }

    /// Looks at the clock and the totals; once a second the rate is a new one.
    pub(crate) fn update(&mut self, now: Instant, total: Traffic) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= Self::WINDOW {
            self.rate = Traffic {
                received: difference(total.received, self.at_start.received).per_second(elapsed),
                sent: difference(total.sent, self.at_start.sent).per_second(elapsed),
            };
            self.since = now;
            self.at_start = total;
        }
    }

    /// Bytes and packets a second; zero in the first second.
    pub(crate) const fn rate(&self) -> Traffic {
        self.rate
    }
}

fn difference(now: Flow, then: Flow) -> Flow {
    Flow { bytes: now.bytes.saturating_sub(then.bytes), packets: now.packets.saturating_sub(then.packets) }
}

/// A number of bytes, written as people read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(out, "{bytes} B"),
            bytes @ 1_000..1_000_000 => write!(out, "{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
            bytes => write!(out, "{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        }
    }
}

/// A time in milliseconds with three digits after the point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        write!(out, "{}.{:03} ms", micros / 1_000, micros % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        for bucket in 1..Histogram::BUCKETS {
            let first = Histogram::top_of(bucket - 1) + 1;
            assert_eq!(Histogram::bucket_of(first), bucket);
            assert_eq!(Histogram::bucket_of(Histogram::top_of(bucket)), bucket);
        }
        assert_eq!(Histogram::top_of(Histogram::BUCKETS - 1), (1 << 40) - 1);
    }

    #[test]
    fn percentiles_of_a_thousand_are_within_a_sixteenth() {
        let mut histogram = Histogram::new();
        for micros in 1..=1_000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (percent, exact) in [(50, 500_000), (99, 990_000)] {
            let nanos = u64::try_from(histogram.percentile(percent).as_nanos()).unwrap();
            assert!((exact..=exact + exact / 16).contains(&nanos), "{percent}: {nanos}");
        }
        assert_eq!(histogram.mean(), Duration::from_nanos(500_500));
        assert_eq!(histogram.percentile(100), Duration::from_millis(1));
        assert_eq!((histogram.max(), histogram.count()), (Duration::from_millis(1), 1_000));
    }

    #[test]
    fn nothing_counted_is_zero_and_too_long_is_kept_as_maximum() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.mean(), histogram.percentile(99)), (Duration::ZERO, Duration::ZERO));
        histogram.record(Duration::MAX);
        assert_eq!(histogram.max(), Duration::MAX);
        assert_eq!(histogram.percentile(50), Duration::from_nanos((1 << 40) - 1));
    }

    #[test]
    fn a_meter_shows_the_last_second() {
        let start = Instant::now();
        let mut meter = Meter::starting(start);
        let mut total = Traffic::default();
        total.sent.count(500);
        meter.update(start + Duration::from_millis(999), total);
        assert_eq!(meter.rate(), Traffic::default());
        total.sent.count(1_500);
        meter.update(start + Duration::from_secs(2), total);
        assert_eq!(meter.rate().sent, Flow { bytes: 1_000, packets: 1 });
        meter.update(start + Duration::from_secs(3), total);
        assert_eq!(meter.rate().sent, Flow::default());
    }

    #[test]
    fn figures_are_written_as_people_read_them() {
        assert_eq!(Bytes(999).to_string(), "999 B");
        assert_eq!(Bytes(12_345).to_string(), "12.3 kB");
        assert_eq!(Bytes(98_765_432).to_string(), "98.7 MB");
        assert_eq!(Millis(Duration::from_nanos(16_666_667)).to_string(), "16.666 ms");
    }
}
