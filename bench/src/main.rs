//! sockeye against its rivals, side by side in one run. See README.md for what the rows mean.

mod allocator;
mod arguments;
mod benchmark;
mod calls;
mod contestant;
mod crowd;
mod frames;
mod launch;
mod report;
mod rounds;
mod server;
mod session;
mod sfml;
mod sys;
mod table;
mod target;
mod transfer;
mod workload;

use std::net::SocketAddr;
use std::process::ExitCode;

use crate::arguments::Command;
use crate::benchmark::{Benchmark, Contestant, Holding, MEMORY_BENCHMARKS, Round};
use crate::launch::Launcher;
use crate::session::Session;
use crate::sys::Core;

/// Whatever went wrong, in words: a benchmark has nothing to do about it but say so.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[global_allocator]
static ALLOCATOR: allocator::Tally = allocator::Tally;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::All(options) => report::print(&Launcher::new()?, &options),
        Command::List => {
            benchmark::in_rounds().for_each(|benchmark| println!("{:<20} {}", benchmark.name, benchmark.title));
            MEMORY_BENCHMARKS.iter().for_each(|benchmark| println!("{:<20} {}", benchmark.name, benchmark.title));
            transfer::TRANSFERS.iter().for_each(|transfer| println!("{:<20} {}", transfer.name, transfer.title));
            Ok(())
        }
        Command::Calls { benchmark, contestant, operations } => {
            let (benchmark, contestant) = find(&benchmark, &contestant)?;
            let calls = calls::count(&Launcher::new()?, benchmark, contestant, operations)?;
            println!("{calls:#}");
            Ok(())
        }
        Command::Round { benchmark, contestant, server } => run_rounds(find(&benchmark, &contestant)?.1, server),
        Command::Hold { benchmark, contestant, count } => hold(&benchmark, &contestant, count),
        Command::Transfer { transfer, program, url, path } => transfer::here::run(&transfer, &program, &url, &path),
        Command::Peers { port, count } => {
            enter_round()?;
            workload::memory::hold_peers(port, count)
        }
        Command::Crowd { rounds } => crowd::print(rounds),
        Command::Frames { seconds } => frames::print(seconds),
        Command::CrowdServer { contestant } => crowd::serve(&contestant),
        Command::LinesServer => crowd::serve_lines(),
        Command::Echo { address, is_polled } => {
            enter_round()?;
            workload::messages::answer(&address, is_polled)
        }
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(())
        }
    }
}

/// The rounds of one contestant in this process, as the harness starts it.
fn run_rounds(contestant: &Contestant, server: Option<SocketAddr>) -> Result<()> {
    enter_round()?;
    sys::pin(Core::Main)?;
    match contestant.round {
        Round::Here(round) => round(Session::new()),
        Round::Served(_, round) => round(Session::new(), server.ok_or("this round needs the address of a server")?),
        Round::Sfml(_) | Round::ServedSfml(..) => Err("SFML's rounds run in the C++ program".into()),
    }
}

/// One memory round in this process, as the harness starts it. Prints `heap resident`.
fn hold(benchmark: &str, contestant: &str, count: usize) -> Result<()> {
    let benchmark =
        MEMORY_BENCHMARKS.iter().find(|candidate| candidate.name == benchmark).ok_or("no such benchmark")?;
    let contestant = benchmark.contestants.iter().find(|candidate| candidate.name == contestant);
    let Some(Holding::Here(hold)) = contestant.map(|contestant| &contestant.holding) else {
        return Err("no such contestant".into());
    };
    enter_round()?;
    let growth = hold(count)?;
    println!("{} {}", growth.heap, growth.resident);
    Ok(())
}

fn enter_round() -> Result<()> {
    sys::arm_alarm();
    sys::raise_descriptor_limit()?;
    Ok(())
}

fn find(benchmark: &str, contestant: &str) -> Result<(&'static Benchmark, &'static Contestant)> {
    let benchmark = benchmark::in_rounds().find(|candidate| candidate.name == benchmark);
    let benchmark = benchmark.ok_or("no such benchmark: `bench list` names them")?;
    let found = benchmark.contestants.iter().find(|candidate| candidate.name == contestant);
    found.map(|found| (benchmark, found)).ok_or_else(|| {
        let names: Vec<_> = benchmark.contestants.iter().map(|candidate| candidate.name).collect();
        format!("no such contestant; there are: {}", names.join(" | ")).into()
    })
}
