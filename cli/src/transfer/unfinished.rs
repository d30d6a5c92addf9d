//! Files that have not got their names yet, which no end of the program may leave behind.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

/// A file beside the one that it is going to replace; it goes away unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Makes one beside the file at `path`, which may be there or not. If it is, the new one has its permissions.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let _goes_on = goes_on();
        let old = fs::metadata(path).ok().filter(Metadata::is_file);
        for _ in 0..TRIES {
            // Not a longer name than that of the file: that one may be as long as names can be.
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let temporary = path.with_file_name(format!(".sockeye-{}-{number}.part", *PROCESS));
            match create(&temporary, old.as_ref()) {
                Ok(file) => {
                    pending().push(temporary.clone());
                    return Ok(Self { file, temporary, path: path.to_owned() });
                }
                // Another process of this number was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Says when its content was changed last, instead of now.
    pub(crate) fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.file.set_modified(time)
    }

    /// Puts it in the place of what is there.
    pub(crate) fn finish(self) -> io::Result<()> {
        let _goes_on = goes_on();
        fs::rename(&self.temporary, &self.path)?;
        pending().retain(|path| *path != self.temporary);
        Ok(())
    }
}

impl Write for Unfinished {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.file.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut pending = pending();
        if pending.contains(&self.temporary) {
            // There is nobody to tell.
            _ = fs::remove_file(&self.temporary);
            pending.retain(|path| *path != self.temporary);
        }
    }
}

#[cfg(unix)]
fn create(path: &Path, old: Option<&Metadata>) -> io::Result<File> {
    use std::{
        fs::Permissions,
        os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    };

    let Some(old) = old else { return File::create_new(path) };
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // Who runs a file is not for its new content to inherit. Where there are no permissions there is nothing to keep.
    _ = file.set_permissions(Permissions::from_mode(old.permissions().mode() & 0o777));
    Ok(file)
}

/// The folder decides who may read a file.
#[cfg(windows)]
fn create(path: &Path, _old: Option<&Metadata>) -> io::Result<File> {
    File::create_new(path)
}

/// Removes the files that have not got their name; none is made or finished as long as the result is held.
pub(super) fn remove_all() -> impl Drop {
    let ended = ENDED.write().unwrap_or_else(PoisonError::into_inner);
    for path in pending().iter() {
        // There is nobody to tell.
        _ = fs::remove_file(path);
    }
    ended
}

/// Waits for ever once everything unfinished was removed.
fn goes_on() -> RwLockReadGuard<'static, ()> {
    ENDED.read().unwrap_or_else(PoisonError::into_inner)
}

fn pending() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files that are to be removed if the program ends now.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Read by those who make and finish files, at the same time; written when the program ends.
static ENDED: RwLock<()> = RwLock::new(());
static PROCESS: LazyLock<u32> = LazyLock::new(process::id);
static COUNT: AtomicU32 = AtomicU32::new(0);
/// How often another name is tried.
const TRIES: u32 = 16;
