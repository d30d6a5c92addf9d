//! What the names of services have to match.

use std::{fmt, str::FromStr};

use regex_lite::{Regex, RegexBuilder};

use crate::error::{Error, Limit, Result};

/// A regular expression for the names of services.
///
/// It has to match from the first character on, and not to the end; upper and lower case are different, and the empty
/// pattern matches every name, as python-network had it. Matching takes time in proportion to the name, whatever the
/// pattern. The syntax is that of the crate `regex-lite`: Perl's without look-around and back-references.
#[derive(Clone)]
pub struct ServicePattern {
    regex: Regex,
    text: Box<str>,
}

impl ServicePattern {
    pub(super) fn new(text: &str) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::TooLong { what: Limit::Pattern, length: text.len() as u64, limit: MAX_TEXT as u64 });
        }
        let regex = RegexBuilder::new(text).size_limit(MAX_SIZE).nest_limit(MAX_NESTING).build();
        let expected =
            "a regular expression of at most 256 KiB when compiled, with nothing more than 32 deep inside one another";
        let regex = regex.map_err(|_| Error::invalid_input(text, expected))?;
        Ok(Self { regex, text: text.into() })
    }

    /// Tells whether a name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        // The leftmost match is at the start if there is one. To put something around the pattern would change it: `a)|(b`
        // inside a group is something else, and a comment runs to the end.
        self.regex.find(name).is_some_and(|found| found.start() == 0)
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ServicePattern {
    type Err = Error;

    /// Reads a pattern, with the errors of [`Endpoint::pattern`](super::Endpoint::pattern).
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl fmt::Debug for ServicePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServicePattern").field(&self.text).finish()
    }
}

/// The longest pattern. Names have 63 bytes.
const MAX_TEXT: usize = 1024;
/// The memory of a compiled pattern: `((a{99}){99}){99}` is short and enormous.
const MAX_SIZE: usize = 256 * 1024;
/// Groups, repetitions, alternatives and what stands in a row, inside one another: each is a level.
const MAX_NESTING: u32 = 32;
