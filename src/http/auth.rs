//! Credentials in fields.
