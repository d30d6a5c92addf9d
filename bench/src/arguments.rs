//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Result;

pub const HELP: &str = "\
Measures sockeye against raw std::net, epoll, SFML, mio, polling, message-io, ureq, libcurl, curl,
suppaftp and lftp.

usage: bench [--only NAME]... [--rounds N] [--length MS] [--quick] [--no-calls]
       bench list
       bench calls BENCHMARK CONTESTANT [OPERATIONS]
       bench crowd [ROUNDS]
       bench frames [SECONDS]

  --only NAME   only the benchmarks whose name contains NAME; may be given several times
  --rounds N    rounds of each contestant, interleaved (default 100)
  --length MS   length of one round (default 20)
  --quick       3 rounds and no system calls: to see that all works; too few to judge by
  --no-calls    leaves out the system calls per operation (strace)
  list          names the benchmarks
  calls         counts the system calls of one contestant, by name
  crowd         event loops: 10,000 connections that echo, and a million lines (default 5 rounds)
  frames        what polls of eight HTTP exchanges take of the frames of a game (default 60 s)
";

/// What the program was asked to do. The last seven are how it starts itself.
pub enum Command {
    All(Options),
    List,
    Calls { benchmark: String, contestant: String, operations: u64 },
    Help,
    Round { benchmark: String, contestant: String, server: Option<SocketAddr> },
    Hold { benchmark: String, contestant: String, count: usize },
    Peers { port: u16, count: usize },
    Transfer { transfer: String, program: String, url: String, path: String },
    Crowd { rounds: usize },
    Frames { seconds: u64 },
    CrowdServer { contestant: String },
    LinesServer,
    Echo { address: String, is_polled: bool },
}

/// How much is measured.
pub struct Options {
    pub only: Vec<String>,
    pub rounds: usize,
    pub length: Duration,
    pub calls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { only: Vec::new(), rounds: 100, length: Duration::from_millis(20), calls: true }
    }
}

impl Options {
    /// Whether a benchmark is asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Reads the words after the program's name.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let words: Vec<String> = arguments.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        ["list"] => Command::List,
        ["crowd", rounds @ ..] if rounds.len() <= 1 => {
            Command::Crowd { rounds: rounds.first().map_or(Ok(5), |number| number.parse())? }
        }
        ["crowd-server", contestant] => Command::CrowdServer { contestant: (*contestant).into() },
        ["frames", seconds @ ..] if seconds.len() <= 1 => {
            Command::Frames { seconds: seconds.first().map_or(Ok(60), |number| number.parse())? }
        }
        ["lines-server"] => Command::LinesServer,
        ["echo", address, kind @ ("polled" | "waiting")] => {
            Command::Echo { address: (*address).into(), is_polled: *kind == "polled" }
        }
        ["help" | "--help" | "-h"] => Command::Help,
        ["calls", benchmark, contestant, operations @ ..] if operations.len() <= 1 => Command::Calls {
            benchmark: (*benchmark).into(),
            contestant: (*contestant).into(),
            operations: operations.first().map_or(Ok(crate::calls::OPERATIONS), |number| number.parse())?,
        },
        ["round", benchmark, contestant, server @ ..] if server.len() <= 1 => Command::Round {
            benchmark: (*benchmark).into(),
            contestant: (*contestant).into(),
            server: server.first().map(|address| address.parse()).transpose()?,
        },
        ["transfer", transfer, program, url, path] => Command::Transfer {
            transfer: (*transfer).into(),
            program: (*program).into(),
            url: (*url).into(),
            path: (*path).into(),
        },
        ["hold", benchmark, contestant, count] => {
            Command::Hold { benchmark: (*benchmark).into(), contestant: (*contestant).into(), count: count.parse()? }
        }
        ["peers", port, count] => Command::Peers { port: port.parse()?, count: count.parse()? },
        options => Command::All(parse_options(options)?),
    })
}

fn parse_options(words: &[&str]) -> Result<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match *word {
            "--only" => options.only.push((*value()?).into()),
            "--rounds" => options.rounds = value()?.parse()?,
            "--length" => options.length = Duration::from_millis(value()?.parse()?),
            "--quick" => (options.rounds, options.calls) = (3, false),
            "--no-calls" => options.calls = false,
            _ => return Err(format!("unknown argument {word}; `bench --help` says what there is").into()),
        }
    }
    if options.rounds == 0 || options.length.is_zero() {
        return Err("nothing would be measured".into());
    }
    Ok(options)
}
