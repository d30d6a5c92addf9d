//! A loop of 60 frames a second with exchanges in flight, and what their polls cost it.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]
#![allow(unsafe_code, reason = "std has no clock for the time of one thread")]

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use sockeye::{HttpExchange, Status};

/// What a poll may take of a frame of 16.7 ms.
pub const SHARE: Duration = Duration::from_millis(1);
const FRAME: Duration = Duration::from_micros(16_667);
/// A virtual machine may stop as a whole, which looks like work: a figure of it counts when it was reached once in so many
/// tries.
const TRIES: usize = 8;
/// How long a slow machine may take to bring every exchange to its end once.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one call cost this thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Says little: the system and what is below it may take the core away for a while.
    pub elapsed: Duration,
    /// The time of the processor, which other programs cannot add to.
    pub processor: Duration,
    /// It gave the core away of its own accord, as a call does that waits for something.
    pub has_waited: bool,
}

/// The worst of many calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Worst {
    pub calls: usize,
    /// Those that waited.
    pub waits: usize,
    pub elapsed: Duration,
    pub processor: Duration,
}

/// An exchange that is begun anew whenever it has ended.
pub struct Runner<'a> {
    name: &'static str,
    begin: Box<dyn Fn() -> HttpExchange + 'a>,
    exchange: Option<HttpExchange>,
    polls: Worst,
    begins: Worst,
    is_endless: bool,
    ended: usize,
    last: String,
}

impl<'a> Runner<'a> {
    pub fn new(name: &'static str, begin: impl Fn() -> HttpExchange + 'a) -> Self {
        let (polls, begins) = (Worst::default(), Worst::default());
        let begin = Box::new(begin);
        Self { name, begin, exchange: None, polls, begins, is_endless: false, ended: 0, last: String::new() }
    }

    /// Its exchange need not end: the loop does not wait for it.
    pub fn endless(self) -> Self {
        Self { is_endless: true, ..self }
    }

    /// How often it came to its end.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// What the last end was.
    pub fn last(&self) -> &str {
        &self.last
    }

    fn frame(&mut self) {
        let exchange = match &mut self.exchange {
            Some(exchange) => exchange,
            None => {
                let (exchange, cost) = measured(&self.begin);
                self.begins.note(cost);
                self.exchange.insert(exchange)
            }
        };
        let (status, cost) = measured(|| exchange.poll());
        self.polls.note(cost);
        self.last = match status {
            Status::NotReady => return,
            Status::Done(response) => format!("{} with {} bytes", response.status(), response.body().len()),
            Status::Error(error) => error.to_string(),
            Status::Disconnected => "disconnected".to_owned(),
        };
        self.ended += 1;
        self.exchange = None;
    }
}

/// Plays until each exchange has once left the frame to the game, some tries at most; prints and returns the last try. A
/// try takes so many seconds, and goes on until every exchange has ended once that is to end.
///
/// Two things are asked of each exchange in one of the tries: that no poll needed more than the share of the processor,
/// and that none waited. Together they are the time that a poll takes where nobody takes the core away.
pub fn play<'a>(seconds: u64, runners: impl Fn() -> Vec<Runner<'a>>) -> Vec<Runner<'a>> {
    let mut outcome = runners();
    let mut has_been_good = vec![false; outcome.len()];
    for attempt in 1..=TRIES {
        let frames = run(seconds, &mut outcome);
        println!("try {attempt}: {frames} frames");
        for (Runner { name, polls, begins, ended, last, .. }, has_been_good) in outcome.iter().zip(&mut has_been_good) {
            println!("  {name}: poll {polls}; begin {begins}; {ended} ended, the last with {last:?}");
            *has_been_good |= polls.processor < SHARE && polls.waits == 0;
        }
        if has_been_good.iter().all(|is_good| *is_good) {
            return outcome;
        }
        if attempt < TRIES {
            outcome = runners();
        }
    }
    let bad: Vec<_> = outcome.iter().zip(has_been_good).filter(|(_, is_good)| !is_good).collect();
    panic!(
        "in {TRIES} tries, {:?} never left the frame to the game",
        bad.iter().map(|(it, _)| it.name).collect::<Vec<_>>()
    );
}

fn run(seconds: u64, runners: &mut [Runner<'_>]) -> usize {
    let begin = Instant::now();
    let mut next = begin;
    let mut frames = 0;
    let is_over = |runners: &[Runner<'_>]| {
        let is_complete = runners.iter().all(|runner| runner.is_endless || runner.ended > 0);
        begin.elapsed() >= if is_complete { Duration::from_secs(seconds) } else { PATIENCE }
    };
    while !is_over(runners) {
        runners.iter_mut().for_each(Runner::frame);
        frames += 1;
        // The rest of the frame is the game's.
        next += FRAME;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    frames
}

impl Worst {
    fn note(&mut self, cost: Cost) {
        self.calls += 1;
        self.waits += usize::from(cost.has_waited);
        self.elapsed = self.elapsed.max(cost.elapsed);
        self.processor = self.processor.max(cost.processor);
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, waits, elapsed, processor } = self;
        write!(f, "at most {processor:?} of the processor, {elapsed:?} by the clock ({calls} calls, {waits} waited)")
    }
}

/// Runs something and tells what it cost.
pub fn measured<T>(body: impl FnOnce() -> T) -> (T, Cost) {
    let waits = waits();
    let processor = processor_time();
    let begin = Instant::now();
    let value = body();
    let elapsed = begin.elapsed();
    let processor = processor_time().saturating_sub(processor);
    (value, Cost { elapsed, processor, has_waited: self::waits() != waits })
}

#[cfg(unix)]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to one `timespec`.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

/// How often this thread has waited for something.
#[cfg(target_os = "linux")]
fn waits() -> i64 {
    // SAFETY: a `rusage` of zeros is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: it writes to one `rusage`.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) }, 0);
    usage.ru_nvcsw
}

#[cfg(not(target_os = "linux"))]
fn waits() -> i64 {
    0
}
