//! The proof of the key between two programs that use this crate.
//!
//! A listener ends its challenge, which is one of Python's in every other way, with [`MARK`]: a Python signs it like
//! any other, and a client of this crate knows whom it talks to. It answers with its own random bytes and a digest; the
//! listener welcomes it with one more. The digests cover who gives them, the challenge, the client's random bytes and
//! the TLS session, if there is one. So neither can be used by the other side, nor on another connection; and a marked
//! challenge is never answered in Python's way, so leaving the mark out gains nobody anything: Python's way covers the
//! challenge that was sent.

use super::digest::Algorithm;

/// Stands at the end of a listener's challenge and at the beginning of a client's answer.
pub(super) const MARK: &[u8] = b"{sockeye1}";
/// Bytes that a client draws.
pub(super) const NONCE_LENGTH: usize = 32;

/// What both digests cover.
pub(super) struct Transcript<'a> {
    pub(super) challenge: &'a [u8],
    pub(super) nonce: &'a [u8],
    /// What names the TLS session (RFC 9266), empty without one.
    pub(super) binding: &'a [u8],
}

/// Who gives a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    Client,
    Listener,
}

impl Transcript<'_> {
    pub(super) fn sign(&self, key: &[u8], signer: Signer) -> Vec<u8> {
        self.with_pieces(signer, |pieces| ALGORITHM.sign(key, pieces))
    }

    pub(super) fn verify(&self, key: &[u8], signer: Signer, digest: &[u8]) -> bool {
        self.with_pieces(signer, |pieces| ALGORITHM.verify(key, pieces, digest))
    }

    /// The label is none that a challenge of Python can begin with, so no Python signs this for anybody. A length stands
    /// before each piece that has no fixed one.
    fn with_pieces<T>(&self, signer: Signer, act: impl FnOnce(&[&[u8]]) -> T) -> T {
        let label: &[u8] = match signer {
            Signer::Client => b"sockeye handshake 1, client\0",
            Signer::Listener => b"sockeye handshake 1, listener\0",
        };
        let lengths = [self.challenge, self.nonce, self.binding].map(|piece| (piece.len() as u64).to_be_bytes());
        let [challenge, nonce, binding] = &lengths;
        act(&[label, challenge, self.challenge, nonce, self.nonce, binding, self.binding])
    }
}

const ALGORITHM: Algorithm = Algorithm::Sha256;
