//! What is read as an endpoint is written so that it is read as the same; patterns end in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::Endpoint;

fuzz_target!(|text: &str| {
    let Ok(endpoint) = Endpoint::parse(text) else { return };
    assert_eq!(Endpoint::parse(&endpoint.to_string()).unwrap(), endpoint);
    if let Ok(pattern) = endpoint.pattern() {
        let _ = pattern.matches("arena of Ann");
    }
    if let Ok((name, _)) = endpoint.instance() {
        assert!((1..=63).contains(&name.len()));
    }
});
