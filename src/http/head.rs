//! Heads of requests and responses.
