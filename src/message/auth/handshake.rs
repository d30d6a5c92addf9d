//! The steps of a handshake, bytes in and bytes out.

use std::{io, time::Duration};

use super::{
    beneath::{Beneath, Ends},
    key::AuthKey,
    level::AuthLevel,
    outstanding::{Outstanding, is_outstanding_elsewhere},
    own::{MARK, NONCE_LENGTH, Signer, Transcript},
    python,
};
use crate::{
    bytes::{Cursor, PREFIX_LENGTH},
    error::{AuthError, Error, Result},
};

/// One side of a handshake, from the first byte to the verdict. It reads and writes nothing itself.
///
/// The order is that of `multiprocessing.connection`: the listener challenges, the client answers, the listener
/// welcomes; then the same the other way round. So a listener answers nothing before the client has shown the key.
/// Between two programs that use this crate the welcome carries the listener's digest, and there is no second half.
#[derive(Debug)]
pub(crate) struct Handshake {
    role: Role,
    key: AuthKey,
    least: AuthLevel,
    beneath: Beneath,
    drawn: Drawn,
    step: Step,
    /// One message of the peer as far as it has arrived, its length in front.
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
}

/// Which side of a connection a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Listener,
    Client,
}

/// What one side needs at random.
#[derive(Debug, Default)]
struct Drawn {
    challenge: Vec<u8>,
    nonce: Vec<u8>,
}

/// What the peer has to send next, or how it ended.
#[derive(Debug)]
enum Step {
    /// An answer to our challenge.
    Answer(Challenge),
    /// A challenge of the peer.
    Challenge,
    /// Whether it takes our answer.
    Verdict,
    /// The same with the listener's digest, for an answer to this marked challenge.
    OwnVerdict(Vec<u8>),
    Accepted,
    Failed(AuthError),
}

/// What we have sent for the peer to answer, and no other connection of this process.
#[derive(Debug)]
enum Challenge {
    /// One with the mark, which nobody who uses this crate answers in Python's way.
    Marked(Outstanding),
    /// One of Python's.
    Plain(Outstanding),
}

impl Handshake {
    /// Begins a handshake.
    pub(crate) fn new(role: Role, key: &AuthKey, least: AuthLevel, beneath: Beneath) -> Result<Self> {
        let mut challenge = CHALLENGE_NAME.to_vec();
        challenge.extend(draw::<CHALLENGE_LENGTH>()?);
        let nonce = draw::<NONCE_LENGTH>()?.to_vec();
        if role == Role::Listener {
            challenge.extend_from_slice(MARK);
        }
        Ok(Self::with(role, key, least, beneath, Drawn { challenge, nonce }))
    }

    fn with(role: Role, key: &AuthKey, least: AuthLevel, beneath: Beneath, drawn: Drawn) -> Self {
        let (key, input, output) = (key.clone(), Vec::new(), Vec::new());
        let mut handshake = Self { role, key, least, beneath, drawn, step: Step::Challenge, input, output, sent: 0 };
        if role == Role::Listener {
            handshake.step = handshake.challenge();
        }
        handshake
    }

    /// How many bytes of the peer are needed to go on: those behind belong to somebody else. 0 when it is over.
    pub(crate) fn wanted(&self) -> usize {
        if self.verdict().is_some() {
            return 0;
        }
        let length = announced(&self.input).map_or(PREFIX_LENGTH, |length| PREFIX_LENGTH + length);
        length.saturating_sub(self.input.len())
    }

    /// Takes bytes of the peer, at most as many as are [`wanted`](Self::wanted).
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes.get(..self.wanted()).unwrap_or(bytes));
        match announced(&self.input) {
            Some(length) if length > MESSAGE_LIMIT => {
                self.input.clear();
                let was_answer = matches!(self.step, Step::Answer(_));
                self.step = self.fail(AuthError::TooLong, was_answer);
            }
            Some(_) if self.wanted() == 0 => {
                let input = std::mem::take(&mut self.input);
                self.take(input.get(PREFIX_LENGTH..).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// What has to be sent next.
    pub(crate) fn output(&self) -> &[u8] {
        self.output.get(self.sent..).unwrap_or_default()
    }

    /// Takes note that so many bytes of the output were sent.
    pub(crate) fn note_sent(&mut self, count: usize) {
        self.sent = self.output.len().min(self.sent + count);
    }

    /// How it ended, once it has. What is in the [`output`](Self::output) then is still to be sent.
    pub(crate) fn verdict(&self) -> Option<Result<(), AuthError>> {
        match self.step {
            Step::Accepted => Some(Ok(())),
            Step::Failed(why) => Some(Err(why)),
            _ => None,
        }
    }

    /// How long a listener waits before it says that a key was wrong: nobody can try many, or learn from the time of the
    /// answer what was wrong.
    pub(crate) fn pause() -> Duration {
        // Without random bytes it is the longest.
        let random = draw::<1>().map_or(u8::MAX, |[random]| random);
        SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * u32::from(random) / u32::from(u8::MAX)
    }

    /// What there is of a message that the peer has not ended: its bytes so far, and all of them.
    pub(crate) fn unfinished(&self) -> Option<(usize, usize)> {
        (!self.input.is_empty()).then(|| (self.input.len(), self.input.len() + self.wanted()))
    }

    /// Takes a whole message.
    fn take(&mut self, message: &[u8]) {
        self.step = match std::mem::replace(&mut self.step, Step::Accepted) {
            Step::Answer(challenge) => {
                let welcome = match &challenge {
                    Challenge::Marked(challenge) => self.check(challenge.challenge(), message),
                    Challenge::Plain(challenge) => self.check_python(challenge.challenge(), message),
                };
                match welcome {
                    Ok(step) => step,
                    Err(why) => self.fail(why, true),
                }
            }
            Step::Challenge => match self.answer(message) {
                Ok(step) => step,
                Err(why) => self.fail(why, false),
            },
            Step::Verdict => match welcomed(message) {
                Ok(b"") if self.role == Role::Client => self.challenge(),
                Ok(b"") => Step::Accepted,
                Ok(_) => self.fail(AuthError::Unexpected, false),
                Err(why) => self.fail(why, false),
            },
            Step::OwnVerdict(challenge) => match welcomed(message) {
                Ok(digest)
                    if self.transcript(&challenge, &self.drawn.nonce).verify(
                        self.key.bytes(),
                        Signer::Listener,
                        digest,
                    ) =>
                {
                    Step::Accepted
                }
                Ok(_) => self.fail(AuthError::WrongDigest, false),
                Err(why) => self.fail(why, false),
            },
            over @ (Step::Accepted | Step::Failed(_)) => over,
        };
    }

    /// Checks the answer to a marked challenge, in whichever way it comes.
    fn check(&mut self, challenge: &[u8], answer: &[u8]) -> Result<Step, AuthError> {
        let Some(own) = answer.strip_prefix(MARK) else { return self.check_python(challenge, answer) };
        let (nonce, digest) = own.split_at_checked(NONCE_LENGTH).ok_or(AuthError::WrongDigest)?;
        let transcript = self.transcript(challenge, nonce);
        if !transcript.verify(self.key.bytes(), Signer::Client, digest) {
            return Err(AuthError::WrongDigest);
        }
        let digest = transcript.sign(self.key.bytes(), Signer::Listener);
        self.push(&[WELCOME, &digest]);
        Ok(Step::Accepted)
    }

    fn check_python(&mut self, challenge: &[u8], answer: &[u8]) -> Result<Step, AuthError> {
        python::verify(self.key.bytes(), challenge, answer, self.least)?;
        self.push(&[WELCOME]);
        Ok(if self.role == Role::Client { Step::Accepted } else { Step::Challenge })
    }

    /// Answers a challenge: a marked one in our own way, and that only to a listener.
    fn answer(&mut self, message: &[u8]) -> Result<Step, AuthError> {
        let challenge = message.strip_prefix(CHALLENGE).ok_or(AuthError::Unexpected)?;
        if challenge.ends_with(MARK) {
            // Over TLS the answer is good for no other session.
            let is_bound = !self.beneath.binding.is_empty();
            let is_ours = !is_bound && is_outstanding_elsewhere(challenge, self.beneath.ends);
            if self.role == Role::Listener || is_ours {
                return Err(AuthError::Reflected);
            }
            let nonce = std::mem::take(&mut self.drawn.nonce);
            let digest = self.transcript(challenge, &nonce).sign(self.key.bytes(), Signer::Client);
            self.push(&[MARK, &nonce, &digest]);
            self.drawn.nonce = nonce;
            return Ok(Step::OwnVerdict(challenge.to_vec()));
        }
        if is_outstanding_elsewhere(challenge, self.beneath.ends) {
            return Err(AuthError::Reflected);
        }
        let answer = python::answer(self.key.bytes(), challenge, self.least)?;
        self.push(&[&answer]);
        Ok(Step::Verdict)
    }

    /// Sends our own challenge.
    fn challenge(&mut self) -> Step {
        let challenge = std::mem::take(&mut self.drawn.challenge);
        self.push(&[CHALLENGE, &challenge]);
        Step::Answer(if challenge.ends_with(MARK) {
            Challenge::Marked(Outstanding::new(challenge, self.beneath.ends))
        } else {
            // None of ours is challenged in Python's way by one of ours.
            Challenge::Plain(Outstanding::new(challenge, Ends::Unknown))
        })
    }

    /// Ends it. The peer hears that its answer was wrong, and nothing else: so it is with Python.
    fn fail(&mut self, why: AuthError, was_answer: bool) -> Step {
        if was_answer {
            self.push(&[FAILURE]);
        }
        Step::Failed(why)
    }

    fn transcript<'a>(&'a self, challenge: &'a [u8], nonce: &'a [u8]) -> Transcript<'a> {
        Transcript { challenge, nonce, binding: &self.beneath.binding }
    }

    /// Puts a message into the output. All of ours are far shorter than the limit.
    fn push(&mut self, pieces: &[&[u8]]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        self.output.drain(..self.sent);
        self.sent = 0;
        self.output.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        pieces.iter().for_each(|piece| self.output.extend_from_slice(piece));
    }
}

/// The length that stands in front of a message, once it is there.
fn announced(input: &[u8]) -> Option<usize> {
    Cursor::new(input).u32().map(|length| length as usize)
}

/// What follows the welcome.
fn welcomed(message: &[u8]) -> Result<&[u8], AuthError> {
    if message == FAILURE {
        return Err(AuthError::Rejected);
    }
    message.strip_prefix(WELCOME).ok_or(AuthError::Unexpected)
}

fn draw<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(io::Error::other(error.to_string())))?;
    Ok(bytes)
}

const CHALLENGE: &[u8] = b"#CHALLENGE#";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";

/// Long for who tries keys, and short for somebody who has mistaken the file.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(150);

/// Python's from 3.12 on. An older one signs it with MD5.
const CHALLENGE_NAME: &[u8] = b"{sha256}";
/// Random bytes in a challenge, as many as Python draws.
const CHALLENGE_LENGTH: usize = 40;
/// Python's limit. Lengths above `i32::MAX`, which it would read as negative ones or as the beginning of a long form, are
/// above it too.
const MESSAGE_LIMIT: usize = 256;

#[cfg(test)]
mod tests;
