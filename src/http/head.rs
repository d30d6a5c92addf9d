//! Heads: the first line and the fields in front of a body (RFC 9112, 2 to 5).

use std::{borrow::Cow, mem::MaybeUninit};

use crate::error::{Error, Limit, Result};

use super::{fields::HttpFields, status::HttpStatus};

/// How large a head may be; the trailer fields behind a body have the same limits again.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    /// Bytes from the first line to the blank line. What arrives of a head has to be kept until it is whole.
    pub(super) bytes: usize,
    /// Fields: each costs more memory than its bytes.
    pub(super) fields: usize,
}

/// The first line and the fields of a response.
#[derive(Debug, Clone)]
pub(super) struct ResponseHead {
    /// (1, 0) or (1, 1).
    pub(super) version: (u8, u8),
    /// From 100 to 999.
    pub(super) status: HttpStatus,
    /// What stands behind the number: for most servers the text of the registry, which costs no memory.
    pub(super) reason: Cow<'static, str>,
    pub(super) fields: HttpFields,
}

/// The head of a request that is being written. Method, target and fields were checked where they were made.
pub(super) struct RequestHead(Vec<u8>);

impl RequestHead {
    pub(super) fn new(method: &str, target: &str, version: (u8, u8)) -> Self {
        let mut head = Vec::with_capacity(TYPICAL_HEAD + target.len());
        head.extend_from_slice(method.as_bytes());
        head.push(b' ');
        head.extend_from_slice(target.as_bytes());
        head.extend_from_slice(b" HTTP/");
        head.extend_from_slice(&[b'0' + version.0, b'.', b'0' + version.1]);
        head.extend_from_slice(b"\r\n");
        Self(head)
    }

    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        debug_assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name} was not checked");
        let Self(head) = self;
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let Self(mut head) = self;
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// Reads the head of a response; `None` as long as its blank line has not arrived. `scanned` is where the search for
/// that line goes on: 0 for a new head.
pub(super) fn parse_head(
    input: &[u8],
    scanned: &mut usize,
    limits: HeadLimits,
) -> Result<Option<(usize, ResponseHead)>> {
    check_start(input)?;
    let allowed = input.get(..limits.bytes).unwrap_or(input);
    if *scanned == 0
        && let Ok(Some(parsed)) = parse_some_response(allowed, limits)
    {
        return Ok(Some(parsed));
    }
    // Parsing starts anew each time, so it waits until it can end: else a head in small pieces costs its square.
    let Some(head) = whole_section(input, scanned, limits, Limit::Head)? else { return Ok(None) };
    match parse_some_response(head, limits)? {
        Some((length, parsed)) if length == head.len() => Ok(Some((length, parsed))),
        _ => Err(Error::Malformed { expected: "fields up to a blank line" }),
    }
}

/// Reads the trailer fields behind the last chunk, with their blank line, in the same way.
pub(super) fn parse_trailers(
    input: &[u8],
    scanned: &mut usize,
    limits: HeadLimits,
) -> Result<Option<(usize, HttpFields)>> {
    match input {
        [b'\n', ..] => return Ok(Some((1, HttpFields::default()))),
        [b'\r', b'\n', ..] => return Ok(Some((2, HttpFields::default()))),
        _ => {}
    }
    let Some(section) = whole_section(input, scanned, limits, Limit::Fields)? else { return Ok(None) };
    // Trailers are rare: no need to spare this memory.
    let mut headers = vec![httparse::EMPTY_HEADER; limits.fields];
    match httparse::parse_headers(section, &mut headers) {
        Ok(httparse::Status::Complete((length, headers))) if length == section.len() => {
            Ok(Some((length, HttpFields::of_section(section, headers))))
        }
        Ok(_) => Err(Error::Malformed { expected: "trailer fields up to a blank line" }),
        Err(error) => Err(explain(error, limits)),
    }
}

/// What arrived must be the beginning of a status line, perhaps behind the line end that some servers put after a
/// body: a server of another protocol is known by its first byte, before it falls silent.
fn check_start(input: &[u8]) -> Result<()> {
    let line = input.strip_prefix(b"\r\n").or_else(|| input.strip_prefix(b"\n")).unwrap_or(input);
    let begins = line.iter().zip(VERSION_START).all(|(found, expected)| found == expected);
    if begins || input == b"\r" {
        return Ok(());
    }
    Err(Error::Malformed { expected: "the status line of HTTP/1.0 or HTTP/1.1" })
}

/// The input up to the blank line, that included.
fn whole_section<'a>(
    input: &'a [u8],
    scanned: &mut usize,
    limits: HeadLimits,
    what: Limit,
) -> Result<Option<&'a [u8]>> {
    let allowed = input.get(..limits.bytes).unwrap_or(input);
    let mut position = *scanned;
    while let Some(found) = allowed.get(position..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let end = position + found + 1;
        match allowed.get(end..) {
            Some([b'\n', ..]) => return Ok(allowed.get(..=end)),
            Some([b'\r', b'\n', ..]) => return Ok(allowed.get(..end + 2)),
            // Looked at once more when there is more of it.
            Some([] | [b'\r']) => {
                *scanned = end - 1;
                return check_limit(input, limits, what);
            }
            _ => position = end,
        }
    }
    *scanned = allowed.len();
    check_limit(input, limits, what)
}

fn check_limit<'a>(input: &[u8], limits: HeadLimits, what: Limit) -> Result<Option<&'a [u8]>> {
    if input.len() < limits.bytes {
        return Ok(None);
    }
    // As much as is known: how long it would have been, nobody waits for.
    let limit = limits.bytes as u64;
    Err(Error::TooLong { what, length: limit + 1, limit })
}

/// Reads a head if the input holds all of it.
fn parse_some_response(input: &[u8], limits: HeadLimits) -> Result<Option<(usize, ResponseHead)>> {
    let mut few = [const { MaybeUninit::uninit() }; TYPICAL_FIELDS];
    match parse_response(input, &mut few, limits) {
        Err(Error::TooMany { .. }) if limits.fields > TYPICAL_FIELDS => {
            parse_response(input, &mut vec![MaybeUninit::uninit(); limits.fields], limits)
        }
        parsed => parsed,
    }
}

fn parse_response<'b>(
    input: &'b [u8],
    slots: &mut [MaybeUninit<httparse::Header<'b>>],
    limits: HeadLimits,
) -> Result<Option<(usize, ResponseHead)>> {
    let mut config = httparse::ParserConfig::default();
    // RFC 9112, 5.2: a user agent replaces each fold by a space.
    config.allow_obsolete_multiline_headers_in_responses(true);
    let mut response = httparse::Response::new(&mut []);
    let parsed = config.parse_response_with_uninit_headers(&mut response, input, slots);
    let httparse::Status::Complete(length) = parsed.map_err(|error| explain(error, limits))? else { return Ok(None) };
    let head = input.get(..length).unwrap_or(input);
    let (Some(minor), Some(code)) = (response.version, response.code) else {
        return Err(Error::Malformed { expected: "a status line" });
    };
    if code < 100 {
        return Err(Error::Malformed { expected: "a status from 100 to 999" });
    }
    if response.headers.len() > limits.fields {
        return Err(too_many_fields(limits));
    }
    let fields = HttpFields::of_section(head, response.headers);
    let status = HttpStatus::from(code);
    Ok(Some((length, ResponseHead { version: (1, minor), status, reason: reason(status, head), fields })))
}

/// What stands behind the status, in whatever encoding (the parser knows it only in ASCII).
fn reason(status: HttpStatus, head: &[u8]) -> Cow<'static, str> {
    let line = head.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default().trim_ascii_end();
    if text == status.text().as_bytes() {
        Cow::Borrowed(status.text())
    } else {
        Cow::Owned(String::from_utf8_lossy(text).into_owned())
    }
}

fn explain(error: httparse::Error, limits: HeadLimits) -> Error {
    let expected = match error {
        httparse::Error::TooManyHeaders => return too_many_fields(limits),
        httparse::Error::HeaderName => "a field name with a colon right behind it",
        httparse::Error::HeaderValue => "a field value without control characters",
        httparse::Error::NewLine => "a line end of CR and LF",
        httparse::Error::Status => "a status of three digits and a text behind it",
        httparse::Error::Version => "the status line of HTTP/1.0 or HTTP/1.1",
        httparse::Error::Token => "a token",
    };
    Error::Malformed { expected }
}

fn too_many_fields(limits: HeadLimits) -> Error {
    Error::TooMany { what: Limit::Fields, limit: limits.fields as u64 }
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { bytes: HEAD_LIMIT, fields: FIELDS_LIMIT }
    }
}

/// Four times what common servers send at most by their defaults.
const HEAD_LIMIT: usize = 64 * 1024;

/// Twice the fields of the longest heads that are seen.
const FIELDS_LIMIT: usize = 128;

/// Fields that are parsed without an allocation.
const TYPICAL_FIELDS: usize = 32;

/// Bytes of the head of most requests.
const TYPICAL_HEAD: usize = 256;

const VERSION_START: &[u8] = b"HTTP/1.";

#[cfg(test)]
mod tests;
