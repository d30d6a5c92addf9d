//! How much is asked of a peer.

/// The weakest proof of the key that is accepted from a peer, and given to one.
///
/// Whatever is allowed, two programs that both use this crate always use the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum AuthLevel {
    /// HMAC-MD5 too, all that Python up to 3.11, `PyPy` and billiard know. Nobody is known to forge it, and nothing new
    /// should rely on it.
    LegacyMd5,
    /// SHA-256 or better, from Python 3.12 on: the default.
    ///
    /// The handshake of Python does not say who is the listener and which connection it belongs to: a program in the
    /// middle can pass it on, and one that pretends to be the listener can have a second client answer for it. The
    /// second client is not of this process; see [`AuthError::Reflected`](crate::AuthError::Reflected).
    #[default]
    Sha256,
    /// Only programs that use this crate: both sides, what either has drawn by lot, and the TLS session beneath, if there is one, are
    /// part of the proof.
    ///
    /// Without TLS a program in the middle of two processes can still pass on what they say to one another, and be let in
    /// for the one that it has passed on. Within one process this is [`AuthError::Reflected`](crate::AuthError::Reflected).
    Bound,
}
