//! Folders that only their owner may enter.

use std::{fs::DirBuilder, io, path::Path};

/// Makes a folder, and those above it that are missing, that nobody but its owner may enter; one that is there already
/// becomes such a folder, which only its owner can do. On Windows the folder above decides that.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::{
            fs::{self, Permissions},
            os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
        };

        builder.mode(0o700).create(path)?;
        if fs::metadata(path)?.mode() & 0o077 != 0 {
            fs::set_permissions(path, Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(path)
}
