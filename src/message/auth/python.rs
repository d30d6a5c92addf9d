//! The proof of the key as Python's `multiprocessing.connection` gives and takes it, the legacy one (up to 3.11) and
//! the modern one (from 3.12 on).

use super::{digest::Algorithm, level::AuthLevel};
use crate::error::AuthError;

/// The answer to a challenge, without the words in front of it.
///
/// Exactly 20 bytes are a legacy challenge, whatever they begin with; anything longer names its algorithm. The digest
/// covers all of the challenge, its name included.
pub(super) fn answer(key: &[u8], challenge: &[u8], least: AuthLevel) -> Result<Vec<u8>, AuthError> {
    if challenge.len() < LEGACY_CHALLENGE {
        return Err(AuthError::ShortChallenge);
    }
    if challenge.len() == LEGACY_CHALLENGE {
        allow(Algorithm::Md5, least)?;
        return Ok(Algorithm::Md5.sign(key, &[challenge]));
    }
    let (algorithm, _) = Algorithm::split(challenge).ok_or(AuthError::UnknownAlgorithm)?;
    allow(algorithm, least)?;
    let mut answer = algorithm.prefix().into_bytes();
    answer.extend(algorithm.sign(key, &[challenge]));
    Ok(answer)
}

/// Checks the answer to our challenge. 16 and 20 bytes are without a name, and so MD5; anything else names its algorithm, which
/// need not be the one of the challenge.
pub(super) fn verify(key: &[u8], challenge: &[u8], answer: &[u8], least: AuthLevel) -> Result<(), AuthError> {
    let (algorithm, digest) = if UNNAMED_ANSWERS.contains(&answer.len()) {
        (Algorithm::Md5, answer)
    } else {
        Algorithm::split(answer).ok_or(AuthError::UnknownAlgorithm)?
    };
    allow(algorithm, least)?;
    if algorithm.verify(key, &[challenge], digest) { Ok(()) } else { Err(AuthError::WrongDigest) }
}

fn allow(algorithm: Algorithm, least: AuthLevel) -> Result<(), AuthError> {
    let level = if algorithm == Algorithm::Md5 { AuthLevel::LegacyMd5 } else { AuthLevel::Sha256 };
    if level < least { Err(AuthError::WeakAlgorithm) } else { Ok(()) }
}

/// The challenge of Python up to 3.11 is 20 random bytes.
const LEGACY_CHALLENGE: usize = 20;
const UNNAMED_ANSWERS: [usize; 2] = [16, 20];

#[cfg(test)]
mod tests;
