//! The address that the internet sees this machine at.
