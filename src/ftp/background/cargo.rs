//! What a transfer that nobody waits for moves, and what has to be known before.

use std::{
    fmt,
    io::{Read, Write},
    path::PathBuf,
};

use crate::{
    error::{Error, Result},
    ftp::{
        cargo::{Cargo, FromReader, ToWriter},
        files::{BegunDownload, is_about_offset, rest_of_upload},
        local::WholeFile,
        options::{Append, FtpTransferOptions, TransferMode},
        questions::{Question, Questions},
        response::FtpResponse,
        session::Session,
        transfer::{Advance, Order, Transfer},
    },
};

/// What is to be done.
pub(in crate::ftp) struct Errand {
    pub(in crate::ftp) remote: String,
    pub(in crate::ftp) here: Here,
    pub(in crate::ftp) options: FtpTransferOptions,
}

/// This side's end of a transfer.
pub(in crate::ftp) enum Here {
    ToFile(PathBuf),
    ToWriter(Box<dyn Write + Send>),
    FromFile(PathBuf),
    FromReader(Box<dyn Read + Send>),
}

/// The same, opened.
pub(super) struct OwnedCargo {
    remote: String,
    options: FtpTransferOptions,
    end: End,
}

enum End {
    /// It is not known yet whether there is a part.
    Unopened(PathBuf),
    File(Box<BegunDownload>),
    Writer(ToWriter<Box<dyn Write + Send>>),
    Source(WholeFile),
    Reader(FromReader<Box<dyn Read + Send>>),
}

/// What follows from the answers.
pub(super) enum Plan {
    /// There is nothing to be moved.
    Whole(FtpResponse),
    Move(Box<Transfer>),
}

impl OwnedCargo {
    /// Opens what can be opened, and tells what has to be asked before the rest.
    pub(super) fn new(session: &Session, errand: Errand) -> Result<(Self, Questions)> {
        let Errand { remote, here, mut options } = errand;
        // Nothing is asked for the sake of a name that cannot be sent.
        session.build("RETR", &remote)?;
        let mut questions: &[Question] = &[];
        let end = match here {
            Here::ToWriter(sink) => End::Writer(ToWriter(sink)),
            Here::FromReader(source) => End::Reader(FromReader(source)),
            Here::ToFile(path) => {
                options.offset = 0;
                if options.asks_before_download() {
                    questions = &[Question::Binary, Question::Size, Question::Modified];
                    End::Unopened(path)
                } else {
                    End::File(Box::new(BegunDownload::from_the_start(&path)?))
                }
            }
            Here::FromFile(path) => {
                options.offset = 0;
                if options.asks_for_size_before_upload() {
                    questions = &[Question::Binary, Question::Size];
                }
                End::Source(WholeFile::open(&path)?)
            }
        };
        let questions = Questions::new(session, &remote, questions);
        Ok((Self { remote, options, end }, questions))
    }

    pub(super) fn plan(&mut self, session: &mut Session, answers: &mut Questions) -> Result<Plan> {
        if let End::Unopened(path) = &self.end {
            let sized = std::mem::take(&mut answers.size);
            self.end = End::File(Box::new(BegunDownload::new(path, sized, &answers.modified)?));
        }
        match &mut self.end {
            End::File(begun) => {
                if let Some(sized) = begun.is_whole() {
                    return Ok(Plan::Whole(sized));
                }
                self.options.offset = begun.offset;
            }
            End::Source(file) => {
                if let Some(offset) = rest_of_upload(&answers.size, file.length()) {
                    if file.length() == Some(offset) {
                        return Ok(Plan::Whole(std::mem::take(&mut answers.size)));
                    }
                    file.skip_to(offset);
                    self.options = FtpTransferOptions { offset, append: Append::Yes, ..self.options };
                }
            }
            End::Unopened(_) | End::Writer(_) | End::Reader(_) => {}
        }
        self.transfer(session).map(Plan::Move)
    }

    /// The transfer that is to be tried instead, where the server cannot go on in the middle of a file.
    pub(super) fn plan_again(
        &mut self,
        session: &mut Session,
        response: &FtpResponse,
    ) -> Result<Option<Box<Transfer>>> {
        match &mut self.end {
            End::File(begun) => {
                if !begun.begins_again(response)? {
                    return Ok(None);
                }
                self.options.offset = 0;
            }
            End::Source(file)
                if self.options.offset > 0 && self.options.append == Append::Yes && is_about_offset(response) =>
            {
                file.skip_to(self.options.offset);
                self.options.append = Append::No;
            }
            _ => return Ok(None),
        }
        self.transfer(session).map(Some)
    }

    pub(super) fn advance(&mut self, transfer: &mut Transfer, session: &mut Session) -> Result<Advance> {
        transfer.advance(session, &mut self.end.cargo()?)
    }

    /// Gives the file its name, if it is one and whole.
    pub(super) fn end(self, response: FtpResponse) -> FtpResponse {
        match self.end {
            End::File(begun) => begun.end(response),
            _ => response,
        }
    }

    fn transfer(&mut self, session: &mut Session) -> Result<Box<Transfer>> {
        let options = self.options;
        let (verb, total) = match &self.end {
            End::File(begun) => ("RETR", begun.size),
            End::Unopened(_) | End::Writer(_) => ("RETR", None),
            End::Source(file) => (store(options), file.length().filter(|_| options.mode != TransferMode::Ascii)),
            End::Reader(_) => (store(options), None),
        };
        let order = Order::new(session, verb, &self.remote, &options, total)?;
        Ok(Box::new(Transfer::new(order, &options, &self.end.cargo()?, session)))
    }
}

impl End {
    fn cargo(&mut self) -> Result<Cargo<'_>> {
        Ok(match self {
            Self::Unopened(_) => return Err(Error::NotOpen),
            Self::File(begun) => Cargo::Down(&mut begun.part),
            Self::Writer(sink) => Cargo::Down(sink),
            Self::Source(file) => Cargo::Up(file),
            Self::Reader(source) => Cargo::Up(source),
        })
    }
}

fn store(options: FtpTransferOptions) -> &'static str {
    if options.append == Append::Yes { "APPE" } else { "STOR" }
}

impl fmt::Debug for OwnedCargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCargo")
            .field("remote", &self.remote)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
