//! What a transfer moves, and where its other end is.

use std::{
    fs::File,
    io::{self, Read, Write},
};

use super::{
    ebcdic,
    lines::{FromWire, ToWire},
    options::{FtpEbcdic, FtpTransferOptions, TransferMode},
};
use crate::error::{Error, Limit, Result};

/// The end of a transfer on this side.
pub(super) enum Cargo<'a> {
    Down(&'a mut dyn Sink),
    Up(&'a mut dyn Source),
}

/// Where a download goes.
pub(super) trait Sink {
    fn write(&mut self, data: &[u8]) -> Result<()>;
}

/// Where an upload comes from.
pub(super) trait Source {
    /// Gives some bytes; none are the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// A file whose bytes can go as they are.
    fn file(&self) -> Option<FileRange<'_>> {
        None
    }

    /// So many bytes of the file have gone.
    fn gone(&mut self, _count: u64) {}

    /// What to say of a file that has fewer bytes than it had.
    fn became_shorter(&self) -> Error {
        Error::Io(io::ErrorKind::UnexpectedEof.into())
    }
}

/// The part of a file that is to be sent.
pub(super) struct FileRange<'a> {
    pub(super) file: &'a File,
    pub(super) offset: u64,
    /// Bytes that it has from there on, as far as is known.
    pub(super) left: u64,
}

/// A writer of the caller.
pub(super) struct ToWriter<W>(pub(super) W);

impl<W: Write> Sink for ToWriter<W> {
    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.0.write_all(data).map_err(Error::Io)
    }
}

/// A reader of the caller.
pub(super) struct FromReader<R>(pub(super) R);

impl<R: Read> Source for FromReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        read(&mut self.0, buffer).map_err(Error::Io)
    }
}

/// Memory, up to a limit: for listings.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) bytes: Vec<u8>,
    pub(super) limit: u64,
}

impl Sink for Memory {
    fn write(&mut self, data: &[u8]) -> Result<()> {
        let length = (self.bytes.len() as u64).saturating_add(data.len() as u64);
        if length > self.limit {
            return Err(Error::TooLong { what: Limit::Listing, length, limit: self.limit });
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

/// Reads once; a signal repeats it.
pub(super) fn read(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What happens to the bytes on their way.
#[derive(Debug)]
pub(super) enum Translation {
    None,
    FromLines(FromWire, Vec<u8>),
    ToLines(ToWire, Vec<u8>),
    FromEbcdic,
    ToEbcdic,
}

impl Translation {
    pub(super) fn down(options: &FtpTransferOptions) -> Self {
        match (options.mode, options.ebcdic) {
            (TransferMode::Ascii, _) => Self::FromLines(FromWire::default(), Vec::new()),
            (TransferMode::Ebcdic, FtpEbcdic::CodePage1047) => Self::FromEbcdic,
            _ => Self::None,
        }
    }

    pub(super) fn up(options: &FtpTransferOptions) -> Self {
        match (options.mode, options.ebcdic) {
            (TransferMode::Ascii, _) => Self::ToLines(ToWire::default(), Vec::new()),
            (TransferMode::Ebcdic, FtpEbcdic::CodePage1047) => Self::ToEbcdic,
            _ => Self::None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Gives what the bytes are on the other side.
    pub(super) fn apply<'a>(&'a mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        match self {
            Self::None => {}
            Self::FromLines(codec, out) => {
                out.clear();
                codec.push(bytes, out);
                return out;
            }
            Self::ToLines(codec, out) => {
                out.clear();
                codec.push(bytes, out);
                return out;
            }
            Self::FromEbcdic => ebcdic::to_latin1(bytes),
            Self::ToEbcdic => ebcdic::from_latin1(bytes),
        }
        bytes
    }

    /// Gives what was kept back.
    pub(super) fn finish(&mut self) -> &[u8] {
        match self {
            Self::FromLines(codec, out) => {
                out.clear();
                codec.finish(out);
                out
            }
            _ => &[],
        }
    }
}
