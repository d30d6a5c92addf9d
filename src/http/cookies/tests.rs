use std::time::Duration;

use proptest::prelude::*;

use super::{
    set_cookie::{MAX_ATTRIBUTE, MAX_COOKIE},
    *,
};

/// 2026-11-21.
fn now() -> SystemTime {
    later(0)
}

fn later(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_219_200 + seconds)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn store(jar: &mut CookieJar, from: &str, values: &[&str]) {
    jar.store(&url(from), values.iter().map(|value| value.as_bytes()), now());
}

/// What a jar would send somewhere.
fn sent(jar: &mut CookieJar, to: &str) -> String {
    jar.header(&url(to), now()).unwrap_or_default()
}

/// What is sent to one place when another one has set this.
fn carried(from: &str, value: &str, to: &str) -> bool {
    let mut jar = CookieJar::default();
    store(&mut jar, from, &[value]);
    !sent(&mut jar, to).is_empty()
}

fn parse(text: &str) -> Option<SetCookie> {
    SetCookie::parse(text.as_bytes(), now())
}

#[test]
fn the_examples_of_rfc_6265() {
    let mut jar = CookieJar::default();
    let server = "https://www.example.com/accounts/login";
    store(&mut jar, server, &["SID=31d4d96e407aad42"]);
    assert_eq!(sent(&mut jar, "https://www.example.com/accounts"), "SID=31d4d96e407aad42");
    store(&mut jar, server, &["SID=31d4d96e407aad42; Path=/; Domain=example.com"]);
    assert_eq!(sent(&mut jar, "https://site.example.com/"), "SID=31d4d96e407aad42");

    let mut jar = CookieJar::default();
    store(
        &mut jar,
        server,
        &["SID=31d4d96e407aad42; Path=/; Secure; HttpOnly", "lang=en-US; Path=/; Domain=example.com"],
    );
    assert_eq!(sent(&mut jar, "https://www.example.com/"), "SID=31d4d96e407aad42; lang=en-US");
    store(&mut jar, server, &["lang=en-US; Path=/; Domain=example.com; Expires=Wed, 09 Jun 2100 10:18:14 GMT"]);
    assert_eq!(sent(&mut jar, "https://www.example.com/"), "SID=31d4d96e407aad42; lang=en-US");
    store(&mut jar, server, &["lang=; Path=/; Domain=example.com; Expires=Sun, 06 Nov 1994 08:49:37 GMT"]);
    assert_eq!(sent(&mut jar, "https://www.example.com/"), "SID=31d4d96e407aad42");
}

#[test]
fn names_and_values_are_read_as_section_5_2_says() {
    for (text, name, value) in [
        ("a=b", "a", "b"),
        ("  a  =\tb c \t", "a", "b c"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ("a=\"b\"", "a", "\"b\""),
        ("a=b;", "a", "b"),
        ("a b=c,d", "a b", "c,d"),
        ("a=\u{e9}", "a", "\u{e9}"),
    ] {
        let set = parse(text).unwrap();
        assert_eq!((set.name.as_str(), set.value.as_str()), (name, value), "{text:?}");
    }
    for text in ["", "a", "=b", " =b", ";a=b", "a;b=c", "a=\0", "a=b\x01", "a=b; Path=/\x7f", "a\r\nb=c"] {
        assert_eq!(parse(text), None, "{text:?}");
    }
    assert_eq!(SetCookie::parse(b"a=\xff", now()), None);
}

#[test]
fn attributes_are_read_whatever_their_case_and_the_last_one_counts() {
    let set = parse("a=b; PATH=/x ; domain = .EXAMPLE.com;secure=no; HttpOnly; SameSite=Lax; ; unknown").unwrap();
    assert_eq!((set.path.as_deref(), set.domain.as_deref(), set.is_secure), (Some("/x"), Some("example.com"), true));
    let set = parse("a=b; Path=/x; Path=/y; Domain=a.b; Domain=c.d").unwrap();
    assert_eq!((set.path.as_deref(), set.domain.as_deref()), (Some("/y"), Some("c.d")));
    // A path that is none is the default one, a domain that is empty is none.
    let set = parse("a=b; Path=/x; Path=y; Domain=c.d; Domain=").unwrap();
    assert_eq!((set.path, set.domain.as_deref()), (None, Some("c.d")));
}

#[test]
fn max_age_counts_more_than_expires() {
    let expires = |text: &str| parse(&format!("a=b; {text}")).unwrap().expires;
    let date = "Expires=Wed, 09 Jun 2100 10:18:14 GMT";
    assert_eq!(expires(""), None);
    assert!(expires(date).is_some_and(|end| end > now()));
    for text in [format!("Max-Age=60; {date}"), format!("{date}; max-age=60")] {
        assert_eq!(expires(&text), Some(later(60)));
    }
    assert!(expires(&format!("Max-Age=-1; {date}")).is_some_and(|end| end < now()));
    assert_eq!(expires(&format!("Max-Age=0; {date}")), Some(now()));
    assert_eq!(expires(&format!("Max-Age=99999999999999999999999; {date}")), None);
    assert_eq!(expires(&format!("Max-Age={}", u64::MAX)), None);
    // What makes no sense is as if it were not there.
    for text in ["Max-Age=", "Max-Age=+5", "Max-Age=5s", "Max-Age=-", "Max-Age=1.5", "Expires=never", "Expires"] {
        assert_eq!(expires(text), None, "{text}");
        assert_eq!(expires(&format!("{text}; Max-Age=60")), Some(later(60)), "{text}");
    }
}

#[test]
fn cookies_live_until_their_instant() {
    let mut jar = CookieJar::default();
    store(&mut jar, "http://a.example/", &["short=1; Max-Age=60", "session=2"]);
    assert_eq!(jar.header(&url("http://a.example/"), later(59)).unwrap(), "short=1; session=2");
    assert_eq!(jar.header(&url("http://a.example/"), later(60)).unwrap(), "session=2");
    store(&mut jar, "http://a.example/", &["session=; Max-Age=0"]);
    assert_eq!(jar.header(&url("http://a.example/"), later(60)), None);
}

#[test]
fn domains_match_by_whole_labels() {
    for (from, domain, to) in [
        ("http://www.example.com/", "example.com", "http://example.com/"),
        ("http://www.example.com/", "example.com", "http://a.b.example.com/"),
        ("http://www.example.com/", ".Example.COM", "http://other.example.com:8080/"),
        ("http://example.com/", "example.com", "http://www.example.com/"),
        ("http://localhost/", "localhost", "http://localhost/"),
        ("http://127.0.0.1/", "127.0.0.1", "http://127.0.0.1/"),
        ("http://[::1]/", "::1", "http://[::1]/"),
    ] {
        assert!(carried(from, &format!("a=b; Domain={domain}"), to), "{from} {domain} {to}");
    }
    for (from, domain, to) in [
        // Not above the host.
        ("http://example.com/", "www.example.com", "http://www.example.com/"),
        ("http://example.com/", "example.org", "http://example.org/"),
        ("http://badexample.com/", "example.com", "http://example.com/"),
        ("http://example.com.evil.org/", "example.com", "http://example.com/"),
        // Counts as a public suffix.
        ("http://example.com/", "com", "http://example.com/"),
        ("http://example.com/", ".com", "http://other.com/"),
        ("http://example.com/", "..com", "http://other.com/"),
        ("http://a.localhost/", "localhost", "http://a.localhost/"),
        ("http://localhost/", "localhost", "http://a.localhost/"),
        // An address has no labels.
        ("http://192.0.2.1/", "2.1", "http://192.0.2.1/"),
        ("http://192.0.2.1/", "0.2.1", "http://192.0.2.1/"),
        ("http://example.com/", "example.com.", "http://example.com/"),
        // Set for a domain is not set for all that ends alike.
        ("http://www.example.com/", "example.com", "http://badexample.com/"),
        ("http://www.example.com/", "example.com", "http://com/"),
        ("http://127.0.0.1/", "127.0.0.1", "http://127.0.0.2/"),
    ] {
        assert!(!carried(from, &format!("a=b; Domain={domain}"), to), "{from} {domain} {to}");
    }
}

#[test]
fn without_a_domain_a_cookie_is_for_its_host_only() {
    assert!(carried("http://example.com/", "a=b", "http://example.com:81/"));
    assert!(carried("http://example.com/", "a=b; Domain=", "http://example.com/"));
    assert!(!carried("http://example.com/", "a=b", "http://www.example.com/"));
    assert!(!carried("http://www.example.com/", "a=b", "http://example.com/"));
}

#[test]
fn paths_match_by_whole_segments() {
    for (path, to) in
        [("/", "/"), ("/", "/a/b"), ("/a", "/a"), ("/a", "/a/"), ("/a", "/a/b"), ("/a/", "/a/b"), ("/a", "/a?q")]
    {
        assert!(
            carried("http://h.example/", &format!("a=b; Path={path}"), &format!("http://h.example{to}")),
            "{path} {to}"
        );
    }
    for (path, to) in [("/a", "/"), ("/a", "/ab"), ("/a/", "/a"), ("/a/b", "/a"), ("/a", "/A"), ("/a", "/?/a")] {
        assert!(
            !carried("http://h.example/", &format!("a=b; Path={path}"), &format!("http://h.example{to}")),
            "{path} {to}"
        );
    }
    for (path, expected) in
        [("", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/c.html", "/a/b"), ("x/y", "/")]
    {
        assert_eq!(default_path(path), expected, "{path:?}");
    }
    assert!(carried("http://h.example/a/login?next=/x/y", "a=b", "http://h.example/a/b"));
    assert!(!carried("http://h.example/a/login?next=/x/y", "a=b", "http://h.example/b"));
}

#[test]
fn secure_cookies_are_set_and_sent_by_https_only() {
    assert!(carried("https://a.example/", "a=b; Secure", "https://a.example/"));
    assert!(!carried("https://a.example/", "a=b; Secure", "http://a.example/"));
    assert!(!carried("http://a.example/", "a=b; Secure", "https://a.example/"));
    assert!(carried("http://a.example/", "a=b", "https://a.example/"));
}

#[test]
fn plain_http_cannot_replace_or_hide_a_secure_cookie() {
    let mut jar = CookieJar::default();
    store(&mut jar, "https://www.example.com/", &["id=good; Secure; Domain=example.com; Path=/login"]);
    for (from, evil) in [
        ("http://www.example.com/login/", "id=evil; Domain=example.com; Path=/login"),
        ("http://www.example.com/login/", "id=evil; Path=/login/deep"),
        ("http://other.example.com/login/", "id=evil; Domain=example.com; Path=/login"),
        ("http://example.com/", "id=; Max-Age=0; Domain=example.com; Path=/login"),
    ] {
        store(&mut jar, from, &[evil]);
        assert_eq!(sent(&mut jar, "https://www.example.com/login/deep/er"), "id=good", "{evil}");
    }
    // Another path, another name, another host: nothing is hidden.
    store(&mut jar, "http://www.example.com/", &["id=other; Path=/", "name=x; Path=/login"]);
    assert_eq!(sent(&mut jar, "https://www.example.com/login"), "id=good; name=x; id=other");
}

#[test]
fn prefixes_keep_their_promises() {
    let (https, http) = ("https://a.example.com/x/y", "http://a.example.com/x/y");
    for (from, value, allowed) in [
        (https, "__Secure-a=b; Secure", true),
        (https, "__Secure-a=b", false),
        (http, "__Secure-a=b; Secure", false),
        (https, "__secure-a=b", false),
        (https, "__Host-a=b; Secure; Path=/", true),
        (https, "__Host-a=b; Secure", false),
        (https, "__Host-a=b; Path=/", false),
        (https, "__HOST-a=b; Secure; Path=/x", false),
        (https, "__Host-a=b; Secure; Path=/; Domain=example.com", false),
        (https, "__Host-a=b; Secure; Path=/; Domain=a.example.com", false),
        (https, "__Hosta=b", true),
    ] {
        assert_eq!(carried(from, value, https), allowed, "{value} by {from}");
    }
}

#[test]
fn the_longest_path_comes_first_and_then_the_oldest() {
    let mut jar = CookieJar::default();
    let server = "http://a.example/x/y/z";
    store(&mut jar, server, &["a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/", "d=4; Path=/x"]);
    assert_eq!(sent(&mut jar, server), "b=2; d=4; a=1; c=3");
    // A new value takes the place and the age of the old one.
    store(&mut jar, server, &["a=5; Path=/"]);
    assert_eq!(sent(&mut jar, server), "b=2; d=4; a=5; c=3");
    // A cookie of the same name for a domain is another one.
    store(&mut jar, server, &["a=6; Path=/; Domain=a.example"]);
    assert_eq!(sent(&mut jar, server), "b=2; d=4; a=5; c=3; a=6");
}

#[test]
fn lengths_have_their_caps() {
    let cookie = |length: usize| format!("name={}", "x".repeat(length - 4));
    assert!(parse(&cookie(MAX_COOKIE)).is_some_and(|set| set.value.len() == MAX_COOKIE - 4));
    assert_eq!(parse(&cookie(MAX_COOKIE + 1)), None);
    let path = |length: usize| parse(&format!("a=b; Path=/{}; Secure", "x".repeat(length - 1))).unwrap();
    assert!(path(MAX_ATTRIBUTE).path.is_some_and(|path| path.len() == MAX_ATTRIBUTE));
    assert_eq!(path(MAX_ATTRIBUTE + 1).path, None);
    assert!(path(MAX_ATTRIBUTE + 1).is_secure);
}

#[test]
fn a_host_that_sets_too_many_loses_those_it_did_not_use() {
    let mut jar = CookieJar::default();
    let server = "https://a.example/";
    store(&mut jar, "https://other.example/", &["kept=1"]);
    store(&mut jar, server, &["safe=1; Secure"]);
    for number in 1..MAX_OF_A_DOMAIN {
        store(&mut jar, server, &[&format!("c{number}=x; Path=/p{number}")]);
    }
    assert_eq!(jar.cookies.len(), MAX_OF_A_DOMAIN + 1);
    // Sending it makes the first of them the last used one.
    assert_eq!(sent(&mut jar, "https://a.example/p1"), "c1=x; safe=1");
    store(&mut jar, server, &["new=1"]);
    assert_eq!(jar.cookies.len(), MAX_OF_A_DOMAIN + 1);
    assert_eq!(sent(&mut jar, "https://a.example/p1"), "c1=x; safe=1; new=1");
    assert_eq!(sent(&mut jar, "https://a.example/p2"), "safe=1; new=1");
    assert_eq!(sent(&mut jar, "https://a.example/p3"), "c3=x; safe=1; new=1");
    assert_eq!(sent(&mut jar, "https://other.example/"), "kept=1");
}

#[test]
fn what_has_expired_makes_room_first() {
    let mut jar = CookieJar::default();
    let server = url("http://a.example/");
    store(&mut jar, "http://a.example/", &["first=1"]);
    for number in 1..MAX_OF_A_DOMAIN {
        store(&mut jar, "http://a.example/", &[&format!("c{number}=x; Max-Age=1")]);
    }
    jar.store(&server, std::iter::once(b"new=1".as_slice()), later(2));
    assert_eq!(jar.header(&server, later(2)).unwrap(), "first=1; new=1");
    assert_eq!(jar.cookies.len(), 2);
}

#[test]
fn all_hosts_together_have_a_cap() {
    let mut jar = CookieJar::default();
    for number in 0..MAX_COOKIES {
        store(&mut jar, &format!("http://h{number}.example/"), &["a=b"]);
    }
    assert_eq!(jar.cookies.len(), MAX_COOKIES);
    store(&mut jar, "http://one.more.example/", &["a=b"]);
    assert_eq!(jar.cookies.len(), MAX_COOKIES);
    assert_eq!(sent(&mut jar, "http://h0.example/"), "");
    assert_eq!(sent(&mut jar, "http://h1.example/"), "a=b");
    assert_eq!(sent(&mut jar, "http://one.more.example/"), "a=b");
}

#[test]
fn no_output_shows_a_cookie() {
    let mut jar = CookieJar::default();
    store(&mut jar, "http://a.example/", &["session=hush"]);
    let shown = format!("{jar:?} {:?}", parse("session=hush").unwrap());
    assert!(!shown.contains("hush") && !shown.contains("session"), "{shown}");
    assert!(shown.contains("a.example"), "{shown}");
}

proptest! {
    #[test]
    fn any_field_is_a_cookie_or_none(bytes in any::<Vec<u8>>(), text in "[a-zA-Z=;./ -]{0,60}") {
        let mut jar = CookieJar::default();
        let from = url("https://www.example.com/a/b");
        jar.store(&from, [bytes.as_slice(), text.as_bytes()].into_iter(), now());
        if let Some(header) = jar.header(&from, now()) {
prop_assert!(!header.contains(|c: char| c.is_ascii_control() && c != '\t'), "{header:?}");
        }
    }

    #[test]
    fn a_cookie_is_sent_as_it_was_set(name in "[!#$%&'*+.^_`|~0-9a-zA-Z-]{1,20}", value in "[!-:<-~]{0,40}") {
        let mut jar = CookieJar::default();
        prop_assume!(!name.starts_with("__"));
        store(&mut jar, "http://www.example.com/", &[&format!("{name}={value}; Path=/")]);
        prop_assert_eq!(sent(&mut jar, "http://www.example.com/x"), format!("{name}={value}"));
    }
}
