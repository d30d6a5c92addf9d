//! The handshake where the feature `auth` is off: there is no key, so there is none.

use std::{convert::Infallible, time::Duration};

use super::{AuthKey, AuthLevel};
use crate::{
    error::{AuthError, Result},
    stream::Stream,
};

/// Cannot be made.
#[derive(Debug)]
pub(crate) struct Handshake(Infallible);

/// Which side of a connection a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Listener,
    Client,
}

/// What a handshake would know of the connection that it runs over.
pub(crate) struct Beneath;

impl Beneath {
    pub(crate) fn of(_stream: &Stream) -> Result<Self> {
        Ok(Self)
    }
}

impl Handshake {
    pub(crate) fn new(_role: Role, key: &AuthKey, _least: AuthLevel, _beneath: Beneath) -> Result<Self> {
        match *key.never() {}
    }

    pub(crate) fn wanted(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn feed(&mut self, _bytes: &[u8]) {
        match self.0 {}
    }

    pub(crate) fn output(&self) -> &[u8] {
        match self.0 {}
    }

    pub(crate) fn note_sent(&mut self, _count: usize) {
        match self.0 {}
    }

    pub(crate) fn verdict(&self) -> Option<Result<(), AuthError>> {
        match self.0 {}
    }

    pub(crate) fn pause() -> Duration {
        Duration::ZERO
    }

    pub(crate) fn unfinished(&self) -> Option<(usize, usize)> {
        match self.0 {}
    }
}
