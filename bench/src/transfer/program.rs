//! The programs that do whole transfers, and how each is told to.

use std::env;
use std::process::{Command, Stdio};

use super::{Job, Kind};
use crate::Result;
use crate::launch::Launcher;
use crate::server::vsftpd::FILES;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// This program with a client of [`super::here`], as the next two are.
    Ours,
    Std,
    Suppaftp,
    /// The C++ one.
    Sfml,
    Curl,
    Lftp,
}

impl Program {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Std => "std, by hand",
            Self::Suppaftp => "suppaftp",
            Self::Sfml => "SFML",
            Self::Curl => "curl",
            Self::Lftp => "lftp",
        }
    }

    /// Why it does not take part, if it does not.
    pub fn missing(self, launcher: &Launcher) -> Option<String> {
        match self {
            Self::Ours | Self::Std | Self::Suppaftp => None,
            Self::Sfml => launcher.sfml().err().map(|error| error.to_string()),
            Self::Curl | Self::Lftp => {
                let asked = Command::new(self.name()).arg("--version").stdout(Stdio::null()).status();
                asked.err().map(|error| format!("{} cannot be run: {error}", self.name()))
            }
        }
    }

    pub fn command(self, launcher: &Launcher, kind: Kind, job: &Job) -> Result<Command> {
        let scheme = if matches!(kind, Kind::HttpDownload | Kind::HttpUpload) { "http" } else { "ftp" };
        let url = format!("{scheme}://{}/{}", job.address, job.remote);
        let path = job.path.to_str().ok_or("a path is not UTF-8")?;
        let mut command;
        match self {
            Self::Ours | Self::Std | Self::Suppaftp => {
                command = Command::new(env::current_exe()?);
                command.args(["transfer", kind.word(), self.name(), &url, path]);
            }
            Self::Sfml => {
                command = Command::new(launcher.sfml()?);
                command.args([kind.word(), &url, path]);
            }
            Self::Curl => {
                command = Command::new("curl");
                command.args(["-q", "-sS", "--fail", "--noproxy", "*"]);
                match kind {
                    Kind::HttpUpload | Kind::FtpUpload => command.args(["-T", path, &url]),
                    Kind::FtpFiles => {
                        let (urls, paths) = (format!("{url}/[0-{}]", FILES - 1), format!("{path}/#1"));
                        command.args(["-o", &paths, &urls])
                    }
                    _ => command.args(["-o", path, &url]),
                };
            }
            Self::Lftp => {
                let Job { address, remote, .. } = job;
                command = Command::new("lftp");
                command.args(["--norc", "-c"]).arg(match kind {
                    Kind::FtpUpload => format!("open ftp://{address}; put {path} -o {remote}"),
                    Kind::FtpFiles => format!("open ftp://{address}; mirror {remote} {path}"),
                    Kind::FtpTree => format!("open ftp://{address}; mirror -P4 {remote} {path}"),
                    _ => format!("open ftp://{address}; get {remote} -o {path}"),
                });
            }
        }
        Ok(command)
    }
}

impl Kind {
    /// How a process of this program, or of the C++ one, is told of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::HttpDownload => "http-download",
            Self::HttpUpload => "http-upload",
            Self::FtpDownload => "ftp-download",
            Self::FtpUpload => "ftp-upload",
            Self::FtpFiles => "ftp-files",
            Self::FtpTree => "ftp-tree",
        }
    }
}
