//! Bytes as the line protocol writes them.

/// Writes bytes in hexadecimal; none at all are a dash.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    let mut text = Vec::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Megabytes pass here in programs that are not optimised: no formatting, no chain of iterators.
        text.extend_from_slice(&DIGITS[usize::from(*byte)]);
    }
    String::from_utf8(text).expect("digits are text")
}

/// Returns bytes in which every value occurs and no block is like the next: what is lost, doubled or swapped shows.
#[must_use]
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251 + place / 251 % 256 + place / 65_536) as u8).collect()
}

/// Every byte in two digits.
const DIGITS: [[u8; 2]; 256] = {
    let half = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [half[byte >> 4], half[byte & 15]];
        byte += 1;
    }
    digits
};
