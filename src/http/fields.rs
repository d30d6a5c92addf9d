//! Fields of requests and responses.
