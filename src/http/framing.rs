//! Where a body ends.
