//! Dates of fields (RFC 9110 section 5.6.7) and of cookies (RFC 6265 section 5.1.1).

use std::time::{Duration, SystemTime};

/// Tells whether a `Last-Modified` names one state of a file: a file sent within its second could change in that second
/// once more (RFC 9110 section 8.8.2.2).
pub(super) fn is_settled(last_modified: &str, sent: &str, now: SystemTime) -> bool {
    let settled = http_date(last_modified, now).and_then(|date| date.checked_add(Duration::from_secs(1)));
    settled.is_some_and(|settled| http_date(sent, now).is_some_and(|sent| settled <= sent))
}

/// Reads the date of a field in any of its three forms; `now` says which century a year of two digits is in.
fn http_date(text: &str, now: SystemTime) -> Option<SystemTime> {
    let (weekday, rest) = text.split_once(' ')?;
    let (date, time) = match weekday.strip_suffix(',') {
        Some(weekday) => {
            let rest = rest.strip_suffix(" GMT")?;
            let (date, time) = rest.rsplit_once(' ')?;
            let date = if is_one_of(weekday, &WEEKDAYS) {
                imf_date(date)
            } else if is_one_of(weekday, &LONG_WEEKDAYS) {
                rfc850_date(date, now)
            } else {
                None
            };
            (date?, time)
        }
        None if is_one_of(weekday, &WEEKDAYS) => asctime(rest)?,
        None => return None,
    };
    let (hours, rest) = time.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let time = [digits(hours, 2)?, digits(minutes, 2)?, digits(seconds, 2)?];
    // A leap second is the first one of the next minute to a clock that does not know them.
    instant(date, time, 60)
}

/// `06 Nov 1994`
fn imf_date(text: &str) -> Option<Date> {
    let (day, rest) = text.split_once(' ')?;
    let (month, year) = rest.split_once(' ')?;
    Some(Date { year: digits(year, 4)?, month: month_number(month)?, day: digits(day, 2)? })
}

/// `06-Nov-94`: a year that seems to be more than 50 years ahead is one of the past.
fn rfc850_date(text: &str, now: SystemTime) -> Option<Date> {
    let (day, rest) = text.split_once('-')?;
    let (month, year) = rest.split_once('-')?;
    let latest = year_of(now)? + 50;
    let year = latest - (latest - digits(year, 2)?).rem_euclid(100);
    Some(Date { year, month: month_number(month)?, day: digits(day, 2)? })
}

/// `Nov  6 08:49:37 1994`, the date apart from the time.
fn asctime(text: &str) -> Option<(Date, &str)> {
    let (month, rest) = text.split_once(' ')?;
    let (day, rest) = rest.split_at_checked(2)?;
    let (time, year) = rest.strip_prefix(' ')?.split_once(' ')?;
    let day = match day.strip_prefix(' ') {
        Some(digit) => digits(digit, 1)?,
        None => digits(day, 2)?,
    };
    Some((Date { year: digits(year, 4)?, month: month_number(month)?, day }, time))
}

/// Reads the date of a cookie, which may stand in almost any order.
pub(super) fn cookie_date(text: &[u8]) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of_day(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = leading_digits(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_token(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = leading_digits(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    if year < 1601 {
        return None;
    }
    instant(Date { year, month: month?, day: day? }, time?, 59)
}

/// `non-digit` may follow the digits, more digits may not.
fn leading_digits(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = token.get(..count)?;
    if !(least..=most).contains(&count) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn time_of_day(token: &[u8]) -> Option<[i64; 3]> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut exact = || parts.next().filter(|part| part.iter().all(u8::is_ascii_digit));
    let (hours, minutes) = (leading_digits(exact()?, 1, 2)?, leading_digits(exact()?, 1, 2)?);
    Some([hours, minutes, leading_digits(parts.next()?, 1, 2)?])
}

fn month_token(token: &[u8]) -> Option<i64> {
    let start = std::str::from_utf8(token.get(..3)?).ok()?;
    number(MONTHS.iter().position(|month| month.eq_ignore_ascii_case(start)))
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// A day of the Gregorian calendar, the month from 1 on.
#[derive(Debug, Clone, Copy)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    fn exists(self) -> bool {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let last = match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1..=last).contains(&self.day)
    }

    /// Days since the first of January 1970. A year here begins in March, so that a leap day is its last day.
    fn days(self) -> i64 {
        let year = if self.month > 2 { self.year } else { self.year - 1 };
        let month = (self.month + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - DAYS_TO_1970
    }
}

fn instant(date: Date, [hours, minutes, seconds]: [i64; 3], last_second: i64) -> Option<SystemTime> {
    if !date.exists() || hours > 23 || minutes > 59 || seconds > last_second {
        return None;
    }
    let seconds = date.days() * SECONDS_OF_A_DAY + hours * 3600 + minutes * 60 + seconds;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// The year of an instant after 1970, right but for the last hours of some years, which is enough for a century.
fn year_of(now: SystemTime) -> Option<i64> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    i64::try_from(seconds / SECONDS_OF_A_YEAR).ok().map(|years| 1970 + years)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn month_number(name: &str) -> Option<i64> {
    number(MONTHS.iter().position(|month| *month == name))
}

fn number(position: Option<usize>) -> Option<i64> {
    position.and_then(|index| i64::try_from(index + 1).ok())
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.contains(&name)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SECONDS_OF_A_DAY: i64 = 86_400;
/// Of 365.2425 days.
const SECONDS_OF_A_YEAR: u64 = 31_556_952;
/// Days from the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests;
