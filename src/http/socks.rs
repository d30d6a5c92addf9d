//! The client's side of SOCKS 5 (RFC 1928, RFC 1929): no I/O.

use std::net::IpAddr;

use super::{
    proxy::Credentials,
    tunnel::{Negotiation, Step},
};
use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

/// A negotiation with a SOCKS proxy for one connection.
#[derive(Debug)]
pub(super) struct Socks<'a> {
    credentials: Option<&'a Credentials>,
    /// Built first, so that a name that is too long is refused before anything is sent.
    request: Vec<u8>,
    received: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Start,
    /// Waits for the proxy's choice among the methods.
    Method,
    /// Waits for its opinion of the user and the password.
    Login,
    /// Waits for its reply to the request, up to the type of the address in it.
    Reply,
    /// Waits for the address, of this length, or told by its first byte.
    Bound {
        length: usize,
    },
    BoundName,
    Done,
}

impl<'a> Socks<'a> {
    /// Asks for a connection to an address or, which the proxy looks up itself, to a name.
    pub(super) fn new(host: &str, port: u16, credentials: Option<&'a Credentials>) -> Result<Self> {
        let mut request = vec![VERSION, CONNECT, 0];
        match IpAddress::parse(host).map(IpAddr::from) {
            Ok(IpAddr::V4(address)) => {
                request.push(V4);
                request.extend(address.octets());
            }
            Ok(IpAddr::V6(address)) => {
                request.push(V6);
                request.extend(address.octets());
            }
            Err(_) => {
                request.push(NAME);
                push_counted(&mut request, host, "a host name of 1 to 255 bytes", host)?;
            }
        }
        request.extend(port.to_be_bytes());
        Ok(Self { credentials, request, received: Vec::new(), state: State::Start })
    }

    fn login(credentials: &Credentials) -> Result<Vec<u8>> {
        let mut login = vec![LOGIN_VERSION];
        push_counted(&mut login, &credentials.user, "a user of 1 to 255 bytes for the proxy", "(not shown)")?;
        push_counted(&mut login, &credentials.password, "a password of 1 to 255 bytes for the proxy", "(not shown)")?;
        Ok(login)
    }

    /// Takes as many bytes as have been asked for, if they are all there.
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.received.first_chunk::<N>()?;
        self.received.clear();
        Some(taken)
    }

    fn missing(&self, wanted: usize) -> Step {
        Step::Receive(wanted.saturating_sub(self.received.len()))
    }

    fn method(&mut self) -> Result<Step> {
        let Some([version, method]) = self.take() else { return Ok(self.missing(2)) };
        check_version(version)?;
        match (method, self.credentials) {
            (NO_LOGIN, _) => Ok(self.request()),
            (LOGIN, Some(credentials)) => {
                self.state = State::Login;
                Self::login(credentials).map(Step::Send)
            }
            (NO_METHOD, None) => Err(refused(NO_METHOD, "the SOCKS proxy wants a user and a password")),
            (NO_METHOD, Some(_)) => Err(refused(NO_METHOD, "the SOCKS proxy takes no user and password")),
            _ => Err(Error::Malformed { expected: "a SOCKS method that was offered" }),
        }
    }

    fn logged_in(&mut self) -> Result<Step> {
        // The version of this reply is wrong in some servers and says nothing.
        let Some([_, status]) = self.take() else { return Ok(self.missing(2)) };
        if status == 0 { Ok(self.request()) } else { Err(refused(status, "the SOCKS proxy refused the password")) }
    }

    fn request(&mut self) -> Step {
        self.state = State::Reply;
        Step::Send(std::mem::take(&mut self.request))
    }

    fn replied(&mut self) -> Result<Step> {
        let Some([version, reply, _, kind]) = self.take() else { return Ok(self.missing(4)) };
        check_version(version)?;
        if reply != 0 {
            return Err(refused(reply, reply_text(reply)));
        }
        self.state = match kind {
            V4 => State::Bound { length: 4 + 2 },
            V6 => State::Bound { length: 16 + 2 },
            NAME => State::BoundName,
            _ => return Err(Error::Malformed { expected: "a SOCKS address type of 1, 3 or 4" }),
        };
        self.next()
    }
}

impl Negotiation for Socks<'_> {
    fn next(&mut self) -> Result<Step> {
        match self.state {
            State::Start => {
                // Refused before the proxy hears anything.
                let methods = match self.credentials {
                    Some(credentials) => Self::login(credentials).map(|_| vec![VERSION, 2, NO_LOGIN, LOGIN])?,
                    None => vec![VERSION, 1, NO_LOGIN],
                };
                self.state = State::Method;
                Ok(Step::Send(methods))
            }
            State::Method => self.method(),
            State::Login => self.logged_in(),
            State::Reply => self.replied(),
            State::BoundName => {
                let Some([length]) = self.take() else { return Ok(self.missing(1)) };
                self.state = State::Bound { length: usize::from(length) + 2 };
                self.next()
            }
            State::Bound { length } if self.received.len() < length => Ok(self.missing(length)),
            State::Bound { .. } | State::Done => {
                self.state = State::Done;
                Ok(Step::Done)
            }
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }
}

/// Appends a text behind its length in one byte.
fn push_counted(to: &mut Vec<u8>, text: &str, expected: &'static str, shown: &str) -> Result<()> {
    match u8::try_from(text.len()) {
        Ok(length) if length > 0 => {
            to.push(length);
            to.extend_from_slice(text.as_bytes());
            Ok(())
        }
        _ => Err(Error::invalid_input(shown, expected)),
    }
}

fn check_version(version: u8) -> Result<()> {
    if version == VERSION { Ok(()) } else { Err(Error::Malformed { expected: "SOCKS version 5" }) }
}

fn refused(code: u8, text: &str) -> Error {
    Error::PeerRefused { code: code.into(), text: text.into() }
}

/// RFC 1928 section 6.
fn reply_text(reply: u8) -> &'static str {
    match reply {
        1 => "general failure of the SOCKS proxy",
        2 => "the rules of the SOCKS proxy do not allow it",
        3 => "the SOCKS proxy cannot reach the network",
        4 => "the SOCKS proxy cannot reach the host",
        5 => "the host refused the connection of the SOCKS proxy",
        6 => "the SOCKS proxy waited too long (TTL expired)",
        7 => "the SOCKS proxy does not know the command",
        8 => "the SOCKS proxy does not know the address type",
        _ => "unknown reply of the SOCKS proxy",
    }
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xff;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const V4: u8 = 1;
const NAME: u8 = 3;
const V6: u8 = 4;

#[cfg(test)]
mod tests;
