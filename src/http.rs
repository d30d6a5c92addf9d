//! An HTTP/1.1 client.

mod arriving;
mod attempts;
mod auth;
mod body;
mod cancel;
mod chunked;
mod client;
mod connector;
mod content;
mod cookies;
mod date;
mod download;
mod exchange;
mod fields;
mod form;
mod framing;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod hop;
mod incoming;
mod lookup;
mod opening;
mod outgoing;
mod pool;
mod proxy;
mod redirect;
mod request;
mod response;
mod socks;
mod status;
mod time_limit;
mod transfer;
mod tunnel;
mod url;
mod work;

pub use client::{Http, HttpOptions};
pub use download::Resume;
pub use exchange::{HttpExchange, HttpProgress};
pub use fields::HttpFields;
pub use form::{Multipart, query};
pub(crate) use lookup::begin_lookup;
pub use proxy::Proxy;
pub use request::{HttpMethod, HttpRequest};
pub use response::HttpResponse;
pub use status::HttpStatus;
