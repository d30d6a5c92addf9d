//! Whole transfers by programs of their own: sockeye in this program against the program curl.

use std::fs::File;
use std::io::Write;
use std::mem;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use crate::nginx::{HUGE, Nginx};
use crate::rounds::{Ratio, median};
use crate::sys::{self, Core};
use crate::table::Table;
use crate::{Result, contestant};

/// A file from the web server, or to it.
pub struct Transfer {
    pub name: &'static str,
    pub title: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Download,
    Upload,
}

/// What a program cost.
#[derive(Clone, Copy)]
struct Cost {
    elapsed: Duration,
    processor: Duration,
    peak: u64,
}

/// What a run found out about one transfer: ours against curl, round by round.
pub struct Comparison {
    pub speed: Ratio,
    /// curl's time of the processor over ours.
    pub processor: Ratio,
    /// The most memory that ours ever had, in bytes.
    pub peak: u64,
}

pub const TRANSFERS: &[Transfer] = &[
    Transfer { name: "http-download", title: "HTTP download of 1 GiB to a file", kind: Kind::Download },
    Transfer { name: "http-upload", title: "HTTP upload of 1 GiB from a file", kind: Kind::Upload },
];

impl Transfer {
    /// Runs both programs in turns and prints a row for each measure.
    pub fn compare(&self, nginx: &Nginx, rounds: usize, table: &Table<5>) -> Result<Comparison> {
        let source = nginx.folder().join("source");
        if self.kind == Kind::Upload {
            fill(&source)?;
        }
        let (mut ours, mut curls) = (Vec::new(), Vec::new());
        // The first round warms the page cache up.
        for round in 0..=rounds {
            let our = self.run(nginx, &source, |url, path| {
                let mut command = Command::new(env::current_exe()?);
                command.args(["transfer", self.kind.word(), url, path]);
                Ok(command)
            })?;
            let curl = self.run(nginx, &source, |url, path| {
                let mut command = Command::new("curl");
                let direction = if self.kind == Kind::Download { "-o" } else { "-T" };
                command.args(["-q", "-sS", "--fail", "--noproxy", "*", direction, path, url]);
                Ok(command)
            })?;
            if round > 0 {
                ours.push(our);
                curls.push(curl);
            }
        }
        let _ = fs::remove_file(&source);
        Ok(self.judge(&ours, &curls, table))
    }

    fn judge(&self, ours: &[Cost], curls: &[Cost], table: &Table<5>) -> Comparison {
        let all = |costs: &[Cost], of: fn(&Cost) -> f64| costs.iter().map(of).collect::<Vec<_>>();
        let gib = |seconds: f64| HUGE as f64 / f64::from(1 << 30) / seconds;
        let speed: fn(&Cost) -> f64 = |cost| 1.0 / cost.elapsed.as_secs_f64();
        let thrift: fn(&Cost) -> f64 = |cost| 1.0 / cost.processor.as_secs_f64();
        let comparison = Comparison {
            speed: Ratio::of(&all(ours, speed), &all(curls, speed)),
            processor: Ratio::of(&all(ours, thrift), &all(curls, thrift)),
            peak: ours.iter().map(|cost| cost.peak).max().unwrap_or(0),
        };
        let middle = |costs: &[Cost], of: fn(&Cost) -> f64| median(costs.iter().map(of));
        for (what, of, ratio) in
            [("elapsed", speed, &comparison.speed), ("processor time", thrift, &comparison.processor)]
        {
            let (our, curl) = (1.0 / middle(ours, of), 1.0 / middle(curls, of));
            table.row([
                format!("{}, {what}", self.title),
                format!("{our:.3} s"),
                format!("curl: {curl:.3} s"),
                ratio.to_string(),
                if what == "elapsed" { format!("{:.2} / {:.2} GiB/s", gib(our), gib(curl)) } else { "-".into() },
            ]);
        }
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let curl = curls.iter().map(|cost| cost.peak).max().unwrap_or(0);
        let ratio = format!("{:.2}", curl as f64 / comparison.peak as f64);
        table.row([
            format!("{}, peak memory", self.title),
            mib(comparison.peak),
            format!("curl: {}", mib(curl)),
            ratio,
            "-".into(),
        ]);
        comparison
    }

    fn run(&self, nginx: &Nginx, source: &Path, command: impl Fn(&str, &str) -> Result<Command>) -> Result<Cost> {
        let address = nginx.address(Core::Peer);
        let (url, path, result) = match self.kind {
            Kind::Download => {
                let path = nginx.folder().join("downloaded");
                (format!("http://{address}/huge"), path.clone(), path)
            }
            Kind::Upload => {
                let result = nginx.folder().join("files/put/uploaded");
                (format!("http://{address}/put/uploaded"), source.to_owned(), result)
            }
        };
        let cost = measure(command(&url, path.to_str().ok_or("a path is not UTF-8")?)?)?;
        let length = result.metadata()?.len();
        fs::remove_file(&result)?;
        contestant::expect(length == HUGE, "a file was cut")?;
        Ok(cost)
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// Our program's part, in a process of its own.
pub fn run_ours(kind: &str, url: &str, path: &str) -> Result<()> {
    sys::arm_alarm();
    contestant::http::transfer(kind, url, path)
}

/// Runs a program to its end, on the core that the server is not on.
fn measure(mut command: Command) -> Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: nothing between fork and exec but two system calls and sets on the stack; an error would allocate, and ends
    // the child.
    unsafe { command.pre_exec(|| sys::pin(Core::Main).map_err(io::Error::other)) };
    let begin = Instant::now();
    let child = command.spawn()?;
    let id = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: a `rusage` of zeros is one.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: both pointers are valid for the call; the child was not waited for before, and is not again: a `Child` that is
    // dropped does nothing.
    sys::check(unsafe { libc::wait4(id, &mut status, 0, &mut usage) })?;
    let elapsed = begin.elapsed();
    if status != 0 {
        return Err(format!("{command:?} ended with {status}").into());
    }
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    Ok(Cost { elapsed, processor: time(usage.ru_utime) + time(usage.ru_stime), peak: usage.ru_maxrss as u64 * 1024 })
}

/// A file with something in it: holes would be read without a copy.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let block: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    for _ in 0..HUGE >> 20 {
        file.write_all(&block)?;
    }
    Ok(())
}
