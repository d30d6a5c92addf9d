//! Times as the extensions of RFC 3659 write them (section 2.3): `YYYYMMDDHHMMSS[.fraction]` in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads a time; `None` if it is none, or before 1970.
pub(super) fn parse_time(text: &str) -> Option<SystemTime> {
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
    if whole.len() != 14 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    // 60 is a leap second.
    if !(1..=days_of(year, month)?).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_before_year(year).checked_sub(days_before_year(1970))? + days_before_month(year, month)? + day - 1;
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos.parse().ok()?))
}

/// Writes a time to the second; `None` if it is before 1970 or after 9999.
pub(super) fn format_time(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let (days, second) = (seconds / DAY, seconds % DAY);
    let days = days.checked_add(days_before_year(1970))?;
    // A first guess that is never too late, then at most a year further.
    let mut year = days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_before_year(year);
    let mut month = 1;
    while day >= days_of(year, month)? {
        day -= days_of(year, month)?;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (year <= 9999).then(|| format!("{year:04}{month:02}{:02}{hour:02}{minute:02}{second:02}", day + 1))
}

/// Days from the first of January of the year 0 to that of a year, by the Gregorian calendar.
fn days_before_year(year: u64) -> u64 {
    let Some(last) = year.checked_sub(1) else { return 0 };
    // The year 0 is a leap year of its own.
    year * 365 + last / 4 - last / 100 + last / 400 + 1
}

fn days_before_month(year: u64, month: u64) -> Option<u64> {
    (1..month).map(|month| days_of(year, month)).sum()
}

fn days_of(year: u64, month: u64) -> Option<u64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

const DAY: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> Option<f64> {
        parse_time(text).map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64())
    }

    #[test]
    fn times_of_servers_are_read() {
        assert_eq!(seconds("19700101000000"), Some(0.0));
        assert_eq!(seconds("20000229120000"), Some(951_825_600.0));
        assert_eq!(seconds("20201019151930.125"), Some(1_603_120_770.125));
        assert_eq!(seconds("99991231235959"), Some(253_402_300_799.0));
        assert_eq!(seconds("20161231235960"), Some(1_483_228_800.0));
        assert_eq!(seconds("20201019151930.1234567891"), Some(1_603_120_770.123_456_7), "digits beyond nanoseconds");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2020101915193",
            "202010191519300",
            "20201319151930",
            "20200019151930",
            "20201100151930",
            "20201131151930",
            "20210229151930",
            "19000229000000",
            "20201019241930",
            "20201019156030",
            "20201019151961",
            "2020101915193x",
            "+0201019151930",
            "20201019151930.x",
            "19691231235959",
            "19120201019151930",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written() {
        assert_eq!(format_time(UNIX_EPOCH).unwrap(), "19700101000000");
        assert_eq!(format_time(UNIX_EPOCH + Duration::from_millis(951_825_600_999)).unwrap(), "20000229120000");
        assert_eq!(format_time(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(format_time(UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
    }

    proptest! {
        #[test]
        fn every_second_comes_back(second in 0_u64..253_402_300_800) {
            let time = UNIX_EPOCH + Duration::from_secs(second);
            prop_assert_eq!(parse_time(&format_time(time).unwrap()), Some(time));
        }
    }
}
