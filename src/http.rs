//! An HTTP/1.1 client.

mod attempts;
mod auth;
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
mod incoming;
mod pool;
mod proxy;
mod redirect;
mod request;
mod response;
mod socks;
mod status;
mod url;

pub use fields::HttpFields;
pub use status::HttpStatus;
