//! An HTTP/1.1 client.

mod attempts;
mod auth;
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
mod head;
mod incoming;
mod lookup;
mod pool;
mod proxy;
mod redirect;
mod request;
mod response;
mod socks;
mod status;
mod time_limit;
mod tunnel;
mod url;

pub use proxy::Proxy;
