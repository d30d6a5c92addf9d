//! Values as messages.

#[cfg(feature = "serde")]
mod bounded;

use super::{
    connection::Connection,
    pickle::{self, Protocol, Value},
};
use crate::status::Status;

impl Connection {
    /// Sends a value as Python's `send` does; the other end's `recv` gets an object.
    ///
    /// Answers as [`send`](Self::send), and with the errors of [`pickle::encode`]. For Python 2.7, send what `encode`
    /// writes in [`Protocol::Two`]. Needs the feature `pickle`.
    pub fn send_pickle(&mut self, value: &Value) -> Status {
        match pickle::encode(value, Protocol::Four) {
            Ok(bytes) => self.send(&bytes),
            Err(error) => error.into(),
        }
    }

    /// Receives what Python's `send` has sent, if it is plain data.
    ///
    /// Answers as [`receive`](Self::receive), and with the errors of [`pickle::decode`]; the message is gone then, and the
    /// connection goes on. Needs the feature `pickle`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "pickle"))] {
    /// use sockeye::{Connection, Framing, LocalSocket, pickle::Value};
    ///
    /// let (left, right) = LocalSocket::pair()?;
    /// let mut left = Connection::new(left, Framing::Multiprocessing);
    /// let mut right = Connection::new(right, Framing::Multiprocessing);
    /// let value = Value::Tuple(vec!["move".into(), 2.5.into()]);
    /// left.send_pickle(&value).into_result()?;
    /// assert_eq!(right.receive_pickle().done(), Some(value));
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn receive_pickle(&mut self) -> Status<Value> {
        self.receive().into_result().and_then(|bytes| pickle::decode(&bytes)).into()
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use serde::{Serialize, de::DeserializeOwned};

    use crate::{
        error::Error,
        message::{connection::Connection, objects::bounded::decode},
        status::Status,
    };

    impl Connection {
        /// Sends a value of any type as a message, in the form of postcard; both ends have to use the same type. Needs the
        /// feature `serde`.
        ///
        /// Answers as [`send`](Self::send); `Error` with the kind `Malformed` for a value that has no such form, as
        /// one whose length is not known in advance.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[cfg(all(unix, feature = "serde"))] {
        /// use sockeye::{Connection, Framing, LocalSocket};
        ///
        /// let (left, right) = LocalSocket::pair()?;
        /// let mut left = Connection::new(left, Framing::Packet);
        /// let mut right = Connection::new(right, Framing::Packet);
        /// left.send_object(&("move", 2.5_f64, [1_u8, 2])).into_result()?;
        /// let (word, number, bytes): (String, f64, [u8; 2]) = right.receive_object().into_result()?;
        /// assert_eq!((word.as_str(), number, bytes), ("move", 2.5, [1, 2]));
        /// # }
        /// # Ok::<(), sockeye::Error>(())
        /// ```
        pub fn send_object<T: Serialize + ?Sized>(&mut self, value: &T) -> Status {
            match postcard::to_stdvec(value) {
                Ok(bytes) => self.send(&bytes),
                Err(_) => Error::Malformed { expected: "a value that postcard can write" }.into(),
            }
        }

        /// Receives a value that [`send_object`](Self::send_object) has sent. Needs the feature `serde`.
        ///
        /// Answers as [`receive`](Self::receive); `Error` with the kind `Malformed` for a message that is no such value, or
        /// is longer than one, and `TooLong` for more than 256 lists, maps, tuples, structures, options and variants
        /// inside one another. The message is gone then, and the connection goes on. Lists of what takes no bytes, as
        /// `Vec<()>`, may have 65,536 items together, or as many as the message has bytes.
        pub fn receive_object<T: DeserializeOwned>(&mut self) -> Status<T> {
            self.receive().into_result().and_then(|bytes| decode(&bytes)).into()
        }
    }
}
