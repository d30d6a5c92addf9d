//! How long a body is, and whether the connection can be used after it (RFC 9112, 6.3 and 9.3).

use crate::error::{Error, Result};

use super::{fields::HttpFields, head::ResponseHead, status::HttpStatus};

/// Where the body of a response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none, whatever the fields say.
    None,
    /// After so many bytes.
    Length(u64),
    /// After its last chunk.
    Chunked,
    /// Where the server closes the connection.
    UntilClose,
}

/// Finds out how the body behind a head is framed; refuses what two readers could read in two ways.
pub(super) fn body_framing(method: &str, head: &ResponseHead) -> Result<Framing> {
    let is_tunnel = method == "CONNECT" && head.status.is_success();
    if method == "HEAD" || is_tunnel || head.status.is_informational() || is_always_empty(head.status) {
        return Ok(Framing::None);
    }
    let length = content_length(&head.fields)?;
    if !head.fields.contains("transfer-encoding") {
        return Ok(length.map_or(Framing::UntilClose, Framing::Length));
    }
    if length.is_some() {
        return Err(Error::Malformed { expected: "either a content-length or a transfer-encoding" });
    }
    if head.version < (1, 1) {
        return Err(Error::Malformed { expected: "no transfer-encoding in HTTP/1.0" });
    }
    let mut codings = head.fields.list("transfer-encoding");
    match (codings.next(), codings.next()) {
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        _ => Err(Error::Malformed { expected: "the transfer-encoding chunked and no other" }),
    }
}

/// Tells whether another request can follow on the connection once the body has ended.
pub(super) fn keep_alive(head: &ResponseHead, request_wants_close: bool) -> bool {
    let says = |option: &[u8]| head.fields.list("connection").any(|element| element.eq_ignore_ascii_case(option));
    let server_wants = if head.version < (1, 1) { says(b"keep-alive") && !says(b"close") } else { !says(b"close") };
    // A server that frames a body where there is none may send it, too: the next response would begin with it.
    let is_clear = head.status != HttpStatus::NO_CONTENT
        || (!head.fields.contains("transfer-encoding") && matches!(content_length(&head.fields), Ok(None | Some(0))));
    server_wants && is_clear && !request_wants_close && head.status != HttpStatus::SWITCHING_PROTOCOLS
}

fn is_always_empty(status: HttpStatus) -> bool {
    matches!(status, HttpStatus::NO_CONTENT | HttpStatus::NOT_MODIFIED)
}

/// The length that all fields and all elements of them agree on.
fn content_length(fields: &HttpFields) -> Result<Option<u64>> {
    let mut agreed = None;
    for element in fields.list("content-length") {
        let length = decimal(element).ok_or(Error::Malformed { expected: "a content-length in digits" })?;
        if agreed.is_some_and(|agreed| agreed != length) {
            return Err(Error::Malformed { expected: "one content-length" });
        }
        agreed = Some(length);
    }
    Ok(agreed)
}

/// Digits only: `parse` alone takes a sign, too.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
