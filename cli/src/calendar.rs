//! Days and hours in UTC: for listings that people read, for JSON, and for the times of FTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A second of a day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: u64,
    /// From 1 on.
    pub(crate) month: u64,
    /// From 1 on.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
}

impl Moment {
    /// `None` before 1970 and after 9999.
    pub(crate) fn of(time: SystemTime) -> Option<Self> {
        let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
        // Years are counted from March on, so that a leap day is the last one; 719,468 days before 1970 was the first
        // of March of the year 0.
        let days = seconds / DAY + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        (year <= 9999).then_some(Self { year, month, day, hour, minute, second })
    }

    /// Reads `20260131235959`, with or without a fraction behind it, which is left out.
    pub(crate) fn parse(text: &str) -> Option<SystemTime> {
        let digits = text.split('.').next()?;
        if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
        let (years, months) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
        let days = (years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day)
            .checked_sub(719_468 + 1)?;
        let time = UNIX_EPOCH + Duration::from_secs(days * DAY + hour * 3600 + minute * 60 + second);
        // What comes out differently, such as the 31st of June, was none.
        (Self::of(time)?.compact() == digits).then_some(time)
    }

    /// `20260131235959`, as RFC 3659 section 2.3 writes it.
    pub(crate) fn compact(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// `2026-01-31T23:59:59Z`, as RFC 3339 writes it.
    pub(crate) fn rfc3339(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

const DAY: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (seconds, compact, rfc3339) in [
            (0, "19700101000000", "1970-01-01T00:00:00Z"),
            (951_782_399, "20000228235959", "2000-02-28T23:59:59Z"),
            (951_782_400, "20000229000000", "2000-02-29T00:00:00Z"),
            (951_868_800, "20000301000000", "2000-03-01T00:00:00Z"),
            (1_603_120_770, "20201019151930", "2020-10-19T15:19:30Z"),
            (4_107_542_399, "21000228235959", "2100-02-28T23:59:59Z"),
            (4_107_542_400, "21000301000000", "2100-03-01T00:00:00Z"),
            (253_402_300_799, "99991231235959", "9999-12-31T23:59:59Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            let moment = Moment::of(time).unwrap();
            assert_eq!((moment.compact().as_str(), moment.rfc3339().as_str()), (compact, rfc3339));
            assert_eq!(Moment::parse(compact), Some(time));
            assert_eq!(Moment::parse(&format!("{compact}.500")), Some(time));
        }
        assert_eq!(Moment::of(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(Moment::of(UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
    }

    #[test]
    fn every_day_comes_back() {
        for day in 0..200_000 {
            let time = UNIX_EPOCH + Duration::from_secs(day * DAY + 1);
            assert_eq!(Moment::parse(&Moment::of(time).unwrap().compact()), Some(time));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026",
            "20260131235960x",
            "20260131240000",
            "20260131236000",
            "20260131235960",
            "20260230000000",
            "20260631000000",
            "20261301000000",
            "20260001000000",
            "20260100000000",
            "19691231235959",
            "00000101000000",
            "2026013123595a",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
