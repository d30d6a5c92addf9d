//! SHA-256 fingerprints of certificates.

use std::{fmt, str::FromStr};

use super::engine;
use crate::error::{Error, Result};

/// The SHA-256 hash of a certificate, which names it and no other.
///
/// It is written as pairs of hexadecimal digits with colons between them, as `openssl x509 -fingerprint -sha256` and
/// browsers show it; reading it takes capital letters, leaves the colons out, and accepts `sha256:` in front.
///
/// # Examples
///
/// ```
/// use sockeye::Fingerprint;
///
/// let text = "0a:1b:2c:3d:4e:5f:60:71:82:93:a4:b5:c6:d7:e8:f9:0a:1b:2c:3d:4e:5f:60:71:82:93:a4:b5:c6:d7:e8:f9";
/// let fingerprint: Fingerprint = text.parse()?;
/// assert_eq!(fingerprint.to_string(), text);
/// assert_eq!(format!("sha256:{}", text.replace(':', "").to_uppercase()).parse::<Fingerprint>()?, fingerprint);
/// assert!("0a:1b".parse::<Fingerprint>().is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Makes a fingerprint of the bytes of a hash.
    #[must_use]
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Computes the fingerprint of a certificate in its binary form (DER).
    ///
    /// # Errors
    ///
    /// [`Error::FeatureOff`] without the feature `tls`.
    pub fn of_certificate(der: &[u8]) -> Result<Self> {
        engine::sha256(der).map(Self)
    }

    /// Reads a fingerprint.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for anything else than 32 pairs of hexadecimal digits, all or none of them with a colon
    /// between them.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| Error::invalid_input(text, "a SHA-256 fingerprint of 64 hexadecimal digits"))
    }

    fn read(text: &str) -> Option<Self> {
        let digits = match text.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => text,
        };
        let mut hash = [0; 32];
        let has_colons = digits.contains(':');
        let mut digits = digits.bytes();
        for (index, byte) in hash.iter_mut().enumerate() {
            if has_colons && index > 0 && digits.next()? != b':' {
                return None;
            }
            *byte = digit(digits.next()?)? << 4 | digit(digits.next()?)?;
        }
        digits.next().is_none().then_some(Self(hash))
    }

    /// Returns the bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

const PREFIX: &str = "sha256:";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn only_whole_fingerprints_are_read() {
        let text = "AB".repeat(32);
        let expected = Fingerprint([0xab; 32]);
        assert_eq!(Fingerprint::parse(&text).unwrap(), expected);
        assert_eq!(Fingerprint::parse(&format!("SHA256:{text}")).unwrap(), expected);
        let colons = expected.to_string();
        for wrong in [
            "",
            "sha256:",
            &text[1..],
            &format!("{text}a"),
            &format!("{text}:"),
            &format!(":{text}"),
            &colons[..93],
            &format!("{colons}:00"),
            &colons.replacen(':', "", 1),
            &format!("ab:{}", &text[2..]),
            &colons.replacen(':', "-", 1),
            &text.replacen('A', "g", 1),
            &text.replacen("AB", "\u{e4}", 1),
            &format!("sha1:{text}"),
            &format!("{text} "),
        ] {
            assert_eq!(Fingerprint::parse(wrong).unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong:?}");
        }
    }

    /// The hash of nothing, from FIPS 180-4's own examples.
    #[cfg(feature = "tls")]
    #[test]
    fn the_hash_is_sha_256() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of_certificate(b"").unwrap(), expected.parse().unwrap());
    }

    proptest! {
        #[test]
        fn any_fingerprint_survives_the_way_through_text(hash: [u8; 32]) {
            let fingerprint = Fingerprint(hash);
            prop_assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
        }

        #[test]
        fn no_text_is_too_strange_to_be_refused(text: String) {
            prop_assert!(Fingerprint::parse(&text).is_err());
        }
    }
}
