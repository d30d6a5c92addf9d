//! Where a program keeps what it has of its user.

use std::{
    io,
    path::{Path, PathBuf},
};

use directories::BaseDirs;

use crate::{
    error::{Error, Result},
    sys::private_folder,
};

/// The folder for certificates in the data folder of a program, by the rules of the platform; it is made if it is
/// missing.
pub(in crate::tls) fn user_folder(program: &str) -> Result<PathBuf> {
    let is_name = (1..=MAX_PROGRAM).contains(&program.len())
        && program.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !program.starts_with('.');
    if !is_name {
        return Err(Error::invalid_input(program, "the name of a program of 1 to 64 letters, digits and -_."));
    }
    let homeless = || Error::file(Path::new("~"), io::Error::new(io::ErrorKind::NotFound, "this user has no home"));
    // Not the crate's folder of a project: on Linux that has its name in lower case.
    let mut folder = BaseDirs::new().ok_or_else(homeless)?.data_local_dir().join(program);
    folder.push(if cfg!(windows) { r"data\tls" } else { "tls" });
    private_folder(&folder).map_err(|error| Error::file(&folder, error))?;
    Ok(folder)
}

/// It becomes a part of a path.
const MAX_PROGRAM: usize = 64;
