//! `sockeye publish`: a service is there until somebody says stop.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use clap::Args;
use sockeye::discovery::{self, TxtRecord};

use super::options::{choose_interfaces, entry};
use crate::{failure::Failure, seconds::limit_up_to_a_day};

/// Options of `sockeye publish`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PublishArgs {
    /// The kind of service, such as game or http: 1 to 15 letters, digits and hyphens
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The name for people: 1 to 63 bytes
    #[arg(value_name = "NAME")]
    name: String,
    /// The port at which it listens
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// What else to say of it, any number of times
    #[arg(long, value_name = "KEY=VALUE", value_parser = entry)]
    txt: Vec<(String, Option<String>)>,
    /// Withdraw it after so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "S", value_parser = limit_up_to_a_day)]
    limit: Option<Duration>,
    /// Tell only this machine
    #[arg(long)]
    loopback: bool,
}

/// Runs `sockeye publish`; what went wrong is one line on standard error.
pub(crate) fn run(args: &PublishArgs) -> ExitCode {
    match publish(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("publish"),
    }
}

fn publish(args: &PublishArgs) -> Result<(), Failure> {
    let mut txt = TxtRecord::new();
    for (key, value) in &args.txt {
        let set = match value {
            Some(value) => txt.set(key, value),
            None => txt.set_flag(key),
        };
        set.map_err(Failure::given)?;
    }
    let stop = stop_on_signals()?;
    choose_interfaces(args.loopback)?;
    let published = discovery::publish(&args.service, &args.name, args.port, &txt).map_err(Failure::given)?;
    let until = Instant::now() + PATIENCE;
    while published.wait(Some(ATTENTION)).is_not_ready() {
        if stop.try_recv().is_ok() {
            return Err(Failure::Interrupted);
        }
        if Instant::now() >= until {
            return Err(Failure::Wrong(format!("nobody could be told of it within {PATIENCE:?}: is the network up?")));
        }
    }
    let mut output = io::stdout().lock();
    writeln!(output, "{}", published.name()).and_then(|()| output.flush()).map_err(Failure::Output)?;
    drop(output);
    let is_stopped = match args.limit {
        None => stop.recv().is_ok(),
        Some(limit) => stop.recv_timeout(limit).is_ok(),
    };
    drop(published);
    if is_stopped { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Ctrl-C, a request to terminate and a closed terminal, so that the network hears of the end.
fn stop_on_signals() -> Result<Receiver<()>, Failure> {
    let (stop, stopped) = mpsc::channel();
    let handler = move || {
        // Nobody listens any more when the program ends anyway.
        let _ = stop.send(());
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::Signals(error.to_string()))?;
    Ok(stopped)
}

/// A free name takes a second; each that is taken, another one.
const PATIENCE: Duration = Duration::from_secs(10);
/// How quickly Ctrl-C ends that.
const ATTENTION: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  sockeye publish game \"Ann's arena\" 4000
  sockeye publish http Docs 8080 --txt path=/index.html --txt version=3
  sockeye publish game Test 4000 --loopback --limit 60

Exit status:
  0    the time of --limit has passed
  1    nobody could be told of it
  2    wrong command line
  130  Ctrl-C";
