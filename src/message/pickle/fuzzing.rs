//! The door of the fuzz target.

use super::{Protocol, decode, encode};

/// A pickle is a value or an error, and a value that is written and read again is the same.
pub fn plain_pickle(bytes: &[u8]) {
    if let Ok(value) = decode(bytes) {
        for protocol in [Protocol::Two, Protocol::Four] {
            if let Ok(written) = encode(&value, protocol) {
                let again = decode(&written).and_then(|value| encode(&value, Protocol::Four));
                // In the protocol of Python 2 ASCII bytes become text.
                assert!(again.is_ok());
                assert!(protocol == Protocol::Two || again.ok() == Some(written));
            }
        }
    }
}
