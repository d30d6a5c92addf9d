//! Typed values in a block of bytes, as `sf::Packet` writes them.

use std::fmt;

use crate::{
    bytes::Cursor,
    error::{Error, Result},
};

/// A block of typed values, byte-compatible with SFML's `sf::Packet`.
///
/// Values stand one behind the other without tags: the reader has to know what the writer wrote. Integers are
/// big-endian, floats are IEEE 754 with the least significant byte first (what SFML writes on every platform that it
/// ships on), text has its length in front as a 32-bit integer. Over TCP a packet travels with its length in front,
/// see `TcpSocket::send_packet`; over UDP it is one datagram.
///
/// A read that fails consumes nothing: the next read starts at the same place.
///
/// # Examples
///
/// ```
/// use sockeye::Packet;
///
/// let mut packet = Packet::new();
/// packet.write_u16(7).write_str("salmon").write_f32(1.0);
/// assert_eq!(packet.data(), b"\x00\x07\x00\x00\x00\x06salmon\x00\x00\x80\x3f");
///
/// assert_eq!(packet.read_u16()?, 7);
/// assert_eq!(packet.read_string()?, "salmon");
/// let error = packet.read_u64().unwrap_err();
/// assert_eq!(error.to_string(), "expected 8 more bytes in the packet, found 4");
/// assert_eq!(packet.read_f32()?, 1.0);
/// assert!(packet.end_of_packet());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packet {
    bytes: Vec<u8>,
    position: usize,
}

/// A type that can be written to a [`Packet`] and read back: implement it for the messages of a program.
///
/// # Examples
///
/// ```
/// use sockeye::{Packet, PacketValue, Result};
///
/// #[derive(Debug, PartialEq)]
/// struct Position {
///     x: f32,
///     y: f32,
/// }
///
/// impl PacketValue for Position {
///     fn write_to(&self, packet: &mut Packet) {
///         packet.write_f32(self.x).write_f32(self.y);
///     }
///
///     fn read_from(packet: &mut Packet) -> Result<Self> {
///         Ok(Self { x: packet.read_f32()?, y: packet.read_f32()? })
///     }
/// }
///
/// let mut packet = Packet::new();
/// packet.write(&Position { x: 1.5, y: -2.0 });
/// assert_eq!(packet.read::<Position>()?, Position { x: 1.5, y: -2.0 });
/// # Ok::<(), sockeye::Error>(())
/// ```
pub trait PacketValue: Sized {
    /// Appends the value to a packet.
    fn write_to(&self, packet: &mut Packet);

    /// Reads a value from a packet; when it fails, [`Packet::read`] goes back to where it began.
    ///
    /// # Errors
    ///
    /// What the reads of its parts say.
    fn read_from(packet: &mut Packet) -> Result<Self>;
}

impl Packet {
    /// Makes an empty packet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), position: 0 }
    }

    /// Makes an empty packet with room for so many bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), position: 0 }
    }

    /// Appends bytes as they are, without a length in front.
    pub fn append(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends any value that knows how.
    pub fn write<T: PacketValue>(&mut self, value: &T) -> &mut Self {
        value.write_to(self);
        self
    }

    /// Reads any value that knows how.
    ///
    /// # Errors
    ///
    /// What the value says; the read position is then where it was before.
    pub fn read<T: PacketValue>(&mut self) -> Result<T> {
        let start = self.position;
        let result = T::read_from(self);
        if result.is_err() {
            self.position = start;
        }
        result
    }

    /// Appends a `bool` as one byte, 1 or 0.
    pub fn write_bool(&mut self, value: bool) -> &mut Self {
        self.write_u8(value.into())
    }

    /// Reads a `bool`: every byte but 0 is true, as in SFML.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfPacket`] when no byte is left.
    pub fn read_bool(&mut self) -> Result<bool> {
        Ok(self.read_u8()? != 0)
    }

    /// Appends text as UTF-8 with its length in bytes in front (`std::string`, `const char*`).
    ///
    /// Text of 4 GiB and more has no representation; it is cut to the longest that has.
    pub fn write_str(&mut self, text: &str) -> &mut Self {
        let mut end = text.len().min(u32::MAX as usize);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.write_string_bytes(text.as_bytes().get(..end).unwrap_or_default())
    }

    /// Appends bytes with their number in front: a `std::string` in any encoding.
    ///
    /// No more than 4 GiB less one byte has a representation; what is longer is cut to that.
    pub fn write_string_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.write_u32(length).append(bytes.get(..length as usize).unwrap_or_default())
    }

    /// Reads text that [`write_str`](Self::write_str) or SFML has written as UTF-8.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfPacket`] when the packet is shorter than the text says, [`Error::Malformed`] when it is not UTF-8;
    /// [`read_string_bytes`](Self::read_string_bytes) reads that too.
    pub fn read_string(&mut self) -> Result<String> {
        let start = self.position;
        let text = std::str::from_utf8(self.read_string_bytes()?).map(str::to_owned);
        text.map_err(|_| {
            self.position = start;
            Error::Malformed { expected: "text in UTF-8" }
        })
    }

    /// Reads bytes that have their number in front: a `std::string` in any encoding.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfPacket`] when the packet is shorter than the number says.
    pub fn read_string_bytes(&mut self) -> Result<&[u8]> {
        let mut cursor = self.cursor();
        let Some(length) = cursor.u32() else { return Err(self.end_reached(4)) };
        let Some(bytes) = cursor.take(length as usize) else { return Err(self.end_reached(4 + length as usize)) };
        let range = self.position + 4..self.position + 4 + bytes.len();
        self.position = range.end;
        Ok(self.bytes.get(range).unwrap_or_default())
    }

    /// Appends text as UTF-32 with the number of its characters in front (`sf::String`; `std::wstring` where
    /// `wchar_t` has 32 bits).
    pub fn write_utf32(&mut self, text: &str) -> &mut Self {
        let count = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.write_u32(count);
        for character in text.chars().take(count as usize) {
            self.write_u32(character.into());
        }
        self
    }

    /// Reads text in UTF-32.
    ///
    /// A surrogate pair in two units, which a peer with a 16-bit `wchar_t` writes, is read as the character it means.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfPacket`] when the packet is shorter than the text says, [`Error::Malformed`] when a unit is no
    /// character.
    pub fn read_utf32(&mut self) -> Result<String> {
        let mut cursor = self.cursor();
        let Some(count) = cursor.u32() else { return Err(self.end_reached(4)) };
        let length = (count as usize).saturating_mul(4);
        let Some(bytes) = cursor.take(length) else { return Err(self.end_reached(length.saturating_add(4))) };
        let mut units = bytes.as_chunks::<4>().0.iter().map(|unit| u32::from_be_bytes(*unit));
        let mut text = String::new();
        while let Some(unit) = units.next() {
            let code_point = if (0xD800..0xDC00).contains(&unit) {
                let low = units.next().filter(|low| (0xDC00..0xE000).contains(low));
                low.map(|low| 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
            } else {
                Some(unit)
            };
            match code_point.and_then(char::from_u32) {
                Some(character) => text.push(character),
                None => return Err(Error::Malformed { expected: "text in UTF-32" }),
            }
        }
        self.position += 4 + length;
        Ok(text)
    }

    /// Reads so many bytes as they are.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfPacket`] when fewer are left.
    pub fn read_bytes(&mut self, count: usize) -> Result<&[u8]> {
        if count > self.remaining() {
            return Err(self.end_reached(count));
        }
        let start = self.position;
        self.position += count;
        Ok(self.bytes.get(start..self.position).unwrap_or_default())
    }

    /// Returns everything that was written, whatever has been read.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of bytes in the packet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns where the next read starts, in bytes from the beginning.
    #[must_use]
    pub fn read_position(&self) -> usize {
        self.position
    }

    /// Returns the number of bytes that have not been read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Tells whether everything has been read.
    #[must_use]
    pub fn end_of_packet(&self) -> bool {
        self.remaining() == 0
    }

    /// Empties the packet and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.position = 0;
    }

    /// Starts reading from the beginning again.
    pub fn rewind(&mut self) {
        self.position = 0;
    }

    /// The bytes, to be replaced by a received body.
    pub(crate) fn replace(&mut self) -> &mut Vec<u8> {
        self.position = 0;
        &mut self.bytes
    }

    fn cursor(&self) -> Cursor<'_> {
        Cursor::new(self.bytes.get(self.position..).unwrap_or_default())
    }

    fn end_reached(&self, wanted: usize) -> Error {
        Error::EndOfPacket { wanted, remaining: self.remaining() }
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some(bytes) = self.cursor().array() else { return Err(self.end_reached(N)) };
        self.position += N;
        Ok(bytes)
    }
}

/// One row for each number: its methods, its order of bytes and its [`PacketValue`].
macro_rules! numbers {
    ($($type:ident $write:ident $read:ident $to_bytes:ident $from_bytes:ident $text:literal;)*) => {
        impl Packet {
            $(
                #[doc = concat!("Appends ", $text, ".")]
                pub fn $write(&mut self, value: $type) -> &mut Self {
                    self.append(&value.$to_bytes())
                }

                #[doc = concat!("Reads ", $text, ".")]
                ///
                /// # Errors
                ///
                /// [`Error::EndOfPacket`] when fewer bytes are left.
                pub fn $read(&mut self) -> Result<$type> {
                    self.read_array().map($type::$from_bytes)
                }
            )*
        }

        $(
            impl PacketValue for $type {
                fn write_to(&self, packet: &mut Packet) {
                    packet.$write(*self);
                }

                fn read_from(packet: &mut Packet) -> Result<Self> {
                    packet.$read()
                }
            }
        )*
    };
}

numbers! {
    i8 write_i8 read_i8 to_be_bytes from_be_bytes "one signed byte";
    u8 write_u8 read_u8 to_be_bytes from_be_bytes "one byte";
    i16 write_i16 read_i16 to_be_bytes from_be_bytes "an `i16` in two bytes, big-endian";
    u16 write_u16 read_u16 to_be_bytes from_be_bytes "a `u16` in two bytes, big-endian";
    i32 write_i32 read_i32 to_be_bytes from_be_bytes "an `i32` in four bytes, big-endian";
    u32 write_u32 read_u32 to_be_bytes from_be_bytes "a `u32` in four bytes, big-endian";
    i64 write_i64 read_i64 to_be_bytes from_be_bytes "an `i64` in eight bytes, big-endian";
    u64 write_u64 read_u64 to_be_bytes from_be_bytes "a `u64` in eight bytes, big-endian";
    f32 write_f32 read_f32 to_le_bytes from_le_bytes "an `f32` in four bytes, least significant first";
    f64 write_f64 read_f64 to_le_bytes from_le_bytes "an `f64` in eight bytes, least significant first";
}

impl PacketValue for bool {
    fn write_to(&self, packet: &mut Packet) {
        packet.write_bool(*self);
    }

    fn read_from(packet: &mut Packet) -> Result<Self> {
        packet.read_bool()
    }
}

/// As [`Packet::write_str`] and [`Packet::read_string`].
impl PacketValue for String {
    fn write_to(&self, packet: &mut Packet) {
        packet.write_str(self);
    }

    fn read_from(packet: &mut Packet) -> Result<Self> {
        packet.read_string()
    }
}

/// The bytes become the packet; reading starts at the first.
impl From<Vec<u8>> for Packet {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, position: 0 }
    }
}

impl From<Packet> for Vec<u8> {
    fn from(packet: Packet) -> Self {
        packet.bytes
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("len", &self.len()).field("read_position", &self.position).finish()
    }
}

#[cfg(test)]
mod tests;
