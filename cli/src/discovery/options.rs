//! What both commands take.

use std::time::Duration;

use sockeye::discovery::{self, Interfaces};

/// Reads a number of seconds, with or without a fraction.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected seconds above 0 and up to {DAY}, such as 2.5");
    let seconds = text.parse().ok().filter(|seconds| (0.0..=DAY).contains(seconds)).ok_or_else(wrong)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero()).ok_or_else(wrong)
}

/// Reads an entry of a service's text: `key=value`, or a key alone.
pub(super) fn entry(text: &str) -> Result<(String, Option<String>), String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    if key.is_empty() {
        return Err("expected KEY=VALUE or KEY".to_owned());
    }
    Ok((key.to_owned(), value))
}

/// Chooses the interfaces for this program.
pub(super) fn choose_interfaces(loopback: bool) -> Result<(), sockeye::Error> {
    discovery::set_interfaces(if loopback { Interfaces::Loopback } else { Interfaces::All })
}

const DAY: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_keys_with_or_without_a_value() {
        let owned = |key: &str, value: Option<&str>| Ok((key.to_owned(), value.map(str::to_owned)));
        assert_eq!(entry("map=caves"), owned("map", Some("caves")));
        assert_eq!(entry("sum=1+1=2"), owned("sum", Some("1+1=2")));
        assert_eq!(entry("empty="), owned("empty", Some("")));
        assert_eq!(entry("ranked"), owned("ranked", None));
        for wrong in ["", "=", "=value"] {
            assert_eq!(entry(wrong).unwrap_err(), "expected KEY=VALUE or KEY", "{wrong:?}");
        }
    }
}
