//! Files that only their owner may read.

use std::fs::OpenOptions;

/// How to open a file that, if this creates it, nobody but its owner may read. On Windows the folder decides that.
pub(crate) fn private_file() -> OpenOptions {
    #[cfg(unix)]
    {
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
    }
    #[cfg(not(unix))]
    OpenOptions::new()
}
