//! Bodies that become files.
