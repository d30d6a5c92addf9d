//! The values of protocol 0, which are lines of text.

use super::{BigInt, Value};
use crate::error::{Error, Result};

/// `I`: an integer, or `00` and `01`, which are `bool`.
pub(super) fn integer(line: &[u8]) -> Result<Value> {
    match line {
        b"00" => Ok(Value::Bool(false)),
        b"01" => Ok(Value::Bool(true)),
        _ => long(line),
    }
}

/// `L`: an integer of any size, with an `L` behind it.
pub(super) fn long(line: &[u8]) -> Result<Value> {
    let digits = line.strip_suffix(b"L").unwrap_or(line);
    let (is_negative, digits) = match digits.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    if digits.is_empty() || digits.len() > DIGITS_LIMIT || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::Malformed { expected: "an integer of 1 to 4300 digits" });
    }
    // 32 bits each, the least significant ones first. It takes the square of the digits, which are few.
    let mut limbs: Vec<u64> = Vec::new();
    for digits in digits.rchunks(DIGITS_AT_ONCE).rev() {
        let mut carry = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        for limb in &mut limbs {
            let product = *limb * BASE + carry;
            (*limb, carry) = (product & u64::from(u32::MAX), product >> 32);
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let magnitude: Vec<u8> = limbs
        .iter()
        .rev()
        .flat_map(|limb| {
            let [_, _, _, _, low @ ..] = limb.to_be_bytes();
            low
        })
        .collect();
    Ok(BigInt::new(is_negative, &magnitude).into())
}

/// `F`: a number as `repr` writes it.
pub(super) fn float(line: &[u8]) -> Result<f64> {
    let number = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
    number.ok_or(Error::Malformed { expected: "a number of Python" })
}

/// `S`: a `str` of Python 2 as `repr` writes it, in either quotes.
pub(super) fn string(line: &[u8]) -> Result<Vec<u8>> {
    const WRONG: Error = Error::Malformed { expected: "a text in quotes as Python writes it" };
    let (quote, rest) = line.split_first().ok_or(WRONG)?;
    let (end, text) = rest.split_last().ok_or(WRONG)?;
    if quote != end || !b"'\"".contains(quote) {
        return Err(WRONG);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.iter().copied());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().ok_or(WRONG)? {
                byte @ (b'\\' | b'\'' | b'"') => byte,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => u8::try_from(hexadecimal(&mut rest, 2).ok_or(WRONG)?).map_err(|_| WRONG)?,
                _ => return Err(WRONG),
            },
            byte if byte == *quote => return Err(WRONG),
            byte => byte,
        });
    }
    Ok(bytes)
}

/// `V`: a text in `raw-unicode-escape`: Latin-1, and `\uXXXX` or `\UXXXXXXXX` for the rest and for backslashes.
pub(super) fn unicode(line: &[u8]) -> Result<String> {
    const WRONG: Error = Error::Malformed { expected: "a text as Python escapes it" };
    let (mut text, mut rest) = (String::with_capacity(line.len()), line.iter().copied());
    while let Some(byte) = rest.next() {
        let code = match byte {
            b'\\' => match rest.next() {
                Some(b'u') => hexadecimal(&mut rest, 4),
                Some(b'U') => hexadecimal(&mut rest, 8),
                _ => None,
            },
            byte => Some(u32::from(byte)),
        };
        text.push(code.and_then(char::from_u32).ok_or(WRONG)?);
    }
    Ok(text)
}

fn hexadecimal(digits: &mut impl Iterator<Item = u8>, count: usize) -> Option<u32> {
    (0..count).try_fold(0, |number, _| {
        let digit = char::from(digits.next()?).to_digit(16)?;
        Some(number << 4 | digit)
    })
}

/// Python's own limit for integers in text, so that nobody pays for the square of more.
const DIGITS_LIMIT: usize = 4300;
/// So many digits and a carry have room in 32 bits.
const DIGITS_AT_ONCE: usize = 9;
/// Ten to the power of [`DIGITS_AT_ONCE`].
const BASE: u64 = 1_000_000_000;
