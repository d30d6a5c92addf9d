//! What both commands take.

use sockeye::discovery::{self, Interfaces};

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
pub(crate) fn choose_interfaces(loopback: bool) -> Result<(), sockeye::Error> {
    discovery::set_interfaces(if loopback { Interfaces::Loopback } else { Interfaces::All })
}

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
