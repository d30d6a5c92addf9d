//! Through tinyproxy and microsocks, to nginx.

use std::{net::TcpListener, time::Duration};

use interop::{
    Door, LOGIN, Nginx, ProxyServer, Site,
    child::{part, play},
    nginx, pattern,
    server::free_ports,
};
use sockeye::{Error, ErrorKind, Http, HttpOptions, HttpRequest, Phase, Proxy};

use super::support::{Client, Way, authority, both_ways, options, takes, trusting};

both_ways! {
    an_http_proxy_forwards_and_says_so,
    an_http_proxy_makes_a_tunnel_for_https,
    an_http_proxy_asks_for_the_password,
    a_socks_proxy_connects_by_address_and_by_name,
    a_socks_proxy_asks_for_the_password,
    bodies_go_through_every_proxy,
    a_target_that_cannot_be_reached_is_told_by_the_proxy,
    a_proxy_that_is_not_there_is_refused_at_once,
    a_proxy_that_says_nothing_ends_at_the_limit,
}

fn through(way: Way, nginx: &Nginx, proxy: String, site: Site) -> Client {
    let mut options = trusting(authority(nginx));
    options.proxy = Proxy::Url(proxy);
    Client::with(way, &nginx.url(site), options)
}

/// What the proxies call a site.
fn target(nginx: &Nginx, site: Site) -> String {
    format!("127.0.0.1:{}", nginx.port(site))
}

const DIRECT: &str = "GET /answer HTTP/1.1 127.0.0.1 via=\n";

fn an_http_proxy_forwards_and_says_so(way: Way) {
    let nginx = Nginx::shared();
    let proxy = ProxyServer::http(Door::Open);
    let client = through(way, &nginx, proxy.url(), Site::Plain);
    for count in 1..4 {
        let text = client.get("/answer?x=1").text().into_owned();
        assert!(text.starts_with("GET /answer?x=1 HTTP/1.1 127.0.0.1 via=1.1 tinyproxy"), "{text}");
        assert!(proxy.wait_for_connections(&target(&nginx, Site::Plain), count) == count);
    }
    let response = client.get("/no-such-file");
    assert_eq!((response.status().code(), &*response.text()), (404, "there is no such file\n"));
    assert_eq!(response.url(), format!("{}/no-such-file", nginx.url(Site::Plain)));
}

fn an_http_proxy_makes_a_tunnel_for_https(way: Way) {
    let nginx = Nginx::shared();
    let proxy = ProxyServer::http(Door::Open);
    let client = through(way, &nginx, proxy.url(), Site::Tls);
    for _ in 0..3 {
        assert_eq!(client.get("/answer").text(), DIRECT, "the proxy cannot see inside");
    }
    // One tunnel for all of them.
    assert_eq!(proxy.wait_for_connections(&target(&nginx, Site::Tls), 1), 1);
}

fn an_http_proxy_asks_for_the_password(way: Way) {
    let nginx = Nginx::shared();
    let proxy = ProxyServer::http(Door::Locked);
    for (url, opens) in [(proxy.url_for(LOGIN), true), (proxy.url_for(("anna", "open")), false), (proxy.url(), false)] {
        let plain = through(way, &nginx, url.clone(), Site::Plain).get("/answer");
        let request = HttpRequest::get("/answer").unwrap();
        let tunnel = through(way, &nginx, url, Site::Tls).try_send(&request);
        if opens {
            assert!(plain.text().contains("via=1.1 tinyproxy"), "{}", plain.text());
            assert_eq!(tunnel.unwrap().text(), DIRECT);
        } else {
            // Tinyproxy answers as a server would: 401, not 407.
            assert!(matches!(plain.status().code(), 401 | 407), "{plain:?}");
            let Err(Error::PeerRefused { code, text }) = tunnel else { panic!("{tunnel:?}") };
            assert_eq!(code, plain.status().code());
            assert!(text.ends_with("(the proxy)"), "{text}");
        }
    }
    assert_eq!(nginx.requests("/answer?locked").len(), 0);
}

fn a_socks_proxy_connects_by_address_and_by_name(way: Way) {
    let nginx = Nginx::shared();
    let proxy = ProxyServer::socks(Door::Open);
    for site in [Site::Plain, Site::Tls] {
        let client = through(way, &nginx, proxy.url(), site);
        for _ in 0..3 {
            assert_eq!(client.get("/answer").text(), DIRECT);
        }
        assert_eq!(proxy.wait_for_connections(&target(&nginx, site), 1), 1);
        // A name: looked up here, or by the proxy.
        let url = nginx.url(site).replace("127.0.0.1", "localhost");
        for (scheme, host) in [("socks5h", "localhost"), ("socks5", "127.0.0.1")] {
            let mut options = trusting(authority(&nginx));
            options.proxy = Proxy::Url(proxy.url().replace("socks5", scheme));
            let target = format!("{host}:{}", nginx.port(site));
            let before = proxy.connections(&target);
            let text = Client::with(way, &url, options).get("/answer").text().into_owned();
            assert_eq!(text, DIRECT.replace("127.0.0.1", "localhost"));
            assert_eq!(proxy.wait_for_connections(&target, before + 1), before + 1, "{scheme}");
        }
    }
}

fn a_socks_proxy_asks_for_the_password(way: Way) {
    let nginx = Nginx::shared();
    let proxy = ProxyServer::socks(Door::Locked);
    for site in [Site::Plain, Site::Tls] {
        assert_eq!(through(way, &nginx, proxy.url_for(LOGIN), site).get("/answer").text(), DIRECT);
        for url in [proxy.url_for(("anna", "open")), proxy.url_for(("anne", LOGIN.1)), proxy.url()] {
            let error = through(way, &nginx, url, site).fail(&HttpRequest::get("/answer").unwrap());
            assert_eq!(error.kind(), ErrorKind::PeerRefused, "{error}");
            assert!(error.to_string().to_lowercase().contains("proxy"), "{error}");
        }
        assert_eq!(proxy.wait_for_connections(&target(&nginx, site), 1), 1);
    }
}

fn bodies_go_through_every_proxy(way: Way) {
    let nginx = Nginx::shared();
    for proxy in [ProxyServer::http(Door::Locked), ProxyServer::socks(Door::Locked)] {
        for site in [Site::Plain, Site::Tls] {
            let client = through(way, &nginx, proxy.url_for(LOGIN), site);
            for path in ["/pattern", "/chunked/pattern", "/until-close/pattern"] {
                assert!(client.get(path).body() == pattern(nginx::PATTERN), "{site:?} {path}");
            }
            assert_eq!(client.get("/gzip/text.txt").text(), nginx::text());
            let uri = format!("/upload/{way:?}/through-{site:?}");
            let mut request = HttpRequest::put(&uri).unwrap();
            request.set_body_file(nginx.file("pattern")).unwrap();
            assert!(client.send(&request).ok());
            assert!(std::fs::read(nginx.file(&uri[1..])).unwrap() == pattern(nginx::PATTERN));
            std::fs::remove_file(nginx.file(&uri[1..])).unwrap();
        }
    }
}

fn a_target_that_cannot_be_reached_is_told_by_the_proxy(way: Way) {
    let closed = free_ports(1)[0];
    for proxy in [ProxyServer::http(Door::Open), ProxyServer::socks(Door::Open)] {
        for scheme in ["http", "https"] {
            let mut options = options();
            options.proxy = Proxy::Url(proxy.url());
            let client = Client::with(way, &format!("{scheme}://127.0.0.1:{closed}"), options);
            let outcome = client.try_send(&HttpRequest::get("/").unwrap());
            match outcome {
                // A proxy that forwards answers itself.
                Ok(response) => {
                    assert!(proxy.url().starts_with("http:") && scheme == "http", "{response:?}");
                    assert!(response.status().is_server_error(), "{response:?}");
                }
                Err(Error::PeerRefused { code, text }) if proxy.url().starts_with("http:") => {
                    assert!(scheme == "https" && (500..600).contains(&code), "{code} {text}");
                }
                Err(Error::PeerRefused { code, text }) => {
                    // RFC 1928 section 6: connection refused.
                    assert_eq!(code, 5, "{text}");
                    assert!(text.contains("refused"), "{text}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn a_proxy_that_is_not_there_is_refused_at_once(way: Way) {
    let nginx = Nginx::shared();
    let closed = free_ports(1)[0];
    for scheme in ["http", "socks5", "socks5h"] {
        for site in [Site::Plain, Site::Tls] {
            let client = through(way, &nginx, format!("{scheme}://127.0.0.1:{closed}"), site);
            let error = takes(Duration::ZERO, || client.fail(&HttpRequest::get("/answer").unwrap()));
            assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        }
    }
}

fn a_proxy_that_says_nothing_ends_at_the_limit(way: Way) {
    let nginx = Nginx::shared();
    // It takes connections, as the system does for it, and never reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let limit = Duration::from_millis(300);
    for (scheme, site) in [("http", Site::Tls), ("socks5", Site::Plain), ("socks5", Site::Tls)] {
        let mut options = trusting(authority(&nginx));
        options.proxy = Proxy::Url(format!("{scheme}://{}", silent.local_addr().unwrap()));
        options.connect_limit = Some(limit);
        let client = Client::with(way, &nginx.url(site), options);
        let error = takes(limit, || client.fail(&HttpRequest::get("/answer").unwrap()));
        let Error::TimedOut { phase: Phase::Proxy, limit: found } = error else { panic!("{error:?}") };
        assert_eq!(found, limit);
    }
}

/// The environment is the process's, so each of these runs in one of its own.
#[test]
fn the_environment_names_the_proxies() {
    let played = part(|part| {
        let mut words = part.split(' ');
        let (url, authority, expected) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let mut options: HttpOptions =
            trusting(sockeye::Trust::Roots(sockeye::RootCertificates::load(authority).unwrap()));
        options.proxy = Proxy::Environment;
        let response = Http::with_options(url, 0, options).unwrap().send_request(&HttpRequest::get("/answer").unwrap());
        let found = match response.error() {
            Some(error) => format!("{:?}", error.kind()),
            None if response.text().contains("tinyproxy") => "forwarded".to_owned(),
            None => "unseen".to_owned(),
        };
        assert_eq!(found, expected, "{response:?}");
    });
    if played {
        return;
    }
    let nginx = Nginx::shared();
    let (http, socks) = (ProxyServer::http(Door::Open), ProxyServer::socks(Door::Locked));
    let dead = format!("http://127.0.0.1:{}", free_ports(1)[0]);
    let socks_url = socks.url_for(LOGIN);
    let network = "10.0.0.0/8,127.0.0.0/8";
    let (plain, tls) = (Site::Plain, Site::Tls);
    let own_port = target(&nginx, Site::Plain);
    for (site, environment, expected, connections) in [
        (plain, vec![("http_proxy", http.url())], "forwarded", 1),
        (tls, vec![("https_proxy", http.url())], "unseen", 1),
        (tls, vec![("HTTPS_PROXY", http.url())], "unseen", 1),
        (plain, vec![("HTTP_PROXY", http.url())], "forwarded", 1),
        // A CGI program's client could have set it.
        (plain, vec![("HTTP_PROXY", dead.clone()), ("REQUEST_METHOD", "GET".to_owned())], "unseen", 0),
        (plain, vec![("http_proxy", dead.clone())], "Refused", 0),
        (tls, vec![("http_proxy", dead.clone())], "unseen", 0),
        (plain, vec![("all_proxy", socks_url.clone())], "unseen", 1),
        (tls, vec![("ALL_PROXY", socks_url.clone())], "unseen", 1),
        (tls, vec![("all_proxy", dead.clone()), ("https_proxy", socks_url.clone())], "unseen", 1),
        (plain, vec![("http_proxy", dead.clone()), ("no_proxy", "127.0.0.1".to_owned())], "unseen", 0),
        (plain, vec![("http_proxy", dead.clone()), ("NO_PROXY", network.to_owned())], "unseen", 0),
        (plain, vec![("http_proxy", dead.clone()), ("NO_PROXY", "*".to_owned())], "unseen", 0),
        (plain, vec![("http_proxy", dead.clone()), ("NO_PROXY", own_port)], "unseen", 0),
        (plain, vec![("http_proxy", http.url()), ("NO_PROXY", "127.0.0.1:1,example.org".to_owned())], "forwarded", 1),
        (plain, vec![("http_proxy", String::new())], "unseen", 0),
    ] {
        let target = target(&nginx, site);
        let before = http.connections(&target) + socks.connections(&target);
        let authority = nginx.certificate("authority.pem");
        let words = format!("{} {} {expected}", nginx.url(site), authority.display());
        let pairs: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        play("http::proxies::the_environment_names_the_proxies", &words, &pairs).join();
        let after = http.connections(&target) + socks.connections(&target);
        assert_eq!(after - before, connections, "{pairs:?}");
    }
}
