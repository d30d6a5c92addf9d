//! Connections that are kept for the next request.
