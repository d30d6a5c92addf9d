//! How messages are told apart in a stream of bytes.

/// How a stream of bytes is cut into messages; both ends have to use the same.
///
/// | framing | on the wire | spoken by |
/// |---|---|---|
/// | `Raw` | the bytes as they come: a message is what one read gives, up to the limit | anybody |
/// | `Lines` | text with a newline behind it | netcat, telnet, `python-network` |
/// | `Packet` | a 32-bit length, most significant byte first, then the bytes | SFML's `sf::Packet` |
/// | `Tiny` | the same, where the receiver answers each length with a byte | `tinyproto` |
/// | `Multiprocessing` | the same with a signed length, and a 64-bit one behind a -1 | `multiprocessing.connection` of Python |
///
/// A message is at most [`default_limit`](Framing::default_limit) long unless
/// [`Connection::set_message_limit`](crate::Connection::set_message_limit) says otherwise, in both directions.
///
/// `Tiny` is for one end that asks and one that answers: its peers cannot tell a message from an answer when both send
/// at the same time, which is [`Error::Collision`](crate::Error::Collision) then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Bytes as they come.
    Raw,
    /// Lines of text.
    Lines(LineOptions),
    /// What `sf::Packet` writes.
    Packet,
    /// The protocol of tinyproto.
    Tiny,
    /// The protocol of Python's `multiprocessing.connection`, after its authentication.
    Multiprocessing,
}

/// What lines look like, and what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct LineOptions {
    /// How a line ends; by default with a line feed alone.
    pub ending: LineEnding,
    /// What a line may consist of; by default of any bytes.
    pub text: LineText,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LineEnding {
    /// A line feed. A carriage return in front of it belongs to the line.
    #[default]
    Lf,
    /// A carriage return and a line feed. A line feed alone is accepted too.
    CrLf,
}

/// What a line may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LineText {
    /// Any bytes.
    #[default]
    Bytes,
    /// UTF-8; other bytes arrive as U+FFFD, and are sent as they are.
    Lossy,
    /// UTF-8; other bytes are an error that ends the connection, and are not sent.
    Strict,
}

impl LineOptions {
    /// The defaults: a line feed behind any bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self { ending: LineEnding::Lf, text: LineText::Bytes }
    }
}

impl Framing {
    /// Lines that end with a line feed and consist of any bytes.
    #[must_use]
    pub const fn lines() -> Self {
        Self::Lines(LineOptions::new())
    }

    /// Returns the longest message unless a limit is set: 64 KiB for lines, without their ending, 16 MiB for all else.
    #[must_use]
    pub const fn default_limit(self) -> usize {
        match self {
            Self::Lines(_) => 64 * 1024,
            Self::Raw | Self::Packet | Self::Tiny | Self::Multiprocessing => 16 * 1024 * 1024,
        }
    }
}
