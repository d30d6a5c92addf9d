//! A server as the command line describes it: how it is reached, and as whom.

use std::{
    env, fs,
    io::{self, BufRead, Read as _, Write as _},
    path::Path,
};

use sockeye::{Ftp, FtpDataMode, FtpLine, FtpObserver, FtpOptions, FtpTls};

use super::{
    netrc,
    options::{SiteArgs, Tls},
    url::Url,
};
use crate::{
    failure::Failure,
    printable::printable,
    transfer::{ending, progress::Bar},
};

/// What it takes to open sessions.
pub(super) struct Site {
    host: String,
    port: u16,
    user: String,
    password: String,
    options: FtpOptions,
    /// Where commands and replies are shown, if they are.
    shows: Option<Bar>,
}

impl Site {
    /// Puts together what the URL, the options, the environment and `.netrc` say; from here on Ctrl-C and the limit of
    /// time leave nothing behind.
    pub(super) fn new(url: &Url, args: &SiteArgs, bar: &Bar) -> Result<Self, Failure> {
        let mut options = FtpOptions::default();
        options.tls = tls(url, args)?;
        if args.active {
            options.data_mode = FtpDataMode::Active;
        }
        let who = Who::of(url, args)?;
        options.account = who.account;
        let last_bar = bar.clone();
        ending::on_signals(super::NAME, move || last_bar.end())?;
        if let Some(limit) = args.max_time {
            let last_bar = bar.clone();
            ending::after(limit, super::NAME, move || last_bar.end())?;
        }
        Ok(Self {
            host: url.host.clone(),
            port: url.port,
            user: who.user,
            password: who.password,
            options,
            shows: args.verbose.then(|| bar.clone()),
        })
    }

    /// Opens the session of this number, from 1 on; 0 is the only one.
    pub(super) fn open(&self, number: usize) -> Result<Ftp, Failure> {
        let mut options = self.options.clone();
        options.observer = self.shows.clone().map(|bar| {
            FtpObserver::new(move |line| {
                // Nobody may be left to read it.
                bar.above(|| _ = io::stderr().write_all(shown(number, line).as_bytes()));
            })
        });
        let mut ftp = Ftp::with_options(options);
        ftp.connect(&self.host, self.port).into_result()?;
        let response = ftp.login(&self.user, &self.password).into_result()?;
        if response.status().is_completion() {
            return Ok(ftp);
        }
        let (status, text) = (response.status(), response.message());
        Err(Failure::Wrong(format!("the server wants an account, which .netrc could name: {} {text}", status.code())))
    }
}

/// Whether and how the session is encrypted.
fn tls(url: &Url, args: &SiteArgs) -> Result<FtpTls, Failure> {
    let usual = if url.is_implicit { Tls::Implicit } else { Tls::Off };
    let tls = args.tls.unwrap_or(usual);
    if url.is_implicit && tls != Tls::Implicit {
        return Err(Failure::Usage("ftps:// is --tls implicit; the others are for ftp://"));
    }
    if tls == Tls::Off {
        return match args.trust.is_given() {
            true => Err(Failure::Usage(
                "--cacert, --pin and --insecure are for encrypted sessions: --tls explicit, or ftps://",
            )),
            false => Ok(FtpTls::Off),
        };
    }
    let client = args.trust.tls()?;
    Ok(if tls == Tls::Explicit { FtpTls::Explicit(client) } else { FtpTls::Implicit(client) })
}

/// Who asks.
struct Who {
    user: String,
    password: String,
    account: Option<String>,
}

impl Who {
    fn of(url: &Url, args: &SiteArgs) -> Result<Self, Failure> {
        let from_file = args.password_file.as_deref().filter(|_| url.password.is_none());
        let given = match (&url.password, from_file) {
            (Some(password), _) => Some(password.clone()),
            (None, Some(path)) => Some(first_line(path)?),
            (None, None) => None,
        };
        let entry = match (&url.user, &given, &args.netrc_file) {
            // Nothing is missing.
            (Some(_), Some(_), None) => None,
            (user, _, path) => netrc::look_up(path.as_deref(), &url.host, user.as_deref())?,
        }
        .unwrap_or_default();
        let Some(user) = url.user.clone().or(entry.login) else {
            return match given {
                Some(_) => Err(Failure::Usage("--password-file needs a user in the URL or in .netrc")),
                None => Ok(Self { user: ANONYMOUS.to_owned(), password: "anonymous@".to_owned(), account: None }),
            };
        };
        let password = given
            .or_else(|| env::var(VARIABLE).ok().filter(|password| !password.is_empty()))
            .or(entry.password)
            .or_else(|| (user == ANONYMOUS).then(|| "anonymous@".to_owned()));
        match password {
            Some(password) => Ok(Self { user, password, account: entry.account }),
            None => Err(Failure::Wrong(format!(
                "no password for {user:?}: neither in the URL, nor in --password-file, {VARIABLE} or .netrc"
            ))),
        }
    }
}

/// The first line of a file that holds a password. What is behind it on standard input is left to whoever reads that.
pub(super) fn first_line(path: &Path) -> Result<String, Failure> {
    let line = match path == Path::new("-") {
        true => line_of(io::stdin().lock()),
        false => fs::File::open(path).and_then(|file| line_of(io::BufReader::new(file))),
    };
    line.map_err(|error| Failure::file(path, error))
}

fn line_of(mut from: impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    // With room for the line end.
    from.by_ref().take(LONGEST + 2).read_until(b'\n', &mut line)?;
    let password = line.strip_suffix(b"\n").unwrap_or(&line);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    if u64::try_from(password.len()).map_or(true, |length| length > LONGEST) {
        return Err(invalid(format!("expected a line of at most {LONGEST} bytes")));
    }
    match str::from_utf8(password) {
        Ok(password) => Ok(password.to_owned()),
        Err(_) => Err(invalid("expected a line in UTF-8".to_owned())),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A command or a reply, with the number of its session in front if there are several.
fn shown(number: usize, line: FtpLine<'_>) -> String {
    let session = if number == 0 { String::new() } else { format!("[{number}] ") };
    match line {
        FtpLine::Command(text) => format!("{session}> {}\n", printable(text)),
        FtpLine::Reply { code, text } => {
            text.split('\n').map(|line| format!("{session}< {code} {}\n", printable(line))).collect()
        }
        _ => String::new(),
    }
}

const ANONYMOUS: &str = "anonymous";
const VARIABLE: &str = "SOCKEYE_FTP_PASSWORD";
/// A password is not longer than this.
const LONGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_does_nothing_to_a_terminal() {
        assert_eq!(shown(0, FtpLine::Command("CWD a\x1b")), "> CWD a\\u{1b}\n");
        assert_eq!(shown(2, FtpLine::Reply { code: 230, text: "a\nb" }), "[2] < 230 a\n[2] < 230 b\n");
    }
}
