//! Files that take the place of others, and the permissions that they have. On Windows the folder decides those.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

/// How to open the file that is to get the name of the one at `path`: if there is one, nobody but its owner may read what
/// this creates until it has [the same permissions](take_permissions).
pub(crate) fn successor(path: &Path) -> OpenOptions {
    #[cfg(unix)]
    if old_file(path).is_some() {
        return super::private_file();
    }
    let _ = path;
    OpenOptions::new()
}

/// Gives a file the permissions of the one at `path`, if there is one.
pub(crate) fn take_permissions(file: &File, path: &Path) {
    #[cfg(unix)]
    if let Some(old) = old_file(path) {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

        // Who runs a file is not for its new content to inherit. Where there are no permissions there is nothing to keep.
        let _ = file.set_permissions(Permissions::from_mode(old.permissions().mode() & 0o777));
    }
    let _ = (file, path);
}

#[cfg(unix)]
fn old_file(path: &Path) -> Option<std::fs::Metadata> {
    path.metadata().ok().filter(std::fs::Metadata::is_file)
}
