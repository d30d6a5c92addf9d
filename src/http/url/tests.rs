use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn parts(text: &str) -> (bool, String, u16, String) {
    let Url { https, host, port, target, .. } = url(text);
    (https, host.to_string(), port, target)
}

#[test]
fn each_part_is_found() {
    for (text, https, host, port, target) in [
        ("http://example.com", false, "example.com", 80, "/"),
        ("https://example.com/", true, "example.com", 443, "/"),
        ("HTTPS://Example.COM:8443/A/b?C=d#e", true, "example.com", 8443, "/A/b?C=d"),
        ("http://example.com?q=/x", false, "example.com", 80, "/?q=/x"),
        ("http://example.com#/x?y", false, "example.com", 80, "/"),
        ("http://example.com:/x", false, "example.com", 80, "/x"),
        ("http://127.0.0.1:1/x", false, "127.0.0.1", 1, "/x"),
        ("http://[::1]", false, "::1", 80, "/"),
        ("http://[0:0::1]:65535/x", false, "::1", 65535, "/x"),
        ("http://under_score.example.:8080//x//", false, "under_score.example.", 8080, "//x//"),
        ("http://xn--bcher-kva.example/%zz%41", false, "xn--bcher-kva.example", 80, "/%zz%41"),
        ("http://h/a@b:c", false, "h", 80, "/a@b:c"),
        ("http://h?x@y", false, "h", 80, "/?x@y"),
        ("http://h/caf\u{e9}?\u{1f41f}", false, "h", 80, "/caf%C3%A9?%F0%9F%90%9F"),
        ("http://h/\"<>^`{|}[]", false, "h", 80, "/%22%3C%3E%5E%60%7B%7C%7D[]"),
        ("http://h/a/./b/../c?d/../e", false, "h", 80, "/a/c?d/../e"),
        ("http://h/a?b?c", false, "h", 80, "/a?b?c"),
    ] {
        assert_eq!(parts(text), (https, host.to_owned(), port, target.to_owned()), "{text}");
    }
}

#[test]
fn users_and_passwords_are_decoded() {
    for (text, user, password) in [
        ("http://joe@h/", "joe", ""),
        ("http://joe:pw@h/", "joe", "pw"),
        ("http://joe:p%40%3a:w@h:1/", "joe", "p@::w"),
        ("http://:@h/", "", ""),
        ("http://%C3%A9:%25@[::1]/", "\u{e9}", "%"),
    ] {
        assert_eq!(url(text).user, Some((user.to_owned(), password.to_owned())), "{text}");
    }
    assert_eq!(url("http://h/").user, None);
}

#[test]
fn what_is_not_strictly_a_url_is_refused() {
    for text in [
        "",
        "example.com",
        "/path",
        "ftp://h/",
        "file:///etc/passwd",
        "http:/h",
        "http:h",
        "http//h",
        "://h",
        "http://",
        "http:///x",
        "http://:80/",
        "http://?x",
        "http://h:0/",
        "http://h:65536/",
        "http://h:+80/",
        "http://h:-1/",
        "http://h:8a/",
        "http://h:80:80/",
        "http://h: 80/",
        "http://::1/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[::1]]/",
        "http://[127.0.0.1]/",
        "http://[h]/",
        "http://[]/",
        "http://[fe80::1%25eth0]/",
        "http://a@b@h/",
        "http://%ff@h/",
        "http://h%41/",
        "http://b\u{fc}cher.example/",
        "http://h,i/",
        "http://h;i/",
        "http://a\u{ff0f}b/",
        "http://h\\@i/",
        "http://h/a\\b",
        "http://h/a b",
        " http://h/",
        "http://h/ ",
        "http://h/\r\nX: y",
        "http://h/\n",
        "http://h/\0",
        "http://h/\t",
        "http://h/\x7f",
        "http://h/\u{a0}",
        "http://h/\u{2028}",
        "http://h/\u{85}",
        "http://h/#\r\n",
        "ht\ntp://h/",
    ] {
        let error = Url::parse(text).map_or_else(|error| error, |url| panic!("{text:?} is {url:?}"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}");
    }
}

#[test]
fn the_longest_host_is_allowed_and_one_more_is_not() {
    let host = "a".repeat(HOST_LIMIT);
    assert_eq!(*url(&format!("http://{host}/")).host, *host);
    assert_eq!(Url::parse(&format!("http://{host}a/")).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn secrets_are_neither_shown_nor_in_errors() {
    let joe = url("http://joe:hunter2@h/x");
    assert_eq!(joe.to_string(), "http://h/x");
    assert_eq!(format!("{joe:?}"), "Url(http://h/x, with a user)");
    for text in [
        "http://joe:hunter2@h h/",
        "http://joe:hunter2@h:0/",
        "ftp://joe:hunter2@h",
        "joe:hunter2@h",
        "//joe:hun/ter2@h:x",
        "http://joe:hunter2@h:0/@",
    ] {
        let error = Url::parse(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("ter2"), "{shown}");
    }
}

#[test]
fn the_authority_has_the_port_only_where_it_is_not_the_scheme_s() {
    for (text, authority) in [
        ("http://h/", "h"),
        ("http://h:80/", "h"),
        ("http://h:443/", "h:443"),
        ("https://h:443/", "h"),
        ("https://h:80/", "h:80"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ] {
        assert_eq!(url(text).authority(), authority, "{text}");
    }
    assert_eq!(url("https://h/a").with_port(80).to_string(), "https://h:80/a");
    assert_eq!(url("https://h:80/a").with_port(443).to_string(), "https://h/a");
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let base = url("http://h/x");
    for (other, same) in [
        ("http://H:80/other?y", true),
        ("http://joe@h/", true),
        ("https://h:80/", false),
        ("https://h/", false),
        ("http://h:81/", false),
        ("http://i/", false),
        ("http://h.i/", false),
    ] {
        assert_eq!(base.has_origin_of(&url(other)), same, "{other}");
    }
}

/// The examples of RFC 3986, 5.4, as far as they are of the schemes here and have no `;` in their base.
#[test]
fn references_are_resolved_as_the_rfc_shows() {
    let base = url("http://a/b/c/d;p?q");
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g"),
        ("g#s/../x", "http://a/b/c/g"),
        // Not of the RFC.
        ("?", "http://a/b/c/d;p?"),
        ("https://x:1/y?z", "https://x:1/y?z"),
        ("//x:1?z", "http://x:1/?z"),
        ("g?http://x", "http://a/b/c/g?http://x"),
        ("/g:h", "http://a/g:h"),
        ("./g:h", "http://a/b/c/g:h"),
        ("1:2", "http://a/b/c/1:2"),
    ] {
        let joined = base.join(reference).unwrap_or_else(|error| panic!("{reference:?}: {error}"));
        assert_eq!(joined.to_string(), expected, "{reference:?}");
    }
}

#[test]
fn references_of_other_schemes_and_with_line_ends_are_refused() {
    let base = url("http://a/b");
    for reference in ["g:h", "http:g", "javascript:x", "ftp://x/", "/a b", "/a\r\nX: y", "//", "///x", "//h:0", "\\\\x"]
    {
        assert_eq!(base.join(reference).unwrap_err().kind(), ErrorKind::InvalidInput, "{reference:?}");
    }
}

#[test]
fn a_reference_keeps_the_user_as_long_as_the_host_is_not_named() {
    let base = url("http://joe:pw@a/b");
    assert_eq!(base.join("c").unwrap().user, base.user);
    assert_eq!(base.join("//a/c").unwrap().user, None);
    assert_eq!(base.join("http://a/c").unwrap().user, None);
}

#[test]
fn a_target_never_names_another_host() {
    let base = url("http://a:1/b?c");
    for (target, expected) in [
        ("/x", "http://a:1/x"),
        ("x", "http://a:1/x"),
        ("", "http://a:1/"),
        ("?y", "http://a:1/?y"),
        ("//evil/x", "http://a:1//evil/x"),
        ("http://evil/x", "http://a:1/http://evil/x"),
        ("@evil", "http://a:1/@evil"),
        ("/../x#y", "http://a:1/x"),
    ] {
        assert_eq!(base.with_target(target).unwrap().to_string(), expected, "{target}");
    }
    assert_eq!(base.with_target("/a\nb").unwrap_err().kind(), ErrorKind::InvalidInput);
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_safe_and_reads_back_the_same(text in "(http://|https://|//|)[a-z@:/?#\\[\\]. %\u{e9}{}1]{0,20}") {
        let base = url("http://base/x/y?z");
        for url in [Url::parse(&text), base.join(&text), base.with_target(&text)].into_iter().flatten() {
            prop_assert!(url.target.starts_with('/'));
            prop_assert!(url.target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
            prop_assert!(!url.host.is_empty());
            let again = Url::parse(&url.to_string()).unwrap();
            prop_assert_eq!(&again, &Url { user: None, ..url.clone() });
            prop_assert_eq!(&again.join(&url.target).ok().filter(|_| !url.target.starts_with("//")), &Some(again.clone()).filter(|_| !url.target.starts_with("//")));
        }
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text: String) {
        let _ = Url::parse(&text);
        let _ = Url::parse(&format!("http://{text}"));
        let _ = url("http://base/").join(&text);
    }
}
