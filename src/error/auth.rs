//! Why two programs that should share a key did not find that they do.

use std::fmt;

/// Why an authentication failed.
///
/// It says no more than the peer may know: a wrong key, a digest of the wrong length and one that was cut are all
/// [`WrongDigest`](Self::WrongDigest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthError {
    /// The peer does not accept our digest: it has another key, or none of our algorithms.
    Rejected,
    /// The digest of the peer is not the one of our key.
    WrongDigest,
    /// The peer offers a weaker proof than the least that is allowed: Python up to 3.11, and `PyPy` and billiard with it,
    /// know only MD5.
    WeakAlgorithm,
    /// The peer names an algorithm that does not exist here, or none.
    UnknownAlgorithm,
    /// The peer's challenge is shorter than 20 bytes.
    ShortChallenge,
    /// The peer's challenge is one of our own, which was sent on another connection and has no answer yet: somebody wants
    /// us to answer for them.
    ///
    /// A program that connects to a listener of its own is let in: the addresses of the two sockets show that they are
    /// the ends of one connection, and over a local socket the process at the other end does. Where the system tells only
    /// the user of that (macOS and the BSDs), a process of the same user counts as our own, and on Windows, which tells
    /// nothing, any. Through a relay, or through a network that translates addresses, a program finds its own listener
    /// only with TLS, which shows who is in the session.
    Reflected,
    /// A message of the peer is longer than the 256 bytes that a handshake has room for, or has no possible length.
    TooLong,
    /// The peer sent something that has no place in the handshake; it may expect none, or speak another protocol.
    Unexpected,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "the peer rejected our digest: expected the same key on both sides",
            Self::WrongDigest => "expected a digest made with our key, found another",
            Self::WeakAlgorithm => "expected a proof of the least level that is allowed, found a weaker one, such as the MD5 of Python up to 3.11",
            Self::UnknownAlgorithm => "expected a digest algorithm of the handshake, found another or none",
            Self::ShortChallenge => "expected a challenge of 20 bytes or more, found a shorter one",
            Self::Reflected => "expected a challenge of the peer, found one of our own",
            Self::TooLong => "expected a message of at most 256 bytes in the handshake, found a longer one",
            Self::Unexpected => "expected a step of the handshake, found something else",
        })
    }
}
