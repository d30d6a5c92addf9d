//! How long the keys of a session last.

use rustls::SupportedCipherSuite;

/// How many more records may be encrypted with the keys of a session.
///
/// In TLS 1.3 the keys are changed in time. Those of TLS 1.2 are not, and once they are used up rustls takes bytes
/// without sending them, and tells the peer that this is an orderly end.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of(suite: Option<SupportedCipherSuite>) -> Self {
        match suite {
            Some(SupportedCipherSuite::Tls12(suite)) => Self(suite.common.confidentiality_limit.saturating_sub(SPARE)),
            _ => Self::default(),
        }
    }

    /// Takes what so many bytes need, or what rustls takes of them at once; `false` when too little is left.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let records = bytes.min(AT_ONCE).div_ceil(MAX_RECORD) as u64;
        let left = self.0.checked_sub(records);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(u64::MAX)
    }
}

/// For the end of the handshake, and for alerts.
const SPARE: u64 = 64;
/// What a record holds at most (RFC 8446 section 5.1).
const MAX_RECORD: usize = 16 * 1024;
/// What rustls encrypts at once, its `DEFAULT_BUFFER_LIMIT`.
const AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use rustls::crypto::ring::cipher_suite::{
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS13_AES_128_GCM_SHA256,
    };

    use super::*;

    #[test]
    fn keys_of_tls_12_last_for_a_number_of_records() {
        let mut budget = Budget::of(Some(TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256));
        let limit = (1 << 24) - 64;
        for _ in 0..limit - 6 {
            assert!(budget.spend(1));
        }
        assert!(budget.spend(16 * 1024 + 1));
        assert!(budget.spend(1 << 30), "only 64 KiB of it are encrypted at once");
        assert!(!budget.spend(1));
        assert!(!budget.spend(1));
    }

    #[test]
    fn other_keys_last() {
        for suite in [TLS13_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256] {
            assert!(Budget::of(Some(suite)).0 > 1 << 60);
        }
    }
}
