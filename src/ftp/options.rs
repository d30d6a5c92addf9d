//! What a client may be told.

use std::{fmt, time::Duration};

use super::{encoding::FtpEncoding, observer::FtpObserver};
use crate::tls::TlsClient;

/// How an [`Ftp`](crate::Ftp) client behaves.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{Ftp, FtpDataMode, FtpOptions};
///
/// let mut options = FtpOptions::default();
/// assert_eq!(options.silence, Some(Duration::from_secs(30)));
/// options.data_mode = FtpDataMode::Active;
/// let ftp = Ftp::with_options(options);
/// # drop(ftp);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct FtpOptions {
    /// How long the server may be silent: for every reply, and for every byte of a transfer. It ends what was waited
    /// for, and the session with it. 30 seconds; `None` for ever.
    pub silence: Option<Duration>,
    /// How long a connection may take to come about, the lookup of a name included. 10 seconds; `None` for ever.
    pub connect_limit: Option<Duration>,
    /// Who opens the data connections.
    pub data_mode: FtpDataMode,
    /// Whether connections are encrypted.
    pub tls: FtpTls,
    /// What is answered when the server asks for an account (332).
    pub account: Option<String>,
    /// How names and texts are encoded.
    pub encoding: FtpEncoding,
    /// How many bytes a listing may have, since it is kept in memory. 64 MiB.
    pub listing_limit: u64,
    /// Who hears the commands and the replies.
    pub observer: Option<FtpObserver>,
}

/// Who opens the data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FtpDataMode {
    /// The client does: `EPSV`, or `PASV` where the server does not know that. It works from behind most firewalls.
    #[default]
    Passive,
    /// The server does, to a port that the client listens on: `EPRT`, or `PORT`. Only the server itself is let in.
    Active,
}

/// Whether connections are encrypted (RFC 4217). There is never a fall-back to plain text.
///
/// Many servers want every data connection to resume the session of the control connection, which can be done again and
/// again in TLS 1.2, but in TLS 1.3 only as many times as the server sends tickets, and some send two. So it is TLS 1.2,
/// unless [`TlsClientOptions::minimum`](crate::TlsClientOptions::minimum) says otherwise.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum FtpTls {
    /// They are not.
    #[default]
    Off,
    /// From a command on, which is sent before anything else (`AUTH TLS`).
    Explicit(TlsClient),
    /// From the first byte on, at a port of its own (990).
    Implicit(TlsClient),
}

impl Default for FtpOptions {
    fn default() -> Self {
        Self {
            silence: Some(Duration::from_secs(30)),
            connect_limit: Some(Duration::from_secs(10)),
            data_mode: FtpDataMode::default(),
            tls: FtpTls::default(),
            account: None,
            encoding: FtpEncoding::default(),
            listing_limit: 64 * 1024 * 1024,
            observer: None,
        }
    }
}

impl fmt::Debug for FtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FtpOptions")
            .field("silence", &self.silence)
            .field("connect_limit", &self.connect_limit)
            .field("data_mode", &self.data_mode)
            .field("tls", &self.tls)
            .field("account", &self.account.as_ref().map(|_| super::command::HIDDEN))
            .field("encoding", &self.encoding)
            .field("listing_limit", &self.listing_limit)
            .field("observer", &self.observer)
            .finish()
    }
}

/// How the bytes of a file are transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TransferMode {
    /// As they are.
    #[default]
    Binary,
    /// As lines of text: their ends are CR LF on the way, and the system's own in files.
    Ascii,
    /// In the server's EBCDIC; see [`FtpEbcdic`] for what is in the local file.
    Ebcdic,
}

/// Whether an upload replaces the file of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Append {
    /// It does.
    #[default]
    No,
    /// It goes behind what the file has.
    Yes,
}

/// Whether a transfer goes on from where an earlier one stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FtpResume {
    /// Every transfer begins at the first byte.
    #[default]
    Never,
    /// What an earlier transfer left is used, if it can be told that it is the same file.
    IfPossible,
}

/// What the local file of an EBCDIC transfer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FtpEbcdic {
    /// The bytes of the server.
    #[default]
    AsItIs,
    /// ISO 8859-1, for a server whose EBCDIC is code page 1047, as that of z/OS is.
    CodePage1047,
}

/// How one transfer is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FtpTransferOptions {
    /// How the bytes are transferred.
    pub mode: TransferMode,
    /// How many bytes of the server's file are left out in front. Where the other end is a file of this machine,
    /// `resume` chooses it.
    pub offset: u64,
    /// Whether an upload replaces what is there.
    pub append: Append,
    /// Whether a transfer between files goes on from where an earlier one stopped. For binary transfers.
    pub resume: FtpResume,
    /// What the local file of an EBCDIC transfer has.
    pub ebcdic: FtpEbcdic,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FtpProgress {
    /// Bytes that have been transferred, those of an earlier transfer included, as they are on the way.
    pub transferred: u64,
    /// Bytes that there are in all, if that is known.
    pub total: Option<u64>,
}

impl TransferMode {
    /// The parameter of `TYPE`.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Binary => "I",
            Self::Ascii => "A",
            Self::Ebcdic => "E",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_not_shown() {
        let options = FtpOptions { account: Some("hunter2".into()), ..FtpOptions::default() };
        let shown = format!("{options:?}");
        assert!(!shown.contains("hunter2") && shown.contains("account: Some(\"****\")"), "{shown}");
    }
}
