//! Where bodies and heads go.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
    process,
};

use super::failure::Failure;

/// What an option names as the place to write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard output; `asked` when a `-` said so.
    StandardOutput { asked: bool },
    /// A file, there or not, by its own name and not by that of a link to it.
    File(PathBuf),
    /// Something that cannot be replaced by a file, such as a device or a pipe.
    Device(PathBuf),
}

impl Place {
    pub(super) fn of(path: Option<&Path>) -> Self {
        let Some(path) = path else { return Self::StandardOutput { asked: false } };
        if path == Path::new("-") {
            return Self::StandardOutput { asked: true };
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Self::File(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())),
            Ok(_) => Self::Device(path.to_owned()),
            Err(_) => Self::File(path.to_owned()),
        }
    }

    /// Writes all of something that is in memory; whoever reads standard output may have had enough of it.
    pub(super) fn write(&self, data: &[u8]) -> Result<(), Failure> {
        match self {
            Self::File(path) => replace(path, data).map_err(|error| Failure::file(path, error)),
            Self::StandardOutput { .. } | Self::Device(_) => {
                let mut sink = self.open()?;
                // The sink knows more about it than the error.
                _ = sink.write_all(data);
                sink.outcome().unwrap_or(Ok(()))
            }
        }
    }

    /// Opens what is written to as a body arrives.
    pub(super) fn open(&self) -> Result<Sink, Failure> {
        match self {
            Self::StandardOutput { asked } => {
                let stdout = io::stdout();
                let guards = !asked && stdout.is_terminal();
                Ok(Sink { out: Box::new(stdout), path: None, guards, outcome: None })
            }
            Self::File(path) | Self::Device(path) => {
                let file = OpenOptions::new().write(true).open(path).map_err(|error| Failure::file(path, error))?;
                Ok(Sink { out: Box::new(file), path: Some(path.clone()), guards: false, outcome: None })
            }
        }
    }
}

/// What a body is written to, piece by piece, which remembers why it takes no more.
pub(super) struct Sink {
    out: Box<dyn Write>,
    path: Option<PathBuf>,
    /// Whether it is a terminal that is to be spared what is no text.
    guards: bool,
    outcome: Option<Result<(), Failure>>,
}

impl Sink {
    /// Why it took no more, if so: a reader that has had enough is no failure.
    pub(super) fn outcome(self) -> Option<Result<(), Failure>> {
        self.outcome
    }

    fn end(&mut self, error: io::Error) -> io::Error {
        let kind = error.kind();
        self.outcome = Some(match (&self.path, kind) {
            (_, io::ErrorKind::BrokenPipe) => Ok(()),
            (Some(path), _) => Err(Failure::file(path, error)),
            (None, _) => Err(Failure::StandardOutput(error)),
        });
        kind.into()
    }
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.guards && data.contains(&0) {
            self.outcome = Some(Err(Failure::Binary));
            return Err(io::ErrorKind::InvalidData.into());
        }
        // At once: the next piece may take its time.
        let written = self.out.write_all(data).and_then(|()| self.out.flush());
        written.map(|()| data.len()).map_err(|error| self.end(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a file in the place of what is there, all of it or nothing.
fn replace(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", process::id()));
    let temporary = path.with_file_name(name);
    let mut file = File::create_new(&temporary)?;
    let written = file.write_all(data).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(out: impl Write + 'static, guards: bool) -> Sink {
        Sink { out: Box::new(out), path: None, guards, outcome: None }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _data: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_terminal_is_spared_what_is_binary() {
        let mut guarded = sink(Vec::new(), true);
        guarded.write_all(b"text \xe2\x82\xac\n").unwrap();
        assert!(guarded.write_all(b"PNG\0").is_err());
        assert!(matches!(guarded.outcome(), Some(Err(Failure::Binary))));
        let mut asked = sink(Vec::new(), false);
        asked.write_all(b"PNG\0").unwrap();
        assert!(asked.outcome().is_none());
    }

    #[test]
    fn a_reader_that_has_had_enough_is_no_failure_and_a_full_disk_is() {
        for (kind, quiet) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut sink = sink(Failing(kind), false);
            assert_eq!(sink.write_all(b"data").unwrap_err().kind(), kind);
            assert_eq!(matches!(sink.outcome(), Some(Ok(()))), quiet, "{kind:?}");
        }
    }
}
