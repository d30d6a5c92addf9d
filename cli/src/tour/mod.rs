//! `sockeye tour`: the main jobs of the library in about five seconds, against servers that the tour starts itself on
//! loopback, with the figures that it measured. A step that goes wrong ends the program with 1.

mod addresses;
mod crowd;
mod datagrams;
mod discovery;
mod failure;
mod frames;
mod ftp;
mod http;
mod messages;
mod packets;
mod transfer;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use failure::Failure;

/// Runs every step and prints what it measured.
pub(crate) fn run() -> ExitCode {
    let caught = ctrlc::set_handler(|| ftp::end_interrupted()).map_err(|error| Failure::Signals(error.to_string()));
    match caught.and_then(|()| walk(&mut io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sockeye: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn walk(out: &mut impl Write) -> Result<(), Failure> {
    let begin = Instant::now();
    for (title, step) in STEPS {
        write!(out, "{title:>11}  ").and_then(|()| out.flush()).map_err(Failure::Output)?;
        let figures = step()?;
        let mut lines = figures.lines();
        writeln!(out, "{}", lines.next().unwrap_or_default()).map_err(Failure::Output)?;
        for line in lines {
            writeln!(out, "{:>11}  {line}", "").map_err(Failure::Output)?;
        }
    }
    writeln!(out, "\nall of it right, in {:.1} s", begin.elapsed().as_secs_f64()).map_err(Failure::Output)
}

/// A step does its job, checks that it came out right, and says what it measured.
type Step = fn() -> Result<String, Failure>;

const STEPS: [(&str, Step); 10] = [
    ("addresses", addresses::step),
    ("TCP", transfer::step),
    ("UDP", datagrams::step),
    ("selector", crowd::step),
    ("packets", packets::step),
    ("game loop", frames::step),
    ("HTTP", http::step),
    ("FTP", ftp::step),
    ("messages", messages::step),
    ("discovery", discovery::step),
];

/// Nothing on loopback takes this long: a step that waits longer has gone wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// The middle value of measurements.
fn median(measured: &mut [Duration]) -> Duration {
    measured.sort_unstable();
    measured.get(measured.len() / 2).copied().unwrap_or_default()
}

/// The value that 99 of 100 measurements do not pass.
fn p99(measured: &mut [Duration]) -> Duration {
    measured.sort_unstable();
    measured.get(measured.len() * 99 / 100).copied().unwrap_or_default()
}

/// A count per second, in millions.
fn millions_per_second(count: u32, elapsed: Duration) -> f64 {
    f64::from(count) / elapsed.as_secs_f64() / 1e6
}
