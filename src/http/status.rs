//! The status of a response: every number of the IANA registry, from one table.

use crate::codes::codes;

/// The three-digit status of an HTTP response.
///
/// Every number that the IANA registry of HTTP status codes lists is a constant here; a number that it does not list
/// is kept as it came. Two more tell that there was no response, as in SFML:
/// [`INVALID_RESPONSE`](Self::INVALID_RESPONSE) and [`CONNECTION_FAILED`](Self::CONNECTION_FAILED).
///
/// Coming from SFML: the names of `sf::Http::Response::Status` are these in upper case, except
///
/// | SFML | here |
/// |---|---|
/// | `MovedTemporarily` (302) | [`FOUND`](Self::FOUND) |
/// | `RangeNotSatisfiable` (there 407) | [`RANGE_NOT_SATISFIABLE`](Self::RANGE_NOT_SATISFIABLE) (416) |
/// | `ServiceNotAvailable` (503) | [`SERVICE_UNAVAILABLE`](Self::SERVICE_UNAVAILABLE) |
/// | `VersionNotSupported` (505) | [`HTTP_VERSION_NOT_SUPPORTED`](Self::HTTP_VERSION_NOT_SUPPORTED) |
///
/// # Examples
///
/// ```
/// use sockeye::HttpStatus;
///
/// let status = HttpStatus::from(404);
/// assert_eq!(status, HttpStatus::NOT_FOUND);
/// assert_eq!(status.to_string(), "404 Not Found");
/// assert!(status.is_client_error());
/// assert_eq!(HttpStatus::from(299).to_string(), "299");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpStatus(u16);

codes! {
    HttpStatus:

    100 CONTINUE "Continue" "RFC 9110, 15.2.1"
    101 SWITCHING_PROTOCOLS "Switching Protocols" "RFC 9110, 15.2.2"
    102 PROCESSING "Processing" "RFC 2518"
    103 EARLY_HINTS "Early Hints" "RFC 8297"
    104 UPLOAD_RESUMPTION_SUPPORTED "Upload Resumption Supported" "temporary registration"

    200 OK "OK" "RFC 9110, 15.3.1"
    201 CREATED "Created" "RFC 9110, 15.3.2"
    202 ACCEPTED "Accepted" "RFC 9110, 15.3.3"
    203 NON_AUTHORITATIVE_INFORMATION "Non-Authoritative Information" "RFC 9110, 15.3.4"
    204 NO_CONTENT "No Content" "RFC 9110, 15.3.5"
    205 RESET_CONTENT "Reset Content" "RFC 9110, 15.3.6"
    206 PARTIAL_CONTENT "Partial Content" "RFC 9110, 15.3.7"
    207 MULTI_STATUS "Multi-Status" "RFC 4918"
    208 ALREADY_REPORTED "Already Reported" "RFC 5842"
    226 IM_USED "IM Used" "RFC 3229"

    300 MULTIPLE_CHOICES "Multiple Choices" "RFC 9110, 15.4.1"
    301 MOVED_PERMANENTLY "Moved Permanently" "RFC 9110, 15.4.2"
    302 FOUND "Found" "RFC 9110, 15.4.3"
    303 SEE_OTHER "See Other" "RFC 9110, 15.4.4"
    304 NOT_MODIFIED "Not Modified" "RFC 9110, 15.4.5"
    305 USE_PROXY "Use Proxy" "RFC 9110, 15.4.6"
    306 UNUSED_306 "(Unused)" "RFC 9110, 15.4.7"
    307 TEMPORARY_REDIRECT "Temporary Redirect" "RFC 9110, 15.4.8"
    308 PERMANENT_REDIRECT "Permanent Redirect" "RFC 9110, 15.4.9"

    400 BAD_REQUEST "Bad Request" "RFC 9110, 15.5.1"
    401 UNAUTHORIZED "Unauthorized" "RFC 9110, 15.5.2"
    402 PAYMENT_REQUIRED "Payment Required" "RFC 9110, 15.5.3"
    403 FORBIDDEN "Forbidden" "RFC 9110, 15.5.4"
    404 NOT_FOUND "Not Found" "RFC 9110, 15.5.5"
    405 METHOD_NOT_ALLOWED "Method Not Allowed" "RFC 9110, 15.5.6"
    406 NOT_ACCEPTABLE "Not Acceptable" "RFC 9110, 15.5.7"
    407 PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required" "RFC 9110, 15.5.8"
    408 REQUEST_TIMEOUT "Request Timeout" "RFC 9110, 15.5.9"
    409 CONFLICT "Conflict" "RFC 9110, 15.5.10"
    410 GONE "Gone" "RFC 9110, 15.5.11"
    411 LENGTH_REQUIRED "Length Required" "RFC 9110, 15.5.12"
    412 PRECONDITION_FAILED "Precondition Failed" "RFC 9110, 15.5.13"
    413 CONTENT_TOO_LARGE "Content Too Large" "RFC 9110, 15.5.14"
    414 URI_TOO_LONG "URI Too Long" "RFC 9110, 15.5.15"
    415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type" "RFC 9110, 15.5.16"
    416 RANGE_NOT_SATISFIABLE "Range Not Satisfiable" "RFC 9110, 15.5.17"
    417 EXPECTATION_FAILED "Expectation Failed" "RFC 9110, 15.5.18"
    418 UNUSED_418 "(Unused)" "RFC 9110, 15.5.19"
    421 MISDIRECTED_REQUEST "Misdirected Request" "RFC 9110, 15.5.20"
    422 UNPROCESSABLE_CONTENT "Unprocessable Content" "RFC 9110, 15.5.21"
    423 LOCKED "Locked" "RFC 4918"
    424 FAILED_DEPENDENCY "Failed Dependency" "RFC 4918"
    425 TOO_EARLY "Too Early" "RFC 8470"
    426 UPGRADE_REQUIRED "Upgrade Required" "RFC 9110, 15.5.22"
    428 PRECONDITION_REQUIRED "Precondition Required" "RFC 6585"
    429 TOO_MANY_REQUESTS "Too Many Requests" "RFC 6585"
    431 REQUEST_HEADER_FIELDS_TOO_LARGE "Request Header Fields Too Large" "RFC 6585"
    451 UNAVAILABLE_FOR_LEGAL_REASONS "Unavailable For Legal Reasons" "RFC 7725"

    500 INTERNAL_SERVER_ERROR "Internal Server Error" "RFC 9110, 15.6.1"
    501 NOT_IMPLEMENTED "Not Implemented" "RFC 9110, 15.6.2"
    502 BAD_GATEWAY "Bad Gateway" "RFC 9110, 15.6.3"
    503 SERVICE_UNAVAILABLE "Service Unavailable" "RFC 9110, 15.6.4"
    504 GATEWAY_TIMEOUT "Gateway Timeout" "RFC 9110, 15.6.5"
    505 HTTP_VERSION_NOT_SUPPORTED "HTTP Version Not Supported" "RFC 9110, 15.6.6"
    506 VARIANT_ALSO_NEGOTIATES "Variant Also Negotiates" "RFC 2295"
    507 INSUFFICIENT_STORAGE "Insufficient Storage" "RFC 4918"
    508 LOOP_DETECTED "Loop Detected" "RFC 5842"
    510 NOT_EXTENDED "Not Extended" "RFC 2774, obsoleted"
    511 NETWORK_AUTHENTICATION_REQUIRED "Network Authentication Required" "RFC 6585"

    1000 INVALID_RESPONSE "Invalid Response" "no status of a server: what came is not a complete response"
    1001 CONNECTION_FAILED "Connection Failed" "no status of a server: there was no connection"
}

impl HttpStatus {
    /// Tells whether it is an interim response (100 to 199).
    #[must_use]
    pub const fn is_informational(self) -> bool {
        matches!(self.0, 100..=199)
    }

    /// Tells whether the request succeeded (200 to 299).
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// Tells whether more has to be done for it to succeed (300 to 399).
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        matches!(self.0, 300..=399)
    }

    /// Tells whether the server blames the request (400 to 499).
    #[must_use]
    pub const fn is_client_error(self) -> bool {
        matches!(self.0, 400..=499)
    }

    /// Tells whether the server blames itself (500 to 599).
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(self.0, 500..=599)
    }
}

#[cfg(test)]
mod tests;
