//! What a request carries: bytes, files, or whatever a reader gives.

use std::{
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::error::{Error, Result};

/// The body of a request, in pieces that are sent one behind the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Body {
    pieces: Vec<Piece>,
}

#[derive(Clone)]
enum Piece {
    Bytes(Arc<Vec<u8>>),
    File {
        path: Arc<PathBuf>,
        length: u64,
    },
    Reader {
        /// Taken by the first exchange that sends it: a reader cannot be read twice.
        reader: Arc<Mutex<Option<Box<dyn Read + Send>>>>,
        length: Option<u64>,
    },
}

impl Body {
    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self { pieces: vec![Piece::Bytes(Arc::new(bytes))] }
    }

    pub(super) fn file(path: &Path) -> Result<Self> {
        let mut body = Self::default();
        body.push_file(path)?;
        Ok(body)
    }

    pub(super) fn reader(reader: Box<dyn Read + Send>, length: Option<u64>) -> Self {
        let reader = Arc::new(Mutex::new(Some(reader)));
        Self { pieces: vec![Piece::Reader { reader, length }] }
    }

    pub(super) fn push_bytes(&mut self, bytes: Vec<u8>) {
        self.pieces.push(Piece::Bytes(Arc::new(bytes)));
    }

    /// Adds a file as long as it is now.
    pub(super) fn push_file(&mut self, path: &Path) -> Result<()> {
        let metadata = path.metadata().map_err(|error| Error::file(path, error))?;
        if !metadata.is_file() {
            return Err(Error::invalid_input(&path.to_string_lossy(), "a file to send"));
        }
        self.pieces.push(Piece::File { path: Arc::new(path.to_owned()), length: metadata.len() });
        Ok(())
    }

    pub(super) fn is_none(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many bytes it has, if that is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.pieces.iter().map(Piece::length).sum()
    }

    /// Tells whether it can be sent a second time.
    pub(super) fn is_repeatable(&self) -> bool {
        !self.pieces.iter().any(|piece| matches!(piece, Piece::Reader { .. }))
    }

    /// Opens everything that is to be sent.
    pub(super) fn open(&self) -> Result<Vec<Source>> {
        self.pieces.iter().map(Piece::open).collect()
    }
}

impl Piece {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::File { length, .. } => Some(*length),
            Self::Reader { length, .. } => *length,
        }
    }

    fn open(&self) -> Result<Source> {
        match self {
            Self::Bytes(bytes) => Ok(Source::Bytes { bytes: Arc::clone(bytes), sent: 0 }),
            Self::File { path, length } => {
                let file = File::open(path.as_path()).map_err(|error| Error::file(path, error))?;
                Ok(Source::File { file, path: Arc::clone(path), offset: 0, length: *length })
            }
            Self::Reader { reader, length } => {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
                let reader =
                    reader.ok_or_else(|| Error::invalid_input("a reader", "a body that was not sent before"))?;
                Ok(Source::Reader { reader, left: *length })
            }
        }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File { path, length } => write!(f, "{length} bytes of {path:?}"),
            Self::Reader { length: Some(length), .. } => write!(f, "{length} bytes of a reader"),
            Self::Reader { length: None, .. } => f.write_str("a reader"),
        }
    }
}

/// A piece that is being sent.
pub(super) enum Source {
    Bytes {
        bytes: Arc<Vec<u8>>,
        sent: usize,
    },
    File {
        file: File,
        path: Arc<PathBuf>,
        offset: u64,
        length: u64,
    },
    Reader {
        reader: Box<dyn Read + Send>,
        /// What is left of an announced length.
        left: Option<u64>,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes { bytes, sent } => write!(f, "{sent} of {} bytes", bytes.len()),
            Self::File { path, offset, length, .. } => write!(f, "{offset} of {length} bytes of {path:?}"),
            Self::Reader { left, .. } => write!(f, "a reader with {left:?} bytes left"),
        }
    }
}
