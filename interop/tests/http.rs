//! HTTP with real servers and proxies at the other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod http {
    mod bodies;
    mod connections;
    mod downloads;
    mod httpbin;
    mod httpbin_flow;
    mod peers;
    mod proxies;
    mod python;
    mod redirects;
    mod support;
    mod tls;
    mod uploads;
}
