//! Values in the form of postcard, which knows no limits: a value could be as deep as its message is long, and a list of
//! what takes no bytes as long as a number can be. So everything that serde hands on is handed on with what is left.

use std::{cell::Cell, fmt, rc::Rc};

use postcard::de_flavors::{Flavor, Slice};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::error::{Error, Limit, Result};

/// Reads a value that is all of the bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let left = Rc::new(Cell::new(bytes.len()));
    let shared = Shared {
        left: Rc::clone(&left),
        items: Cell::new(bytes.len().max(FREE_ITEMS)),
        hints: Cell::new(bytes.len()),
        is_too_deep: Cell::new(false),
    };
    let bounds = Bounds { shared: &shared, levels: DEPTH_LIMIT, counts_items: false };
    let mut input = postcard::Deserializer::from_flavor(Counted { slice: Slice::new(bytes), left });
    match T::deserialize(bounds.of(&mut input)) {
        Ok(value) if input.finalize().is_ok_and(<[u8]>::is_empty) => Ok(value),
        Err(_) if shared.is_too_deep.get() => {
            Err(Error::TooMany { what: Limit::Nesting, limit: u64::from(DEPTH_LIMIT) })
        }
        _ => Err(Error::Malformed { expected: "a value of this type in the form of postcard" }),
    }
}

/// What all parts of a value have together.
struct Shared {
    /// How many bytes have not been read.
    left: Rc<Cell<usize>>,
    /// How many items that take no bytes its lists and maps may still have.
    items: Cell<usize>,
    /// For how many more of them room may be made before they are there: no more than there are bytes.
    hints: Cell<usize>,
    is_too_deep: Cell<bool>,
}

/// What is left for a part of a value.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    shared: &'a Shared,
    levels: u16,
    /// Whether what comes next is an item of a list or map: those of tuples and structures are as many as the type says.
    counts_items: bool,
}

impl<'a> Bounds<'a> {
    fn of<T>(self, inner: T) -> Bounded<'a, T> {
        Bounded { inner, bounds: self }
    }

    fn counting(self, counts_items: bool) -> Self {
        Self { counts_items, ..self }
    }

    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let Some(levels) = self.levels.checked_sub(1) else {
            self.shared.is_too_deep.set(true);
            return Err(E::custom("too deep"));
        };
        Ok(Self { levels, ..self })
    }

    /// Counts an item that was read when so many bytes were left, if it has taken none.
    fn count<E: de::Error>(self, before: usize) -> Result<(), E> {
        if self.counts_items && self.shared.left.get() == before {
            let left = self.shared.items.get().checked_sub(1).ok_or_else(|| E::custom("too many items"))?;
            self.shared.items.set(left);
        }
        Ok(())
    }

    /// What a list or a map may say of its length: what one announces inside of another has to fit into the same message.
    fn hint(self, announced: Option<usize>) -> Option<usize> {
        let left = self.shared.hints.get();
        let hint = announced?.min(left);
        self.shared.hints.set(left - hint);
        Some(hint)
    }
}

/// Bytes of which it is known how many are left.
struct Counted<'de> {
    slice: Slice<'de>,
    left: Rc<Cell<usize>>,
}

impl<'de> Flavor<'de> for Counted<'de> {
    type Remainder = &'de [u8];
    type Source = &'de [u8];

    fn pop(&mut self) -> postcard::Result<u8> {
        let byte = self.slice.pop()?;
        self.left.set(self.left.get() - 1);
        Ok(byte)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.get())
    }

    fn try_take_n(&mut self, count: usize) -> postcard::Result<&'de [u8]> {
        let taken = self.slice.try_take_n(count)?;
        self.left.set(self.left.get() - count);
        Ok(taken)
    }

    fn finalize(self) -> postcard::Result<&'de [u8]> {
        self.slice.finalize()
    }
}

/// Anything that takes part in reading a value, within bounds.
struct Bounded<'a, T> {
    inner: T,
    bounds: Bounds<'a>,
}

/// Hands the visitor on, with the bounds around it.
macro_rules! deserialize {
    ($counts_items:literal: $($method:ident($($argument:ident: $type:ty)*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* self.bounds.counting($counts_items).of(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    deserialize! { true: deserialize_seq() deserialize_map() }
    deserialize! { false:
        deserialize_any() deserialize_ignored_any() deserialize_identifier()
        deserialize_bool() deserialize_char() deserialize_f32() deserialize_f64()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str length: usize)
        deserialize_struct(name: &'static str fields: &'static [&'static str])
        deserialize_enum(name: &'static str variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Hands a value on that has no others in it.
macro_rules! visit {
    ($($method:ident($($value:ident: $type:ty)?))*) => {$(
        fn $method<E: de::Error>(self, $($value: $type)?) -> Result<V::Value, E> {
            self.inner.$method($($value)?)
        }
    )*};
}

/// Hands on where the values inside of one come from.
macro_rules! visit_inside {
    ($($method:ident: $part:ident)*) => {$(
        fn $method<A: $part<'de>>(self, inside: A) -> Result<V::Value, A::Error> {
            self.inner.$method(self.bounds.deeper()?.of(inside))
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(value: bool) visit_char(value: char) visit_f32(value: f32) visit_f64(value: f64)
        visit_i8(value: i8) visit_i16(value: i16) visit_i32(value: i32) visit_i64(value: i64) visit_i128(value: i128)
        visit_u8(value: u8) visit_u16(value: u16) visit_u32(value: u32) visit_u64(value: u64) visit_u128(value: u128)
        visit_str(value: &str) visit_borrowed_str(value: &'de str)
        visit_bytes(value: &[u8]) visit_borrowed_bytes(value: &'de [u8])
        visit_none() visit_unit()
    }

    visit_inside! {
        visit_some: Deserializer visit_newtype_struct: Deserializer
        visit_seq: SeqAccess visit_map: MapAccess visit_enum: EnumAccess
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<S::Value, D::Error> {
        let before = self.bounds.shared.left.get();
        let value = self.inner.deserialize(self.bounds.counting(false).of(input))?;
        self.bounds.count(before)?;
        Ok(value)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(self.bounds.of(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.hint(self.inner.size_hint())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(self.bounds.of(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(self.bounds.counting(false).of(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.hint(self.inner.size_hint())
    }
}

impl<'a, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'a, A> {
    type Error = A::Error;
    type Variant = Bounded<'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(self.bounds.of(seed))?;
        Ok((value, self.bounds.of(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(self.bounds.of(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(length, self.bounds.of(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, self.bounds.of(visitor))
    }
}

/// Lists, maps, tuples, structures, options and variants inside one another: as many as in a pickle.
const DEPTH_LIMIT: u16 = 256;
/// Items without content of all lists and maps together, where a message has fewer bytes. What has content takes bytes,
/// which are counted by themselves.
const FREE_ITEMS: usize = 1 << 16;
