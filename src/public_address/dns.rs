//! A DNS query and the answers to it (RFC 1035), without I/O: as much of it as servers need that tell who asks.

use std::{net::IpAddr, str};

use super::DnsRecord;
use crate::{
    bytes::Cursor,
    error::{Error, Result},
    ip::IpAddress,
};

/// One question of one name, to be sent over UDP.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    id: [u8; 2],
    /// The labels of the name with their lengths, up to the empty one, in lower case.
    name: Vec<u8>,
    kind: u16,
    class: u16,
}

impl Query {
    /// A query with this id, which nobody else should be able to guess.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what is no name: an empty label, one of more than 63 bytes, or more than 253 bytes.
    pub(crate) fn new(id: [u8; 2], name: &str, record: DnsRecord) -> Result<Self> {
        let invalid = || Error::invalid_input(name, "a DNS name of labels of 1 to 63 bytes");
        let mut encoded = Vec::with_capacity(name.len() + 2);
        for label in name.strip_suffix('.').unwrap_or(name).split('.') {
            let length = u8::try_from(label.len()).ok().filter(|length| (1..=MAX_LABEL).contains(length));
            encoded.push(length.ok_or_else(invalid)?);
            encoded.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        encoded.push(0);
        if encoded.len() > MAX_NAME || name.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(invalid());
        }
        let (kind, class) = match record {
            DnsRecord::A => (A, CLASS_IN),
            DnsRecord::Aaaa => (AAAA, CLASS_IN),
            DnsRecord::Txt => (TXT, CLASS_IN),
            DnsRecord::ChaosTxt => (TXT, CLASS_CH),
        };
        Ok(Self { id, name: encoded, kind, class })
    }

    /// The query as it goes on the wire, with recursion desired: some of these servers are resolvers.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let counts = [0, 1, 0, 0, 0, 0, 0, 0];
        let (kind, class) = (self.kind.to_be_bytes(), self.class.to_be_bytes());
        [&self.id[..], &RECURSION_DESIRED.to_be_bytes(), &counts, &self.name, &kind, &class].concat()
    }

    /// Reads a datagram; `None` for one that is no answer to this question.
    ///
    /// # Errors
    ///
    /// [`Error::PeerRefused`] for an answer with an error code, [`Error::Malformed`] for one without an address.
    pub(crate) fn read(&self, datagram: &[u8]) -> Option<Result<IpAddress>> {
        let mut cursor = Cursor::new(datagram);
        let id: [u8; 2] = cursor.array()?;
        let flags = u16(&mut cursor)?;
        let questions = u16(&mut cursor)?;
        let answers = u16(&mut cursor)?;
        cursor.array::<4>()?;
        let is_answer = id == self.id && flags & (RESPONSE | OPCODE) == RESPONSE && questions == 1;
        if !is_answer || !self.is_question(&mut cursor)? {
            return None;
        }
        let code = flags & RESPONSE_CODE;
        if code != 0 {
            return Some(Err(Error::PeerRefused { code, text: text_of(code).into() }));
        }
        let address = self.address(datagram, cursor, answers);
        Some(address.ok_or(Error::Malformed { expected: "a DNS answer with an address" }))
    }

    /// Tells whether the question that is repeated in an answer is this one. Case does not matter in names.
    fn is_question(&self, cursor: &mut Cursor<'_>) -> Option<bool> {
        let name = cursor.take(self.name.len())?;
        let (kind, class) = (u16(cursor)?, u16(cursor)?);
        Some(name.eq_ignore_ascii_case(&self.name) && (kind, class) == (self.kind, self.class))
    }

    /// The address in the first record that has one, of the name or of what an earlier record says it stands for.
    fn address<'a>(&self, datagram: &'a [u8], mut cursor: Cursor<'a>, answers: u16) -> Option<IpAddress> {
        let mut wanted = self.name.clone();
        for _ in 0..answers {
            let owner = name(datagram, &mut cursor)?;
            let (kind, class) = (u16(&mut cursor)?, u16(&mut cursor)?);
            cursor.array::<4>()?;
            let length = u16(&mut cursor)?;
            let mut here = cursor;
            let data = cursor.take(length.into())?;
            if owner != wanted || class != self.class {
                continue;
            }
            if kind == CNAME {
                wanted = name(datagram, &mut here)?;
                if here.remaining() != cursor.remaining() {
                    return None;
                }
            } else if kind == self.kind {
                match kind {
                    A => return Some(<[u8; 4]>::try_from(data).ok()?.into()),
                    AAAA => return Some(<[u8; 16]>::try_from(data).ok()?.into()),
                    // Others of them may tell more, such as the network that a resolver asks for.
                    _ => match text(data)?.parse::<IpAddr>() {
                        Ok(address) => return Some(address.into()),
                        Err(_) => continue,
                    },
                }
            }
        }
        None
    }
}

fn u16(cursor: &mut Cursor<'_>) -> Option<u16> {
    cursor.array().map(u16::from_be_bytes)
}

/// Reads a name, in lower case, and what its pointers point at (section 4.1.4).
///
/// A pointer must point before the name or the part of it that it ends, so that a walk ends however they are laid.
fn name<'a>(datagram: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut part = *cursor;
    let mut pointers = 0;
    loop {
        let start = datagram.len() - part.remaining();
        let target = labels(&mut part, &mut name)?;
        if pointers == 0 {
            *cursor = part;
        }
        let Some(target) = target else { return Some(name) };
        pointers += 1;
        if target >= start || pointers > MAX_POINTERS {
            return None;
        }
        part = Cursor::new(datagram);
        part.take(target)?;
    }
}

/// Reads labels up to the empty one, or to a pointer, whose target is returned.
fn labels(cursor: &mut Cursor<'_>, name: &mut Vec<u8>) -> Option<Option<usize>> {
    loop {
        let [length] = cursor.array()?;
        match length {
            0 => {
                name.push(0);
                return (name.len() <= MAX_NAME).then_some(None);
            }
            1..=MAX_LABEL => {
                name.push(length);
                name.extend(cursor.take(length.into())?.iter().map(u8::to_ascii_lowercase));
            }
            POINTER.. => {
                let [low] = cursor.array()?;
                return Some(Some(usize::from(u16::from_be_bytes([length & !POINTER, low]))));
            }
            _ => return None,
        }
        if name.len() >= MAX_NAME {
            return None;
        }
    }
}

/// The first string of a TXT record (section 3.3.14), without the quotation marks that some servers put into it.
fn text(data: &[u8]) -> Option<&str> {
    let mut cursor = Cursor::new(data);
    let [length] = cursor.array()?;
    let text = cursor.take(length.into())?;
    Some(str::from_utf8(text).unwrap_or_default().trim_matches('"'))
}

/// What a response code means (section 4.1.1).
const fn text_of(code: u16) -> &'static str {
    match code {
        1 => "the server cannot read the query",
        2 => "the server failed",
        3 => "no such name",
        4 => "the server does not support the query",
        5 => "the server refuses the query",
        _ => "",
    }
}

const RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const RECURSION_DESIRED: u16 = 0x0100;
const RESPONSE_CODE: u16 = 0x000F;
const A: u16 = 1;
const CNAME: u16 = 5;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
const CLASS_CH: u16 = 3;
/// The longest label, in bytes (section 2.3.4).
const MAX_LABEL: u8 = 63;
/// The longest name with its length bytes (section 2.3.4).
const MAX_NAME: usize = 255;
/// The two upper bits of a length byte that begins a pointer.
const POINTER: u8 = 0xC0;
/// A name that is one pointer to another is ordinary, a chain of them is not: each hop costs time.
const MAX_POINTERS: usize = 16;

#[cfg(test)]
mod tests;
