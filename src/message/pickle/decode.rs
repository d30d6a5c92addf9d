//! Pickles are programs for a small machine with a stack and a memo. This one knows no instruction that names anything
//! outside of the pickle.

mod build;

use std::{borrow::Cow, collections::HashMap};

use self::build::Builder;
use super::{BigInt, DEPTH_LIMIT, Limits, Value, opcode, text};
use crate::{
    bytes::Cursor,
    error::{Error, Limit, Result},
};

/// Reads a pickle of any protocol, within the default [`Limits`].
///
/// # Errors
///
/// As for [`decode_within`].
pub fn decode(bytes: &[u8]) -> Result<Value> {
    decode_within(bytes, &Limits::default())
}

/// Reads a pickle of any protocol.
///
/// The memory that it takes grows with the pickle, never with what the pickle announces, and is bounded by the limits.
///
/// # Errors
///
/// [`Error::Malformed`] for what is no pickle, is cut short or has something behind its end; for an instruction
/// that makes anything but plain values, and for text that is not UTF-8 (a `str` with lone surrogates).
/// [`Error::TooMany`] and [`Error::TooLong`] where a limit is passed, which a value that contains itself always does.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "pickle")] {
/// use sockeye::{ErrorKind, pickle};
///
/// // os.system("true")
/// let error = pickle::decode(b"cos\nsystem\n(S'true'\ntR.").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Malformed);
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn decode_within(bytes: &[u8], limits: &Limits) -> Result<Value> {
    let mut machine = Machine {
        input: Cursor::new(bytes),
        limits,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        pushed: 0,
    };
    let root = machine.run()?;
    Builder::new(&machine.nodes, limits).build(root)
}

struct Machine<'a> {
    input: Cursor<'a>,
    limits: &'a Limits,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// How high the stack was at each open mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    pushed: usize,
}

/// A value of the machine. Lists and dicts may still grow while others refer to them, so they refer to one another by
/// number.
#[derive(Debug)]
enum Node<'a> {
    /// What has no parts.
    Plain(Value),
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
}

/// The place of a node.
type Id = u32;

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Id> {
        loop {
            match self.byte()? {
                opcode::STOP => break,
                opcode::PROTO if self.byte()? > opcode::NEWEST => {
                    return Err(Error::Malformed { expected: "a pickle of protocol 0 to 5" });
                }
                opcode::PROTO => {}
                // What a frame holds follows anyway.
                opcode::FRAME => {
                    let length = u64::from_le_bytes(self.array()?);
                    if length > self.input.remaining() as u64 {
                        return Err(CUT_SHORT);
                    }
                }
                opcode => self.step(opcode)?,
            }
        }
        match self.stack[..] {
            [root] if self.marks.is_empty() && self.input.remaining() == 0 => Ok(root),
            _ => Err(Error::Malformed { expected: "one value and nothing behind it in a pickle" }),
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            opcode::NONE => self.push_plain(Value::None),
            opcode::NEWTRUE => self.push_plain(Value::Bool(true)),
            opcode::NEWFALSE => self.push_plain(Value::Bool(false)),
            opcode::BININT => self.integer::<4>(|bytes| i64::from(i32::from_le_bytes(bytes))),
            opcode::BININT1 => self.integer::<1>(|[byte]| i64::from(byte)),
            opcode::BININT2 => self.integer::<2>(|bytes| i64::from(u16::from_le_bytes(bytes))),
            opcode::LONG1 => {
                let length = self.byte()?;
                self.long(usize::from(length))
            }
            opcode::LONG4 => {
                let length = self.length(i32::from_le_bytes)?;
                self.long(length)
            }
            opcode::INT => text::integer(self.line()?).and_then(|value| self.push_plain(value)),
            opcode::LONG => text::long(self.line()?).and_then(|value| self.push_plain(value)),
            opcode::FLOAT => text::float(self.line()?).and_then(|number| self.push_plain(Value::Float(number))),
            opcode::BINFLOAT => {
                let number = f64::from_be_bytes(self.array()?);
                self.push_plain(Value::Float(number))
            }
            opcode::MARK if self.marks.len() >= DEPTH_LIMIT => Err(too_deep()),
            opcode::MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            opcode::POP => match self.marks.last() {
                Some(mark) if *mark == self.stack.len() => self.pop_mark().map(drop),
                _ => self.pop().map(drop),
            },
            opcode::POP_MARK => self.pop_mark().map(drop),
            opcode::DUP => {
                let top = self.top()?;
                self.push_id(top)
            }
            _ => self.text_or_container(opcode),
        }
    }

    fn text_or_container(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            opcode::STRING => text::string(self.line()?).and_then(|bytes| self.push_old(Cow::Owned(bytes))),
            opcode::SHORT_BINSTRING => self.counted(u8::from_le_bytes).and_then(|bytes| self.push_old(bytes.into())),
            opcode::BINSTRING => self.counted(i32::from_le_bytes).and_then(|bytes| self.push_old(bytes.into())),
            opcode::UNICODE => text::unicode(self.line()?).and_then(|text| self.push(Node::Str(text.into()))),
            opcode::SHORT_BINUNICODE => self.counted(u8::from_le_bytes).and_then(|text| self.push_text(text)),
            opcode::BINUNICODE => self.counted(u32::from_le_bytes).and_then(|text| self.push_text(text)),
            opcode::BINUNICODE8 => self.counted(u64::from_le_bytes).and_then(|text| self.push_text(text)),
            opcode::SHORT_BINBYTES => self.counted(u8::from_le_bytes).and_then(|bytes| self.push_bytes(bytes)),
            opcode::BINBYTES => self.counted(u32::from_le_bytes).and_then(|bytes| self.push_bytes(bytes)),
            opcode::BINBYTES8 => self.counted(u64::from_le_bytes).and_then(|bytes| self.push_bytes(bytes)),
            opcode::EMPTY_LIST => self.push(Node::List(Vec::new())),
            opcode::EMPTY_TUPLE => self.push(Node::Tuple(Vec::new())),
            opcode::EMPTY_DICT => self.push(Node::Dict(Vec::new())),
            opcode::LIST => self.pop_mark().and_then(|items| self.push(Node::List(items))),
            opcode::TUPLE => self.pop_mark().and_then(|items| self.push(Node::Tuple(items))),
            opcode::DICT => {
                self.pop_mark().and_then(|items| pairs(&items)).and_then(|pairs| self.push(Node::Dict(pairs)))
            }
            opcode::TUPLE1 => self.tuple(1),
            opcode::TUPLE2 => self.tuple(2),
            opcode::TUPLE3 => self.tuple(3),
            opcode::APPEND => self.pop_many(1).and_then(|items| self.append(&items)),
            opcode::APPENDS => self.pop_mark().and_then(|items| self.append(&items)),
            opcode::SETITEM => self.pop_many(2).and_then(|items| self.set_items(&items)),
            opcode::SETITEMS => self.pop_mark().and_then(|items| self.set_items(&items)),
            _ => self.memo(opcode),
        }
    }

    fn memo(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            opcode::MEMOIZE => {
                let place = u32::try_from(self.memo.len()).map_err(|_| too_many(self.limits))?;
                self.put(place)
            }
            opcode::PUT => place(self.line()?).and_then(|place| self.put(place)),
            opcode::BINPUT => self.byte().and_then(|place| self.put(place.into())),
            opcode::LONG_BINPUT => self.array().map(u32::from_le_bytes).and_then(|place| self.put(place)),
            opcode::GET => place(self.line()?).and_then(|place| self.get(place)),
            opcode::BINGET => self.byte().and_then(|place| self.get(place.into())),
            opcode::LONG_BINGET => self.array().map(u32::from_le_bytes).and_then(|place| self.get(place)),
            _ => Err(Error::Malformed { expected: "plain values and no other instructions in a pickle" }),
        }
    }

    fn push(&mut self, node: Node<'a>) -> Result<()> {
        let id = Id::try_from(self.nodes.len()).map_err(|_| too_many(self.limits))?;
        self.push_id(id)?;
        self.nodes.push(node);
        Ok(())
    }

    /// Every value of the result was pushed, so more pushes than values cannot end well.
    fn push_id(&mut self, id: Id) -> Result<()> {
        if self.pushed >= self.limits.values {
            return Err(too_many(self.limits));
        }
        self.pushed += 1;
        self.stack.push(id);
        Ok(())
    }

    fn push_plain(&mut self, value: Value) -> Result<()> {
        self.push(Node::Plain(value))
    }

    fn push_text(&mut self, bytes: &'a [u8]) -> Result<()> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::Malformed { expected: "text in UTF-8" })?;
        self.push(Node::Str(text.into()))
    }

    fn push_bytes(&mut self, bytes: &'a [u8]) -> Result<()> {
        self.push(Node::Bytes(bytes.into()))
    }

    /// A `str` of Python 2 is text if it can be: so Python 3 takes it too.
    fn push_old(&mut self, bytes: Cow<'a, [u8]>) -> Result<()> {
        if !bytes.is_ascii() {
            return self.push(Node::Bytes(bytes));
        }
        let text = match bytes {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => String::from_utf8(bytes).unwrap_or_default().into(),
        };
        self.push(Node::Str(text))
    }

    fn integer<const N: usize>(&mut self, read: impl FnOnce([u8; N]) -> i64) -> Result<()> {
        let number = read(self.array()?);
        self.push_plain(Value::Int(number))
    }

    fn long(&mut self, length: usize) -> Result<()> {
        let number = BigInt::from_twos_complement(self.take(length)?);
        self.push_plain(number.into())
    }

    fn tuple(&mut self, count: usize) -> Result<()> {
        let items = self.pop_many(count)?;
        self.push(Node::Tuple(items))
    }

    fn append(&mut self, items: &[Id]) -> Result<()> {
        match self.top_node()? {
            Node::List(list) => {
                list.extend_from_slice(items);
                Ok(())
            }
            _ => Err(Error::Malformed { expected: "a list to append to in a pickle" }),
        }
    }

    fn set_items(&mut self, items: &[Id]) -> Result<()> {
        let pairs = pairs(items)?;
        match self.top_node()? {
            Node::Dict(dict) => {
                dict.extend(pairs);
                Ok(())
            }
            _ => Err(Error::Malformed { expected: "a dict to set items of in a pickle" }),
        }
    }

    fn put(&mut self, place: u32) -> Result<()> {
        let top = self.top()?;
        if self.memo.len() >= self.limits.values && !self.memo.contains_key(&place) {
            return Err(too_many(self.limits));
        }
        self.memo.insert(place, top);
        Ok(())
    }

    fn get(&mut self, place: u32) -> Result<()> {
        let id = *self.memo.get(&place).ok_or(Error::Malformed { expected: "a place of the memo that was filled" })?;
        self.push_id(id)
    }

    /// The lowest place of the stack that does not belong to an open mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn top(&self) -> Result<Id> {
        self.stack.get(self.floor()..).and_then(<[Id]>::last).copied().ok_or(EMPTY_STACK)
    }

    fn top_node(&mut self) -> Result<&mut Node<'a>> {
        let top = self.top()?;
        self.nodes.get_mut(top as usize).ok_or(EMPTY_STACK)
    }

    fn pop(&mut self) -> Result<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>> {
        let start = self.stack.len().checked_sub(count).filter(|start| *start >= self.floor());
        Ok(self.stack.split_off(start.ok_or(EMPTY_STACK)?))
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or(Error::Malformed { expected: "a mark on the stack of a pickle" })?;
        Ok(self.stack.split_off(mark))
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.input.array().ok_or(CUT_SHORT)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        self.input.take(count).ok_or(CUT_SHORT)
    }

    /// A length of this width, and so many bytes.
    fn counted<T: TryInto<usize>, const N: usize>(&mut self, read: impl FnOnce([u8; N]) -> T) -> Result<&'a [u8]> {
        let length = self.length(read)?;
        self.take(length)
    }

    fn length<T: TryInto<usize>, const N: usize>(&mut self, read: impl FnOnce([u8; N]) -> T) -> Result<usize> {
        read(self.array()?).try_into().map_err(|_| CUT_SHORT)
    }

    fn line(&mut self) -> Result<&'a [u8]> {
        let length = self.input.rest().iter().position(|byte| *byte == b'\n').ok_or(CUT_SHORT)?;
        let line = self.take(length)?;
        self.take(1)?;
        Ok(line)
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Error::Malformed { expected: "a value for each key of a dict in a pickle" });
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}

/// A place of the memo in text.
fn place(line: &[u8]) -> Result<u32> {
    let place = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
    place.ok_or(Error::Malformed { expected: "the number of a place of the memo" })
}

fn too_many(limits: &Limits) -> Error {
    Error::TooMany { what: Limit::Values, limit: limits.values as u64 }
}

fn too_deep() -> Error {
    Error::TooMany { what: Limit::Nesting, limit: DEPTH_LIMIT as u64 }
}

const CUT_SHORT: Error = Error::Malformed { expected: "more bytes of a pickle" };
const EMPTY_STACK: Error = Error::Malformed { expected: "a value on the stack of a pickle" };
