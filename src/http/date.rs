//! Dates of fields and cookies.
