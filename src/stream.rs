//! One stream, whatever carries it.
