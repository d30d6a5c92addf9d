//! Where bodies and heads go.

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Stdout, Write},
    path::{Path, PathBuf},
};

use super::unfinished::Unfinished;
use crate::failure::Failure;

/// What an option names as the place to write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Standard output; `asked` when a `-` said so.
    StandardOutput { asked: bool },
    /// A file, there or not, by its own name and not by that of a link to it.
    File(PathBuf),
    /// Something that no file can replace, such as a device or a pipe.
    Device(PathBuf),
}

impl Place {
    pub(crate) fn of(path: Option<&Path>) -> Self {
        let Some(path) = path else { return Self::StandardOutput { asked: false } };
        if path == Path::new("-") {
            return Self::StandardOutput { asked: true };
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                Self::File(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
            }
            Ok(_) => Self::Device(path.to_owned()),
            Err(_) => Self::File(path.to_owned()),
        }
    }

    /// Opens it to be written to as a body arrives.
    pub(crate) fn open(&self) -> Result<Sink<'_>, Failure> {
        let out = match self {
            Self::StandardOutput { asked } => {
                Ok(Out::StandardOutput { guards: !asked && io::stdout().is_terminal(), stdout: io::stdout() })
            }
            Self::File(path) => Unfinished::beside(path).map(Out::File),
            Self::Device(path) => File::options().write(true).open(path).map(Out::Device),
        };
        Ok(Sink { place: self, out: out.map_err(|error| self.failure(error))?, ended: None })
    }

    /// Writes all of something that is in memory.
    pub(crate) fn write(&self, data: &[u8]) -> Result<(), Failure> {
        self.open()?.finish_with(data)
    }

    fn failure(&self, error: io::Error) -> Failure {
        match self {
            Self::StandardOutput { .. } => Failure::Output(error),
            Self::File(path) | Self::Device(path) => Failure::file(path, error),
        }
    }
}

/// What a body is written to, piece by piece. What is to become a file does so only when it is finished.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    place: &'a Place,
    out: Out,
    /// Why it takes no more: a failure, or a reader that has had enough.
    ended: Option<Result<(), Failure>>,
}

#[derive(Debug)]
enum Out {
    StandardOutput {
        stdout: Stdout,
        /// Whether it is a terminal that is to be spared what is no text.
        guards: bool,
    },
    File(Unfinished),
    Device(File),
}

impl Sink<'_> {
    /// Whether it took everything so far.
    pub(crate) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Ends it after a last piece.
    pub(crate) fn finish_with(mut self, data: &[u8]) -> Result<(), Failure> {
        // What happens is told by the end.
        _ = self.write_all(data);
        self.finish()
    }

    /// Ends it, for good or for what it ended with itself.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match (self.ended, self.out) {
            (Some(ended), _) => ended,
            (None, Out::File(file)) => file.finish().map_err(|error| self.place.failure(error)),
            (None, Out::StandardOutput { .. } | Out::Device(_)) => Ok(()),
        }
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = match &mut self.out {
            Out::StandardOutput { guards: true, .. } if data.contains(&0) => {
                self.ended = Some(Err(Failure::Binary));
                return Err(io::ErrorKind::InvalidData.into());
            }
            // At once: the next piece may take its time.
            Out::StandardOutput { stdout, .. } => stdout.write_all(data).and_then(|()| stdout.flush()),
            Out::File(file) => file.write_all(data),
            Out::Device(file) => file.write_all(data),
        };
        written.map(|()| data.len()).map_err(|error| {
            let kind = error.kind();
            // As when `head` has its lines.
            let is_enough = kind == io::ErrorKind::BrokenPipe;
            self.ended = Some(if is_enough { Ok(()) } else { Err(self.place.failure(error)) });
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
