//! The end of a transfer that was given up.

use std::time::Duration;

use super::{Advance, Step, Transfer};
use crate::{
    error::Result,
    ftp::{control::is_preliminary, data::Data, session::Session},
    status::Status,
    sys::Direction,
};

impl Transfer {
    pub(super) fn withdraw(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        self.over(session, reply)
    }

    /// The transfer's own answer and that to ABOR, in whichever order, are the rule. But pyftpdlib, and Pure-FTPd for
    /// downloads, give one answer to both, so another command shows where they end.
    pub(super) fn abort(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let mut heard = None;
        if let Some(wire) = self.data.as_mut().and_then(Data::wire)
            && self.is_download
            && wire.is_encrypted()
            && self.clock.remaining() != Some(Duration::ZERO)
        {
            // ProFTPD ends the session if a connection breaks to which it encrypts something, so that the bytes are
            // taken until it has heard of the ABOR. Other servers do not listen before all is sent.
            heard = session.control.reply_if_there()?.filter(|reply| !is_preliminary(reply));
            if heard.is_none() {
                match wire.receive(&mut [0; 16 * 1024]) {
                    Status::Done(_) => return Ok(Some(Advance::More)),
                    Status::NotReady => return Ok(Some(Advance::Both(Direction::Read))),
                    Status::Disconnected | Status::Error(_) => {}
                }
            }
        }
        if let Some(data) = self.detach(session) {
            data.reset();
        }
        if heard.is_none() {
            heard = session.control.final_reply()?;
        }
        let Some(reply) = heard else { return Ok(Some(Advance::Control)) };
        if self.early.is_some() {
            return self.over(session, reply);
        }
        self.early = Some(reply);
        session.control.abort(&session.build("NOOP", "")?)?;
        self.step = Step::Settle(2);
        Ok(None)
    }

    pub(super) fn settle(&mut self, session: &mut Session, left: u8) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        if reply.code == 200 || left <= 1 {
            return self.over(session, reply);
        }
        self.step = Step::Settle(left - 1);
        Ok(None)
    }
}
