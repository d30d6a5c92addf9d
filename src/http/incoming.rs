//! A response as its bytes come in.
