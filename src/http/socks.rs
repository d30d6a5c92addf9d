//! The SOCKS5 protocol.
