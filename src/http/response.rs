//! Responses.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{fields::HttpFields, head::ResponseHead, status::HttpStatus};
use crate::error::{Error, Result};

/// What a server answered, or why there is no answer.
///
/// A response is there for every request, as in SFML: when no connection could be made its status is
/// [`CONNECTION_FAILED`](HttpStatus::CONNECTION_FAILED), and when the answer was none, was cut or came too late, it is
/// [`INVALID_RESPONSE`](HttpStatus::INVALID_RESPONSE); [`error`](Self::error) tells why, and what had arrived of the
/// fields and the body is kept. [`into_result`](Self::into_result) makes errors of these, for `?`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{ErrorKind, Http, HttpRequest, HttpStatus, IpAddress, TcpListener};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let http = Http::new("127.0.0.1", listener.local_port())?;
/// listener.close();
///
/// let response = http.send_request_timeout(&HttpRequest::get("/")?, Duration::from_secs(5));
/// assert_eq!(response.status(), HttpStatus::CONNECTION_FAILED);
/// assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Refused);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Default)]
pub struct HttpResponse {
    head: Option<ResponseHead>,
    trailers: HttpFields,
    body: Vec<u8>,
    url: Arc<str>,
    failure: Option<Failure>,
}

struct Failure {
    status: HttpStatus,
    /// Until it is given away.
    error: Option<Error>,
}

impl HttpResponse {
    pub(super) fn new(url: Arc<str>) -> Self {
        Self { url, ..Self::default() }
    }

    /// A response that is nothing but the reason why there is none.
    pub(super) fn failed(url: Arc<str>, status: HttpStatus, error: Error) -> Self {
        Self { failure: Some(Failure { status, error: Some(error) }), ..Self::new(url) }
    }

    /// The same for a request that could not be begun.
    pub(super) fn not_begun(error: Error) -> Self {
        Self::failed(Arc::default(), HttpStatus::CONNECTION_FAILED, error)
    }

    pub(super) fn fail(&mut self, status: HttpStatus, error: Error) {
        self.failure = Some(Failure { status, error: Some(error) });
    }

    /// Gives the error away; the response stays one that failed.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.failure.as_mut()?.error.take()
    }

    /// Begins again, with the head of the response that counts.
    pub(super) fn begin(&mut self, head: ResponseHead) {
        self.head = Some(head);
        self.body.clear();
    }

    /// Leaves nothing of a refusal but its fields.
    pub(super) fn settle(&mut self, status: HttpStatus) {
        if let Some(head) = &mut self.head {
            head.status = status;
        }
        self.body.clear();
    }

    pub(super) fn body_mut(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }

    /// Gives back the room that a body has grown into and does not need.
    pub(super) fn trim_body(&mut self) {
        if self.body.capacity() / 2 > self.body.len() {
            self.body.shrink_to_fit();
        }
    }

    pub(super) fn set_trailers(&mut self, trailers: HttpFields) {
        self.trailers = trailers;
    }

    /// Returns the status; see [`HttpResponse`] for what it is where the server gave none.
    #[must_use]
    pub fn status(&self) -> HttpStatus {
        match (&self.failure, &self.head) {
            (Some(failure), _) => failure.status,
            (None, Some(head)) => head.status,
            (None, None) => HttpStatus::CONNECTION_FAILED,
        }
    }

    /// Returns why there is no whole response, `None` when there is, and of a failed
    /// [`HttpExchange`](crate::HttpExchange), whose `poll` has given it.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.failure.as_ref()?.error.as_ref()
    }

    /// Tells whether the response is whole and its status is one of success (200 to 299).
    #[must_use]
    pub fn ok(&self) -> bool {
        self.failure.is_none() && self.status().is_success()
    }

    /// Gives the response back if it is whole and its status is below 400.
    ///
    /// # Errors
    ///
    /// The [`error`](Self::error) of a response that is not whole, [`Error::PeerRefused`] for a status of 400 or more.
    pub fn into_result(self) -> Result<Self> {
        if let Some(failure) = self.failure {
            return Err(failure.error.unwrap_or(Error::Disconnected));
        }
        let status = self.status();
        if status.code() >= 400 {
            let text = match self.reason() {
                "" => status.text(),
                reason => reason,
            };
            return Err(Error::PeerRefused { code: status.code(), text: text.into() });
        }
        Ok(self)
    }

    /// Returns the first field of a name, in any case of its letters; `None` when there is none or it is not text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields().get(name)
    }

    /// Returns all fields, in the order in which they came.
    #[must_use]
    pub fn fields(&self) -> &HttpFields {
        self.head.as_ref().map_or(&NO_FIELDS, |head| &head.fields)
    }

    /// Returns the fields that came behind the body (RFC 9110 section 6.5).
    #[must_use]
    pub fn trailers(&self) -> &HttpFields {
        &self.trailers
    }

    /// Returns the major version of HTTP that the server named, 0 when there is no head.
    #[must_use]
    pub fn major_http_version(&self) -> u8 {
        self.head.as_ref().map_or(0, |head| head.version.0)
    }

    /// Returns the minor version of HTTP that the server named, 0 when there is no head.
    #[must_use]
    pub fn minor_http_version(&self) -> u8 {
        self.head.as_ref().map_or(0, |head| head.version.1)
    }

    /// Returns the text that the server put behind the number of the status; often empty, and never to be relied on.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.head.as_ref().map_or("", |head| head.reason.as_ref())
    }

    /// Returns the body; what has arrived of it when the response is not whole. Compressed bodies are decompressed.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Returns the body as text, in which what is not UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Returns the URL that answered: another than the one asked for where redirects led away. Without credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The fields of a response without a head.
static NO_FIELDS: HttpFields = HttpFields::EMPTY;

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status())
            .field("error", &self.error())
            .field("url", &self.url)
            .field("fields", self.fields())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
