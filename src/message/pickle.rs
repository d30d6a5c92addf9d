//! Plain values in the form that Python's `pickle` gives them, to exchange objects with `multiprocessing.connection`.
//!
//! Python's `send` makes a pickle of its argument and its `recv` makes an object of whatever arrives, which may be any
//! code. This is data alone: `None`, `bool`, `int` of any size, `float`, `str`, `bytes`, `list`, `tuple` and `dict`.
//! Anything else, a class or a function above all, is an error, and nothing is ever looked up or run.
//!
//! This needs the feature `pickle`; without it [`encode`] and [`decode`] answer with
//! [`Error::FeatureOff`](crate::Error::FeatureOff).
//!
//! # Examples
//!
//! ```
//! # #[cfg(feature = "pickle")] {
//! use sockeye::pickle::{self, Protocol, Value};
//!
//! // What Python sends for `("move", {"x": 2.5})`.
//! let bytes = b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x04move\x94}\x94\x8c\x01x\x94G@\x04\0\0\0\0\0\0s\x86\x94.";
//! let value = pickle::decode(bytes)?;
//! let Value::Tuple(items) = &value else { panic!("{value:?}") };
//! assert_eq!(items[0].as_str(), Some("move"));
//! assert_eq!(items[1].get("x").and_then(Value::as_f64), Some(2.5));
//!
//! assert_eq!(pickle::encode(&value, Protocol::Four)?, bytes);
//! # }
//! # Ok::<(), sockeye::Error>(())
//! ```

mod big_int;
#[cfg(feature = "pickle")]
mod decode;
#[cfg(feature = "pickle")]
mod encode;
#[cfg(feature = "pickle")]
#[cfg(fuzzing)]
pub(super) mod fuzzing;
#[cfg(not(feature = "pickle"))]
mod off;
#[cfg(feature = "pickle")]
mod opcode;
#[cfg(feature = "pickle")]
mod text;
mod value;

pub use big_int::BigInt;
#[cfg(feature = "pickle")]
pub use decode::{decode, decode_within};
#[cfg(feature = "pickle")]
pub use encode::encode;
#[cfg(not(feature = "pickle"))]
pub use off::{decode, decode_within, encode};
pub use value::Value;

/// How a pickle is written. All of them are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// For Python 2.7, which reads nothing newer. [`Value::Bytes`] is its `str`, [`Value::Str`] its `unicode`.
    Two,
    /// For every Python since 3.4: the default.
    #[default]
    Four,
}

/// How large a value may be that is decoded; that of nesting is always 256 lists, tuples and dicts inside one another.
///
/// A pickle may name a part of itself any number of times, so a short one can be a value without end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many values there may be, each of a list counted; 1,048,576 unless set.
    pub values: usize,
    /// How many bytes texts, bytes and large integers may have together; 64 MiB unless set.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { values: 1 << 20, bytes: 64 << 20 }
    }
}

/// Lists, tuples and dicts inside one another. Python's own pickler gives up at a few hundred.
#[cfg(feature = "pickle")]
const DEPTH_LIMIT: usize = 256;

#[cfg(test)]
#[cfg(feature = "pickle")]
mod tests;
