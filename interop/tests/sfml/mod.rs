//! What has to hold with SFML at the other end, whichever language it is used from.

pub(crate) mod status;
pub(crate) mod tcp;
pub(crate) mod udp;

/// Makes a test of each of these properties, every one with a peer of its own.
macro_rules! properties {
    ($room:ident with $peer:expr; $($name:ident,)*) => {
        mod $room {
            use super::*;

            $(
                #[test]
                fn $name() {
                    sfml::$room::$name(&mut $peer);
                }
            )*
        }
    };
}

pub(crate) use properties;
