use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// 2026-11-21.
fn now() -> SystemTime {
    at(1_795_219_200)
}

fn read(text: &str) -> Option<u64> {
    http_date(text, now()).map(|date| date.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
}

fn read_cookie(text: &str) -> Option<u64> {
    cookie_date(text.as_bytes()).map(|date| date.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
}

/// An instant as servers write it, by counting days: the slow way, for the tests.
fn imf_fixdate(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let weekday = WEEKDAYS[usize::try_from((days + 3) % 7).unwrap()];
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{weekday}, {:02} {} {year:04} {hours:02}:{minutes:02}:{seconds:02} GMT", days + 1, MONTHS[month])
}

#[test]
fn the_three_forms_of_rfc_9110_are_one_instant() {
    for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(read(text), Some(784_111_777), "{text}");
        assert_eq!(read_cookie(text), Some(784_111_777), "{text}");
    }
    assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(read("Wed Nov 16 08:49:37 1994"), Some(784_975_777));
    assert_eq!(read("Sat, 31 Dec 2016 23:59:60 GMT"), Some(1_483_228_800));
    assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
}

#[test]
fn a_file_is_settled_a_second_after_its_last_change() {
    let changed = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (sent, settled) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", false),
        ("Sun, 06 Nov 1994 08:49:38 GMT", true),
        ("Sunday, 06-Nov-94 08:50:00 GMT", true),
        ("Sun, 06 Nov 1994 08:49:36 GMT", false),
        ("", false),
    ] {
        assert_eq!(is_settled(changed, sent, now()), settled, "{sent}");
    }
    assert!(!is_settled("lately", changed, now()));
}

#[test]
fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
    let year = |text: &str, now: SystemTime| year_of(http_date(text, now).unwrap()).unwrap();
    for (two, expected) in [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)] {
        assert_eq!(year(&format!("Sunday, 15-Jun-{two} 00:00:00 GMT"), now()), expected, "{two}");
    }
    // 1999-06-15: the year after it is not a century ago, and 50 years after it there is a choice.
    let then = at(929_404_800);
    for (two, expected) in [("99", 1999), ("00", 2000), ("49", 2049)] {
        assert_eq!(year(&format!("Sunday, 15-Jun-{two} 00:00:00 GMT"), then), expected, "{two}");
    }
    let past = http_date("Sunday, 15-Jun-50 00:00:00 GMT", then).unwrap();
    assert!(past < SystemTime::UNIX_EPOCH);
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "Sun",
        "Sun, ",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 1995 08:49:37 GMT",
        "Thu, 29 Feb 1900 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 \u{661}8:49:37 GMT",
        "Sun Nov \u{661} 08:49:37 1994",
    ] {
        assert_eq!(read(text), None, "{text:?}");
    }
}

#[test]
fn dates_of_cookies_come_in_any_order() {
    for text in [
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "06 Nov 94 8:49:37",
        "1994 Nov 06 08:49:37",
        "nOvEMBER;6;94;8:49:37",
        "8:49:37x 06th november 1994 ad",
        "Sun 06 Nov 1994 08:49:37.123",
        // Of two dates the first counts.
        "06 Nov 1994 08:49:37 07 Dec 1995 09:50:38",
        "\t06 (Nov) \"1994\"?08:49:37~",
    ] {
        // "06th" is a day: a non-digit may follow.
        assert_eq!(read_cookie(text), Some(784_111_777), "{text:?}");
    }
    // A day comes before a year of two digits, whatever was meant.
    assert_eq!(read_cookie("94 Nov 06 08:49:37"), None);
    let year = |text: &str| year_of(cookie_date(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(year("15 Jun 70 0:0:0"), 1970);
    assert_eq!(year("15 Jun 99 0:0:0"), 1999);
    assert_eq!(year("15 Jun 00 0:0:0"), 2000);
    assert_eq!(year("15 Jun 69 0:0:0"), 2069);
    assert_eq!(read_cookie("29 Feb 2024 00:00:00"), Some(1_709_164_800));
}

#[test]
fn what_is_no_date_of_a_cookie_is_none() {
    for text in [
        "",
        "never",
        "06 Nov 1994",
        "Nov 1994 08:49:37",
        "06 1994 08:49:37",
        "06 Nov 08:49:37",
        "06 Nov 1994 08:49",
        "06 Nov 1994 :49:37",
        "06 Nov 1994 24:49:37",
        "06 Nov 1994 08:60:37",
        "06 Nov 1994 08:49:60",
        "31 Nov 1994 08:49:37",
        "29 Feb 2023 08:49:37",
        "00 Nov 1994 08:49:37",
        "06 Nov 1600 08:49:37",
        "06 Nov 994 08:49:37",
        "06 Nov 19945 08:49:37",
        "006 Nov 1994 08:49:37",
        "06 No 1994 08:49:37",
        "06 Nov 1994 008:49:37",
    ] {
        assert_eq!(cookie_date(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(cookie_date(b"06 N\xff\xff 1994 08:49:37"), None);
    let early = cookie_date(b"06 Nov 1601 08:49:37").unwrap();
    assert!(early < SystemTime::UNIX_EPOCH);
}

proptest! {
    #[test]
    fn a_date_that_is_written_is_read_again(seconds in 0_u64..253_402_300_800) {
        let text = imf_fixdate(seconds);
        prop_assert_eq!(read(&text), Some(seconds));
        prop_assert_eq!(read_cookie(&text), Some(seconds));
    }

    #[test]
    fn any_text_is_a_date_or_none(text in "\\PC{0,40}", bytes in any::<Vec<u8>>()) {
        let _ = http_date(&text, now());
        let _ = cookie_date(&bytes);
    }
}
