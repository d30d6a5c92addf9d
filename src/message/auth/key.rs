//! The key that two programs share.

#[cfg(not(feature = "auth"))]
use std::convert::Infallible;
use std::fmt;
#[cfg(feature = "auth")]
use std::sync::Arc;

#[cfg(feature = "auth")]
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A secret that a listener and its clients share, what Python calls `authkey`.
///
/// It is never sent, never printed, and its memory is overwritten when the last clone is dropped. A key that a person
/// has thought of can be guessed by whoever hears one handshake: use 32 random bytes.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "auth")] {
/// use sockeye::{AuthKey, ErrorKind};
///
/// let key = AuthKey::new(b"secret password")?;
/// assert_eq!(format!("{key:?}"), "AuthKey(..)");
/// assert_eq!(AuthKey::new("").unwrap_err().kind(), ErrorKind::InvalidInput);
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct AuthKey {
    #[cfg(feature = "auth")]
    bytes: Arc<Zeroizing<Box<[u8]>>>,
    #[cfg(not(feature = "auth"))]
    never: Infallible,
}

impl AuthKey {
    /// Takes the bytes of a key, any number of them but none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an empty key: with one, some versions of Python authenticate nobody and others hang.
    /// [`Error::FeatureOff`] without the feature `auth`.
    #[cfg(feature = "auth")]
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Err(Error::invalid_input("", "a key of at least one byte"));
        }
        Ok(Self { bytes: Arc::new(Zeroizing::new(bytes.into())) })
    }

    /// Answers with [`Error::FeatureOff`]: this needs the feature `auth`.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(feature = "auth"))]
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let _ = bytes;
        Err(Error::FeatureOff { feature: "auth" })
    }

    #[cfg(feature = "auth")]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[cfg(not(feature = "auth"))]
    pub(super) fn never(&self) -> &Infallible {
        &self.never
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(..)")
    }
}
