//! Values as Python itself would pickle them.

use super::{BigInt, DEPTH_LIMIT, Protocol, Value, opcode};
use crate::error::{Error, Limit, Result};

/// Writes a value as a pickle.
///
/// Up to 64 KiB it is byte for byte what Python writes for a value whose parts are all different objects; larger ones are not cut into
/// frames, which no Python needs.
///
/// # Errors
///
/// [`Error::TooMany`] for more than 256 lists, tuples and dicts inside one another. [`Error::TooLong`] for a text or bytes of
/// more than 4 GiB, or 2 GiB, in the protocol of Python 2.
pub fn encode(value: &Value, protocol: Protocol) -> Result<Vec<u8>> {
    let head = [opcode::PROTO, if protocol == Protocol::Two { 2 } else { 4 }];
    let mut writer = Writer { protocol, bytes: head.to_vec(), memorized: 0, depth: DEPTH_LIMIT };
    writer.value(value)?;
    writer.bytes.push(opcode::STOP);
    let mut bytes = writer.bytes;
    let length = bytes.len() - head.len();
    if protocol == Protocol::Four && FRAMED.contains(&length) {
        let frame = [opcode::FRAME].into_iter().chain((length as u64).to_le_bytes());
        bytes.splice(head.len()..head.len(), frame);
    }
    Ok(bytes)
}

struct Writer {
    protocol: Protocol,
    bytes: Vec<u8>,
    memorized: u32,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::None => self.bytes.push(opcode::NONE),
            Value::Bool(true) => self.bytes.push(opcode::NEWTRUE),
            Value::Bool(false) => self.bytes.push(opcode::NEWFALSE),
            Value::Int(number) => self.integer(*number)?,
            Value::BigInt(number) => self.long(number)?,
            Value::Float(number) => {
                self.bytes.push(opcode::BINFLOAT);
                self.bytes.extend(number.to_be_bytes());
            }
            Value::Str(text) => {
                self.text(text)?;
                self.memorize();
            }
            Value::Bytes(bytes) => {
                self.bytes(bytes)?;
                self.memorize();
            }
            Value::List(items) => self.inside(|writer| writer.list(items))?,
            Value::Tuple(items) => self.inside(|writer| writer.tuple(items))?,
            Value::Dict(pairs) => self.inside(|writer| writer.dict(pairs))?,
        }
        Ok(())
    }

    fn integer(&mut self, number: i64) -> Result<()> {
        if let Ok(byte) = u8::try_from(number) {
            self.bytes.extend([opcode::BININT1, byte]);
        } else if let Ok(small) = u16::try_from(number) {
            self.bytes.push(opcode::BININT2);
            self.bytes.extend(small.to_le_bytes());
        } else if let Ok(medium) = i32::try_from(number) {
            self.bytes.push(opcode::BININT);
            self.bytes.extend(medium.to_le_bytes());
        } else {
            return self.long(&BigInt::from(i128::from(number)));
        }
        Ok(())
    }

    fn long(&mut self, number: &BigInt) -> Result<()> {
        let bytes = number.to_twos_complement();
        if let Ok(length) = u8::try_from(bytes.len()) {
            self.bytes.extend([opcode::LONG1, length]);
        } else {
            let length = i32::try_from(bytes.len()).map_err(|_| too_long(bytes.len(), i32::MAX as u64))?;
            self.bytes.push(opcode::LONG4);
            self.bytes.extend(length.to_le_bytes());
        }
        self.bytes.extend(bytes);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let length = text.len();
        match (self.protocol, u8::try_from(length), u32::try_from(length)) {
            (Protocol::Four, Ok(length), _) => self.bytes.extend([opcode::SHORT_BINUNICODE, length]),
            (_, _, Ok(length)) => {
                self.bytes.push(opcode::BINUNICODE);
                self.bytes.extend(length.to_le_bytes());
            }
            (Protocol::Four, _, Err(_)) => {
                self.bytes.push(opcode::BINUNICODE8);
                self.bytes.extend((length as u64).to_le_bytes());
            }
            (Protocol::Two, _, Err(_)) => return Err(too_long(length, u32::MAX.into())),
        }
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let length = bytes.len();
        match (self.protocol, u8::try_from(length), u32::try_from(length)) {
            (Protocol::Four, Ok(length), _) => self.bytes.extend([opcode::SHORT_BINBYTES, length]),
            (Protocol::Four, _, Ok(length)) => {
                self.bytes.push(opcode::BINBYTES);
                self.bytes.extend(length.to_le_bytes());
            }
            (Protocol::Four, _, Err(_)) => {
                self.bytes.push(opcode::BINBYTES8);
                self.bytes.extend((length as u64).to_le_bytes());
            }
            (Protocol::Two, Ok(length), _) => self.bytes.extend([opcode::SHORT_BINSTRING, length]),
            (Protocol::Two, _, _) => {
                let length = i32::try_from(length).map_err(|_| too_long(length, i32::MAX as u64))?;
                self.bytes.push(opcode::BINSTRING);
                self.bytes.extend(length.to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn list(&mut self, items: &[Value]) -> Result<()> {
        self.bytes.push(opcode::EMPTY_LIST);
        self.memorize();
        if let [item] = items {
            self.value(item)?;
            self.bytes.push(opcode::APPEND);
            return Ok(());
        }
        for batch in items.chunks(BATCH) {
            self.bytes.push(opcode::MARK);
            batch.iter().try_for_each(|item| self.value(item))?;
            self.bytes.push(opcode::APPENDS);
        }
        Ok(())
    }

    fn tuple(&mut self, items: &[Value]) -> Result<()> {
        let end = match items.len() {
            0 => {
                self.bytes.push(opcode::EMPTY_TUPLE);
                return Ok(());
            }
            1 => opcode::TUPLE1,
            2 => opcode::TUPLE2,
            3 => opcode::TUPLE3,
            _ => {
                self.bytes.push(opcode::MARK);
                opcode::TUPLE
            }
        };
        items.iter().try_for_each(|item| self.value(item))?;
        self.bytes.push(end);
        self.memorize();
        Ok(())
    }

    fn dict(&mut self, pairs: &[(Value, Value)]) -> Result<()> {
        self.bytes.push(opcode::EMPTY_DICT);
        self.memorize();
        let both = |writer: &mut Self, (key, value): &(Value, Value)| {
            writer.value(key)?;
            writer.value(value)
        };
        if let [pair] = pairs {
            both(self, pair)?;
            self.bytes.push(opcode::SETITEM);
            return Ok(());
        }
        for batch in pairs.chunks(BATCH) {
            self.bytes.push(opcode::MARK);
            batch.iter().try_for_each(|pair| both(self, pair))?;
            self.bytes.push(opcode::SETITEMS);
        }
        // Python looks for more behind every full batch of a dict, though not of a list.
        if !pairs.is_empty() && pairs.len().is_multiple_of(BATCH) {
            self.bytes.extend([opcode::MARK, opcode::SETITEMS]);
        }
        Ok(())
    }

    /// Nothing here ever refers to the memo; Python writes it all the same.
    fn memorize(&mut self) {
        match (self.protocol, u8::try_from(self.memorized)) {
            (Protocol::Four, _) => self.bytes.push(opcode::MEMOIZE),
            (Protocol::Two, Ok(place)) => self.bytes.extend([opcode::BINPUT, place]),
            (Protocol::Two, Err(_)) => {
                self.bytes.push(opcode::LONG_BINPUT);
                self.bytes.extend(self.memorized.to_le_bytes());
            }
        }
        self.memorized = self.memorized.wrapping_add(1);
    }

    fn inside(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let too_deep = || Error::TooMany { what: Limit::Nesting, limit: DEPTH_LIMIT as u64 };
        self.depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        write(self)?;
        self.depth += 1;
        Ok(())
    }
}

fn too_long(length: usize, limit: u64) -> Error {
    Error::TooLong { what: Limit::Decoded, length: length as u64, limit }
}

/// Python puts no frame around less, and cuts what is longer.
const FRAMED: std::ops::Range<usize> = 4..64 * 1024;
/// Items that Python adds at once.
const BATCH: usize = 1000;
