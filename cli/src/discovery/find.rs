//! `sockeye find`: where services are.

use std::{
    collections::HashSet,
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use sockeye::{
    Status,
    discovery::{self, Change, FoundService},
};

use super::options::choose_interfaces;
use crate::{failure::Failure, seconds::limit_up_to_a_day};

/// Options of `sockeye find`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FindArgs {
    /// The kind of service, such as game or http
    #[arg(value_name = "SERVICE")]
    service: String,
    /// What the name begins with, as a regular expression [default: any name]
    #[arg(value_name = "REGEX", default_value = "", hide_default_value = true)]
    pattern: sockeye::ServicePattern,
    /// How many seconds to look
    #[arg(long, value_name = "S", default_value = "5", value_parser = limit_up_to_a_day)]
    limit: Duration,
    /// Every one that shows itself within the limit, not only the first
    #[arg(long)]
    all: bool,
    /// Ask only this machine
    #[arg(long)]
    loopback: bool,
}

/// Runs `sockeye find`; what went wrong is one line on standard error.
pub(crate) fn run(args: &FindArgs) -> ExitCode {
    match find(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("find"),
    }
}

fn find(args: &FindArgs) -> Result<(), Failure> {
    choose_interfaces(args.loopback)?;
    let end = Instant::now() + args.limit;
    let mut browser = discovery::browse(&args.service).map_err(Failure::given)?;
    let mut names = HashSet::new();
    let mut late = 0;
    // What is known already is looked at without any time left, and what a network says that never stops is not.
    while late < MOST_LATE {
        late += usize::from(Instant::now() >= end);
        browser.set_timeout(Some(end.saturating_duration_since(Instant::now())))?;
        match browser.receive() {
            Status::Done(Change::Found(found)) if args.pattern.matches(found.name()) => {
                // Another address of it is no other service.
                if !names.insert(found.name().to_owned()) {
                    continue;
                }
                match print(&found) {
                    // Whoever reads has had enough.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    result => result.map_err(Failure::Output)?,
                }
                if !args.all {
                    return Ok(());
                }
            }
            Status::Done(_) => {}
            Status::NotReady => break,
            status => return status.into_result().map(drop).map_err(Failure::Library),
        }
    }
    if names.is_empty() {
        return Err(Failure::Wrong(format!("no such service within {:?}", args.limit)));
    }
    Ok(())
}

fn print(found: &FoundService) -> io::Result<()> {
    let mut line = format!("{}\t{}\t{}", found.endpoint(), found.name(), found.host());
    for (key, value) in found.txt().iter() {
        line.push('\t');
        line.push_str(key);
        if let Some(value) = value {
            line.push('=');
            // Whatever another machine says goes to a terminal.
            line.extend(String::from_utf8_lossy(value).chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        }
    }
    line.push('\n');
    let mut output = io::stdout().lock();
    output.write_all(line.as_bytes())?;
    output.flush()
}

/// How many changes are looked at behind the limit: twice as many as a browser knows services.
const MOST_LATE: usize = 2048;

const EXAMPLES: &str = "\
Examples:
  sockeye find game                    the first game that shows itself
  sockeye find game 'Ann|Bob'          the first one of Ann or Bob
  sockeye find http --all --limit 2    all web servers that answer within 2 s
  sockeye find game | cut -f1          address and port alone

Exit status:
  0  there is one
  1  there is none
  2  wrong command line";
