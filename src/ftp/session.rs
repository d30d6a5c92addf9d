//! A session with a server: the control connection and what has been agreed on over it.

use std::net::{SocketAddr, TcpStream};

use socket2::Socket;

use super::{
    command::Command,
    control::{Control, Patience},
    encoding::FtpEncoding,
    features::FtpFeatures,
    options::{FtpOptions, FtpTls, TransferMode},
    reply::Reply,
    response::FtpResponse,
    status::FtpStatus,
    wire::Wire,
};
use crate::{
    bytes::Aligned,
    error::{Error, Result},
    ip::lookup,
    tcp::dial,
    time::Deadline,
    tls::TlsClient,
};

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) control: Control,
    pub(super) options: FtpOptions,
    /// The name or address that the caller gave.
    pub(super) host: String,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    /// What data connections are encrypted with.
    pub(super) protection: Option<TlsClient>,
    /// The type that is in force, once it was set.
    pub(super) mode: Option<TransferMode>,
    /// The server does not take `EPSV` or `EPRT`, or they lead nowhere.
    pub(super) has_old_commands: bool,
    /// A data connection has come about, so the next ones need not be waited for one by one.
    pub(super) is_proven: bool,
    /// The server does not know `MLSD`.
    pub(super) lacks_mlsd: bool,
    pub(super) features: Option<FtpFeatures>,
    pub(super) agreed_on_names: bool,
    /// Where the bytes of transfers go through, kept from one to the next.
    pub(super) buffer: Aligned,
}

impl Session {
    /// Connects, and waits for the greeting; encrypted, if the options say so.
    pub(super) fn open(host: &str, port: u16, options: &FtpOptions) -> (FtpResponse, Option<Self>) {
        match Self::try_open(host, port, options) {
            Ok((response, session)) if response.ok() => (response, Some(session)),
            Ok((response, _)) => (response, None),
            Err(error) => (FtpResponse::failed(error), None),
        }
    }

    fn try_open(host: &str, port: u16, options: &FtpOptions) -> Result<(FtpResponse, Self)> {
        let port = match (port, &options.tls) {
            (0, FtpTls::Implicit(_)) => 990,
            (0, _) => 21,
            (port, _) => port,
        };
        let (limit, deadline) = (options.connect_limit, Deadline::after(options.connect_limit));
        let socket = dial(&lookup(host, deadline, limit)?, port, deadline, limit)?;
        let socket = Socket::from(TcpStream::try_from(socket).map_err(|_| Error::Disconnected)?);
        let address = |address: std::io::Result<socket2::SockAddr>| {
            address.map_err(Error::from_transfer)?.as_socket().ok_or(Error::Disconnected)
        };
        let (peer, local) = (address(socket.peer_addr())?, address(socket.local_addr())?);
        let mut session = Self {
            control: Control::new(Wire::plain(socket), options.silence, options.observer.clone())?,
            options: options.clone(),
            host: host.to_owned(),
            peer,
            local,
            protection: None,
            mode: None,
            has_old_commands: false,
            is_proven: false,
            lacks_mlsd: false,
            features: None,
            agreed_on_names: false,
            buffer: Aligned::default(),
        };
        let greeting = match &options.tls {
            FtpTls::Off => session.greeting()?,
            FtpTls::Explicit(tls) => {
                let greeting = session.greeting()?;
                let secured = if greeting.ok() { session.secure(tls) } else { return Ok((greeting, session)) };
                if secured.ok() { greeting } else { secured }
            }
            FtpTls::Implicit(tls) => {
                let tls = tls.resuming()?;
                session.control.secure(&tls, host)?;
                let greeting = session.greeting()?;
                // Data connections are encrypted whatever the server thinks of the commands.
                session.protection = Some(tls);
                if greeting.ok() {
                    session.protect()?;
                }
                greeting
            }
        };
        Ok((greeting, session))
    }

    /// What a server says first: 220, perhaps behind a 120.
    fn greeting(&mut self) -> Result<FtpResponse> {
        self.control.expect_reply();
        let reply = self.control.final_reply()?.ok_or(Error::NotReady)?;
        Ok(self.response(&reply))
    }

    /// Encrypts the control connection, and data connections from now on (RFC 4217).
    pub(super) fn secure(&mut self, tls: &TlsClient) -> FtpResponse {
        self.try_secure(tls).unwrap_or_else(FtpResponse::failed)
    }

    fn try_secure(&mut self, tls: &TlsClient) -> Result<FtpResponse> {
        if !self.control.wire().is_encrypted() {
            let agreed = self.exchange("AUTH", "TLS")?;
            if agreed.status() != FtpStatus::SECURITY_EXCHANGE_COMPLETE {
                // Any other consent is as little encrypted as a refusal.
                return Ok(if agreed.ok() { agreed.with_error(NO_CONSENT) } else { agreed });
            }
            // Servers want this control connection's session to be resumed, and no other.
            let tls = tls.resuming()?;
            self.control.secure(&tls, &self.host)?;
            self.protection = Some(tls);
            // What was said in plain text may be somebody else's word.
            self.features = None;
        }
        self.protect().map(as_refusal)
    }

    fn protect(&mut self) -> Result<FtpResponse> {
        let sized = self.exchange("PBSZ", "0")?;
        if !sized.ok() {
            return Ok(sized);
        }
        self.exchange("PROT", "P")
    }

    /// Logs in; an account is given if the server asks for one.
    pub(super) fn log_in(&mut self, user: &str, password: &str) -> FtpResponse {
        let mut response = self.command("USER", user);
        if matches!(response.status(), FtpStatus::NEED_PASSWORD | FtpStatus::NEED_PASSWORD_FOR_CHALLENGE) {
            response = self.command("PASS", password).without(password);
        }
        if response.status() == FtpStatus::NEED_ACCOUNT_TO_LOG_IN
            && let Some(account) = self.options.account.clone()
        {
            response = self.command("ACCT", &account).without(&account);
        }
        response
    }

    /// Sends a command and waits for its reply.
    pub(super) fn command(&mut self, verb: &str, parameter: &str) -> FtpResponse {
        self.exchange(verb, parameter).unwrap_or_else(FtpResponse::failed)
    }

    /// The same for a command with a name in it.
    pub(super) fn command_on(&mut self, verb: &str, path: &str) -> FtpResponse {
        self.agree_on_names(path).and_then(|()| self.exchange(verb, path)).unwrap_or_else(FtpResponse::failed)
    }

    fn exchange(&mut self, verb: &str, parameter: &str) -> Result<FtpResponse> {
        let command = self.build(verb, parameter)?;
        self.forget_what_ends_with(verb);
        self.control.send(&command)?;
        let reply = self.control.final_reply()?.ok_or(Error::NotReady)?;
        Ok(self.response(&reply))
    }

    /// Some commands change what was agreed on before, whether they succeed or not.
    fn forget_what_ends_with(&mut self, verb: &str) {
        let is = |other: &str| verb.eq_ignore_ascii_case(other);
        if ["TYPE", "USER", "REIN", "AUTH"].into_iter().any(is) {
            self.mode = None;
        }
        if is("REIN") {
            self.features = None;
            self.agreed_on_names = false;
        }
    }

    pub(super) fn build(&self, verb: &str, parameter: &str) -> Result<Command> {
        Command::new(verb, parameter, self.options.encoding)
    }

    pub(super) fn response(&self, reply: &Reply) -> FtpResponse {
        FtpResponse::new(FtpStatus::from(reply.code), self.options.encoding.decode(&reply.text))
    }

    /// The features of the server; it is asked for them once.
    pub(super) fn features(&mut self) -> Result<&FtpFeatures> {
        if self.features.is_none() {
            let response = self.exchange("FEAT", "")?;
            self.features = Some(if response.ok() { FtpFeatures::parse(&response) } else { FtpFeatures::default() });
        }
        self.features.as_ref().ok_or(Error::NotReady)
    }

    /// Says that names are in UTF-8, before the first one that is not the same in every encoding. Only some servers
    /// want to be told, and the others do not mind.
    pub(super) fn agree_on_names(&mut self, path: &str) -> Result<()> {
        if path.is_ascii() {
            return Ok(());
        }
        self.ask_for_utf8()
    }

    /// The same before a listing, which may have any names.
    pub(super) fn ask_for_utf8(&mut self) -> Result<()> {
        if self.names_are_agreed() {
            return Ok(());
        }
        self.agreed_on_names = true;
        if self.features()?.has("UTF8") {
            // A refusal is as good: the server speaks UTF-8 then anyway.
            self.exchange("OPTS", "UTF8 ON")?;
        }
        Ok(())
    }

    /// Tells whether nothing has to be said of names.
    pub(super) fn names_are_agreed(&self) -> bool {
        self.agreed_on_names || self.options.encoding != FtpEncoding::Utf8
    }

    /// Sets the type if it is another one.
    pub(super) fn set_mode(&mut self, mode: TransferMode) -> Result<FtpResponse> {
        if self.mode == Some(mode) {
            return Ok(FtpResponse::new(FtpStatus::OK, ""));
        }
        let response = self.exchange("TYPE", mode.letter())?;
        if response.ok() {
            self.mode = Some(mode);
        }
        Ok(response)
    }

    pub(super) fn waits(&self) -> bool {
        self.control.patience() == Patience::Waits
    }
}

/// An answer to `PBSZ` or `PROT` that lets nothing go on is a refusal, whatever its number says.
fn as_refusal(response: FtpResponse) -> FtpResponse {
    match response.status() {
        status if status.is_completion() || !status.ok() => response,
        _ => response.with_error(NO_CONSENT),
    }
}

const NO_CONSENT: Error = Error::Malformed { expected: "the server's consent to encryption" };
