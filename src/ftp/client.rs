//! The client: a session, and what is asked of it.

mod begin;
mod transfers;

pub(super) use transfers::joined;

use std::time::{Duration, SystemTime};

use super::{
    background::Lent,
    cargo::{Cargo, Memory},
    features::FtpFeatures,
    files::nobody,
    listing::{FtpEntry, parse_list, parse_mlsd},
    options::{FtpOptions, FtpTransferOptions, TransferMode},
    response::{FtpDirectoryResponse, FtpListingResponse, FtpResponse},
    run::run,
    session::Session,
    status::FtpStatus,
    time::format_time,
    transfer::Order,
};
use crate::{
    error::{Error, Result},
    tls::TlsClient,
};

/// A client for files of an FTP server.
///
/// It is connected, logged in, and then asked for one thing after the other; every method waits for the server's answer
/// and gives it whole. A server that is silent for longer than [`FtpOptions::silence`] ends the session, and so does
/// everything after which it is not certain any more which answer belongs to which command; the answers are
/// [`FtpStatus::CONNECTION_CLOSED`] then, until it is connected again.
///
/// # Examples
///
/// ```no_run
/// use sockeye::{Append, Ftp, TransferMode};
///
/// let mut ftp = Ftp::new();
/// ftp.connect("ftp.example.org", 21).into_result()?;
/// ftp.login("joe", "secret").into_result()?;
/// for entry in ftp.entries("maps")? {
///     println!("{} {:?}", entry.name, entry.size);
/// }
/// ftp.download("maps/island.txt", "downloads", TransferMode::Binary).into_result()?;
/// ftp.upload("island.txt", "maps", TransferMode::Binary, Append::No).into_result()?;
/// let response = ftp.disconnect();
/// assert!(response.ok(), "{}", response.message());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Ftp {
    options: FtpOptions,
    session: Option<Box<Session>>,
    /// The session is with a transfer that nobody waits for.
    lent: Option<Lent>,
}

impl Ftp {
    /// Makes a client that is not connected.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a client that behaves as the options say.
    #[must_use]
    pub fn with_options(options: FtpOptions) -> Self {
        Self { options, session: None, lent: None }
    }

    /// Connects to a server and waits for its greeting; the one before is left.
    ///
    /// `host` is a name or an address. Port 0 is the usual one: 21, or 990 where connections are encrypted from the
    /// first byte on. With [`FtpTls::Explicit`](crate::FtpTls::Explicit) the connection is secured before anything else
    /// is said; if the server does not want that, its refusal is the answer, and there is no connection.
    #[must_use = "the server may have refused"]
    pub fn connect(&mut self, host: &str, port: u16) -> FtpResponse {
        self.session = None;
        self.lent = None;
        let (response, session) = Session::open(host, port, &self.options);
        self.session = session.map(Box::new);
        response
    }

    /// The same with another limit than [`FtpOptions::connect_limit`].
    #[must_use = "the server may have refused"]
    pub fn connect_timeout(&mut self, host: &str, port: u16, limit: Duration) -> FtpResponse {
        let usual = self.options.connect_limit.replace(limit);
        let response = self.connect(host, port);
        self.options.connect_limit = usual;
        if let Some(session) = &mut self.session {
            session.options.connect_limit = usual;
        }
        response
    }

    /// Tells whether there is a session of which it is not known yet that it has ended.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.session.is_some() || self.lent.is_some()
    }

    /// Encrypts the session from now on (`AUTH TLS`, `PBSZ 0`, `PROT P`), data connections included.
    ///
    /// The answer is that to the last command, or the first refusal. A handshake that fails ends the session: nothing
    /// is ever sent in plain text instead.
    #[must_use = "the server may have refused"]
    pub fn secure(&mut self, tls: &TlsClient) -> FtpResponse {
        self.with(|session| session.secure(tls))
    }

    /// Logs in as somebody who needs no password.
    #[must_use = "the server may have refused"]
    pub fn login_anonymous(&mut self) -> FtpResponse {
        self.login("anonymous", "anonymous@")
    }

    /// Logs in. If the server asks for an account, [`FtpOptions::account`] is given; without one the answer is the
    /// server's 332, and [`account`](Self::account) may follow.
    #[must_use = "the server may have refused"]
    pub fn login(&mut self, user: &str, password: &str) -> FtpResponse {
        self.with(|session| session.log_in(user, password))
    }

    /// Says which account is meant (`ACCT`).
    #[must_use = "the server may have refused"]
    pub fn account(&mut self, account: &str) -> FtpResponse {
        self.with(|session| session.command("ACCT", account).without(account))
    }

    /// Ends the session. The connection is closed whatever the server answers.
    pub fn disconnect(&mut self) -> FtpResponse {
        let response = self.with(|session| session.command("QUIT", ""));
        self.session = None;
        response
    }

    /// Keeps the server from ending a session that has nothing to do (`NOOP`).
    #[must_use = "the server may have refused"]
    pub fn keep_alive(&mut self) -> FtpResponse {
        self.command("NOOP", "")
    }

    /// Asks for the working folder.
    #[must_use = "the server may have refused"]
    pub fn working_directory(&mut self) -> FtpDirectoryResponse {
        FtpDirectoryResponse::new(self.command("PWD", ""))
    }

    /// Asks for the names in a folder, empty for the working folder (`NLST`).
    ///
    /// [`entries`](Self::entries) tells what they are, and tells an empty folder from one that is not there.
    #[must_use = "the server may have refused"]
    pub fn directory_listing(&mut self, directory: &str) -> FtpListingResponse {
        let mut listing = String::new();
        let response = self.with(|session| match session.ask_for_utf8() {
            Ok(()) => list(session, "NLST", directory, &mut listing),
            Err(error) => FtpResponse::failed(error),
        });
        FtpListingResponse::new(response, &listing)
    }

    /// Changes the working folder.
    #[must_use = "the server may have refused"]
    pub fn change_directory(&mut self, directory: &str) -> FtpResponse {
        self.command("CWD", directory)
    }

    /// Changes to the folder above the working folder.
    #[must_use = "the server may have refused"]
    pub fn parent_directory(&mut self) -> FtpResponse {
        self.command("CDUP", "")
    }

    /// Makes a folder.
    #[must_use = "the server may have refused"]
    pub fn create_directory(&mut self, name: &str) -> FtpResponse {
        self.command("MKD", name)
    }

    /// Makes a folder unless it is there already; the one that it is in has to be there.
    #[must_use = "the server may have refused"]
    pub fn ensure_directory(&mut self, name: &str) -> FtpResponse {
        self.with(|session| super::tree::make_remote_folder(session, name))
    }

    /// Removes a folder, which most servers do only when it is empty.
    #[must_use = "the server may have refused"]
    pub fn delete_directory(&mut self, name: &str) -> FtpResponse {
        self.command("RMD", name)
    }

    /// Gives a file or a folder another name.
    #[must_use = "the server may have refused"]
    pub fn rename_file(&mut self, from: &str, to: &str) -> FtpResponse {
        self.with(|session| {
            // Nothing may come between the two (RFC 959 section 4.1.3), so that all about the second one is settled here.
            if let Err(error) = session.build("RNTO", to).and_then(|_| session.agree_on_names(to)) {
                return FtpResponse::failed(error);
            }
            let begun = session.command_on("RNFR", from);
            match begun.status() {
                status if status.is_intermediate() => session.command_on("RNTO", to),
                // Nothing has another name yet, whatever the server is content with.
                status if status.ok() => begun.with_error(Error::Malformed { expected: "350 in the answer to RNFR" }),
                _ => begun,
            }
        })
    }

    /// Removes a file.
    #[must_use = "the server may have refused"]
    pub fn delete_file(&mut self, name: &str) -> FtpResponse {
        self.command("DELE", name)
    }

    /// Tells a server that wants to hear of it that names are in UTF-8, if this one is not in ASCII and nobody has told
    /// it yet (`FEAT`, `OPTS UTF8 ON`).
    ///
    /// Everything with a name in it does so by itself; this is for commands that have to follow one another at once,
    /// as `RNTO` has to follow `RNFR`.
    ///
    /// # Errors
    ///
    /// Those of the connection; a server that does not know the commands is told nothing.
    pub fn agree_on_names(&mut self, name: &str) -> Result<()> {
        self.with_result(|session| session.agree_on_names(name))
    }

    /// Sends any command that needs no data connection, and gives its final answer.
    ///
    /// What is not a command on one line is refused: letters and digits, and a parameter without CR, LF and NUL.
    #[must_use = "the server may have refused"]
    pub fn send_command(&mut self, command: &str, parameter: &str) -> FtpResponse {
        let response = self.command(command, parameter);
        if super::command::is_secret(command) { response.without(parameter) } else { response }
    }

    /// Asks what the server can do (`FEAT`), once in a session.
    ///
    /// # Errors
    ///
    /// Those of the connection; a server that does not know the command has no features.
    pub fn features(&mut self) -> Result<FtpFeatures> {
        self.with_result(|session| session.features().cloned())
    }

    /// Lists a folder with what is known of its entries (`MLSD`, or `LIST` where the server does not know that); empty
    /// for the working folder. The folder itself and the one above it are left out.
    ///
    /// The names are the server's: see [`FtpEntry::is_safe_name`] before one becomes a part of a local path.
    ///
    /// # Errors
    ///
    /// [`Error::PeerRefused`] with the server's code and text, [`Error::Malformed`] for a listing with a line that cannot be
    /// read (of `LIST` the forms of Unix and of DOS can), [`Error::TooLong`] for one over
    /// [`FtpOptions::listing_limit`], and those of the connection.
    pub fn entries(&mut self, directory: &str) -> Result<Vec<FtpEntry>> {
        self.with_result(|session| entries(session, directory))
    }

    /// Asks for the size of a file in bytes (`SIZE`).
    ///
    /// # Errors
    ///
    /// [`Error::PeerRefused`] with the server's code and text, and those of the connection.
    pub fn size(&mut self, path: &str) -> Result<u64> {
        self.with_result(|session| session.size(path))
    }

    /// Asks when a file was changed last (`MDTM`).
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size).
    pub fn modified(&mut self, path: &str) -> Result<SystemTime> {
        self.with_result(|session| session.modified(path))
    }

    /// Says when a file was changed last, to the second (`MFMT`).
    #[must_use = "the server may have refused"]
    pub fn set_modified(&mut self, path: &str, time: SystemTime) -> FtpResponse {
        match format_time(time) {
            Some(time) => self.command("MFMT", &format!("{time} {path}")),
            None => FtpResponse::failed(Error::invalid_input(path, "a time from 1970 to 9999")),
        }
    }

    fn command(&mut self, verb: &str, parameter: &str) -> FtpResponse {
        self.with(|session| session.command_on(verb, parameter))
    }

    /// Does something with the session, if there is one; one that has come to its end is closed then.
    fn with(&mut self, act: impl FnOnce(&mut Session) -> FtpResponse) -> FtpResponse {
        self.with_result(|session| Ok(act(session))).unwrap_or_else(FtpResponse::failed)
    }

    /// The session, unless it is with a transfer.
    fn session(&mut self) -> Result<&mut Box<Session>> {
        if self.lent.as_ref().is_some_and(Lent::is_away) {
            return Err(Error::NotReady);
        }
        if let Some(lent) = self.lent.take() {
            self.session = lent.take();
        }
        self.session.as_mut().ok_or(Error::Disconnected)
    }

    fn with_result<T>(&mut self, act: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let session = self.session()?;
        let result = act(session);
        if !session.control.is_usable() {
            self.session = None;
        }
        result
    }
}

pub(super) fn entries(session: &mut Session, directory: &str) -> Result<Vec<FtpEntry>> {
    let mut listing = String::new();
    session.ask_for_utf8()?;
    if !session.lacks_mlsd {
        let response = list(session, "MLSD", directory, &mut listing);
        match response.status() {
            FtpStatus::COMMAND_UNKNOWN | FtpStatus::COMMAND_NOT_IMPLEMENTED => session.lacks_mlsd = true,
            _ => {
                response.into_result()?;
                return parse_mlsd(&listing);
            }
        }
    }
    // A name that begins with a hyphen would be taken for options.
    let directory = if directory.starts_with('-') { format!("./{directory}") } else { directory.to_owned() };
    list(session, "LIST", &directory, &mut listing).into_result()?;
    let entries = parse_list(&listing)?;
    if entries.is_empty() && !directory.is_empty() {
        // Some servers say the same of a folder that is not there.
        super::tree::visit(session, &directory).into_result()?;
    }
    Ok(entries)
}

/// Transfers a listing into a text.
fn list(session: &mut Session, verb: &str, directory: &str, listing: &mut String) -> FtpResponse {
    let options = FtpTransferOptions::default();
    // Listings are lines in the binary type, too, so that the type need not change between them and files.
    let mode = (session.mode == Some(TransferMode::Ebcdic)).then_some(TransferMode::Ascii);
    let order = match Order::agreed(session, verb, directory, &options, None) {
        Ok(order) => Order { mode, ..order },
        Err(error) => return FtpResponse::failed(error),
    };
    let mut memory = Memory { bytes: Vec::new(), limit: session.options.listing_limit };
    let response = run(session, order, &options, Cargo::Down(&mut memory), &mut nobody);
    *listing = session.options.encoding.decode(&memory.bytes);
    response
}
