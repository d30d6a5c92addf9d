//! Bodies in chunks.
