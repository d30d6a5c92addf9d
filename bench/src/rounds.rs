//! Interleaved rounds and their medians.

use std::fmt;
use std::time::Duration;

use crate::Result;
use crate::arguments::Options;
use crate::benchmark::{Benchmark, Contestant, HELD, MemoryBenchmark, MemoryContestant};
use crate::launch::Launcher;
use crate::session::Plan;
use crate::workload::memory::Growth;

/// The rates of one contestant, a round each, or why there are none.
pub struct Series {
    pub contestant: &'static Contestant,
    pub rates: Result<Vec<f64>, String>,
}

/// Ours against one rival, round by round.
pub struct Ratio {
    pub median: f64,
    /// Where the true median lies, with a confidence of 95 % or more.
    pub interval: (f64, f64),
}

/// Runs A B C A B C ...: what slows the machine down for a while slows all contestants down.
pub fn run(launcher: &Launcher, benchmark: &'static Benchmark, options: &Options) -> Vec<Series> {
    let taking_part = benchmark.contestants.iter().filter(|one| launcher.can_run(one));
    let mut all: Vec<_> = taking_part.map(|contestant| Series { contestant, rates: Ok(Vec::new()) }).collect();
    let mut left = options.rounds;
    while left > 0 {
        let rounds = left.min(ROUNDS_OF_A_PROCESS);
        run_processes(launcher, benchmark, options.length, rounds, &mut all);
        left -= rounds;
    }
    all
}

/// Starts every contestant and lets them take turns.
fn run_processes(launcher: &Launcher, benchmark: &Benchmark, length: Duration, rounds: usize, all: &mut [Series]) {
    let mut processes: Vec<_> = all
        .iter_mut()
        .filter(|series| series.rates.is_ok())
        .map(|series| (launcher.start(&[], benchmark, series.contestant), series))
        .collect();
    // The first round of a process is its warm-up.
    for round in 0..=rounds {
        for (process, series) in &mut processes {
            let sample = match process {
                Ok(process) => process.round(Plan::For(length)).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match (&mut series.rates, sample) {
                (Ok(rates), Ok(sample)) if round > 0 => rates.push(sample.rate()),
                (Ok(_), Err(error)) => series.rates = Err(error),
                _ => {}
            }
        }
    }
}

/// The median growth by all the connections of one contestant.
pub fn hold(
    launcher: &Launcher,
    benchmark: &MemoryBenchmark,
    contestant: &MemoryContestant,
    options: &Options,
) -> Result<Growth> {
    let rounds = options.rounds.min(MEMORY_ROUNDS);
    let growths = (0..rounds).map(|_| launcher.hold(benchmark.name, contestant, HELD)).collect::<Result<Vec<_>>>()?;
    let middle = |of: fn(&Growth) -> i64| median(growths.iter().map(|growth| of(growth) as f64)) as i64;
    Ok(Growth { heap: middle(|growth| growth.heap), resident: middle(|growth| growth.resident) })
}

impl Ratio {
    /// Compares rounds that ran next to each other, then takes the middle one: drift between rounds cancels.
    pub fn of(ours: &[f64], rival: &[f64]) -> Self {
        let ratios = sorted(ours.iter().zip(rival).map(|(ours, rival)| ours / rival));
        let last = ratios.len().saturating_sub(1);
        // Each round lies above the true median with even odds, so their ranks follow a binomial distribution.
        let half = (0.98 * (ratios.len() as f64).sqrt()).ceil() as usize;
        let low = (ratios.len() / 2).saturating_sub(half);
        let at = |rank: usize| ratios.get(rank).copied().unwrap_or(f64::NAN);
        Self { median: median(ratios.iter().copied()), interval: (at(low), at(last - low.min(last))) }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval;
        write!(formatter, "{:.2} ({low:.2} - {high:.2})", self.median)
    }
}

/// The time that so large a share of all stays below; they are in order.
pub fn quantile(times: &[Duration], share: f64) -> Option<Duration> {
    times.get((times.len() as f64 * share) as usize).copied()
}

/// The middle value, or the mean of the two middle ones.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Contestants are started anew after so many rounds: the layout of a process's memory is luck, and should not last.
const ROUNDS_OF_A_PROCESS: usize = 10;
/// A tally of the heap is exact and VmRSS nearly so: more rounds would tell the same.
const MEMORY_ROUNDS: usize = 5;

#[cfg(test)]
mod tests {
    use super::Ratio;
    use super::median;

    #[test]
    fn the_median_of_an_even_number_of_values_is_the_mean_of_the_middle_two() {
        assert_eq!(median([9.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([9.0, 1.0, 2.0, 4.0].into_iter()), 3.0);
    }

    #[test]
    fn a_ratio_compares_neighbouring_rounds() {
        let ratio = Ratio::of(&[10.0, 80.0, 30.0], &[10.0, 20.0, 10.0]);
        assert_eq!(ratio.median, 3.0);
    }

    #[test]
    fn a_hundred_rounds_give_the_interval_from_the_forty_first_to_the_sixtieth() {
        let ours: Vec<f64> = (1..=100).map(f64::from).collect();
        let ratio = Ratio::of(&ours, &[1.0; 100]);
        assert_eq!((ratio.interval, ratio.median), ((41.0, 60.0), 50.5));
    }

    #[test]
    fn few_rounds_give_an_interval_of_all_of_them() {
        let ratio = Ratio::of(&[2.0, 1.0], &[1.0, 1.0]);
        assert_eq!(ratio.interval, (1.0, 2.0));
    }
}
