use super::*;

fn variables(set: &[(&str, &str)]) -> Result<Proxies> {
    Proxies::from_variables(|name| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
}

/// The host of the proxy for a target.
fn chosen(proxies: &Proxies, https: bool, host: &str, port: u16) -> Option<String> {
    proxies.address_for(https, host, port).map(|address| address.host.clone())
}

fn bypasses(list: &str, host: &str, port: u16) -> bool {
    let proxies = variables(&[("all_proxy", "proxy"), ("no_proxy", list)]).unwrap();
    proxies.address_for(false, host, port).is_none()
}

#[test]
fn a_proxy_is_read_with_all_its_parts() {
    let read = |url: &str| ProxyAddress::parse(url).unwrap();
    let credentials =
        |user: &str, password: &str| Some(Credentials { user: user.to_owned(), password: password.to_owned() });
    let full = read("http://user:p%40ss%3Aword@proxy.example:3128/");
    assert_eq!((full.kind, full.host.as_str(), full.port), (ProxyKind::Http, "proxy.example", 3128));
    assert_eq!(full.credentials, credentials("user", "p@ss:word"));
    // A password whose "@" was not escaped is common, and can mean only one thing.
    assert_eq!(read("http://user:p@ss@proxy").credentials, credentials("user", "p@ss"));
    assert_eq!(read("socks5://user@[::1]").credentials, credentials("user", ""));

    for (url, kind, host, port) in [
        ("proxy", ProxyKind::Http, "proxy", 80),
        ("proxy:3128", ProxyKind::Http, "proxy", 3128),
        (" HTTP://127.0.0.1:3128 ", ProxyKind::Http, "127.0.0.1", 3128),
        ("socks5://127.0.0.1", ProxyKind::Socks5, "127.0.0.1", 1080),
        ("socks5h://[::1]:9050", ProxyKind::Socks5h, "::1", 9050),
        ("http://[2001:db8::1]", ProxyKind::Http, "2001:db8::1", 80),
    ] {
        let address = read(url);
        assert_eq!((address.kind, address.host.as_str(), address.port), (kind, host, port), "{url}");
        assert_eq!(address.credentials, None, "{url}");
    }
}

#[test]
fn what_is_no_proxy_is_refused_without_its_password() {
    for url in [
        "",
        "http://",
        "https://proxy",
        "socks4://proxy",
        "http://proxy:",
        "http://proxy:x",
        "http://proxy:+80",
        "http://proxy:65536",
        "http://pro xy",
        "http://proxy\r\nX: y",
        "http://proxy/path",
        "http://[127.0.0.1]:80",
        "http://[::1",
        "http://[name]:80",
        "http://::1:80",
        "ftp://user:hush@proxy",
        "http://user:hush@proxy:99999",
        "user:hush@",
        "http://user:hush%ff@proxy",
    ] {
        // A port that is empty is no port (RFC 3986 section 3.2.3), but nobody means it.
        let error = ProxyAddress::parse(url).map(|address| panic!("{url:?} gave {address:?}")).unwrap_err();
        let text = error.to_string();
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn no_output_shows_a_password() {
    let url = "http://user:hush@proxy:3128".to_owned();
    let proxies = Proxies::new(&Proxy::Url(url.clone())).unwrap();
    for shown in [format!("{proxies:?}"), format!("{:?}", Proxy::Url(url))] {
        assert!(!shown.contains("hush") && !shown.contains("user"), "{shown}");
        assert!(shown.contains("3128"), "{shown}");
    }
    assert_eq!(redact("mistyped:hush@proxy"), "(not shown)@proxy");
}

#[test]
fn the_environment_is_read_as_curl_reads_it() {
    let proxies = variables(&[("http_proxy", "one"), ("https_proxy", "two"), ("all_proxy", "three")]).unwrap();
    assert_eq!(chosen(&proxies, false, "host", 80).as_deref(), Some("one"));
    assert_eq!(chosen(&proxies, true, "host", 443).as_deref(), Some("two"));

    let proxies = variables(&[("HTTPS_PROXY", "two"), ("ALL_PROXY", "three")]).unwrap();
    assert_eq!(chosen(&proxies, false, "host", 80).as_deref(), Some("three"));
    assert_eq!(chosen(&proxies, true, "host", 443).as_deref(), Some("two"));

    let proxies = variables(&[("http_proxy", ""), ("HTTP_PROXY", "capitals")]).unwrap();
    assert_eq!(chosen(&proxies, false, "host", 80).as_deref(), Some("capitals"));
    assert_eq!(chosen(&proxies, true, "host", 443), None);

    let proxies = variables(&[("http_proxy", "small"), ("HTTP_PROXY", "capitals")]).unwrap();
    assert_eq!(chosen(&proxies, false, "host", 80).as_deref(), Some("small"));

    assert_eq!(chosen(&variables(&[]).unwrap(), false, "host", 80), None);
    variables(&[("http_proxy", "gopher://old")]).unwrap_err();
}

#[test]
fn a_cgi_program_does_not_take_its_proxy_from_a_client() {
    let cgi = [("HTTP_PROXY", "evil"), ("REQUEST_METHOD", "GET")];
    assert_eq!(chosen(&variables(&cgi).unwrap(), false, "host", 80), None);
    let cgi = [("HTTP_PROXY", "evil"), ("REQUEST_METHOD", "GET"), ("http_proxy", "own")];
    assert_eq!(chosen(&variables(&cgi).unwrap(), false, "host", 80).as_deref(), Some("own"));
}

#[test]
fn a_given_proxy_is_for_everything_and_none_for_nothing() {
    let given = Proxies::new(&Proxy::Url("proxy:3128".to_owned())).unwrap();
    assert_eq!(chosen(&given, true, "127.0.0.1", 443).as_deref(), Some("proxy"));
    assert_eq!(chosen(&given, false, "localhost", 80).as_deref(), Some("proxy"));
    assert_eq!(chosen(&Proxies::new(&Proxy::None).unwrap(), false, "host", 80), None);
}

#[test]
fn names_are_bypassed_with_what_is_below_them() {
    for list in
        ["example.com", ".example.com", "*.example.com", "EXAMPLE.com.", "other, example.com", "other example.com"]
    {
        for host in ["example.com", "Example.COM", "www.example.com", "a.b.example.com", "example.com."] {
            assert!(bypasses(list, host, 80), "{list:?} {host:?}");
        }
        for host in ["badexample.com", "example.com.evil", "com", "example.org", "192.0.2.1"] {
            assert!(!bypasses(list, host, 80), "{list:?} {host:?}");
        }
    }
    assert!(bypasses("*", "anything", 1));
    assert!(bypasses("*", "::1", 1));
    assert!(!bypasses("", "anything", 1));
    assert!(!bypasses(" , ,", "anything", 1));
    assert!(!bypasses(".", "anything", 1));
    assert!(!bypasses("a/b,1.2.3.4/33,1.2.3.4/-1,[::1,host:x", "host", 1));
}

#[test]
fn addresses_and_networks_are_bypassed() {
    for (list, host) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.255"),
        ("192.0.2.128/25", "192.0.2.128"),
        ("0.0.0.0/0", "203.0.113.9"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("2001:db8::/32", "2001:db8:1::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("::/0", "fe80::1"),
    ] {
        assert!(bypasses(list, host, 80), "{list:?} {host:?}");
    }
    for (list, host) in [
        ("192.0.2.1", "192.0.2.10"),
        ("192.0.2.0/24", "192.0.3.0"),
        ("192.0.2.128/25", "192.0.2.127"),
        ("192.0.2.7/32", "192.0.2.6"),
        ("0.0.0.0/0", "::1"),
        ("::/0", "127.0.0.1"),
        ("2001:db8::/32", "2001:db9::1"),
        ("10.0.0.0/8", "10.example"),
        // Loopback is not special.
        ("10.0.0.0/8", "127.0.0.1"),
        ("2.1", "192.0.2.1"),
    ] {
        assert!(!bypasses(list, host, 80), "{list:?} {host:?}");
    }
}

#[test]
fn an_entry_with_a_port_is_for_that_port() {
    for (list, host) in
        [("example.com:8080", "www.example.com"), ("192.0.2.1:8080", "192.0.2.1"), ("[::1]:8080", "::1")]
    {
        assert!(bypasses(list, host, 8080), "{list:?}");
        assert!(!bypasses(list, host, 80), "{list:?}");
    }
}
