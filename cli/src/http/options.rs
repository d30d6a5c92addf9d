//! What can be asked of a transfer on the command line.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use sockeye::HttpMethod;

use crate::{seconds::limit, transfer::trust::TrustArgs};

/// Options of `sockeye http`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HttpArgs {
    /// What to transfer; without a scheme it is `http://`
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// What is sent.
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    /// What becomes of the response.
    #[command(flatten)]
    pub(crate) receiving: ReceivingArgs,
    /// How the server is reached.
    #[command(flatten)]
    pub(crate) connecting: ConnectingArgs,
    /// Show the heads of requests and responses on standard error, without credentials
    #[arg(short = 'v', long, help_heading = "Output")]
    pub(crate) verbose: bool,
}

/// The request.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct SendingArgs {
    /// GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS [default: GET; POST with -d or -F; HEAD with -I]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<HttpMethod>,
    /// Send this field; may be given many times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) fields: Vec<Field>,
    /// Send this, the file after an @ or standard input after @-; several are joined with &
    #[arg(short = 'd', long = "data", value_name = "DATA|@FILE", conflicts_with = "form")]
    pub(crate) data: Vec<Source>,
    /// Send a form with this value or this file; may be given many times
    #[arg(short = 'F', long = "form", value_name = "NAME=VALUE|NAME=@FILE")]
    pub(crate) form: Vec<FormField>,
    /// Ask for the head alone and write it to standard output
    #[arg(short = 'I', conflicts_with_all = ["data", "form", "resume"])]
    pub(crate) head_only: bool,
    /// Say who asks
    #[arg(short = 'u', long = "user", value_name = "USER:PASSWORD")]
    pub(crate) credentials: Option<Credentials>,
    /// Follow redirects, at most ten
    #[arg(short = 'L', long)]
    pub(crate) location: bool,
    /// Speak HTTP/1.0
    #[arg(short = '0', long = "http1.0")]
    pub(crate) http_1_0: bool,
}

/// The response.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReceivingArgs {
    /// Write the body to this file, which appears once it is whole; - is standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the head of the response to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) head: Option<PathBuf>,
    /// Go on where an earlier --resume with the same -o and URL was cut off
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,
    /// Write nothing and end with 22 when the status is 400 or more
    #[arg(short = 'f', long)]
    pub(crate) fail: bool,
}

/// The connection.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectingArgs {
    /// Whom to trust.
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Give up after this many seconds, whatever has come by then
    #[arg(short = 'm', long, value_name = "S", value_parser = limit)]
    pub(crate) max_time: Option<Duration>,
    /// Go through this proxy: http://, socks5:// or socks5h://; none goes directly [default: as the environment says]
    #[arg(short = 'x', long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

/// A field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Something to send, or where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Text(String),
    File(PathBuf),
    StandardInput,
}

/// A value of a form with parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormField {
    pub(crate) name: String,
    pub(crate) value: Source,
}

/// Who asks. Its `Debug` keeps the password to itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl FromStr for Field {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("expected a name, a colon and a value")?;
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }
}

impl Source {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::File(_) | Self::StandardInput => None,
        }
    }
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('@') {
            Some("-") => Self::StandardInput,
            Some(path) => Self::File(path.into()),
            None => Self::Text(text.to_owned()),
        })
    }
}

impl FromStr for FormField {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("expected a name, = and a value")?;
        let Ok(value) = value.parse();
        Ok(Self { name: name.to_owned(), value })
    }
}

impl FromStr for Credentials {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, password) = text.split_once(':').ok_or("expected a user, a colon and a password")?;
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:[redacted]", self.user)
    }
}

/// What `sockeye http --help` begins with.
pub(crate) const ABOUT: &str = "\
Transfers over HTTP/1.1: the body of the response goes to standard output or into
a file, and the exit status says whether all of it came.

A file has its name only once it is whole; what there was before stays until then.
A progress bar shows on a terminal while a file is written. Compressed responses
are asked for and unpacked. HTTPS trusts what the system trusts. The letters of
the options mean what they mean to curl.";

const EXAMPLES: &str = "\
Examples:
  sockeye http example.org                            the body to standard output
  sockeye http -L -o page.html https://example.org    into a file, after redirects
  sockeye http --resume -o big.iso https://host/big   again and again until it is whole
  sockeye http --fail --max-time 5 http://host/ok     a health check: 0 or not
  sockeye http -d name=Ada -d points=7 http://host/   a form
  sockeye http -d '{}' -H 'Content-Type: application/json' http://host/
  sockeye http -X PUT -d @photo.jpg http://host/photo
  sockeye http -F title=Sea -F photo=@sea.jpg http://host/upload
  sockeye http --pin 3f:9a:[...] https://192.0.2.7/   trust one certificate alone

Exit status:
  0    the response is whole, whatever it says; or whoever read standard output
       has closed it
  1    it is not, or could not be written; one line on standard error says why
  2    the command line is wrong
  22   --fail, and the status is 400 or more
  130  Ctrl-C; nothing is left behind but what --resume can go on with

Environment:
  http_proxy, https_proxy, all_proxy, no_proxy  the proxy, unless --proxy is given";
