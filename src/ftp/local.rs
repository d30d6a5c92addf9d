//! Files of this machine: what a download makes of one, and what an upload takes from one.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::cargo::{FileRange, Sink, Source, read};
use crate::{
    error::{Error, Result},
    sys::{Predecessor, open_alone, rename_to_free},
};

/// A file that gets its name when it is whole, and the permissions of the one that it replaces. Unless it is to be resumed,
/// it goes if that never comes to be.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    /// `None` before it was looked for: most files are new, and a small one is not worth a call more.
    old: Option<Predecessor>,
    part: PathBuf,
    /// Beside a part that is to be resumed: what tells whether the server still has the same file.
    note: Option<PathBuf>,
    /// What the note is to say when the first byte comes. What is there stays until then: the server may have nothing to
    /// send.
    identity: Option<String>,
    file: Option<File>,
}

impl PartFile {
    /// Makes the file under a name of its own in the same folder.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let random = RandomState::new();
        for count in 0..TRIES {
            let name = format!(".sockeye-{:016x}.part", random.hash_one(count));
            let part = path.with_file_name(name);
            match File::create_new(&part) {
                Ok(file) => {
                    let (path, file) = (path.to_owned(), Some(file));
                    return Ok(Self { path, old: None, part, note: None, identity: None, file });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file(path, error)),
            }
        }
        Err(Error::file(path, io::ErrorKind::AlreadyExists.into()))
    }

    /// Opens what an earlier download has left, or makes the file; tells how many bytes of the same file it has. No other
    /// download can have it open.
    pub(super) fn resumed(path: &Path, identity: &str) -> Result<(Self, u64)> {
        let (part, note) = (with_suffix(path, ".part"), with_suffix(path, ".part.id"));
        let failed = |error| Error::file(path, error);
        // Not to be appended to: Windows would not let it be made shorter.
        let old = Predecessor::at(path);
        let mut file = open_alone(old.successor(), &part, true).map_err(failed)?;
        let is_known = fs::read_to_string(&note).is_ok_and(|known| known == identity);
        let offset = if is_known { file.seek(SeekFrom::End(0)).map_err(failed)? } else { 0 };
        let identity = (offset == 0).then(|| identity.to_owned());
        Ok((Self { path: path.to_owned(), old: Some(old), part, note: Some(note), identity, file: Some(file) }, offset))
    }

    /// The server sends the file: what is there of another one goes.
    pub(super) fn begin(&mut self) -> Result<()> {
        if let (Some(note), Some(identity)) = (self.note.clone(), self.identity.take()) {
            // First of all: a part must never stand beside the note of another file.
            self.clear()?;
            fs::write(note, identity).map_err(|error| Error::file(&self.path, error))?;
        }
        Ok(())
    }

    /// Begins again.
    pub(super) fn clear(&mut self) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.set_len(0).and_then(|()| file.rewind()).map_err(|error| Error::file(&self.path, error))
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len())
    }

    /// Gives the file its name. It stays open until then: nobody else may come to it before.
    pub(super) fn finish(mut self) -> Result<()> {
        let file = self.file.take();
        if self.old.is_some() || !rename_to_free(&self.part, &self.path) {
            let old = self.old.take().unwrap_or_else(|| Predecessor::at(&self.path));
            if let Some(file) = &file {
                // Not before: one that may not be written to could not be gone on with.
                old.hand_on(file);
            }
            fs::rename(&self.part, &self.path).map_err(|error| Error::file(&self.path, error))?;
        }
        if let Some(note) = self.note.take() {
            // It says nothing without its part.
            let _ = fs::remove_file(note);
        }
        // There is nothing left to be removed.
        self.part = PathBuf::new();
        Ok(())
    }
}

impl Sink for PartFile {
    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.begin()?;
        let Some(file) = &mut self.file else { return Err(Error::NotOpen) };
        file.write_all(data).map_err(|error| Error::file(&self.path, error))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // Of an empty part nothing can be resumed. It stays open until it is gone: nobody else may come to it before.
        let metadata = self.file.as_ref().and_then(|file| file.metadata().ok());
        let is_empty = metadata.is_some_and(|metadata| metadata.len() == 0);
        if (self.note.is_none() || is_empty) && !self.part.as_os_str().is_empty() {
            // Nobody is there to be told that it cannot be removed.
            let _ = fs::remove_file(&self.part);
            if let Some(note) = &self.note {
                let _ = fs::remove_file(note);
            }
        }
    }
}

/// A file to be sent.
#[derive(Debug)]
pub(super) struct WholeFile {
    path: PathBuf,
    file: File,
    /// What is to be sent next, and where reads of the file go on.
    offset: u64,
    position: u64,
    /// `None` for what is no regular file and has no length.
    length: Option<u64>,
}

impl WholeFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::file(path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self { path: path.to_owned(), file, offset: 0, position: 0, length })
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Leaves bytes out in front.
    pub(super) fn skip_to(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn left(&self) -> u64 {
        self.length.map_or(u64::MAX, |length| length.saturating_sub(self.offset))
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position != self.offset && self.length.is_some() {
            self.file.seek(SeekFrom::Start(self.offset))?;
        }
        let room = usize::try_from(self.left()).unwrap_or(usize::MAX).min(buffer.len());
        let count = read(&mut self.file, buffer.get_mut(..room).unwrap_or_default())?;
        self.offset += count as u64;
        self.position = self.offset;
        Ok(count)
    }
}

impl Source for WholeFile {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.left() == 0 {
            return Ok(0);
        }
        let count = self.try_read(buffer).map_err(|error| Error::file(&self.path, error))?;
        if count == 0 && self.length.is_some() { Err(self.became_shorter()) } else { Ok(count) }
    }

    fn file(&self) -> Option<FileRange<'_>> {
        self.length.map(|_| FileRange { file: &self.file, offset: self.offset, left: self.left() })
    }

    fn gone(&mut self, count: u64) {
        self.offset += count;
    }

    fn became_shorter(&self) -> Error {
        Error::file(&self.path, io::ErrorKind::UnexpectedEof.into())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Names are random: a second one is hardly ever needed.
const TRIES: u32 = 16;

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn folder() -> io::Result<PathBuf> {
        let random = RandomState::new().hash_one("folder");
        let folder = std::env::temp_dir().join(format!("sockeye-{random:016x}"));
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    #[test]
    fn a_part_belongs_to_one_download() {
        let folder = folder().unwrap();
        let path = folder.join("file");
        let (mut first, _) = PartFile::resumed(&path, "it").unwrap();
        first.write(b"first").unwrap();
        for _ in 0..2 {
            let Err(Error::File { source, .. }) = PartFile::resumed(&path, "it") else { panic!("there are two") };
            assert_eq!(source.kind(), io::ErrorKind::ResourceBusy);
        }
        drop(first);
        let (second, offset) = PartFile::resumed(&path, "it").unwrap();
        assert_eq!((second.length(), offset), (5, 5));
        second.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_replaces_a_file_has_its_permissions() {
        let folder = folder().unwrap();
        let path = folder.join("file");
        let mode_of = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        fs::write(&path, "").unwrap();
        let usual = mode_of(&path);
        fs::remove_file(&path).unwrap();
        let parts = || [PartFile::new(&path).unwrap(), PartFile::resumed(&path, "it").unwrap().0];
        for part in parts() {
            assert_eq!(mode_of(&part.part), usual);
            part.finish().unwrap();
            assert_eq!(mode_of(&path), usual);
            fs::remove_file(&path).unwrap();
        }
        for (mode, expected) in [(0o600, 0o600), (0o777, 0o777), (0o440, 0o440), (0o4755, 0o755)] {
            fs::write(&path, "before").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for mut part in parts() {
                if part.note.is_some() {
                    assert_eq!(mode_of(&part.part), 0o600, "it may stay for long");
                }
                part.write(b"after").unwrap();
                part.finish().unwrap();
                assert_eq!((fs::read(&path).unwrap(), mode_of(&path)), (b"after".to_vec(), expected));
            }
            fs::remove_file(&path).unwrap();
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
