//! What can be asked of FTP on the command line.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use sockeye::TransferMode;

use crate::{seconds::limit, transfer::trust::TrustArgs};

/// Options of `sockeye ftp`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FtpArgs {
    #[command(subcommand)]
    pub(crate) command: FtpCommand,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum FtpCommand {
    /// Download a file, or with -r a folder
    Get(GetArgs),
    /// Upload a file, or with -r a folder
    Put(PutArgs),
    /// List a folder
    Ls(LsArgs),
    /// Write a file to standard output
    Cat(CatArgs),
    /// Remove a file
    Rm(OneArgs),
    /// Make a folder
    Mkdir(OneArgs),
    /// Remove an empty folder
    Rmdir(OneArgs),
    /// Give a file or a folder another name
    Mv(MvArgs),
    /// Make a folder the same as another one: only what is missing, differs in size or is newer is transferred
    Sync(SyncArgs),
    /// Serve a folder to this machine, for reading only unless --write is given
    Serve(ServeArgs),
}

/// Options of `sockeye ftp get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// What to download
    pub(crate) url: String,
    /// With -r: where to; made if it is not there
    #[arg(value_name = "DIR", requires = "recursive")]
    pub(crate) folder: Option<PathBuf>,
    /// Write to this file, which appears once it is whole; - is standard output [default: the name that it has there]
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Go on where an earlier --resume into the same file was cut off
    #[arg(long)]
    pub(crate) resume: bool,
    /// Download a folder with everything in it; links are left out
    #[arg(short = 'r', long, requires = "folder", conflicts_with_all = ["output", "resume"])]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) mode: ModeArgs,
    #[command(flatten)]
    pub(crate) sessions: SessionsArgs,
}

/// Options of `sockeye ftp put`.
#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// What to upload: a file, - for standard input, or with -r a folder
    #[arg(value_name = "FILE|DIR")]
    pub(crate) local: PathBuf,
    /// Where to; in a URL that ends with a slash it has the name that it has here
    pub(crate) url: String,
    /// Go on where an earlier --resume of the same file, unchanged since, to the same URL was cut off
    #[arg(long)]
    pub(crate) resume: bool,
    /// Upload a folder with everything in it; symbolic links are left out
    #[arg(short = 'r', long, conflicts_with = "resume")]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) in_place: InPlaceArgs,
    #[command(flatten)]
    pub(crate) mode: ModeArgs,
    #[command(flatten)]
    pub(crate) sessions: SessionsArgs,
}

/// Options of `sockeye ftp ls`.
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// The folder
    pub(crate) url: String,
    /// Permissions, sizes and times too
    #[arg(short = 'l', long, conflicts_with = "json")]
    pub(crate) long: bool,
    /// An array of objects with name, kind (file, directory, link, other), size, modified and permissions
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// Options of `sockeye ftp cat`.
#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    /// The file
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) mode: ModeArgs,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// Options of what is done to one thing.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// What it is about
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// Options of `sockeye ftp mv`.
#[derive(Debug, Args)]
pub(crate) struct MvArgs {
    /// What it is about
    pub(crate) url: String,
    /// The new path, or a URL of the same server; with a slash at its end the name stays as it is
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// Options of `sockeye ftp sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The folder that stays as it is; it or the other one is a URL
    #[arg(value_name = "DIR|URL")]
    pub(crate) from: String,
    /// The folder that becomes the same
    #[arg(value_name = "URL|DIR")]
    pub(crate) to: String,
    /// Remove what only the second one has
    #[arg(long)]
    pub(crate) delete: bool,
    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) in_place: InPlaceArgs,
    #[command(flatten)]
    pub(crate) sessions: SessionsArgs,
}

/// Options of `sockeye ftp serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The folder; nothing outside of it can be reached, and links in it are not followed
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Listen on this port; 0 is a free one
    #[arg(short = 'p', long, default_value_t = 2121)]
    pub(crate) port: u16,
    /// Listen on this address; other machines reach only those that are not of this one alone
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,
    /// Let clients change things
    #[arg(long)]
    pub(crate) write: bool,
    /// Let in this user alone, with the password that is the first line of --password-file
    #[arg(short = 'u', long, requires = "password_file")]
    pub(crate) user: Option<String>,
    /// The password, in a file; - is standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
    /// Take encrypted sessions alone, with a certificate that is made for this run; its fingerprint is for --pin
    #[arg(long, value_name = "WHEN")]
    pub(crate) tls: Option<ServeTls>,
    /// Show commands and replies on standard error, without passwords
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
}

/// How files are transferred.
#[derive(Debug, Args)]
pub(crate) struct ModeArgs {
    /// As they are, as lines of text, or in the server's EBCDIC [default: binary]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
}

/// How many sessions at a time, and how each is opened.
#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    /// Use up to this many sessions at a time for a folder; fewer if the server does not allow as many
    #[arg(short = 'P', long = "parallel", value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: u8,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// How uploads get their names.
#[derive(Debug, Args)]
pub(crate) struct InPlaceArgs {
    /// Upload under the final name at once, for servers where nothing can be renamed: others may see a part,
    /// and --resume takes what is there for the beginning
    #[arg(long)]
    pub(crate) in_place: bool,
}

/// How the server is reached, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct SiteArgs {
    /// Encrypt: from a command on, from the first byte on, or not at all [default: implicit for ftps://, else off]
    #[arg(long, value_name = "WHEN")]
    pub(crate) tls: Option<Tls>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Let the server open the data connections
    #[arg(long)]
    pub(crate) active: bool,
    /// Take the password from the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Take users and passwords from this file [default: ~/.netrc]
    #[arg(long, value_name = "FILE")]
    pub(crate) netrc_file: Option<PathBuf>,
    /// Give up after this many seconds, whatever has come by then [default: after 30 seconds of silence]
    #[arg(short = 'm', long, value_name = "S", value_parser = limit)]
    pub(crate) max_time: Option<Duration>,
    /// Show commands and replies on standard error, without passwords
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tls {
    Explicit,
    Implicit,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServeTls {
    Explicit,
    Implicit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Binary,
    Ascii,
    Ebcdic,
}

impl From<Mode> for TransferMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Binary => Self::Binary,
            Mode::Ascii => Self::Ascii,
            Mode::Ebcdic => Self::Ebcdic,
        }
    }
}

/// What `sockeye ftp --help` begins with.
pub(crate) const ABOUT: &str = "\
Files and folders of FTP servers, plain and encrypted, with an exit status to rely on.

A file has its name only once it is whole, here and at the server; what there was
before stays until then. A progress bar shows on a terminal. Data connections are
passive and lead to the server itself, whatever it says.

URLs are ftp://user:password@host:port/path and ftps://, percent-encoded. A path
begins in the folder that the login leads to; with // or /%2F it begins at the top.";

const EXAMPLES: &str = "\
Examples:
  sockeye ftp get ftp://example.org/pub/island.zip        into a file of the same name
  sockeye ftp get --resume ftp://example.org/big.iso      again and again until it is whole
  sockeye ftp get -r -P 4 ftp://example.org/pub maps      a folder, over four sessions
  sockeye ftp put photo.jpg ftp://joe@example.org/photos/ the password is asked of ~/.netrc
  sockeye ftp put -r site ftp://joe@example.org/www       a folder
  sockeye ftp sync --delete site ftp://joe@example.org/www
  sockeye ftp ls --json ftps://example.org/pub
  sockeye ftp mv ftp://joe@example.org/a.txt old/
  sockeye ftp serve --write shared                        for this machine, on port 2121

Exit status:
  0    all of it was done
  1    it was not; one line on standard error says why
  2    the command line is wrong
  130  Ctrl-C; nothing is left behind but what --resume can go on with

Passwords are taken from the URL, else from --password-file, else from the environment
(SOCKEYE_FTP_PASSWORD), else from .netrc; without a user it is an anonymous login.";
