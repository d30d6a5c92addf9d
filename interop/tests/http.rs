//! HTTP with real servers and proxies at the other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod http {
    mod peers;
}
