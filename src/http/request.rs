//! Requests.

use std::{fmt, io::Read, path::Path, str::FromStr};

use super::{
    auth,
    body::Body,
    fields::{HttpFields, field},
    form::{Multipart, query},
    url::{Url, refuse, without_fragment},
};
use crate::error::{Error, Result};

/// A request to an HTTP server.
///
/// Everything that goes into its head is checked when it is set: what could end a line or begin another (CR, LF, NUL,
/// a space in a name or in the URI) is refused there. The client adds `Host`, `User-Agent`, `Accept`,
/// `Accept-Encoding`, `Content-Length` or `Transfer-Encoding` and what its options ask for, unless the field is set
/// here.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, HttpRequest};
///
/// let mut request = HttpRequest::post("/scores")?;
/// request.set_field("Content-Type", "application/json")?.set_body(r#"{"name":"Ada","points":7}"#);
/// assert_eq!(request.field("content-type"), Some("application/json"));
///
/// let error = request.set_field("X-Name", "Ada\r\nX-Admin: yes").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct HttpRequest {
    method: HttpMethod,
    uri: String,
    version: (u8, u8),
    fields: HttpFields,
    body: Body,
}

/// What a request asks for (RFC 9110 section 9, RFC 5789).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpMethod {
    /// Gives the resource.
    Get,
    /// Gives only what a `Get` would say about it.
    Head,
    /// Hands something to the resource.
    Post,
    /// Makes or replaces the resource.
    Put,
    /// Removes the resource.
    Delete,
    /// Changes a part of the resource.
    Patch,
    /// Tells what can be asked for.
    Options,
}

impl HttpRequest {
    /// Makes a request without a body.
    ///
    /// The URI is a path with a query, `/scores?top=10`, or a whole `http:` or `https:` URL, which is asked for instead
    /// of the client's own host. A path without its first `/` gets one, a fragment (`#top`) is left out. Characters beyond
    /// ASCII are percent-encoded.
    ///
    /// # Errors
    ///
    /// As for [`set_uri`](Self::set_uri).
    pub fn new(method: HttpMethod, uri: &str) -> Result<Self> {
        let mut request =
            Self { method, uri: String::new(), version: (1, 1), fields: HttpFields::default(), body: Body::default() };
        request.set_uri(uri)?;
        Ok(request)
    }

    /// Makes a `GET` request.
    ///
    /// # Errors
    ///
    /// As for [`set_uri`](Self::set_uri); so for all of these.
    pub fn get(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Get, uri)
    }

    /// Makes a `HEAD` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn head(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Head, uri)
    }

    /// Makes a `POST` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn post(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Post, uri)
    }

    /// Makes a `PUT` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn put(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Put, uri)
    }

    /// Makes a `DELETE` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn delete(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Delete, uri)
    }

    /// Makes a `PATCH` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn patch(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Patch, uri)
    }

    /// Makes an `OPTIONS` request.
    #[expect(clippy::missing_errors_doc, reason = "said for `get`")]
    pub fn options(uri: &str) -> Result<Self> {
        Self::new(HttpMethod::Options, uri)
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> HttpMethod {
        self.method
    }

    /// Changes the method.
    pub fn set_method(&mut self, method: HttpMethod) -> &mut Self {
        self.method = method;
        self
    }

    /// Returns the URI as it is sent.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Changes the URI; see [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a URI with a space, a control character, CR, LF or NUL in it, for another scheme than
    /// `http` and `https`, and for a URL that is none.
    pub fn set_uri(&mut self, uri: &str) -> Result<&mut Self> {
        self.uri = checked_uri(uri)?;
        Ok(self)
    }

    /// Puts a query behind the path, percent-encoded as a form is; it replaces the query that is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::HttpRequest;
    ///
    /// let mut request = HttpRequest::get("/search")?;
    /// request.set_query(&[("name", "Ada & Co"), ("page", "2")]);
    /// assert_eq!(request.uri(), "/search?name=Ada+%26+Co&page=2");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_query(&mut self, pairs: &[(&str, &str)]) -> &mut Self {
        let path = self.uri.split('?').next().unwrap_or_default();
        self.uri = format!("{path}?{}", query(pairs));
        self
    }

    /// Chooses the version that the request names: 1.1, the default, or 1.0, which takes no body of unknown length.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for any other.
    pub fn set_http_version(&mut self, major: u8, minor: u8) -> Result<&mut Self> {
        if !matches!((major, minor), (1, 0 | 1)) {
            return Err(Error::invalid_input(&format!("{major}.{minor}"), "HTTP 1.0 or 1.1"));
        }
        self.version = (major, minor);
        Ok(self)
    }

    /// Sets a field, in place of those of the same name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a name that is no token and for a value with control characters (RFC 9110 section 5).
    pub fn set_field(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        let (name, value) = field(name, value)?;
        self.fields.set(name, value);
        Ok(self)
    }

    /// Adds a field behind those of the same name.
    ///
    /// # Errors
    ///
    /// As for [`set_field`](Self::set_field).
    pub fn add_field(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        let (name, value) = field(name, value)?;
        self.fields.push(name, value);
        Ok(self)
    }

    /// Removes all fields of a name; tells whether there were any.
    pub fn remove_field(&mut self, name: &str) -> bool {
        self.fields.remove(name)
    }

    /// Returns the first field of a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: impl Into<Vec<u8>>) -> &mut Self {
        self.body = Body::bytes(body.into());
        self
    }

    /// Sends a file as the body, in its length of now. It is opened when it is sent, and never held in memory.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when there is none at the path, [`Error::InvalidInput`] when it is a directory or a device.
    pub fn set_body_file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        self.body = Body::file(path.as_ref())?;
        Ok(self)
    }

    /// Sends what a reader gives as the body: `length` bytes, or in chunks until it ends. HTTP/1.0 knows no chunks: there
    /// a request without a length fails ([`Error::InvalidInput`]).
    ///
    /// It is read as the connection takes it, also by [`HttpExchange::poll`](crate::HttpExchange::poll), which waits as
    /// long as the reader does. The first exchange takes it: a redirect that would send it again is not followed.
    pub fn set_body_reader(&mut self, reader: impl Read + Send + 'static, length: Option<u64>) -> &mut Self {
        self.body = Body::reader(Box::new(reader), length);
        self
    }

    /// Sends the pairs as a form, with the `Content-Type` that says so.
    pub fn set_form(&mut self, pairs: &[(&str, &str)]) -> &mut Self {
        self.fields.set("Content-Type", b"application/x-www-form-urlencoded");
        self.set_body(query(pairs))
    }

    /// Sends a form with files, with the `Content-Type` that says so.
    pub fn set_multipart(&mut self, form: Multipart) -> &mut Self {
        self.fields.set("Content-Type", form.content_type().as_bytes());
        self.body = form.into_body();
        self
    }

    /// Sends a name and a password (RFC 7617). They go to this request's own host, not where a redirect leads.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for control characters, and for a `:` in the name.
    pub fn set_basic(&mut self, user: &str, password: &str) -> Result<&mut Self> {
        self.set_field("Authorization", &auth::basic(user, password)?)
    }

    /// Sends a token (RFC 6750). It goes to this request's own host, not where a redirect leads.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what no token may hold.
    pub fn set_bearer(&mut self, token: &str) -> Result<&mut Self> {
        self.set_field("Authorization", &auth::bearer(token)?)
    }

    /// The URI without a user and a password.
    fn shown_uri(&self) -> String {
        if self.uri.starts_with('/') {
            return self.uri.clone();
        }
        Url::parse(&self.uri).map_or_else(|_| "(unreadable)".to_owned(), |url| url.to_string())
    }

    pub(super) fn version(&self) -> (u8, u8) {
        self.version
    }

    pub(super) fn fields(&self) -> &HttpFields {
        &self.fields
    }

    pub(super) fn fields_mut(&mut self) -> &mut HttpFields {
        &mut self.fields
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("uri", &self.shown_uri())
            .field("version", &self.version)
            .field("fields", &self.fields)
            .field("body", &self.body)
            .finish()
    }
}

impl HttpMethod {
    /// Returns the method as it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Options => "OPTIONS",
        }
    }

    /// Whether asking twice is as good as asking once (RFC 9110 section 9.2.2).
    pub(super) fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }

    /// Whether a request without a body says so by a length of 0 (RFC 9110 section 8.6).
    pub(super) fn expects_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a method as it is sent; methods are in capitals (RFC 9110 section 9.1).
impl FromStr for HttpMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Delete, Self::Patch, Self::Options];
        all.into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| Error::invalid_input(text, "GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS"))
    }
}

fn checked_uri(uri: &str) -> Result<String> {
    if uri.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(refuse(uri, "a URI without spaces and control characters"));
    }
    let uri = percent_encoding::utf8_percent_encode(uri, &percent_encoding::AsciiSet::EMPTY).to_string();
    match uri.split_once("://") {
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            Url::parse(&uri)?;
            Ok(without_fragment(&uri).to_owned())
        }
        _ if uri.starts_with('/') => Ok(without_fragment(&uri).to_owned()),
        _ => Ok(format!("/{}", without_fragment(&uri))),
    }
}
