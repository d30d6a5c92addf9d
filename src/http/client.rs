//! A client for one host.
