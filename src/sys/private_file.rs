//! Files that only their owner may read, and that outlive a power failure.

use std::{fs::OpenOptions, path::Path};

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

/// Lets the name of a file outlive a power failure, as far as the system can see to that: POSIX lets a folder be synced,
/// Windows does not.
pub(crate) fn sync_folder_of(path: &Path) {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The file is there all the same, also in a folder that may not be read.
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}
