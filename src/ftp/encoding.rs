//! The bytes of names and texts.

use std::borrow::Cow;

/// How names and texts are encoded on the control connection and in listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FtpEncoding {
    /// UTF-8 (RFC 2640), which servers of today speak; what is not valid becomes U+FFFD.
    #[default]
    Utf8,
    /// ISO 8859-1, one byte a character: for old servers. Every name that they send can be sent back.
    Latin1,
}

impl FtpEncoding {
    /// Encodes a text; `None` if it has characters that the encoding has not.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().into()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>().map(Cow::from),
        }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_latin_1_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = FtpEncoding::Latin1.decode(&bytes);
        assert_eq!(text.chars().nth(0xe9), Some('\u{e9}'));
        assert_eq!(FtpEncoding::Latin1.encode(&text).as_deref(), Some(bytes.as_slice()));
        assert_eq!(FtpEncoding::Latin1.encode("\u{100}"), None);
    }

    #[test]
    fn what_is_not_utf_8_is_seen() {
        assert_eq!(FtpEncoding::Utf8.decode(b"a\xe9"), "a\u{fffd}");
        assert_eq!(FtpEncoding::Utf8.encode("\u{e9}").as_deref(), Some([0xc3, 0xa9].as_slice()));
    }
}
