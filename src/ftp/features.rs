//! What a server says that it can do (RFC 2389).

use super::response::FtpResponse;

/// The features of a server, from its answer to `FEAT`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FtpFeatures {
    lines: Vec<String>,
}

impl FtpFeatures {
    /// Reads them from the lines between the first and the last one.
    pub(super) fn parse(response: &FtpResponse) -> Self {
        let lines: Vec<&str> = response.message().split('\n').collect();
        let between = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default();
        Self { lines: between.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect() }
    }

    /// Tells whether there is a feature of this name, in upper or lower case: `has("MLST")`, `has("UTF8")`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameter(name).is_some()
    }

    /// Returns what stands behind the name of a feature, empty if nothing does.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            first.eq_ignore_ascii_case(name).then_some(rest)
        })
    }

    /// Goes through the features as the server wrote them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::status::FtpStatus;

    #[test]
    fn features_are_found_in_any_case() {
        let text = "Features:\n EPSV\n MLST type*;size*;modify*;\n rest STREAM\n UTF8\nEnd";
        let features = FtpFeatures::parse(&FtpResponse::new(FtpStatus::SYSTEM_STATUS, text));
        assert_eq!(features.iter().count(), 4);
        assert!(features.has("utf8") && features.has("EPSV") && !features.has("End") && !features.has("Features:"));
        assert_eq!(features.parameter("REST"), Some("STREAM"));
        assert_eq!(features.parameter("epsv"), Some(""));
        assert_eq!(features.parameter("MLSD"), None);
    }

    #[test]
    fn an_answer_of_one_line_has_none() {
        for text in ["no features", "", "Features:\nEnd"] {
            let features = FtpFeatures::parse(&FtpResponse::new(FtpStatus::SYSTEM_STATUS, text));
            assert_eq!(features, FtpFeatures::default(), "{text:?}");
        }
    }
}
