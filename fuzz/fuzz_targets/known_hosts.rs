//! Any file of known hosts is read or refused, and what is added to one that is read is found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::{Fingerprint, fuzzing::known_host};

fuzz_target!(|input: (&str, [u8; 32])| {
    let (text, hash) = input;
    let fingerprint = Fingerprint::new(hash);
    assert_eq!(fingerprint.to_string().parse::<Fingerprint>().ok(), Some(fingerprint));
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    if let Some(None) = known_host(text, "added.example") {
        let text = format!("{text}{end}added.example {fingerprint}\n");
        assert_eq!(known_host(&text, "Added.Example"), Some(Some(fingerprint)));
    }
    if let Ok(read) = text.parse::<Fingerprint>() {
        assert_eq!(read.to_string().parse::<Fingerprint>().ok(), Some(read));
    }
});
