//! The values of a packet, as `peers/packet_items.hpp` names them.

use sockeye::{Packet, Result};

use crate::hex;

/// A value of one of the kinds that `sf::Packet` knows, named after the type on SFML's side.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum Item {
    Bool(bool),
    I8(i8),
    U8(u8),
    I16(i16),
    U16(u16),
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    /// `const char*`: no NUL inside.
    Chars(String),
    /// `std::string`
    StdString(String),
    /// `const wchar_t*`: no NUL inside.
    WideChars(String),
    /// `std::wstring`
    WideString(String),
    /// `sf::String`
    SfString(String),
}

impl Item {
    /// Returns the word for the kind, which asks the peer to read one.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::I8(_) => "i8",
            Self::U8(_) => "u8",
            Self::I16(_) => "i16",
            Self::U16(_) => "u16",
            Self::I32(_) => "i32",
            Self::U32(_) => "u32",
            Self::I64(_) => "i64",
            Self::U64(_) => "u64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Chars(_) => "chars",
            Self::StdString(_) => "string",
            Self::WideChars(_) => "wchars",
            Self::WideString(_) => "wstring",
            Self::SfString(_) => "sfstring",
        }
    }

    /// Returns the item as a word of the line protocol. Two items are the same when their words are: floats bit by
    /// bit, so that a NaN is equal to itself and -0.0 is not 0.0.
    #[must_use]
    pub fn word(&self) -> String {
        let value = match self {
            Self::Bool(value) => u8::from(*value).to_string(),
            Self::I8(value) => value.to_string(),
            Self::U8(value) => value.to_string(),
            Self::I16(value) => value.to_string(),
            Self::U16(value) => value.to_string(),
            Self::I32(value) => value.to_string(),
            Self::U32(value) => value.to_string(),
            Self::I64(value) => value.to_string(),
            Self::U64(value) => value.to_string(),
            Self::F32(value) => format!("{:08x}", value.to_bits()),
            Self::F64(value) => format!("{:016x}", value.to_bits()),
            Self::Chars(text) | Self::StdString(text) => hex(text.as_bytes()),
            Self::WideChars(text) | Self::WideString(text) | Self::SfString(text) => units(text),
        };
        format!("{}:{value}", self.kind())
    }

    /// Appends the item to one of our packets.
    pub fn write(&self, packet: &mut Packet) {
        match self {
            Self::Bool(value) => packet.write_bool(*value),
            Self::I8(value) => packet.write_i8(*value),
            Self::U8(value) => packet.write_u8(*value),
            Self::I16(value) => packet.write_i16(*value),
            Self::U16(value) => packet.write_u16(*value),
            Self::I32(value) => packet.write_i32(*value),
            Self::U32(value) => packet.write_u32(*value),
            Self::I64(value) => packet.write_i64(*value),
            Self::U64(value) => packet.write_u64(*value),
            Self::F32(value) => packet.write_f32(*value),
            Self::F64(value) => packet.write_f64(*value),
            Self::Chars(text) | Self::StdString(text) => packet.write_str(text),
            Self::WideChars(text) | Self::WideString(text) | Self::SfString(text) => packet.write_utf32(text),
        };
    }

    /// Reads an item of the same kind from one of our packets.
    ///
    /// # Errors
    ///
    /// What the packet says.
    pub fn read_alike(&self, packet: &mut Packet) -> Result<Self> {
        Ok(match self {
            Self::Bool(_) => Self::Bool(packet.read_bool()?),
            Self::I8(_) => Self::I8(packet.read_i8()?),
            Self::U8(_) => Self::U8(packet.read_u8()?),
            Self::I16(_) => Self::I16(packet.read_i16()?),
            Self::U16(_) => Self::U16(packet.read_u16()?),
            Self::I32(_) => Self::I32(packet.read_i32()?),
            Self::U32(_) => Self::U32(packet.read_u32()?),
            Self::I64(_) => Self::I64(packet.read_i64()?),
            Self::U64(_) => Self::U64(packet.read_u64()?),
            Self::F32(_) => Self::F32(packet.read_f32()?),
            Self::F64(_) => Self::F64(packet.read_f64()?),
            Self::Chars(_) => Self::Chars(packet.read_string()?),
            Self::StdString(_) => Self::StdString(packet.read_string()?),
            Self::WideChars(_) => Self::WideChars(packet.read_utf32()?),
            Self::WideString(_) => Self::WideString(packet.read_utf32()?),
            Self::SfString(_) => Self::SfString(packet.read_utf32()?),
        })
    }

    /// Returns one of each kind and of each value that is at an edge.
    #[must_use]
    pub fn edges() -> Vec<Self> {
        let mut items = vec![Self::Bool(false), Self::Bool(true)];
        items.extend([0, 1, -1, i8::MIN, i8::MAX].map(Self::I8));
        items.extend([0, 1, u8::MAX].map(Self::U8));
        items.extend([0, 1, -2, i16::MIN, i16::MAX].map(Self::I16));
        items.extend([0, 0x0102, u16::MAX].map(Self::U16));
        items.extend([0, 1, -2, i32::MIN, i32::MAX].map(Self::I32));
        items.extend([0, 0x0102_0304, u32::MAX].map(Self::U32));
        items.extend([0, 1, -2, i64::MIN, i64::MAX].map(Self::I64));
        items.extend([0, 0x0102_0304_0506_0708, u64::MAX].map(Self::U64));
        items.extend([0.0, -0.0, 1.0, 123.456, f32::MIN, f32::MAX, f32::MIN_POSITIVE].map(Self::F32));
        // The smallest subnormal, the infinities, a quiet and a signalling NaN with a payload.
        items.extend(
            [1, 0x7f80_0000, 0xff80_0000, 0x7fc0_1234, 0xffa0_0001].map(|bits| Self::F32(f32::from_bits(bits))),
        );
        items.extend([0.0, -0.0, 1.0, 789.123, f64::MIN, f64::MAX, f64::MIN_POSITIVE].map(Self::F64));
        let bits = [1, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8_0000_0000_1234, 0xfff4_0000_0000_0001];
        items.extend(bits.map(|bits| Self::F64(f64::from_bits(bits))));
        for text in ["", "salmon", "h\u{e9} \u{20ac} \u{1f41f}"] {
            items.push(Self::Chars(text.to_owned()));
            items.push(Self::WideChars(text.to_owned()));
        }
        for text in ["", "salmon", "nul\0inside", "\0", "h\u{e9} \u{20ac} \u{1f41f}\u{10ffff}"] {
            items.push(Self::StdString(text.to_owned()));
            items.push(Self::WideString(text.to_owned()));
            items.push(Self::SfString(text.to_owned()));
        }
        items
    }
}

/// Returns our packet with these items.
#[must_use]
pub fn packet_of(items: &[Item]) -> Packet {
    let mut packet = Packet::new();
    for item in items {
        item.write(&mut packet);
    }
    packet
}

/// Returns the words for these items: what makes the peer write them.
#[must_use]
pub fn words(items: &[Item]) -> String {
    items.iter().map(Item::word).collect::<Vec<_>>().join(" ")
}

/// Returns the words for the kinds of these items: what makes the peer read them.
#[must_use]
pub fn kinds(items: &[Item]) -> String {
    items.iter().map(Item::kind).collect::<Vec<_>>().join(" ")
}

fn units(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars().map(|character| format!("{:x}", u32::from(character))).collect::<Vec<_>>().join(",")
}
