//! A value that Python and Rust both know.

use super::BigInt;

/// A plain value of Python.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`
    None,
    /// `bool`
    Bool(bool),
    /// An `int` that has room in 64 bits.
    Int(i64),
    /// An `int` that has not.
    BigInt(BigInt),
    /// `float`
    Float(f64),
    /// `str`; and a `str` of Python 2 that is ASCII.
    Str(String),
    /// `bytes`; and a `str` of Python 2 that is not ASCII.
    Bytes(Vec<u8>),
    /// `list`
    List(Vec<Value>),
    /// `tuple`
    Tuple(Vec<Value>),
    /// `dict`, in its order. Python keeps the last of several values with the same key.
    Dict(Vec<(Value, Value)>),
}

impl Value {
    /// Returns the text of a `Str`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// Returns the bytes of a `Bytes`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// Returns the number of an `Int`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// Returns the number of a `Float`.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Float(number) = self { Some(*number) } else { None }
    }

    /// Returns the items of a `List` or a `Tuple`.
    #[must_use]
    pub fn items(&self) -> Option<&[Value]> {
        if let Self::List(items) | Self::Tuple(items) = self { Some(items) } else { None }
    }

    /// Returns what a `Dict` has under a text: the last one, as in Python.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Self::Dict(pairs) = self else { return None };
        pairs.iter().rev().find(|(found, _)| found.as_str() == Some(key)).map(|(_, value)| value)
    }
}

macro_rules! value_from {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(
            impl From<$from> for Value {
                fn from(value: $from) -> Self {
                    $make(value)
                }
            }
        )*
    };
}

value_from! {
    bool => Self::Bool,
    i32 => |number| Self::Int(i64::from(number)),
    u32 => |number| Self::Int(i64::from(number)),
    i64 => Self::Int,
    i128 => |number| BigInt::from(number).into(),
    f64 => Self::Float,
    &str => |text: &str| Self::Str(text.into()),
    String => Self::Str,
    &[u8] => |bytes: &[u8]| Self::Bytes(bytes.into()),
    Vec<u8> => Self::Bytes,
    Vec<Value> => Self::List,
}

/// An `Int` if it has room in 64 bits.
impl From<BigInt> for Value {
    fn from(number: BigInt) -> Self {
        let small = number.to_i128().and_then(|number| i64::try_from(number).ok());
        small.map_or(Self::BigInt(number), Self::Int)
    }
}
