mod golden;
mod hostile;

use std::iter;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn kind(bytes: &[u8]) -> ErrorKind {
    decode(bytes).unwrap_err().kind()
}

/// A list inside a list, so many times.
fn nested(depth: usize) -> Value {
    iter::repeat_n((), depth - 1).fold(Value::List(Vec::new()), |inner, ()| Value::List(vec![inner]))
}

/// Every prefix is an error and no panic, as is one byte more.
fn assert_whole_only(pickle: &[u8]) {
    for length in 0..pickle.len() {
        assert_eq!(kind(&pickle[..length]), ErrorKind::Malformed, "{length} of {pickle:02x?}");
    }
    assert_eq!(kind(&[pickle, b"."].concat()), ErrorKind::Malformed);
}

fn plain() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i128>().prop_map(Value::from),
        any::<f64>().prop_filter("itself", |number| !number.is_nan()).prop_map(Value::Float),
        ".*".prop_map(Value::Str),
        any::<Vec<u8>>().prop_map(Value::Bytes),
        (any::<bool>(), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(sign, magnitude)| BigInt::new(sign, &magnitude).into()),
    ];
    leaf.prop_recursive(5, 100, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Tuple),
            prop::collection::vec((inner.clone(), inner), 0..8).prop_map(Value::Dict),
        ]
    })
}

/// What a value is after it was written for Python 2: there ASCII bytes are text.
fn of_python_2(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) if bytes.is_ascii() => Value::Str(String::from_utf8(bytes).unwrap()),
        Value::List(items) => Value::List(items.into_iter().map(of_python_2).collect()),
        Value::Tuple(items) => Value::Tuple(items.into_iter().map(of_python_2).collect()),
        Value::Dict(pairs) => {
            Value::Dict(pairs.into_iter().map(|(key, value)| (of_python_2(key), of_python_2(value))).collect())
        }
        value => value,
    }
}

proptest! {
    #[test]
    fn any_value_comes_back(value in plain()) {
        prop_assert_eq!(decode(&encode(&value, Protocol::Four).unwrap()).unwrap(), value.clone());
        prop_assert_eq!(decode(&encode(&value, Protocol::Two).unwrap()).unwrap(), of_python_2(value));
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(mut bytes: Vec<u8>) {
        let _ = decode(&bytes);
        bytes.push(b'.');
        if let Ok(value) = decode(&bytes) {
            let written = encode(&value, Protocol::Four).unwrap();
            prop_assert_eq!(encode(&decode(&written).unwrap(), Protocol::Four).unwrap(), written);
        }
    }

    #[test]
    fn a_pickle_with_a_wrong_byte_does_no_harm(value in plain(), at: prop::sample::Index, byte: u8) {
        let mut pickle = encode(&value, Protocol::Four).unwrap();
        let at = at.index(pickle.len());
        pickle[at] = byte;
        let _ = decode(&pickle);
    }
}

/// Digit by digit and byte by byte, as by hand.
fn magnitude(digits: &str) -> Vec<u8> {
    let mut magnitude = Vec::new();
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in &mut magnitude {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
        magnitude.push(u8::try_from(carry).unwrap());
    }
    magnitude.reverse();
    magnitude
}

proptest! {
    #[test]
    fn digits_are_the_number_that_they_are_by_hand(sign in "-?", zeros in "0{0,20}", digits in "[0-9]{1,60}|[09]{1,60}") {
        let pickle = format!("L{sign}{zeros}{digits}L\n.");
        let number = BigInt::new(!sign.is_empty(), &magnitude(&digits));
        prop_assert_eq!(decode(pickle.as_bytes()).unwrap(), Value::from(number));
    }
}

#[test]
fn sizes_at_the_edges_of_their_lengths_come_back() {
    for length in [0, 1, 254, 255, 256, 257, 65_534, 65_536, 70_000, 1 << 20] {
        for value in [Value::Str("x".repeat(length)), Value::Bytes(vec![0x80; length])] {
            for protocol in [Protocol::Two, Protocol::Four] {
                let same = decode(&encode(&value, protocol).unwrap()).unwrap() == value;
                // No bytes at all are an empty text in Python 2.
                assert!(same || protocol == Protocol::Two && length == 0, "{length} {protocol:?}");
            }
        }
    }
    for count in [0, 1, 2, 3, 4, 999, 1000, 1001, 2001] {
        let items: Vec<Value> = (0..count).map(Value::Int).collect();
        let pairs = items.iter().map(|item| (item.clone(), text("x"))).collect();
        for value in [Value::List(items.clone()), Value::Tuple(items), Value::Dict(pairs)] {
            for protocol in [Protocol::Two, Protocol::Four] {
                assert!(decode(&encode(&value, protocol).unwrap()).unwrap() == value, "{count} {protocol:?}");
            }
        }
    }
}

#[test]
fn values_are_asked_for_what_they_are() {
    let value = Value::Dict(vec![(text("a"), Value::Int(1)), (Value::Int(2), text("b")), (text("a"), Value::Int(3))]);
    assert_eq!(value.get("a").and_then(Value::as_i64), Some(3), "the last one counts");
    assert_eq!((value.get("b"), value.items(), value.as_str()), (None, None, None));
    assert_eq!(Value::from(i128::from(i64::MIN)), Value::Int(i64::MIN));
    assert_eq!(Value::from(1_i128 << 63), Value::BigInt(BigInt::from(1_i128 << 63)));
}
