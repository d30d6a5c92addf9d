//! What comes before the bytes: type, data connection, offset, and the command itself.

use super::{Advance, Step, Transfer};
use crate::{
    error::{Error, Phase, Result},
    ftp::{
        address::{parse_epsv, parse_pasv},
        control::is_preliminary,
        data::{Clock, Data},
        moving::Failure,
        options::FtpDataMode,
        reply::Reply,
        response::FtpResponse,
        session::Session,
    },
    status::Status,
    sys::Direction,
};

impl Transfer {
    pub(super) fn set_mode(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        match self.order.mode {
            Some(mode) if session.mode != Some(mode) => {
                session.control.send(&session.build("TYPE", mode.letter())?)?;
                // Whoever gives up now does not hear of it.
                session.mode = None;
                self.step = Step::Typed;
            }
            _ => self.step = Step::Open,
        }
        Ok(None)
    }

    pub(super) fn typed(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        if reply.code >= 300 {
            return self.not_begun(session, reply);
        }
        session.mode = self.order.mode;
        self.step = Step::Open;
        Ok(None)
    }

    pub(super) fn open(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        match session.options.data_mode {
            FtpDataMode::Passive => {
                let verb = if session.has_old_commands { "PASV" } else { "EPSV" };
                session.control.send(&session.build(verb, "")?)?;
                self.step = Step::Entered;
            }
            FtpDataMode::Active => {
                let invitation =
                    match Data::listen(session, self.load).and_then(|data| data.invitation(session, &mut self.data)) {
                        Ok(invitation) => invitation,
                        Err(error) => return self.end_early(session, error),
                    };
                session.control.send(&invitation)?;
                self.step = Step::Invited;
            }
        }
        Ok(None)
    }

    pub(super) fn entered(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        let port = match (reply.code, session.has_old_commands) {
            (229, false) => parse_epsv(&reply.text),
            (227, true) => parse_pasv(&reply.text),
            _ if self.may_fall_back(session, &reply) => return Ok(None),
            (400.., _) => return self.over(session, reply),
            _ => Err(Error::Malformed { expected: "227 or 229 in the answer to PASV or EPSV" }),
        };
        match port {
            Ok(port) => self.begin_connect(session, port),
            Err(error) => self.end_early(session, error),
        }
    }

    /// Ends it with an answer that does not let it go on. One that is no refusal is a failure all the same: nothing has
    /// been moved.
    fn not_begun(&mut self, session: &mut Session, reply: Reply) -> Result<Option<Advance>> {
        if reply.code < 400 {
            self.failure.get_or_insert(Failure::There(Error::Malformed { expected: "consent to a transfer" }));
        }
        self.over(session, reply)
    }

    pub(super) fn begin_connect(&mut self, session: &mut Session, port: u16) -> Result<Option<Advance>> {
        self.clock = Clock::new(session.options.connect_limit);
        // A TLS session needs a connection that is there.
        let is_expected = session.is_proven && session.protection.is_none();
        self.step = if is_expected { Step::Offset } else { Step::Connect };
        match Data::connect(session, port, self.load) {
            Ok(data) => {
                self.data = Some(data);
                Ok(None)
            }
            Err(error) => self.not_connected(session, error),
        }
    }

    /// Waits for the first data connection, as long as nothing depends on it. The later ones are expected to come about,
    /// which saves the calls to ask after them.
    pub(super) fn connect(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let status = self.data.as_ref().map_or(Status::Disconnected, Data::finish_connect);
        match status {
            Status::Done(()) => {
                session.is_proven = true;
                self.step = Step::Offset;
                Ok(None)
            }
            Status::NotReady => match self.clock.check(Phase::Connect) {
                Ok(()) => Ok(Some(Advance::Data(Direction::Write))),
                Err(error) => self.not_connected(session, error),
            },
            Status::Disconnected => self.not_connected(session, Error::Disconnected),
            Status::Error(error) => self.not_connected(session, error),
        }
    }

    pub(super) fn not_connected(&mut self, session: &mut Session, error: Error) -> Result<Option<Advance>> {
        self.detach(session);
        // What stands between may understand the old command alone.
        if !session.has_old_commands && session.peer.ip().to_canonical().is_ipv4() {
            session.has_old_commands = true;
            self.step = Step::Open;
            return Ok(None);
        }
        self.end_early(session, error)
    }

    /// Ends it while the server waits for nothing but another command.
    fn end_early(&mut self, session: &mut Session, error: Error) -> Result<Option<Advance>> {
        self.step = Step::Over;
        self.detach(session);
        self.hand_back(session);
        Ok(Some(Advance::Done(FtpResponse::failed(error))))
    }

    /// Goes back to the commands of RFC 959, which only IPv4 has, if the server does not know those of RFC 2428.
    pub(super) fn may_fall_back(&mut self, session: &mut Session, reply: &Reply) -> bool {
        let may = (500..600).contains(&reply.code)
            && reply.code != 530
            && !session.has_old_commands
            && session.peer.ip().to_canonical().is_ipv4();
        if may {
            session.has_old_commands = true;
            self.step = Step::Open;
        }
        may
    }

    pub(super) fn invited(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        if reply.code < 300 {
            self.step = Step::Offset;
            return Ok(None);
        }
        if self.may_fall_back(session, &reply) { Ok(None) } else { self.not_begun(session, reply) }
    }

    pub(super) fn set_offset(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        if self.order.offset == 0 || self.order.is_behind {
            self.step = Step::Ask;
            return Ok(None);
        }
        session.control.send(&session.build("REST", &self.order.offset.to_string())?)?;
        self.step = Step::Restarted;
        Ok(None)
    }

    pub(super) fn restarted(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        let Some(reply) = session.control.final_reply()? else { return Ok(Some(Advance::Control)) };
        if reply.code != 350 {
            return self.not_begun(session, reply);
        }
        self.step = Step::Ask;
        Ok(None)
    }

    pub(super) fn ask(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        session.control.send(&self.order.command)?;
        self.clock = Clock::new(session.options.silence);
        self.step = Step::Asked;
        // A session is another socket to selectors.
        self.watch_data(session, false);
        match &mut self.data {
            Some(data @ Data::Open(_)) => match data.secure(session) {
                Ok(()) => Ok(None),
                // The server has closed it again, and says why.
                Err(error) => self.data_failed(session, error),
            },
            _ => Ok(None),
        }
    }

    pub(super) fn asked(&mut self, session: &mut Session) -> Result<Option<Advance>> {
        // Some servers secure the data connection before they say that it is there.
        let is_handshaking = matches!(&self.data, Some(Data::Open(wire)) if wire.is_encrypted());
        let reply = if is_handshaking { session.control.reply_if_there()? } else { session.control.reply()? };
        let Some(reply) = reply else {
            session.control.check_time()?;
            if is_handshaking && let Some(wire) = self.data.as_mut().and_then(Data::wire) {
                return Ok(Some(match wire.handshake() {
                    Status::NotReady => Advance::Both(wire.direction()),
                    // Its failure is told when the server has said its word.
                    _ => Advance::Control,
                }));
            }
            return Ok(Some(Advance::Control));
        };
        if reply.code >= 300 {
            return self.not_begun(session, reply);
        }
        self.announced = announced(&reply.text);
        if !is_preliminary(&reply) {
            self.early = Some(reply);
        }
        self.clock.restart();
        self.step = Step::Prepare;
        Ok(None)
    }
}

/// The length in the text of a preliminary reply: `... (1024 bytes)`, at its end.
fn announced(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim_end_matches('.');
    let (_, inside) = text.strip_suffix(" bytes)")?.rsplit_once('(')?;
    inside.parse().ok().filter(|_| inside.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_from_the_end_of_the_text() {
        for (text, length) in [
            ("Opening BINARY mode data connection for a (1024 bytes).", Some(1024)),
            ("Opening BINARY mode data connection for a (0 bytes)", Some(0)),
            ("for b (7 bytes) (1024 bytes)", Some(1024)),
            ("for b (7 bytes).txt", None),
            ("(+7 bytes)", None),
            ("( bytes)", None),
            ("(99999999999999999999 bytes)", None),
            ("bytes)", None),
            ("", None),
        ] {
            assert_eq!(announced(text.as_bytes()), length, "{text}");
        }
    }
}
