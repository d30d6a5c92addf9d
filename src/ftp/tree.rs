//! Whole folders with everything in them.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    client::{entries, joined},
    files::{download_file, upload_file},
    listing::FtpEntryKind,
    options::{FtpProgress, FtpTransferOptions},
    response::{FtpDirectoryResponse, FtpResponse},
    run::Watching,
    session::Session,
    status::FtpStatus,
};
use crate::error::{Error, Limit, Result};

/// How far the transfer of a tree has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FtpTreeProgress<'a> {
    /// The file that is being transferred, by its path at the server.
    pub path: &'a str,
    /// How far it has come.
    pub file: FtpProgress,
    /// Files that are whole.
    pub files: u64,
}

/// Who looks on.
pub(super) type TreeWatching<'a> = &'a mut dyn FnMut(FtpTreeProgress<'_>) -> ControlFlow<()>;

/// A folder of a tree, by its path at the server and here.
#[derive(Debug)]
struct Folder {
    remote: String,
    local: PathBuf,
    depth: u32,
}

impl Folder {
    fn inside(&self, name: &str) -> Result<Self> {
        if self.depth == DEPTH_LIMIT {
            return Err(Error::TooMany { what: Limit::Depth, limit: u64::from(DEPTH_LIMIT) });
        }
        Ok(Self { remote: joined(&self.remote, name), local: self.local.join(name), depth: self.depth + 1 })
    }

    /// How much of the memory that the paths may take it takes.
    fn path_bytes(&self) -> u64 {
        (self.remote.len() + self.local.as_os_str().len()) as u64
    }
}

/// A tree on its way.
struct Walk<'a> {
    /// Those that nobody has looked into yet.
    folders: Vec<Folder>,
    /// Bytes of their paths, each of which repeats those of the folders above.
    path_bytes: u64,
    /// Files that are whole.
    files: u64,
    watching: TreeWatching<'a>,
}

impl<'a> Walk<'a> {
    fn new(remote: &str, local: &Path, watching: TreeWatching<'a>) -> Self {
        let top = Folder { remote: remote.to_owned(), local: local.to_owned(), depth: 0 };
        Self { path_bytes: top.path_bytes(), folders: vec![top], files: 0, watching }
    }

    fn add(&mut self, folder: Folder) -> Result<()> {
        self.path_bytes = self.path_bytes.saturating_add(folder.path_bytes());
        if self.path_bytes > PATHS_LIMIT {
            return Err(Error::TooLong { what: Limit::Tree, length: self.path_bytes, limit: PATHS_LIMIT });
        }
        self.folders.push(folder);
        Ok(())
    }

    fn next(&mut self) -> Option<Folder> {
        let folder = self.folders.pop()?;
        self.path_bytes -= folder.path_bytes();
        Some(folder)
    }

    /// Transfers the file of this path at the server; gives the answer that ends everything if it is one.
    fn transfer(
        &mut self,
        path: &str,
        transfer: impl FnOnce(Watching<'_>) -> FtpResponse,
    ) -> Result<Option<FtpResponse>> {
        let mut flow = ControlFlow::Continue(());
        let response = transfer(&mut |file| {
            flow = (self.watching)(FtpTreeProgress { path, file, files: self.files });
            flow
        });
        if !response.ok() {
            return Ok(Some(response));
        }
        self.files += 1;
        if flow.is_break() { Err(Error::Cancelled) } else { Ok(None) }
    }

    fn end(self) -> FtpResponse {
        FtpResponse::new(FtpStatus::FILE_ACTION_OK, format!("{} files", self.files))
    }
}

/// Downloads a folder of the server into a local one. The first failure ends it.
pub(super) fn download_tree(
    session: &mut Session,
    remote: &str,
    local: &Path,
    options: &FtpTransferOptions,
    watching: TreeWatching<'_>,
) -> Result<FtpResponse> {
    let mut walk = Walk::new(remote, local, watching);
    while let Some(folder) = walk.next() {
        let found = entries(session, &folder.remote)?;
        make_folder(&folder.local)?;
        for entry in found {
            // Links are not followed, so that a tree has an end and stays what it is.
            if !matches!(entry.kind, FtpEntryKind::File | FtpEntryKind::Directory) {
                continue;
            }
            if !entry.is_safe_name() {
                return Err(Error::Malformed { expected: "names in a listing that lead nowhere else" });
            }
            let inside = folder.inside(&entry.name)?;
            if entry.kind == FtpEntryKind::Directory {
                walk.add(inside)?;
                continue;
            }
            let transfer = |watch: Watching<'_>| download_file(session, &inside.remote, &inside.local, options, watch);
            if let Some(refused) = walk.transfer(&inside.remote, transfer)? {
                return Ok(refused);
            }
        }
    }
    Ok(walk.end())
}

/// Uploads a local folder into one of the server. The first failure ends it.
pub(super) fn upload_tree(
    session: &mut Session,
    local: &Path,
    remote: &str,
    options: &FtpTransferOptions,
    watching: TreeWatching<'_>,
) -> Result<FtpResponse> {
    let mut walk = Walk::new(remote, local, watching);
    while let Some(folder) = walk.next() {
        let failed = |error| Error::file(&folder.local, error);
        let found = fs::read_dir(&folder.local).map_err(failed)?;
        let made = make_remote_folder(session, &folder.remote);
        if !made.ok() {
            return Ok(made);
        }
        for entry in found {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if !kind.is_file() && !kind.is_dir() {
                continue;
            }
            let name = entry.file_name();
            let not_unicode = || Error::invalid_input(&name.to_string_lossy(), "names in Unicode");
            let inside = folder.inside(name.to_str().ok_or_else(not_unicode)?)?;
            if kind.is_dir() {
                walk.add(inside)?;
                continue;
            }
            let transfer = |watch: Watching<'_>| upload_file(session, &inside.local, &inside.remote, options, watch);
            if let Some(refused) = walk.transfer(&inside.remote, transfer)? {
                return Ok(refused);
            }
        }
    }
    Ok(walk.end())
}

/// Makes a folder where there is none. A link to one is none: what it leads to is not a part of the tree.
fn make_folder(path: &Path) -> Result<()> {
    let failed = |error| Error::file(path, error);
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let is_folder = path.symlink_metadata().map_err(failed)?.is_dir();
            if is_folder { Ok(()) } else { Err(failed(io::ErrorKind::NotADirectory.into())) }
        }
        made => made.map_err(failed),
    }
}

/// Makes a folder of the server where there is none.
pub(super) fn make_remote_folder(session: &mut Session, folder: &str) -> FtpResponse {
    if folder.is_empty() {
        return FtpResponse::new(FtpStatus::OK, "");
    }
    let made = session.command_on("MKD", folder);
    if made.ok() || made.error().is_some() {
        return made;
    }
    // That it is there already has no number of its own.
    let there = visit(session, folder);
    if there.ok() || there.error().is_some() { there } else { made }
}

/// Goes to a folder and back again: that tells whether it is there.
pub(super) fn visit(session: &mut Session, folder: &str) -> FtpResponse {
    match FtpDirectoryResponse::new(session.command("PWD", "")).into_result() {
        Ok(before) => {
            let there = session.command_on("CWD", folder);
            if there.ok() { session.command_on("CWD", &before) } else { there }
        }
        Err(error) => FtpResponse::failed(error),
    }
}

/// Folders inside one another: more than anybody makes, and few enough for the longest path of a system.
const DEPTH_LIMIT: u32 = 64;
/// Bytes of the paths of folders that nobody has looked into yet: a million of the usual length.
const PATHS_LIMIT: u64 = 256 << 20;
