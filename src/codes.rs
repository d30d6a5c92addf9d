//! Numbers that a peer answers with, each with its name, its text and its source, from one table.

/// Writes what is the same for each such type: a constant for every row, its text, and the ways from a number and back.
/// A number of no row is kept as it came.
macro_rules! codes {
    ($status:ident: $($code:literal $name:ident $text:literal $source:literal)*) => {
        impl $status {
            $(
                #[doc = concat!(stringify!($code), " ", $text, " (", $source, ")")]
                pub const $name: Self = Self($code);
            )*

            /// Returns the number.
            #[must_use]
            pub const fn code(self) -> u16 {
                self.0
            }

            /// Returns the text of the standard that lists the number; empty where none does.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    _ => "",
                }
            }
        }

        impl From<u16> for $status {
            fn from(code: u16) -> Self {
                Self(code)
            }
        }

        impl From<$status> for u16 {
            fn from(status: $status) -> Self {
                status.0
            }
        }

        impl std::fmt::Display for $status {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.text() {
                    "" => write!(f, "{}", self.0),
                    text => write!(f, "{} {text}", self.0),
                }
            }
        }

        #[cfg(test)]
        const TABLE: &[($status, u16, &str)] = &[$(($status::$name, $code, $text)),*];
    };
}

pub(crate) use codes;
