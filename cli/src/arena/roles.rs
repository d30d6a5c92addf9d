//! The three ways to take part: alone with bots, as a server, as a player of somebody's server.

use std::io::{self, Write};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sockeye::IpAddress;

use super::bot::Bot;
use super::client::{Client, Measured};
use super::error::ArenaError;
use super::host::Host;
use super::options::{AloneArgs, JoinArgs, RunArgs, ServeArgs};
use super::party::{Party, Played};
use super::report::{Complaint, Report};
use super::screen;
use super::server::{Pulse, Tally};
use super::stats::{Bytes, Millis};
use super::stop::Stop;
use super::text::Name;

/// A server writes a line about itself this often.
const PULSES_PER_LINE: u32 = 5;
/// How quickly Ctrl-C ends a server.
const ATTENTION: Duration = Duration::from_millis(100);

/// A run, from its beginning to its report.
struct Run {
    args: RunArgs,
    interrupt: Stop,
    began: Instant,
}

/// Bots on a thread of their own, which end when this is dropped.
struct Company {
    stop: Stop,
    thread: Option<JoinHandle<Result<Played, ArenaError>>>,
}

/// Plays on a server of one's own, with bots.
pub(crate) fn alone(args: &AloneArgs) -> Result<(), ArenaError> {
    let run = Run::begin(args.run)?;
    let host = Host::start(Some(args.bind), args.port)?;
    let (address, port) = (reachable(args.bind), host.port());
    let you = Name::clean(&args.name);
    if args.run.headless {
        let names = std::iter::once(you).chain(bot_names(args.bots)).collect();
        let played = Party::gather(names, &[address], port)?.play(&run.interrupt, run.until())?;
        return run.end(Some(&host.end()?), played);
    }
    let company = Company::gather(args.bots, address, port)?;
    let player = run.play(vec![address], port, you, &format!("{address} port {port}"));
    let mut played = company.part()?;
    played.measured.insert(0, player?);
    run.end(Some(&host.end()?), played)
}

/// Runs a server until Ctrl-C or until the time is over.
pub(crate) fn serve(args: &ServeArgs) -> Result<(), ArenaError> {
    let run = Run { began: Instant::now(), interrupt: Stop::on_signals()?, args: args.run };
    let host = Host::start(args.bind, args.port)?;
    let (port, udp_port) = (host.port(), host.udp_port());
    let place = args.bind.map_or_else(|| "all addresses".to_owned(), |address| address.to_string());
    say(format_args!("listening on {place}, TCP port {port}, UDP port {udp_port}"))?;
    let company = Company::gather(args.bots, args.bind.map_or(IpAddress::LOCAL_HOST, reachable), port)?;
    let mut pulses = 0;
    while !run.is_over() {
        match host.pulses().recv_timeout(ATTENTION) {
            Ok(pulse) => {
                pulses += 1;
                if pulses % PULSES_PER_LINE == 0 {
                    say_pulse(pulse)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let played = company.part()?;
    run.end(Some(&host.end()?), played)
}

/// Plays on somebody's server.
pub(crate) fn join(args: &JoinArgs) -> Result<(), ArenaError> {
    look_for_terminal(args.run)?;
    let host = args.host.trim_start_matches('[').trim_end_matches(']');
    let addresses = IpAddress::resolve(host).map_err(ArenaError::socket("cannot join"))?;
    // Not before that: the system's resolver waits as long as it wants to, and notices no flag.
    let run = Run::begin(args.run)?;
    let you = Name::clean(&args.name);
    if args.run.headless {
        let mut played = Party::gather(vec![you], &addresses, args.port)?.play(&run.interrupt, run.until())?;
        return match played.complaints.pop() {
            // With one client its fate is the program's: said without its name before it.
            Some(Complaint::Lost(_, error)) => Err(error),
            _ => run.end(None, played),
        };
    }
    let player = run.play(addresses, args.port, you, &format!("{} port {}", args.host, args.port))?;
    run.end(None, Played { measured: vec![player], complaints: Vec::new() })
}

impl Run {
    /// Looks whether there is a terminal, if one is needed, and listens for Ctrl-C.
    fn begin(args: RunArgs) -> Result<Self, ArenaError> {
        look_for_terminal(args)?;
        Ok(Self { args, interrupt: Stop::on_signals()?, began: Instant::now() })
    }

    fn until(&self) -> Option<Instant> {
        self.args.seconds.map(|seconds| self.began + Duration::from_secs(seconds))
    }

    fn is_over(&self) -> bool {
        self.interrupt.is_raised() || self.until().is_some_and(|until| Instant::now() >= until)
    }

    /// Lets a player play at the terminal.
    fn play(
        &self,
        addresses: Vec<IpAddress>,
        port: u16,
        name: Name,
        place: &str,
    ) -> Result<(Name, Measured), ArenaError> {
        let mut client = Client::join(addresses, port, name.clone(), Instant::now())?;
        screen::play(&mut client, place, &self.interrupt, self.until())?;
        Ok((name, client.measured().clone()))
    }

    /// Writes the report. A run that nobody watched and nobody cut short is judged by its figures too.
    fn end(&self, tally: Option<&Tally>, played: Played) -> Result<(), ArenaError> {
        let report = Report { elapsed: self.began.elapsed(), tally, clients: &played.measured };
        write!(io::stdout(), "{report}").and_then(|()| io::stdout().flush()).map_err(ArenaError::Output)?;
        let interrupted = self.interrupt.is_raised();
        let mut complaints = played.complaints;
        if !interrupted && self.args.seconds.is_some() {
            complaints.extend(report.complaints());
        }
        match (complaints.is_empty(), interrupted && self.args.seconds.is_some()) {
            (false, _) => Err(ArenaError::Unwell(complaints)),
            (true, true) => Err(ArenaError::Interrupted),
            (true, false) => Ok(()),
        }
    }
}

impl Company {
    fn gather(bots: u64, address: IpAddress, port: u16) -> Result<Self, ArenaError> {
        let party = Party::gather(bot_names(bots).collect(), &[address], port)?;
        let stop = Stop::default();
        let raised = stop.clone();
        let thread = thread::Builder::new().name("arena bots".to_owned()).spawn(move || party.play(&raised, None));
        Ok(Self { stop, thread: Some(thread.map_err(ArenaError::Thread)?) })
    }

    fn part(mut self) -> Result<Played, ArenaError> {
        self.stop.raise();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => Err(ArenaError::Panicked("bots")),
        }
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        self.stop.raise();
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

fn look_for_terminal(args: RunArgs) -> Result<(), ArenaError> {
    if args.headless || screen::is_there() { Ok(()) } else { Err(ArenaError::NoTerminal) }
}

/// The names of so many bots.
fn bot_names(count: u64) -> impl Iterator<Item = Name> {
    (0..usize::try_from(count).unwrap_or(0)).map(Bot::name_of)
}

/// The address at which this machine reaches what listens on an address.
fn reachable(bound: IpAddress) -> IpAddress {
    match bound {
        IpAddress::ANY => IpAddress::LOCAL_HOST,
        IpAddress::ANY_V6 => IpAddress::LOCAL_HOST_V6,
        address => address,
    }
}

fn say_pulse(pulse: Pulse) -> Result<(), ArenaError> {
    let micros = |micros: u32| Millis(Duration::from_micros(u64::from(micros)));
    let Pulse { players, load, rate } = pulse;
    say(format_args!(
        "{players} players, tick mean {}, p99 {}, {} missed; in {}/s, out {}/s",
        micros(load.mean),
        micros(load.p99),
        load.missed,
        Bytes(rate.received.bytes),
        Bytes(rate.sent.bytes)
    ))
}

fn say(line: std::fmt::Arguments<'_>) -> Result<(), ArenaError> {
    writeln!(io::stdout(), "{line}").map_err(ArenaError::Output)
}
