//! A STUN Binding request and the answers to it (RFC 8489), without I/O.

use crate::{
    bytes::Cursor,
    error::{Error, Result},
    ip::IpAddress,
};

/// A request to be told the address that the request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding {
    id: [u8; ID_LENGTH],
}

impl Binding {
    /// A request with this transaction id, which nobody else should be able to guess.
    pub(crate) const fn new(id: [u8; ID_LENGTH]) -> Self {
        Self { id }
    }

    /// The request as it goes on the wire: a header (section 5) without attributes.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [&BINDING_REQUEST.to_be_bytes()[..], &[0, 0], &COOKIE, &self.id].concat()
    }

    /// Reads a datagram; `None` for one that is no answer to this request.
    ///
    /// # Errors
    ///
    /// [`Error::PeerRefused`] for an error response, [`Error::Malformed`] for an answer without an address.
    pub(crate) fn read(&self, datagram: &[u8]) -> Option<Result<IpAddress>> {
        let mut cursor = Cursor::new(datagram);
        let kind = u16(&mut cursor)?;
        let length = u16(&mut cursor)?;
        if cursor.array()? != COOKIE || cursor.array()? != self.id {
            return None;
        }
        let is_whole = usize::from(length) == cursor.remaining();
        let read = match kind {
            BINDING_SUCCESS => Self::address,
            BINDING_ERROR => Self::refusal,
            _ => return None,
        };
        let read = if is_whole { read(self, cursor) } else { None };
        Some(read.unwrap_or(Err(Error::Malformed { expected: "a STUN response" })))
    }

    /// The address in the attributes of a success response; the first XOR-MAPPED-ADDRESS counts (section 14).
    fn address(&self, mut attributes: Cursor<'_>) -> Option<Result<IpAddress>> {
        let (mut masked, mut plain) = (None, None);
        while attributes.remaining() > 0 {
            match attribute(&mut attributes)? {
                (XOR_MAPPED_ADDRESS, value) if masked.is_none() => {
                    let mask = [&COOKIE[..], &self.id].concat();
                    masked = Some(address(value, &mask)?);
                }
                // What servers of RFC 3489 send; routers that rewrite addresses in payloads spoil it.
                (MAPPED_ADDRESS, value) if plain.is_none() => plain = Some(address(value, &[])?),
                (kind, _) if !is_known(kind) => return None,
                _ => {}
            }
        }
        masked.or(plain).map(Ok)
    }

    /// Code and reason of an error response (section 14.8).
    fn refusal(&self, mut attributes: Cursor<'_>) -> Option<Result<IpAddress>> {
        while attributes.remaining() > 0 {
            if let (ERROR_CODE, value) = attribute(&mut attributes)? {
                let mut value = Cursor::new(value);
                let [_, _, class, number] = value.array()?;
                let code = u16::from(class & 7) * 100 + u16::from(number);
                let reason = String::from_utf8_lossy(value.rest());
                // It may be shown on a terminal.
                let text = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
                return Some(Err(Error::PeerRefused { code, text }));
            }
        }
        None
    }
}

fn u16(cursor: &mut Cursor<'_>) -> Option<u16> {
    cursor.array().map(u16::from_be_bytes)
}

/// Type and value of the next attribute; values are padded to four bytes (section 14).
fn attribute<'a>(attributes: &mut Cursor<'a>) -> Option<(u16, &'a [u8])> {
    let kind = u16(attributes)?;
    let length = usize::from(u16(attributes)?);
    let value = attributes.take(length)?;
    attributes.take(length.next_multiple_of(4) - length)?;
    Some((kind, value))
}

/// The value of a MAPPED-ADDRESS (section 14.1); of an XOR-MAPPED-ADDRESS (section 14.2) with its mask.
fn address(value: &[u8], mask: &[u8]) -> Option<IpAddress> {
    let mut cursor = Cursor::new(value);
    let [_, family, _port @ ..] = cursor.array::<4>()?;
    let address = match family {
        FAMILY_V4 => unmask(cursor.array::<4>()?, mask).into(),
        FAMILY_V6 => unmask(cursor.array::<16>()?, mask).into(),
        _ => return None,
    };
    (cursor.remaining() == 0).then_some(address)
}

fn unmask<const N: usize>(mut bytes: [u8; N], mask: &[u8]) -> [u8; N] {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    bytes
}

/// An attribute that must be understood and is not makes the whole response useless (section 6.3.3). Those of RFC 3489
/// and RFC 8489 are understood: all but the addresses may be passed over.
const fn is_known(kind: u16) -> bool {
    matches!(kind, 0x0001..=0x000B | 0x0014 | 0x0015 | 0x001C..=0x001E | 0x0020 | 0x8000..)
}

/// Bytes of a transaction id.
pub(crate) const ID_LENGTH: usize = 12;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;
/// Characters of a reason that are kept; section 14.8 allows fewer than 128.
const MAX_REASON: usize = 127;

#[cfg(test)]
mod tests;
