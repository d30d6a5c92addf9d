//! The fields of a request, a response or a trailer, in the order in which they stand there.

use std::{fmt, ops::Range};

use crate::error::{Error, Result};

/// Fields of a message ("headers"): names with values, in order, where a name may stand more than once.
///
/// Names are compared without regard to case. Values are bytes: nothing makes a server send UTF-8.
///
/// What `Debug` writes leaves out the values that are secrets: `Authorization`, `Proxy-Authorization`, `Cookie` and
/// `Set-Cookie`.
#[derive(Clone, Default)]
pub struct HttpFields {
    /// The bytes in which the names and values of all fields are: two allocations for however many fields.
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

/// Where the name and the value of a field stand in the bytes.
#[derive(Debug, Clone)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl HttpFields {
    /// No fields.
    pub(super) const EMPTY: Self = Self { bytes: Vec::new(), fields: Vec::new() };

    /// Returns the first value of this name as text; `None` if there is none, or if it is not UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// Returns the first value of this name.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Goes through all values of this name, in their order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |field| self.has_name(field, name)).map(|field| self.value(field))
    }

    /// Goes through all fields, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| (self.name(field), self.value(field)))
    }

    /// Tells whether there is a field of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_bytes(name).is_some()
    }

    /// Returns how many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Makes room for fields that are known to come.
    pub(super) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), fields: Vec::with_capacity(fields) }
    }

    /// Appends a field that was checked: by [`field`] or by the parser of heads.
    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.fields.push(Field { name: start..middle, value: middle..self.bytes.len() });
    }

    /// The fields that were found in a section of a message, which is kept as it is: one copy for all of them. Where a
    /// value is continued on further lines, a space takes the place of each line end (RFC 9112, 5.2).
    pub(super) fn of_section(section: &[u8], found: &[httparse::Header<'_>]) -> Self {
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr().saturating_sub(section.as_ptr().addr());
            start..start + part.len()
        };
        let mut bytes = section.to_vec();
        let mut fields = Vec::with_capacity(found.len());
        for field in found {
            let value = place(field.value);
            if field.value.contains(&b'\n') {
                let line_ends = bytes.get_mut(value.clone()).into_iter().flatten();
                line_ends.filter(|byte| matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
            }
            fields.push(Field { name: place(field.name.as_bytes()), value });
        }
        Self { bytes, fields }
    }

    /// Puts one field in the place of all of this name: where the first of them stood, or at the end.
    pub(super) fn set(&mut self, name: &str, value: &[u8]) {
        let mut value = Some(value);
        let mut changed = Self::with_capacity(self.len() + 1, self.bytes.len() + name.len());
        for field in &self.fields {
            if !self.has_name(field, name) {
                changed.push(self.name(field), self.value(field));
            } else if let Some(value) = value.take() {
                changed.push(name, value);
            }
        }
        if let Some(value) = value {
            changed.push(name, value);
        }
        *self = changed;
    }

    /// Takes all fields of this name out and tells whether there were any.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        if !self.contains(name) {
            return false;
        }
        let mut left = Self::with_capacity(self.len(), self.bytes.len());
        for field in self.fields.iter().filter(|field| !self.has_name(field, name)) {
            left.push(self.name(field), self.value(field));
        }
        *self = left;
        true
    }

    /// Goes through the elements of a list that may be spread over several fields (RFC 9110, 5.6.1), without the
    /// blanks around them. An empty element is one, so that a strict reader can refuse it.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get_all(name).flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
    }

    fn has_name(&self, field: &Field, name: &str) -> bool {
        self.bytes.get(field.name.clone()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn name(&self, field: &Field) -> &str {
        let bytes = self.bytes.get(field.name.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn value(&self, field: &Field) -> &[u8] {
        self.bytes.get(field.value.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for HttpFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            if is_secret(name) {
                map.entry(&name, &"...");
            } else {
                map.entry(&name, &String::from_utf8_lossy(value));
            }
        }
        map.finish()
    }
}

/// Tells whether the values of a field are for nobody to see.
pub(super) fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// Checks a field that is to be sent, and takes the blanks around its value off.
pub(super) fn field<'a>(name: &'a str, value: &'a str) -> Result<(&'a str, &'a [u8])> {
    if !is_token(name) {
        return Err(Error::invalid_input(name, "a field name of letters, digits and !#$%&'*+-.^_`|~"));
    }
    // The name and not the value: a value may be a secret.
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(Error::invalid_input(name, "a field whose value has no line end and no control character"));
    }
    Ok((name, value.trim_matches([' ', '\t']).as_bytes()))
}

/// Tells whether a text is a token (RFC 9110, 5.6.2), as names of fields and methods are.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

const SECRETS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

#[cfg(test)]
mod tests;
