//! The order and the timing of connection attempts.
