//! A file that has not got its name yet, and Ctrl-C, which must not leave it behind.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::failure::Failure;

/// A file beside the one that it is going to replace; it goes away unless it is finished.
#[derive(Debug)]
pub(super) struct Unfinished {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Makes one beside the file at `path`, which may be there or not.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let mut pending = pending();
        for number in 0..TRIES {
            let mut temporary = path.as_os_str().to_owned();
            temporary.push(format!(".{}-{number}.part", process::id()));
            let temporary = PathBuf::from(temporary);
            match File::create_new(&temporary) {
                Ok(file) => {
                    pending.push(temporary.clone());
                    return Ok(Self { file, temporary, path: path.to_owned() });
                }
                // Another process of this number was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Puts it in the place of what is there.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut pending = pending();
        fs::rename(&self.temporary, &self.path)?;
        pending.retain(|path| *path != self.temporary);
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

/// Lets Ctrl-C, a request to terminate and a closed terminal end the program at once, after `before`.
pub(super) fn clean_up_on_signals(before: impl Fn() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(move || {
        // Held to the end: a file that is being finished has its name already, or gets none.
        let pending = pending();
        for path in pending.iter() {
            _ = fs::remove_file(path);
        }
        before();
        process::exit(Failure::Interrupted.report().into());
    })
    .map_err(|error| Failure::Signals(error.to_string()))
}

fn pending() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files that are to be removed if the program ends now.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// How often another name is tried.
const TRIES: u32 = 16;
