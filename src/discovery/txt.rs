//! The text of a service: what it says of itself besides its name and its port.

use crate::{
    error::{Error, Limit, Result},
    tls::Fingerprint,
};

/// The TXT record of a service: entries of a key and, mostly, a value (RFC 6763 section 6).
///
/// Keys are the same in upper and lower case. The first entry of a key counts.
///
/// # Examples
///
/// ```
/// use sockeye::discovery::TxtRecord;
///
/// let mut text = TxtRecord::new();
/// text.set("map", "caves")?;
/// text.set_flag("ranked")?;
/// assert_eq!(text.text("MAP"), Some("caves"));
/// assert!(text.contains("ranked"));
/// assert_eq!(text.get("ranked"), None);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TxtRecord {
    entries: Vec<(String, Option<Vec<u8>>)>,
}

impl TxtRecord {
    /// Makes a record without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a key: any bytes, also none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a key that is not 1 to 32 printable ASCII characters without `=`; [`Error::TooLong`]
    /// for an entry of more than 255 bytes, a record of more than 1300, which is what goes into one packet (RFC 6763
    /// section 6.2). Nothing is changed then.
    pub fn set(&mut self, key: &str, value: impl AsRef<[u8]>) -> Result<()> {
        self.put(key, Some(value.as_ref().to_vec()))
    }

    /// Adds a key without a value, which says all by being there.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn set_flag(&mut self, key: &str) -> Result<()> {
        self.put(key, None)
    }

    /// Says that the service is encrypted, and which certificate it shows: the key `tls` with the fingerprint.
    ///
    /// Who connects knows with that whether to encrypt, and may compare it with
    /// [`TlsSocket::peer_fingerprint`](crate::TlsSocket::peer_fingerprint). It proves nothing, since anybody can publish
    /// it: whom to trust stays the matter of [`Trust`](crate::Trust).
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn set_fingerprint(&mut self, fingerprint: Fingerprint) -> Result<()> {
        self.set(FINGERPRINT, fingerprint.to_string())
    }

    /// Returns the fingerprint of the certificate that the service shows, if it says one.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        Fingerprint::parse(self.text(FINGERPRINT)?).ok()
    }

    /// Returns the value of a key; `None` for a key that is not there or has no value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.entry(key)?.1.as_deref()
    }

    /// Returns the value of a key if it is text (UTF-8).
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.get(key)?).ok()
    }

    /// Tells whether a key is there, with or without a value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Returns the entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an entry of another machine: what is wrong, comes a second time or is too much is left out.
    #[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
    pub(super) fn receive(&mut self, key: &str, value: Option<&[u8]>) {
        let is_wanted = is_key(key) && !self.contains(key) && self.len() < MAX_RECEIVED;
        if is_wanted && length(key, value) <= MAX_ENTRY {
            self.entries.push((key.to_owned(), value.map(<[u8]>::to_vec)));
        }
    }

    fn put(&mut self, key: &str, value: Option<Vec<u8>>) -> Result<()> {
        if !is_key(key) {
            return Err(Error::invalid_input(key, "a key of 1 to 32 printable ASCII characters without ="));
        }
        let too_long = |length: usize, limit: usize| {
            Err(Error::TooLong { what: Limit::Text, length: length as u64, limit: limit as u64 })
        };
        let added = length(key, value.as_deref());
        if added > MAX_ENTRY {
            return too_long(added, MAX_ENTRY);
        }
        let others = self.iter().filter(|(other, _)| !other.eq_ignore_ascii_case(key));
        // Each entry has its length in front.
        let total = 1 + added + others.map(|(key, value)| 1 + length(key, value)).sum::<usize>();
        if total > MAX_RECORD {
            return too_long(total, MAX_RECORD);
        }
        match self.entries.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(key)) {
            Some(entry) => *entry = (key.to_owned(), value),
            None => self.entries.push((key.to_owned(), value)),
        }
        Ok(())
    }

    fn entry(&self, key: &str) -> Option<&(String, Option<Vec<u8>>)> {
        self.entries.iter().find(|(other, _)| other.eq_ignore_ascii_case(key))
    }
}

/// RFC 6763 section 6.4: printable ASCII without `=`, and 9 characters at most would be good.
fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

/// The bytes of an entry behind the one that says how many they are.
fn length(key: &str, value: Option<&[u8]>) -> usize {
    key.len() + value.map_or(0, |value| 1 + value.len())
}

/// Ours; other programs that publish a fingerprint have no name in common.
const FINGERPRINT: &str = "tls";
/// Longer keys than anybody uses.
const MAX_KEY: usize = 32;
/// Its length is one byte.
const MAX_ENTRY: usize = 255;
/// RFC 6763 section 6.2.
const MAX_RECORD: usize = 1300;
/// What is kept of the record of another machine: at most 64 entries of 255 bytes.
#[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
const MAX_RECEIVED: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_key_has_one_value_whatever_its_case() {
        let mut text = TxtRecord::new();
        text.set("Map", "caves").unwrap();
        text.set("empty", "").unwrap();
        text.set_flag("flag").unwrap();
        text.set("mAP", [0xff, 0]).unwrap();
        assert_eq!(text.len(), 3);
        assert_eq!((text.get("map"), text.text("map")), (Some(&[0xff, 0][..]), None));
        assert_eq!((text.text("empty"), text.contains("EMPTY")), (Some(""), true));
        assert_eq!((text.get("flag"), text.contains("flag"), text.contains("other")), (None, true, false));
        let entries: Vec<_> = text.iter().collect();
        assert_eq!(entries, [("mAP", Some(&[0xff, 0][..])), ("empty", Some(&b""[..])), ("flag", None)]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for key in ["", "a=b", "=", "\u{e4}", "a\n", "a\0", "\x7f", &"k".repeat(MAX_KEY + 1)] {
            let mut text = TxtRecord::new();
            assert_eq!(text.set(key, "x").unwrap_err().kind(), ErrorKind::InvalidInput, "{key:?}");
            assert_eq!(text.set_flag(key).unwrap_err().kind(), ErrorKind::InvalidInput, "{key:?}");
            text.receive(key, None);
            assert!(text.is_empty(), "{key:?}");
        }
        TxtRecord::new().set_flag(&"k".repeat(MAX_KEY)).unwrap();
    }

    #[test]
    fn entries_and_records_have_a_longest_length() {
        let mut text = TxtRecord::new();
        text.set("k", [7; 253]).unwrap();
        let error = text.set("k", [7; 254]).unwrap_err();
        assert!(matches!(error, Error::TooLong { what: Limit::Text, length: 256, limit: 255 }), "{error}");
        assert_eq!(text.get("k").unwrap().len(), 253);
        for key in ["a", "b", "c", "d"] {
            text.set(key, [7; 253]).unwrap();
        }
        // Five entries of 256 bytes, and 20 are left.
        text.set("e", [7; 17]).unwrap();
        let error = text.set("e", [7; 18]).unwrap_err();
        assert!(matches!(error, Error::TooLong { what: Limit::Text, length: 1301, limit: 1300 }), "{error}");
        text.set("a", "").unwrap();
        text.set("e", [7; 18]).unwrap();
    }

    #[test]
    fn what_other_machines_say_is_cut_to_what_is_right() {
        let mut text = TxtRecord::new();
        text.receive("first", Some(b"1"));
        text.receive("FIRST", Some(b"2"));
        text.receive("long", Some(&[7; 251]));
        assert_eq!(text.iter().collect::<Vec<_>>(), [("first", Some(&b"1"[..]))]);
        text.receive("long", Some(&[7; 250]));
        for number in 0..100 {
            text.receive(&format!("k{number}"), None);
        }
        assert_eq!(text.len(), MAX_RECEIVED);
        assert!(text.contains("k61") && !text.contains("k62"));
    }

    #[test]
    fn the_fingerprint_of_a_certificate_can_be_said() {
        let mut text = TxtRecord::new();
        assert_eq!(text.fingerprint(), None);
        text.set_fingerprint(Fingerprint::new([0xab; 32])).unwrap();
        assert_eq!(text.fingerprint(), Some(Fingerprint::new([0xab; 32])));
        text.set("tls", "no fingerprint").unwrap();
        assert_eq!(text.fingerprint(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_received_entry_is_too_strange(entries: Vec<(String, Option<Vec<u8>>)>) {
            let mut text = TxtRecord::new();
            for (key, value) in &entries {
                text.receive(key, value.as_deref());
                text.receive(key, value.as_deref());
            }
            prop_assert!(text.len() <= entries.len().min(MAX_RECEIVED));
            prop_assert!(text.iter().all(|(key, value)| is_key(key) && length(key, value) <= MAX_ENTRY));
        }
    }
}
