//! Queries and forms.

use std::{
    fmt::Write,
    hash::{BuildHasher, RandomState},
    path::Path,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::Body;
use crate::error::{Error, Result};

/// Writes pairs as a query or the body of a form has them (`application/x-www-form-urlencoded`).
///
/// # Examples
///
/// ```
/// assert_eq!(sockeye::query(&[("name", "Ada & Co"), ("sum", "1+1=2")]), "name=Ada+%26+Co&sum=1%2B1%3D2");
/// ```
#[must_use]
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_encoded(&mut text, name);
        text.push('=');
        push_encoded(&mut text, value);
    }
    text
}

/// A form with files (`multipart/form-data`, RFC 7578), for [`HttpRequest::set_multipart`].
///
/// Files are read when they are sent, and never held in memory.
///
/// # Examples
///
/// ```
/// use sockeye::{HttpRequest, Multipart};
///
/// let mut form = Multipart::new();
/// form.text("player", "Ada").bytes("replay", "game 1.rec", "application/octet-stream", vec![1, 2, 3])?;
/// let mut request = HttpRequest::post("/replays")?;
/// request.set_multipart(form);
/// assert!(request.field("Content-Type").is_some_and(|value| value.starts_with("multipart/form-data; boundary=")));
/// # Ok::<(), sockeye::Error>(())
/// ```
///
/// [`HttpRequest::set_multipart`]: crate::HttpRequest::set_multipart
#[derive(Debug, Clone)]
pub struct Multipart {
    boundary: String,
    body: Body,
    /// What follows the last file.
    pending: Vec<u8>,
}

impl Multipart {
    /// Makes an empty form. Its parts are separated by a text that nobody can guess.
    #[must_use]
    pub fn new() -> Self {
        Self { boundary: boundary(), body: Body::default(), pending: Vec::new() }
    }

    /// Adds a value. Its line ends stay as they are.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.push_head(name, None);
        self.pending.extend_from_slice(value.as_bytes());
        self.end_part();
        self
    }

    /// Adds a file under its own name, as bytes of any kind; see [`file_as`](Self::file_as).
    ///
    /// # Errors
    ///
    /// [`Error::File`] when there is none at the path, [`Error::InvalidInput`] when it is a directory or a device.
    pub fn file(&mut self, name: &str, path: impl AsRef<Path>) -> Result<&mut Self> {
        let path = path.as_ref();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        self.file_as(name, path, &file_name, "application/octet-stream")
    }

    /// Adds a file under another name, with its media type. It is sent in its length of now.
    ///
    /// # Errors
    ///
    /// As for [`file`](Self::file), and [`Error::InvalidInput`] for what is no media type.
    pub fn file_as(
        &mut self,
        name: &str,
        path: impl AsRef<Path>,
        file_name: &str,
        content_type: &str,
    ) -> Result<&mut Self> {
        check_media_type(content_type)?;
        let mut file = Body::default();
        file.push_file(path.as_ref())?;
        self.push_head(name, Some((file_name, content_type)));
        self.body.push_bytes(std::mem::take(&mut self.pending));
        self.body.push_file(path.as_ref())?;
        self.end_part();
        Ok(self)
    }

    /// Adds bytes as a file, with its media type (`image/png`, `text/plain; charset=utf-8`).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what is no media type: without a `/`, or with control characters.
    pub fn bytes(
        &mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
        bytes: impl AsRef<[u8]>,
    ) -> Result<&mut Self> {
        check_media_type(content_type)?;
        self.push_head(name, Some((file_name, content_type)));
        self.pending.extend_from_slice(bytes.as_ref());
        self.end_part();
        Ok(self)
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(super) fn into_body(mut self) -> Body {
        self.pending.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        self.body.push_bytes(self.pending);
        self.body
    }

    fn push_head(&mut self, name: &str, file: Option<(&str, &str)>) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"", self.boundary);
        push_escaped(&mut head, name);
        head.push('"');
        if let Some((file_name, content_type)) = file {
            head.push_str("; filename=\"");
            push_escaped(&mut head, file_name);
            head.push_str("\"\r\nContent-Type: ");
            head.push_str(content_type);
        }
        head.push_str("\r\n\r\n");
        self.pending.extend_from_slice(head.as_bytes());
    }

    fn end_part(&mut self) {
        self.pending.extend_from_slice(b"\r\n");
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

fn push_encoded(to: &mut String, text: &str) {
    for piece in utf8_percent_encode(text, ENCODED) {
        to.push_str(if piece == "%20" { "+" } else { piece });
    }
}

/// Names stand between quotes, with escapes as browsers write them (RFC 7578 section 2, HTML section 4.10.22.8). NUL is
/// no business of a name, and servers that end it there would see another one.
fn push_escaped(to: &mut String, name: &str) {
    for c in name.chars() {
        match c {
            '"' => to.push_str("%22"),
            '\r' => to.push_str("%0D"),
            '\n' => to.push_str("%0A"),
            '\0' => to.push_str("%00"),
            _ => to.push(c),
        }
    }
}

fn check_media_type(text: &str) -> Result<()> {
    let is_media_type = text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    if is_media_type && !text.contains(char::is_control) {
        Ok(())
    } else {
        Err(Error::invalid_input(text, "a media type such as text/plain"))
    }
}

fn boundary() -> String {
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        // The standard library has other ways to ask, for its hash tables.
        random = (u128::from(RandomState::new().hash_one(0)) << 64 | u128::from(RandomState::new().hash_one(1)))
            .to_be_bytes();
    }
    let mut boundary = String::from("sockeye-");
    for byte in random {
        // Writing to a string cannot fail.
        let _ = write!(boundary, "{byte:02x}");
    }
    boundary
}

/// What the URL standard leaves as it is in `application/x-www-form-urlencoded`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

#[cfg(test)]
mod tests;
