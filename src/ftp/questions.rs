//! What is asked before a transfer that nobody waits for.

use super::{control::Control, features::FtpFeatures, options::TransferMode, response::FtpResponse, session::Session};
use crate::error::Result;

/// Questions to the server, one after the other.
#[derive(Debug)]
pub(super) struct Questions {
    path: String,
    /// What is to be asked; the last one first.
    left: Vec<Question>,
    asked: Option<Question>,
    pub(super) size: FtpResponse,
    pub(super) modified: FtpResponse,
    /// The answer with which the server has ended the session.
    pub(super) goodbye: Option<FtpResponse>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Features,
    Utf8,
    /// Some servers tell sizes in the binary type alone.
    Binary,
    Size,
    Modified,
}

impl Questions {
    /// `what` is asked of a path, and how names are encoded if that matters.
    pub(super) fn new(session: &Session, path: &str, what: &[Question]) -> Self {
        let mut left: Vec<Question> = what.iter().rev().copied().collect();
        if !path.is_ascii() && !session.names_are_agreed() {
            left.extend([Question::Utf8, Question::Features]);
        }
        Self {
            path: path.to_owned(),
            left,
            asked: None,
            size: FtpResponse::default(),
            modified: FtpResponse::default(),
            goodbye: None,
        }
    }

    /// Asks, and takes answers; `true` once all are there.
    pub(super) fn step(&mut self, session: &mut Session) -> Result<bool> {
        loop {
            if let Some(question) = self.asked {
                let Some(reply) = session.control.final_reply()? else { return Ok(false) };
                let response = session.response(&reply);
                self.asked = None;
                if !session.control.is_usable() {
                    self.goodbye = Some(response);
                    return Ok(true);
                }
                self.take(session, question, response);
            }
            let Some(question) = self.left.pop() else { return Ok(true) };
            let command = match question {
                Question::Features if session.features.is_some() => continue,
                Question::Utf8 if !session.features.as_ref().is_some_and(|features| features.has("UTF8")) => continue,
                Question::Binary if session.mode == Some(TransferMode::Binary) => continue,
                Question::Features => session.build("FEAT", "")?,
                Question::Utf8 => session.build("OPTS", "UTF8 ON")?,
                Question::Binary => session.build("TYPE", TransferMode::Binary.letter())?,
                Question::Size => session.build("SIZE", &self.path)?,
                Question::Modified => session.build("MDTM", &self.path)?,
            };
            Control::send(&mut session.control, &command)?;
            self.asked = Some(question);
        }
    }

    /// Tells whether an answer is on its way.
    pub(super) fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Asks nothing more.
    pub(super) fn stop(&mut self) {
        self.left.clear();
    }

    fn take(&mut self, session: &mut Session, question: Question, response: FtpResponse) {
        match question {
            Question::Features => {
                let features = if response.ok() { FtpFeatures::parse(&response) } else { FtpFeatures::default() };
                session.features = Some(features);
            }
            // A refusal is as good: the server speaks UTF-8 then anyway.
            Question::Utf8 => session.agreed_on_names = true,
            Question::Binary => session.mode = response.ok().then_some(TransferMode::Binary),
            Question::Size => self.size = response,
            Question::Modified => self.modified = response,
        }
    }
}
