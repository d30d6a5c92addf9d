//! What is in a folder and in the folders in it, here and at a server.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use sockeye::{Error, FtpEntryKind, Limit};

use super::crew::{Crew, Failures};
use crate::{failure::Failure, ftp::files::is_local_name};

/// Something in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Folder,
    File {
        size: Option<u64>,
        /// Where it is known for certain.
        modified: Option<SystemTime>,
    },
}

/// Everything in a tree by its path from there, with slashes: a folder stands before what is in it.
pub(super) type Tree = BTreeMap<String, Item>;

/// A path in a tree, from where the tree is.
pub(super) fn below(top: &str, path: &str) -> String {
    match (top, path) {
        ("", _) => path.to_owned(),
        (_, "") => top.to_owned(),
        _ if top.ends_with('/') => format!("{top}{path}"),
        _ => format!("{top}/{path}"),
    }
}

/// The same on this machine.
pub(super) fn below_here(top: &Path, path: &str) -> PathBuf {
    path.split('/').filter(|name| !name.is_empty()).fold(top.to_owned(), |top, name| top.join(name))
}

/// Lists a tree of the server, each folder once. Links are left out, so that there is an end.
pub(super) fn at_server(crew: &mut Crew<'_>, top: &str) -> (Tree, Failures) {
    let found = Mutex::new(Found::default());
    let failures = crew.work(vec![(String::new(), 0)], |ftp, (folder, depth), queue| {
        let path = below(top, &folder);
        let listed = ftp.entries(&path).map_err(Failure::from).map_err(|failure| failure.about(&path));
        let entries = listed?;
        // The time in a LIST is that of some time zone.
        let knows_times = ftp.features().is_ok_and(|features| features.has("MLST"));
        for entry in entries {
            let item = match entry.kind {
                FtpEntryKind::Directory => Item::Folder,
                FtpEntryKind::File => Item::File { size: entry.size, modified: entry.modified.filter(|_| knows_times) },
                _ => continue,
            };
            if !entry.is_safe_name() || !is_local_name(&entry.name) {
                return Err(Failure::from(Error::Malformed { expected: "names in a listing that lead nowhere else" })
                    .about(&path));
            }
            if item == Item::Folder && depth == MOST_DEPTH {
                return Err(Error::TooMany { what: Limit::Depth, limit: u64::from(MOST_DEPTH) }.into());
            }
            let path = below(&folder, &entry.name);
            let added = found.lock().unwrap_or_else(PoisonError::into_inner).add(path.clone(), item);
            if added.inspect_err(|_| queue.stop())? && item == Item::Folder {
                queue.push((path, depth + 1));
            }
        }
        Ok(())
    });
    (found.into_inner().unwrap_or_else(PoisonError::into_inner).tree, failures)
}

/// What a server has told of a tree so far.
#[derive(Default)]
struct Found {
    tree: Tree,
    /// Bytes of all paths, each of which repeats those of the folders above.
    path_bytes: usize,
}

impl Found {
    /// Tells whether it is new. Only the first word on a path counts: a file would take the place of a folder, and what
    /// is in that would be written to wherever the path leads here.
    fn add(&mut self, path: String, item: Item) -> Result<bool, Failure> {
        let bytes = path.len();
        let Entry::Vacant(place) = self.tree.entry(path) else { return Ok(false) };
        place.insert(item);
        self.path_bytes += bytes;
        if self.tree.len() > MOST_ITEMS {
            return Err(Failure::Wrong(format!("expected a folder with at most {MOST_ITEMS} things in it")));
        }
        if self.path_bytes > MOST_PATH_BYTES {
            return Err(Failure::Wrong(format!(
                "expected a folder with paths of at most {MOST_PATH_BYTES} bytes in it"
            )));
        }
        Ok(true)
    }
}

/// Asks for the times of files of the server that nothing else tells from those here, where its listings do not say
/// them in a way that can be relied on.
pub(super) fn complete_times(crew: &mut Crew<'_>, top: &str, there: &mut Tree, here: &Tree) -> Result<(), Failure> {
    let size_of = |item: &Item| if let Item::File { size, .. } = item { *size } else { None };
    let unknown: Vec<String> = there
        .iter()
        .filter(|(path, item)| {
            let is_unknown = matches!(item, Item::File { modified: None, .. });
            is_unknown && here.get(*path).is_some_and(|here| size_of(here) == size_of(item))
        })
        .map(|(path, _)| path.clone())
        .collect();
    if unknown.is_empty() || !crew.first()?.features()?.has("MDTM") {
        return Ok(());
    }
    let times = Mutex::new(Vec::new());
    let failures = crew.work(unknown, |ftp, path, _| match ftp.modified(&below(top, &path)) {
        Ok(time) => {
            times.lock().unwrap_or_else(PoisonError::into_inner).push((path, time));
            Ok(())
        }
        // It stays unknown.
        Err(Error::PeerRefused { .. } | Error::Malformed { .. }) if ftp.is_connected() => Ok(()),
        Err(error) => Err(error.into()),
    });
    failures.of(0)?;
    for (path, time) in times.into_inner().unwrap_or_else(PoisonError::into_inner) {
        if let Some(Item::File { modified, .. }) = there.get_mut(&path) {
            *modified = Some(time);
        }
    }
    Ok(())
}

/// The same for a tree of this machine. It fails when there is none.
pub(super) fn here(top: &Path) -> Result<(Tree, Failures), Failure> {
    let (mut tree, mut failures) = (Tree::new(), Failures::default());
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = below_here(top, &folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if folder.is_empty() => return Err(Failure::file(&path, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tree.remove(&folder);
                continue;
            }
            Err(error) => {
                failures.note(Failure::file(&path, error));
                continue;
            }
        };
        for entry in entries {
            match entry.map_err(|error| Failure::file(&path, error)).and_then(|entry| look_at(&entry)) {
                Ok(Some((name, item))) => {
                    let found = below(&folder, &name);
                    if item == Item::Folder {
                        folders.push(found.clone());
                    }
                    tree.insert(found, item);
                }
                Ok(None) => {}
                Err(failure) => failures.note(failure),
            }
        }
    }
    Ok((tree, failures))
}

/// What an entry of a folder of this machine is; `None` for links and the like, and for what has gone in the meantime.
fn look_at(entry: &fs::DirEntry) -> Result<Option<(String, Item)>, Failure> {
    let looked = entry.file_type().and_then(|kind| {
        if kind.is_dir() {
            return Ok(Some(Item::Folder));
        }
        let metadata = if kind.is_file() { entry.metadata()? } else { return Ok(None) };
        Ok(Some(Item::File { size: Some(metadata.len()), modified: metadata.modified().ok() }))
    });
    let item = match looked {
        Ok(Some(item)) => item,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file(&entry.path(), error)),
    };
    match entry.file_name().into_string() {
        Ok(name) => Ok(Some((name, item))),
        Err(_) => Err(Failure::Wrong(format!("expected names in Unicode, found {}", entry.path().display()))),
    }
}

/// Folders inside one another.
const MOST_DEPTH: u32 = 64;
/// Things in a tree, which are all kept in memory.
const MOST_ITEMS: usize = 2_000_000;
/// Bytes of their paths, enough for that many of the usual length.
const MOST_PATH_BYTES: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_put_together() {
        for (top, path, expected) in [
            ("", "a/b", "a/b"),
            ("x", "a", "x/a"),
            ("x/", "a", "x/a"),
            ("/", "a", "/a"),
            ("/", "", "/"),
            ("x", "", "x"),
            ("", "", ""),
        ] {
            assert_eq!(below(top, path), expected);
        }
        assert_eq!(below_here(Path::new("x"), "a/b"), Path::new("x").join("a").join("b"));
        assert_eq!(below_here(Path::new("x"), ""), Path::new("x"));
    }
}
