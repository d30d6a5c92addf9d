//! A session that a transfer has, and its client gets back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    error::{Error, Result},
    ftp::{control::Patience, session::Session},
    sys::Handle,
};

/// The client's end.
#[derive(Debug)]
pub(in crate::ftp) struct Lent(Arc<Mutex<Place>>);

/// The transfer's end. A session that it still has when it is dropped is closed.
#[derive(Debug)]
pub(in crate::ftp) struct Loan {
    session: Option<Box<Session>>,
    place: Arc<Mutex<Place>>,
}

#[derive(Debug)]
enum Place {
    Lent,
    Back(Box<Session>),
    Gone,
}

impl Lent {
    pub(in crate::ftp) fn new(session: Box<Session>) -> (Self, Loan) {
        let place = Arc::new(Mutex::new(Place::Lent));
        (Self(Arc::clone(&place)), Loan { session: Some(session), place })
    }

    /// Tells whether it is still away.
    pub(in crate::ftp) fn is_away(&self) -> bool {
        matches!(*lock(&self.0), Place::Lent)
    }

    /// Takes it back, if it came.
    pub(in crate::ftp) fn take(self) -> Option<Box<Session>> {
        match std::mem::replace(&mut *lock(&self.0), Place::Gone) {
            Place::Back(session) => Some(session),
            Place::Lent | Place::Gone => None,
        }
    }
}

impl Loan {
    pub(in crate::ftp) fn get(&mut self) -> Result<&mut Session> {
        self.session.as_deref_mut().ok_or(Error::Disconnected)
    }

    pub(in crate::ftp) fn peek(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// Gives the session back if it is of use; selectors have nothing to do with it any more.
    pub(in crate::ftp) fn give_back(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        session.control.handle_mut().map(Handle::leave);
        let is_usable = session.control.is_usable() && session.control.set_patience(Patience::Waits).is_ok();
        *lock(&self.place) = if is_usable { Place::Back(session) } else { Place::Gone };
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if self.session.is_some() {
            *lock(&self.place) = Place::Gone;
        }
    }
}

/// A place is replaced as a whole, so a panic elsewhere leaves it as it was.
fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
