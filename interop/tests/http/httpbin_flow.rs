//! Httpbin: cookies, and answers that take their time.

use std::time::{Duration, Instant};

use interop::{Httpbin, Nginx, Site};
use serde_json::{Value, json};
use sockeye::{Error, Http, HttpRequest, HttpStatus, Phase, SocketSelector, Status};

use super::{
    httpbin::json_of,
    support::{Client, Way, both_ways, options, takes},
};

both_ways! {
    cookies_are_kept_where_they_are_wanted,
    cookies_stay_with_their_host,
    cookies_are_not_kept_unless_asked,
    a_slow_answer_comes_within_its_limit,
    a_slow_answer_ends_at_the_limit,
    a_drip_goes_on_while_it_drips,
    a_drip_that_pauses_too_long_is_silence,
}

fn with_cookies(way: Way, url: &str) -> Client {
    let mut options = options();
    options.cookies = true;
    Client::with(way, url, options)
}

fn cookies_of(client: &Client) -> Value {
    json_of(&client.get("/cookies"))["cookies"].clone()
}

fn cookies_are_kept_where_they_are_wanted(way: Way) {
    let httpbin = Httpbin::shared();
    let client = with_cookies(way, &httpbin.url());
    assert_eq!(cookies_of(&client), json!({}));
    // Set by a redirect, which is followed with them.
    let response = client.get("/cookies/set?fish=salmon&water=fresh");
    assert_eq!(response.url(), format!("{}/cookies", httpbin.url()));
    assert_eq!(json_of(&response), json!({"cookies": {"fish": "salmon", "water": "fresh"}}));
    assert_eq!(cookies_of(&client), json!({"fish": "salmon", "water": "fresh"}));
    client.get("/cookies/set/fish/trout");
    assert_eq!(cookies_of(&client), json!({"fish": "trout", "water": "fresh"}));
    client.get("/cookies/delete?water");
    assert_eq!(cookies_of(&client), json!({"fish": "trout"}));
    // By their attributes: past, secure, of another path, of another host.
    for (cookie, kept) in [
        ("a=1; Max-Age=100", true),
        ("b=2; Max-Age=0", false),
        ("c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
        ("d=4; Expires=Fri, 31 Dec 2100 23:59:59 GMT", true),
        ("e=5; Secure", false),
        ("f=6; Path=/elsewhere", false),
        ("g=7; Path=/cookies", true),
        ("h=8; Domain=example.org", false),
        ("i=9; Path=/; HttpOnly; SameSite=Strict", true),
    ] {
        let mut request = HttpRequest::get("/response-headers").unwrap();
        request.set_query(&[("Set-Cookie", cookie)]);
        assert_eq!(client.send(&request).status(), HttpStatus::OK);
        let (name, value) = (&cookie[..1], &cookie[2..3]);
        assert_eq!(cookies_of(&client)[name], if kept { json!(value) } else { Value::Null }, "{cookie}");
    }
}

fn cookies_stay_with_their_host(way: Way) {
    let (httpbin, nginx) = (Httpbin::shared(), Nginx::shared());
    let client = with_cookies(way, &httpbin.url());
    client.get("/cookies/set/fish/salmon");
    // The port is no part of it (RFC 6265 section 8.5), the name is.
    let credentials = format!("{}/credentials", nginx.url(Site::Plain));
    assert_eq!(client.get(&credentials).text(), "127.0.0.1 authorization= cookie=fish=salmon");
    let elsewhere = credentials.replace("127.0.0.1", "localhost");
    assert_eq!(client.get(&elsewhere).text(), "localhost authorization= cookie=");
}

fn cookies_are_not_kept_unless_asked(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    assert_eq!(json_of(&client.get("/cookies/set?fish=salmon")), json!({"cookies": {}}));
    let mut request = HttpRequest::get("/cookies").unwrap();
    request.set_field("Cookie", "fish=salmon; water=fresh").unwrap();
    assert_eq!(json_of(&client.send(&request)), json!({"cookies": {"fish": "salmon", "water": "fresh"}}));
}

fn a_slow_answer_comes_within_its_limit(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let response = takes(Duration::from_secs(1), || client.get("/delay/1"));
    assert_eq!(json_of(&response)["url"], json!(format!("{}/delay/1", httpbin.url())));
}

fn a_slow_answer_ends_at_the_limit(way: Way) {
    let httpbin = Httpbin::shared();
    let limit = Duration::from_millis(300);
    let request = HttpRequest::get("/delay/3").unwrap();
    let mut limited = options();
    limited.limit = Some(limit);
    let client = Client::with(way, &httpbin.url(), limited);
    let error = takes(limit, || client.fail(&request));
    assert!(matches!(error, Error::TimedOut { phase: Phase::Exchange, limit: found } if found == limit), "{error}");
    let mut silent = options();
    silent.silence = Some(limit);
    let client = Client::with(way, &httpbin.url(), silent);
    let error = takes(limit, || client.fail(&request));
    assert!(matches!(error, Error::TimedOut { phase: Phase::Silence, limit: found } if found == limit), "{error}");
    // The connection is not kept: what comes on it late is nobody's answer.
    assert_eq!(json_of(&client.get("/get"))["url"], json!(format!("{}/get", httpbin.url())));
}

fn a_drip_goes_on_while_it_drips(way: Way) {
    let httpbin = Httpbin::shared();
    let mut options = options();
    options.silence = Some(Duration::from_millis(900));
    let client = Client::with(way, &httpbin.url(), options);
    // Ten bytes in two seconds, after a pause that is short enough as well.
    let path = "/drip?numbytes=10&duration=2&delay=0.2&code=201";
    let response = takes(Duration::from_secs(2), || client.get(path));
    assert_eq!((response.status(), response.body()), (HttpStatus::CREATED, &b"**********"[..]));
    assert_eq!(response.field("Content-Length"), Some("10"));
}

fn a_drip_that_pauses_too_long_is_silence(way: Way) {
    let httpbin = Httpbin::shared();
    let mut options = options();
    let silence = Duration::from_millis(300);
    options.silence = Some(silence);
    let client = Client::with(way, &httpbin.url(), options);
    let error = takes(silence, || client.fail(&HttpRequest::get("/drip?numbytes=2&duration=4").unwrap()));
    assert!(matches!(error, Error::TimedOut { phase: Phase::Silence, limit } if limit == silence), "{error}");
}

#[test]
fn a_limit_of_one_request_covers_all_of_it() {
    let httpbin = Httpbin::shared();
    let client = Client::new(Way::Blocking, &httpbin.url());
    let limit = Duration::from_millis(700);
    for path in ["/delay/2", "/drip?numbytes=50&duration=5", "/redirect-to?url=/delay/2"] {
        let request = HttpRequest::get(path).unwrap();
        let response = takes(limit, || client.http.send_request_timeout(&request, limit));
        assert_eq!(response.status(), HttpStatus::INVALID_RESPONSE, "{path}");
        let error = response.into_result().unwrap_err();
        assert!(matches!(error, Error::TimedOut { phase: Phase::Exchange, limit: l } if l == limit), "{path}: {error}");
    }
    let response = client.http.send_request_timeout(&HttpRequest::get("/get").unwrap(), Duration::from_secs(10));
    assert!(response.ok(), "{response:?}");
}

/// A selector wakes a program for what happens, and not for nothing.
#[test]
fn an_exchange_that_waits_is_not_polled_in_vain() {
    let httpbin = Httpbin::shared();
    let http = Http::with_options(&httpbin.url(), 0, options()).unwrap();
    let mut exchange = http.begin(&HttpRequest::get("/delay/1").unwrap());
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&exchange).unwrap();
    let (start, mut polls) = (Instant::now(), 0);
    let response = loop {
        polls += 1;
        match exchange.poll() {
            Status::Done(response) => break response,
            Status::NotReady => selector.wait(exchange.wakes_in()).unwrap(),
            other => panic!("{other:?}"),
        };
    };
    assert!(response.ok() && start.elapsed() >= Duration::from_secs(1));
    assert!(polls <= 12, "{polls} polls");
}

/// An exchange that is dropped takes its connection with it, and the client goes on.
#[test]
fn a_dropped_exchange_is_cancelled() {
    let httpbin = Httpbin::shared();
    let http = Http::with_options(&httpbin.url(), 0, options()).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    for polls in 0..6 {
        let mut exchange = http.begin(&HttpRequest::get("/delay/2").unwrap());
        selector.add(&exchange).unwrap();
        for _ in 0..polls {
            assert!(exchange.poll().is_not_ready());
            selector.wait(Some(Duration::from_millis(50))).unwrap();
        }
        let start = Instant::now();
        drop(exchange);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(selector.len(), 0);
    }
    assert_eq!(json_of(&http.send_request(&HttpRequest::get("/get").unwrap()))["args"], json!({}));
}
