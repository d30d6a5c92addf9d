//! The algorithms of the handshake, by the names that Python gives them.

use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};

/// What a proof of the key is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
    Sha384,
    Sha3_256,
    Sha3_384,
}

impl Algorithm {
    /// Splits `{name}` from what follows it. The names have at most 8 letters, and nothing is looked for behind them.
    pub(super) fn split(message: &[u8]) -> Option<(Self, &[u8])> {
        let name = message.strip_prefix(b"{")?;
        let end = name.iter().take(LONGEST_NAME + 1).position(|byte| *byte == b'}')?;
        let (name, rest) = name.split_at_checked(end)?;
        let (_, algorithm) = NAMES.iter().find(|(known, _)| known.as_bytes() == name)?;
        Some((*algorithm, rest.get(1..)?))
    }

    /// The name with its braces.
    pub(super) fn prefix(self) -> String {
        NAMES.iter().filter(|(_, algorithm)| *algorithm == self).map(|(name, _)| format!("{{{name}}}")).collect()
    }

    pub(super) fn sign(self, key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => sign::<Hmac<Md5>>(key, pieces),
            Self::Sha256 => sign::<Hmac<Sha256>>(key, pieces),
            Self::Sha384 => sign::<Hmac<Sha384>>(key, pieces),
            Self::Sha3_256 => sign::<SimpleHmac<Sha3_256>>(key, pieces),
            Self::Sha3_384 => sign::<SimpleHmac<Sha3_384>>(key, pieces),
        }
    }

    /// Compares in a time that does not depend on where the first difference is.
    pub(super) fn verify(self, key: &[u8], pieces: &[&[u8]], digest: &[u8]) -> bool {
        match self {
            Self::Md5 => verify::<Hmac<Md5>>(key, pieces, digest),
            Self::Sha256 => verify::<Hmac<Sha256>>(key, pieces, digest),
            Self::Sha384 => verify::<Hmac<Sha384>>(key, pieces, digest),
            Self::Sha3_256 => verify::<SimpleHmac<Sha3_256>>(key, pieces, digest),
            Self::Sha3_384 => verify::<SimpleHmac<Sha3_384>>(key, pieces, digest),
        }
    }
}

/// A key of any length makes an HMAC (RFC 2104), so there always is one.
fn start<M: Mac + KeyInit>(key: &[u8], pieces: &[&[u8]]) -> Option<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    pieces.iter().for_each(|piece| mac.update(piece));
    Some(mac)
}

fn sign<M: Mac + KeyInit>(key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    start::<M>(key, pieces).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn verify<M: Mac + KeyInit>(key: &[u8], pieces: &[&[u8]], digest: &[u8]) -> bool {
    start::<M>(key, pieces).is_some_and(|mac| mac.verify_slice(digest).is_ok())
}

const NAMES: [(&str, Algorithm); 5] = [
    ("md5", Algorithm::Md5),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha3_256", Algorithm::Sha3_256),
    ("sha3_384", Algorithm::Sha3_384),
];

const LONGEST_NAME: usize = 8;
