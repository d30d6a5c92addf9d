//! Whole transfers by programs of their own: sockeye in this program against the others.

pub mod here;
mod program;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, mem};

use self::program::Program;
use crate::Result;
use crate::contestant::expect;
use crate::launch::Launcher;
use crate::rounds::{Ratio, median};
use crate::server::{self, nginx, vsftpd};
use crate::sys::{self, Core};
use crate::table::Table;

/// Files that go from a server or to it.
pub struct Transfer {
    pub name: &'static str,
    pub title: &'static str,
    kind: Kind,
    rivals: &'static [Program],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    HttpDownload,
    HttpUpload,
    FtpDownload,
    FtpUpload,
    /// Small files over one session.
    FtpFiles,
    /// Folders with small files over four sessions.
    FtpTree,
}

/// What a program is to do.
pub struct Job {
    /// Where the server is: its address, and the path behind it.
    pub address: String,
    pub remote: &'static str,
    /// The file or the folder on this side.
    pub path: PathBuf,
    /// What there is then and was not before.
    made: PathBuf,
    /// The files in it, and the bytes in each.
    files: usize,
    length: u64,
}

/// What a program cost.
#[derive(Clone, Copy)]
struct Cost {
    elapsed: Duration,
    processor: Duration,
    peak: u64,
}

/// What a run found out about one transfer: ours against a rival, round by round.
pub struct Comparison {
    pub rival: &'static str,
    pub speed: Ratio,
    /// The rival's time of the processor over ours.
    pub processor: Ratio,
    /// The most memory that ours ever had, in bytes.
    pub peak: u64,
}

pub const TRANSFERS: &[Transfer] = &[
    Transfer {
        name: "http-download",
        title: "HTTP download of 1 GiB to a file",
        kind: Kind::HttpDownload,
        rivals: &[Program::Curl],
    },
    Transfer {
        name: "http-upload",
        title: "HTTP upload of 1 GiB from a file",
        kind: Kind::HttpUpload,
        rivals: &[Program::Curl],
    },
    Transfer {
        name: "ftp-download",
        title: "FTP download of 512 MiB to a file",
        kind: Kind::FtpDownload,
        rivals: &[Program::Std, Program::Curl, Program::Lftp, Program::Suppaftp, Program::Sfml],
    },
    Transfer {
        name: "ftp-upload",
        title: "FTP upload of 512 MiB from a file",
        kind: Kind::FtpUpload,
        rivals: &[Program::Std, Program::Curl, Program::Lftp, Program::Suppaftp, Program::Sfml],
    },
    Transfer {
        name: "ftp-files",
        title: "FTP, 1,000 files of 1 KiB, one session",
        kind: Kind::FtpFiles,
        rivals: &[Program::Std, Program::Curl, Program::Lftp, Program::Suppaftp, Program::Sfml],
    },
    Transfer {
        name: "ftp-tree",
        title: "FTP, a tree of 1,000 files, four sessions",
        kind: Kind::FtpTree,
        rivals: &[Program::Lftp],
    },
];

/// Heads the rows of [`Transfer::compare`].
pub fn begin_table() -> Table<7> {
    Table::begin([
        ("transfer", 41),
        ("program", 12),
        ("elapsed", 7),
        ("processor", 9),
        ("peak", 8),
        ("elapsed, ratio", 18),
        ("processor, ratio", 18),
    ])
}

impl Transfer {
    /// Whether its server is there.
    pub fn can_run(&self, launcher: &Launcher) -> bool {
        match self.kind {
            Kind::HttpDownload | Kind::HttpUpload => launcher.nginx().is_ok(),
            _ => launcher.vsftpd().is_ok(),
        }
    }

    #[cfg(test)]
    pub fn has_rival(&self, name: &str) -> bool {
        self.rivals.iter().any(|rival| rival.name() == name)
    }

    /// The programs that are not there, and why.
    pub fn missing<'a>(&'a self, launcher: &'a Launcher) -> impl Iterator<Item = (&'static str, String)> + 'a {
        self.rivals.iter().filter_map(|rival| Some((rival.name(), rival.missing(launcher)?)))
    }

    /// Runs all programs in turns and prints a row for each.
    pub fn compare(&self, launcher: &Launcher, rounds: usize, table: &Table<7>) -> Result<Vec<Comparison>> {
        let rivals = self.rivals.iter().copied().filter(|rival| rival.missing(launcher).is_none());
        let mut all: Vec<(Program, Vec<Cost>)> =
            [Program::Ours].into_iter().chain(rivals).map(|program| (program, Vec::new())).collect();
        let job = self.kind.job(launcher)?;
        let source = self.kind.source(launcher)?;
        if let Some((path, length)) = &source {
            server::fill(path, *length)?;
        }
        // The first round warms the page cache up.
        for round in 0..=rounds {
            for (program, costs) in &mut all {
                let command = program.command(launcher, self.kind, &job)?;
                let cost = job.run(command).map_err(|error| format!("{}: {error}", program.name()))?;
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        if let Some((path, _)) = source {
            fs::remove_file(path)?;
        }
        Ok(self.judge(&mut all, table))
    }

    fn judge(&self, all: &mut [(Program, Vec<Cost>)], table: &Table<7>) -> Vec<Comparison> {
        let speed = |cost: &Cost| 1.0 / cost.elapsed.as_secs_f64();
        let thrift = |cost: &Cost| 1.0 / cost.processor.as_secs_f64();
        let mut comparisons = Vec::new();
        let Some(((_, ours), rivals)) = all.split_first_mut() else { return comparisons };
        self.row("ours", ours, None, table);
        let peak = peak(ours);
        for (program, costs) in rivals {
            if self.kind == Kind::FtpFiles && *program == Program::Curl {
                take_best(costs);
            }
            let ratio = |of: fn(&Cost) -> f64| {
                Ratio::of(&ours.iter().map(of).collect::<Vec<_>>(), &costs.iter().map(of).collect::<Vec<_>>())
            };
            let comparison = Comparison { rival: program.name(), speed: ratio(speed), processor: ratio(thrift), peak };
            self.row(program.name(), costs, Some(&comparison), table);
            comparisons.push(comparison);
        }
        comparisons
    }

    fn row(&self, program: &str, costs: &[Cost], comparison: Option<&Comparison>, table: &Table<7>) {
        let seconds =
            |of: fn(&Cost) -> Duration| format!("{:.3} s", median(costs.iter().map(|cost| of(cost).as_secs_f64())));
        let ratio = |of: fn(&Comparison) -> &Ratio| comparison.map_or("-".into(), |one| of(one).to_string());
        table.row([
            self.title.into(),
            program.into(),
            seconds(|cost| cost.elapsed),
            seconds(|cost| cost.processor),
            format!("{:.1} MiB", peak(costs) as f64 / f64::from(1 << 20)),
            ratio(|one| &one.speed),
            ratio(|one| &one.processor),
        ]);
    }
}

impl Kind {
    /// The file that has to be there before, and its length.
    fn source(self, launcher: &Launcher) -> Result<Option<(PathBuf, u64)>> {
        Ok(match self {
            Self::HttpUpload => Some((launcher.nginx()?.folder().join("source"), nginx::HUGE)),
            Self::FtpDownload | Self::FtpUpload => {
                Some((launcher.vsftpd()?.servers.folder().join("files/huge"), vsftpd::HUGE))
            }
            Self::HttpDownload | Self::FtpFiles | Self::FtpTree => None,
        })
    }

    fn job(self, launcher: &Launcher) -> Result<Job> {
        let servers = match self {
            Self::HttpDownload | Self::HttpUpload => launcher.nginx()?,
            _ => &launcher.vsftpd()?.servers,
        };
        let (address, folder) = (servers.address(Core::Peer), servers.folder());
        let (remote, path, made, files, length) = match self {
            Self::HttpDownload => ("huge", "downloaded", "downloaded", 1, nginx::HUGE),
            Self::HttpUpload => ("put/uploaded", "source", "files/put/uploaded", 1, nginx::HUGE),
            Self::FtpDownload => ("huge", "taken/huge", "taken/huge", 1, vsftpd::HUGE),
            Self::FtpUpload => ("put/huge", "files/huge", "files/put/huge", 1, vsftpd::HUGE),
            Self::FtpFiles => ("small", "taken/small", "taken/small", vsftpd::FILES, vsftpd::SMALL as u64),
            Self::FtpTree => ("tree", "taken/tree", "taken/tree", vsftpd::FILES, vsftpd::SMALL as u64),
        };
        let (path, made) = (folder.join(path), folder.join(made));
        Ok(Job { address: address.to_string(), remote, path, made, files, length })
    }
}

impl Job {
    /// Runs a program and checks what it did, before that is removed for the next one.
    fn run(&self, command: Command) -> Result<Cost> {
        if self.files > 1 {
            fs::create_dir(&self.made)?;
        }
        let cost = measure(command)?;
        let whole = whole_files(&self.made, self.length)?;
        if self.files > 1 { fs::remove_dir_all(&self.made) } else { fs::remove_file(&self.made) }?;
        expect(whole == self.files, "a file was cut, or is not there")?;
        Ok(cost)
    }
}

/// The files of a length at or below a path.
fn whole_files(path: &Path, length: u64) -> Result<usize> {
    let metadata = path.metadata()?;
    if metadata.is_file() {
        return Ok(usize::from(metadata.len() == length));
    }
    fs::read_dir(path)?.map(|entry| whole_files(&entry?.path(), length)).sum()
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

/// curl 7.88 sometimes sleeps for a second before a file: its best round stands for all.
fn take_best(costs: &mut [Cost]) {
    if let Some(best) = costs.iter().copied().min_by_key(|cost| cost.elapsed) {
        costs.fill(best);
    }
}

fn peak(costs: &[Cost]) -> u64 {
    costs.iter().map(|cost| cost.peak).max().unwrap_or(0)
}
