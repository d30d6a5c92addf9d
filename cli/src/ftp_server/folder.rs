//! The one folder that is served. Nothing outside of it can be named, and links in it do not exist.

use std::{
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

/// A path as clients see it: `/` is the folder that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<String>);

impl Place {
    /// Goes on from here, or from `/` for a path that begins with it; `None` for what cannot be a name on this system.
    pub(super) fn join(&self, path: &str) -> Option<Self> {
        let mut names = if path.starts_with('/') { Vec::new() } else { self.0.clone() };
        for name in path.split('/') {
            match name {
                "" | "." => {}
                // Above `/` is `/`.
                ".." => drop(names.pop()),
                name if is_one_name(name) => names.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(Self(names))
    }

    pub(super) fn is_top(&self) -> bool {
        self.0.is_empty()
    }

    /// In quotation marks, where two stand for one (RFC 959, appendix II).
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.to_string().replace('"', "\"\""))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_top() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

/// The folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if root.is_dir() { Ok(Self(root)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Where a place is on this machine, there or not. A link on the way, or at its end, is an error.
    pub(super) fn find(&self, place: &Place) -> io::Result<PathBuf> {
        let mut path = self.0.clone();
        for name in &place.0 {
            path.push(name);
            match path.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => return Err(io::ErrorKind::PermissionDenied.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(path)
    }

    /// The same for a file that is there: neither a folder, nor a device or a pipe, which would wait.
    pub(super) fn find_file(&self, place: &Place) -> io::Result<(PathBuf, fs::Metadata)> {
        let path = self.find(place)?;
        let metadata = path.symlink_metadata()?;
        match () {
            () if metadata.is_file() => Ok((path, metadata)),
            () if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            () => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    /// The same for a file that is there or can be made.
    pub(super) fn find_file_to_write(&self, place: &Place) -> io::Result<PathBuf> {
        match self.find_file(place) {
            Ok((path, _)) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !place.is_top() => self.find(place),
            Err(error) => Err(error),
        }
    }
}

/// Tells whether a system path with this in it has one component more, which leads down.
fn is_one_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let is_name = matches!(components.next(), Some(Component::Normal(part)) if part == name);
    is_name && components.next().is_none() && !name.contains(['\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        let home = Place::default().join("a/b").unwrap();
        for (path, expected) in [
            ("", "/a/b"),
            (".", "/a/b"),
            ("c", "/a/b/c"),
            ("./c//d/", "/a/b/c/d"),
            ("..", "/a"),
            ("../..", "/"),
            ("../../../../etc", "/etc"),
            ("/", "/"),
            ("/x/../../y", "/y"),
            ("c/..", "/a/b"),
            ("...", "/a/b/..."),
            ("say \"hi\"", "/a/b/say \"hi\""),
        ] {
            assert_eq!(home.join(path).unwrap().to_string(), expected, "{path:?}");
        }
        for path in ["a\\b", "..\\..", "a\0b"] {
            assert_eq!(home.join(path), None, "{path:?}");
        }
        assert_eq!(home.join("say \"hi\"").unwrap().quoted(), "\"/a/b/say \"\"hi\"\"\"");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere() {
        use std::os::unix::fs::symlink;

        let root = std::env::temp_dir().join(format!("sockeye-server-folder-{}", std::process::id()));
        fs::create_dir_all(root.join("inside/deep")).unwrap();
        fs::write(root.join("inside/file"), "x").unwrap();
        symlink("/", root.join("inside/out")).unwrap();
        symlink(root.join("inside/file"), root.join("inside/link")).unwrap();
        let folder = Folder::new(&root.join("inside")).unwrap();
        let find = |path: &str| folder.find(&Place::default().join(path).unwrap());
        let kind = |path| find(path).unwrap_err().kind();
        assert_eq!(kind("out"), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("out/etc/passwd"), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("link"), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("file/x"), io::ErrorKind::NotADirectory);
        let inside = root.join("inside").canonicalize().unwrap();
        assert_eq!(find("../../deep/new").unwrap(), inside.join("deep/new"));
        let place = |path: &str| Place::default().join(path).unwrap();
        assert_eq!(folder.find_file(&place("deep")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(folder.find_file(&place("file")).unwrap().1.len(), 1);
        assert_eq!(folder.find_file_to_write(&place("new")).unwrap(), inside.join("new"));
        assert_eq!(folder.find_file_to_write(&place("/")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(Folder::new(&root.join("inside/file")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        fs::remove_dir_all(&root).unwrap();
    }
}
