//! Starts contestants in processes of their own, this program again or the C++ one, and talks to them.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::Result;
use crate::benchmark::{Benchmark, Contestant, Holding, MemoryContestant, Round, Server, Threads};
use crate::server::vsftpd::Vsftpd;
use crate::server::{Pair, nginx};
use crate::session::{Plan, Sample};
use crate::sfml;
use crate::sys::Core;
use crate::workload::memory::Growth;

/// Knows the programs that contestants run in.
pub struct Launcher {
    this: PathBuf,
    /// The C++ program, or why there is none.
    sfml: Result<PathBuf>,
    nginx: Result<Pair>,
    vsftpd: Result<Vsftpd>,
}

/// A contestant that waits for its next round.
pub struct Running {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Launcher {
    pub fn new() -> Result<Self> {
        Ok(Self { this: env::current_exe()?, sfml: sfml::build(), nginx: nginx::start(), vsftpd: Vsftpd::start() })
    }

    /// The C++ program, or why SFML does not take part.
    pub fn sfml(&self) -> Result<&Path> {
        self.sfml.as_deref().map_err(|reason| reason.to_string().into())
    }

    /// The web server, or why there is none.
    pub fn nginx(&self) -> Result<&Pair> {
        self.nginx.as_ref().map_err(|reason| reason.to_string().into())
    }

    /// The FTP server, or why there is none.
    pub fn vsftpd(&self) -> Result<&Vsftpd> {
        self.vsftpd.as_ref().map_err(|reason| reason.to_string().into())
    }

    fn has(&self, server: Server) -> bool {
        match server {
            Server::Nginx => self.nginx.is_ok(),
            Server::Vsftpd => self.vsftpd.is_ok(),
        }
    }

    /// Whether a contestant can take part.
    pub fn can_run(&self, contestant: &Contestant) -> bool {
        match contestant.round {
            Round::Here(_) => true,
            Round::Sfml(_) => self.sfml.is_ok(),
            Round::Served(server, _) => self.has(server),
            Round::ServedSfml(server, _) => self.has(server) && self.sfml.is_ok(),
        }
    }

    /// Whether a contestant of a memory benchmark can take part.
    pub fn can_hold(&self, contestant: &MemoryContestant) -> bool {
        self.sfml.is_ok() || matches!(contestant.holding, Holding::Here(_))
    }

    /// Starts a contestant, under `tracer` if that is not empty.
    pub fn start(&self, tracer: &[&str], benchmark: &Benchmark, contestant: &Contestant) -> Result<Running> {
        let mut words: Vec<String> = tracer.iter().map(ToString::to_string).collect();
        match contestant.round {
            Round::Here(_) | Round::Served(..) => {
                words.extend([text(&self.this)?, "round".into(), benchmark.name.into(), contestant.name.into()])
            }
            Round::Sfml(round) | Round::ServedSfml(_, round) => words.extend([text(self.sfml()?)?, round.into()]),
        }
        let core = if benchmark.threads == Threads::Two { Core::Peer } else { Core::Main };
        match contestant.round {
            Round::Here(_) | Round::Sfml(_) => Running::start(&words, None),
            Round::Served(Server::Nginx, _) | Round::ServedSfml(Server::Nginx, _) => {
                words.push(self.nginx()?.address(core).to_string());
                Running::start(&words, None)
            }
            Round::Served(Server::Vsftpd, _) | Round::ServedSfml(Server::Vsftpd, _) => {
                let vsftpd = self.vsftpd()?;
                words.push(vsftpd.servers.address(core).to_string());
                Running::start(&words, Some(&vsftpd.new_folder()?))
            }
        }
    }

    /// Runs one memory round.
    pub fn hold(&self, benchmark: &str, contestant: &MemoryContestant, count: usize) -> Result<Growth> {
        let mut words = match contestant.holding {
            Holding::Here(_) => vec![text(&self.this)?, "hold".into(), benchmark.into(), contestant.name.into()],
            Holding::Sfml => vec![text(self.sfml()?)?, "memory".into()],
        };
        words.push(count.to_string());
        let mut running = Running::start(&words, None)?;
        let line = running.answer()?;
        running.finish()?;
        let (heap, resident) = line.trim().split_once(' ').ok_or_else(|| format!("not a growth: {line:?}"))?;
        Ok(Growth { heap: heap.parse()?, resident: resident.parse()? })
    }
}

impl Running {
    /// `folder` is the current one of the contestant.
    fn start(words: &[String], folder: Option<&Path>) -> Result<Self> {
        let (program, arguments) = words.split_first().ok_or("no program")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, answers })
    }

    /// Has the contestant run one round.
    pub fn round(&mut self, plan: Plan) -> Result<Sample> {
        let commands = self.child.stdin.as_mut().ok_or("no input")?;
        // A contestant that could not even set up is gone by now: what it said is of more use than a broken pipe.
        if writeln!(commands, "{plan}").is_err() {
            return Err(self.complaint());
        }
        self.answer()?.parse()
    }

    /// Ends the contestant and returns what it, or its tracer, wrote to standard error.
    pub fn finish(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut written = String::new();
        self.child.stderr.take().ok_or("no standard error")?.read_to_string(&mut written)?;
        let status = self.child.wait()?;
        if status.success() { Ok(written) } else { Err(format!("{status}, {}", written.trim()).into()) }
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() { Err(self.complaint()) } else { Ok(line) }
    }

    fn complaint(&mut self) -> Box<dyn std::error::Error + Send + Sync> {
        drop(self.child.stdin.take());
        let mut written = String::new();
        let read = self.child.stderr.take().map(|mut errors| errors.read_to_string(&mut written));
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        match read {
            Some(Ok(_)) => format!("{status}, {}", written.trim().trim_start_matches("bench: ")).into(),
            _ => status.into(),
        }
    }
}

/// A contestant is not left behind when the harness gives up.
impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().ok_or("the program's path is not UTF-8")?.into())
}
