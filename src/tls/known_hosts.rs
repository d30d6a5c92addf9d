//! The file of certificates that were trusted on first use.

use std::path::{Path, PathBuf};

use super::engine;
use crate::error::Result;

/// A file that tells which certificate each host has shown first, for [`Trust::FirstUse`](super::Trust::FirstUse).
///
/// Each line is a name and a fingerprint with a space between them; empty lines and those that begin with `#` mean
/// nothing. The first line of a name counts. A host that shows another certificate is refused, with an error that shows
/// both; whoever knows that the change is right edits or removes its line. The file is made when there is something to
/// write, readable only by its owner (0600), and lines are only ever added to it, each with one write: programs can
/// share it.
#[derive(Debug, Clone)]
pub struct KnownHosts {
    path: PathBuf,
}

impl KnownHosts {
    /// Names the file, which need not be there yet; its folder must be.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Names the file `known_hosts` in the same folder as [`TlsIdentity::of_this_user`](super::TlsIdentity::of_this_user),
    /// which is made if it is missing.
    ///
    /// # Errors
    ///
    /// As for [`TlsIdentity::of_this_user`](super::TlsIdentity::of_this_user), but for what concerns the identity's files.
    pub fn of_this_user(program: &str) -> Result<Self> {
        Ok(Self::at(engine::user_folder(program)?.join("known_hosts")))
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
