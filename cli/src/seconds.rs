//! Times on the command line: seconds, with or without a fraction.

use std::time::Duration;

/// Reads a time, which may be none at all.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    parse(text).ok_or("expected seconds, such as 2.5")
}

/// Reads a limit of time.
pub(crate) fn limit(text: &str) -> Result<Duration, &'static str> {
    parse(text).filter(|limit| !limit.is_zero()).ok_or("expected seconds, more than 0, such as 2.5")
}

/// Reads a limit of time that is not longer than a day.
pub(crate) fn limit_up_to_a_day(text: &str) -> Result<Duration, &'static str> {
    let limit = parse(text).filter(|limit| !limit.is_zero() && *limit <= DAY);
    limit.ok_or("expected seconds above 0 and up to 86400, such as 2.5")
}

fn parse(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

const DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_with_or_without_a_fraction() {
        for read in [seconds, limit, limit_up_to_a_day] {
            assert_eq!(read("2.5"), Ok(Duration::from_millis(2500)));
            assert_eq!(read("86400"), Ok(DAY));
            for wrong in ["", "soon", "-1", "NaN", "inf", "1e300", "2,5", "1 "] {
                assert!(read(wrong).unwrap_err().starts_with("expected seconds"), "{wrong:?}");
            }
        }
    }

    #[test]
    fn each_kind_has_its_limits() {
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for none in ["0", "0.0", "-0", "1e-30"] {
            assert_eq!(limit(none), Err("expected seconds, more than 0, such as 2.5"), "{none}");
            assert_eq!(limit_up_to_a_day(none), Err("expected seconds above 0 and up to 86400, such as 2.5"), "{none}");
        }
        assert_eq!(limit("86401"), Ok(DAY + Duration::from_secs(1)));
        assert_eq!(limit_up_to_a_day("86401"), Err("expected seconds above 0 and up to 86400, such as 2.5"));
    }
}
