//! The question to a provider that one datagram asks and one answers.

use std::io;

use super::{
    DnsRecord,
    dns::Query,
    stun::{self, Binding},
};
use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

/// What is sent to a provider, and how its answers are read. There is no I/O in it.
#[derive(Debug)]
pub(super) enum Question {
    Stun(Binding),
    Dns(Query),
}

impl Question {
    pub(super) fn stun() -> Result<Self> {
        Ok(Self::Stun(Binding::new(random::<{ stun::ID_LENGTH }>()?)))
    }

    pub(super) fn dns(name: &str, record: DnsRecord) -> Result<Self> {
        Ok(Self::Dns(Query::new(random()?, name, record)?))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Stun(binding) => binding.to_bytes(),
            Self::Dns(query) => query.to_bytes(),
        }
    }

    /// Reads a datagram; `None` for one that does not answer this question, which anybody may have sent.
    pub(super) fn read(&self, datagram: &[u8]) -> Option<Result<IpAddress>> {
        match self {
            Self::Stun(binding) => binding.read(datagram),
            Self::Dns(query) => query.read(datagram),
        }
    }
}

/// An id that nobody who does not see the question can guess.
fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(io::Error::other(error.to_string())))?;
    Ok(bytes)
}
