//! Which proxy to use.
