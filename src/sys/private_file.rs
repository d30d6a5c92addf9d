//! Files that only their owner may read.

use std::fs::OpenOptions;

/// How to open a file that, if this creates it, nobody but its owner may read. On Windows the folder decides that.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
