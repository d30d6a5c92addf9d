//! The conversation between the harness and the process of one contestant.
//!
//! The harness writes `for MILLISECONDS` or `count OPERATIONS` in a line, the contestant runs that round and answers
//! `operations nanoseconds`. Between rounds it waits, so that contestants can take turns many times in a second.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::Result;
use crate::sys;

/// The length of one round.
#[derive(Clone, Copy)]
pub enum Plan {
    /// About this long; how many operations that is was found out in a warm-up. For times.
    For(Duration),
    /// Exactly this many operations and no warm-up. For counting system calls.
    Count(u64),
}

/// What a contestant found in one round.
#[derive(Clone, Copy)]
pub struct Sample {
    pub operations: u64,
    pub elapsed: Duration,
}

/// The contestant's side.
pub struct Session {
    /// Operations in a second, from the round before.
    rate: Option<f64>,
}

impl Session {
    pub fn new() -> Self {
        Self { rate: None }
    }

    /// Runs `body` with a number of operations, always a multiple of `step`, once for each line that comes.
    pub fn serve(mut self, step: u64, mut body: impl FnMut(u64) -> Result<()>) -> Result<()> {
        for line in io::stdin().lines() {
            sys::arm_alarm();
            let operations = match line?.parse()? {
                Plan::Count(operations) => operations,
                Plan::For(length) => {
                    let rate = self.rate.map_or_else(|| warm_up(length, step, &mut body), Ok)?;
                    (rate * length.as_secs_f64()) as u64
                }
            };
            let sample = timed(operations.max(1).next_multiple_of(step), &mut body)?;
            self.rate = Some(sample.rate());
            println!("{sample}");
            io::stdout().flush()?;
        }
        Ok(())
    }
}

impl Sample {
    /// Operations in a second.
    pub fn rate(self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plan::For(length) => write!(formatter, "for {}", length.as_millis()),
            Plan::Count(operations) => write!(formatter, "count {operations}"),
        }
    }
}

impl FromStr for Plan {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(line: &str) -> Result<Self> {
        match line.split_once(' ') {
            Some(("for", milliseconds)) => Ok(Plan::For(Duration::from_millis(milliseconds.parse()?))),
            Some(("count", operations)) => Ok(Plan::Count(operations.parse()?)),
            _ => Err(format!("not a plan: {line:?}").into()),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.operations, self.elapsed.as_nanos())
    }
}

impl FromStr for Sample {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(line: &str) -> Result<Self> {
        let (operations, nanoseconds) = line.trim().split_once(' ').ok_or_else(|| format!("not a sample: {line:?}"))?;
        Ok(Self { operations: operations.parse()?, elapsed: Duration::from_nanos(nanoseconds.parse()?) })
    }
}

/// Doubles the run until it takes the length of a round; returns the rate of the last run.
fn warm_up(length: Duration, step: u64, body: &mut impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let mut operations = step;
    loop {
        let sample = timed(operations, body)?;
        if sample.elapsed >= length {
            return Ok(sample.rate());
        }
        operations *= 2;
    }
}

fn timed(operations: u64, body: &mut impl FnMut(u64) -> Result<()>) -> Result<Sample> {
    let start = Instant::now();
    body(operations)?;
    Ok(Sample { operations, elapsed: start.elapsed() })
}
