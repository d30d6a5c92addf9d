//! Where nginx and httpbin send a request next.

use interop::{Httpbin, Nginx, Site};
use sockeye::{Error, HttpMethod, HttpRequest, HttpStatus, Limit};

use super::{
    httpbin::json_of,
    support::{Client, Way, authority, both_ways, client, options, trusting},
};

both_ways! {
    a_get_and_a_head_go_where_they_are_sent,
    a_post_becomes_a_get_or_stays_what_it_is,
    a_circle_ends_at_the_limit,
    a_redirect_that_is_not_followed_is_the_response,
    https_does_not_lead_to_http_unless_allowed,
    credentials_stay_with_their_host,
    every_form_of_a_location_is_followed,
    as_many_as_the_limit_are_followed,
}

fn a_get_and_a_head_go_where_they_are_sent(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    for path in ["/moved", "/found", "/see-other"] {
        let response = client.get(path);
        assert_eq!(response.text(), "GET /answer HTTP/1.1 127.0.0.1 via=\n", "{path}");
        assert_eq!(response.url(), format!("{}/answer", nginx.url(Site::Plain)));
        let head = client.send(&HttpRequest::head(path).unwrap());
        assert_eq!((head.status(), head.body()), (HttpStatus::OK, &b""[..]), "{path}");
        // A HEAD stays one: the length is that of the answer to it.
        let expected = "HEAD /answer HTTP/1.1 127.0.0.1 via=\n".len().to_string();
        assert_eq!(head.field("Content-Length"), Some(&*expected), "{path}");
    }
}

fn a_post_becomes_a_get_or_stays_what_it_is(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::post("/moved").unwrap();
    request.set_field("Content-Type", "text/fish").unwrap().set_body("salmon");
    for path in ["/moved", "/found", "/see-other"] {
        request.set_uri(path).unwrap();
        assert_eq!(client.send(&request).text(), "GET /answer HTTP/1.1 127.0.0.1 via=\n", "{path}");
    }
    for method in [HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch] {
        for path in ["/temporary", "/permanent"] {
            request.set_method(method).set_uri(path).unwrap();
            let response = client.send(&request);
            assert_eq!(response.status(), HttpStatus::NO_CONTENT);
            let told = ["X-Method", "X-Type", "X-Length", "X-Body"].map(|name| response.field(name).unwrap_or("none"));
            assert_eq!(told, [method.as_str(), "text/fish", "6", "salmon"], "{path}");
        }
    }
    // A body that is gone cannot be sent again: the redirect is the answer.
    request.set_method(HttpMethod::Post).set_uri("/temporary").unwrap();
    request.set_body_reader(&b"salmon"[..], Some(6));
    assert_eq!(client.send(&request).status(), HttpStatus::TEMPORARY_REDIRECT);
}

fn a_circle_ends_at_the_limit(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let error = client.fail(&HttpRequest::get(&format!("/circle?{way:?}")).unwrap());
    assert!(matches!(error, Error::TooMany { what: Limit::Redirects, limit: 10 }), "{error}");
    // The first request names itself, the ten that follow do not.
    assert_eq!(nginx.requests(&format!("/circle?{way:?} ")).len(), 1);
}

fn a_redirect_that_is_not_followed_is_the_response(way: Way) {
    let nginx = Nginx::shared();
    let mut options = options();
    options.redirects = 0;
    let client = Client::with(way, &nginx.url(Site::Plain), options);
    for (path, status) in [("/moved", 301), ("/found", 302), ("/see-other", 303), ("/temporary", 307)] {
        let response = client.get(path);
        assert_eq!(response.status().code(), status);
        let to = if path == "/temporary" { "echo" } else { "answer" };
        assert_eq!(response.field("Location"), Some(&*format!("{}/{to}", nginx.url(Site::Plain))));
        assert!(response.text().contains("<center>nginx"), "{}", response.text());
        assert_eq!(response.url(), format!("{}{path}", nginx.url(Site::Plain)));
    }
}

fn https_does_not_lead_to_http_unless_allowed(way: Way) {
    let nginx = Nginx::shared();
    let mut options = trusting(authority(&nginx));
    let client = Client::with(way, &nginx.url(Site::Plain), options.clone());
    let response = client.get("/secured");
    assert_eq!(response.url(), format!("{}/answer", nginx.url(Site::Tls)));
    assert_eq!(response.text(), "GET /answer HTTP/1.1 127.0.0.1 via=\n");

    let client = Client::with(way, &nginx.url(Site::Tls), options.clone());
    let error = client.fail(&HttpRequest::get("/unsecured").unwrap());
    assert!(matches!(error, Error::Malformed { expected: "a redirect from https to https" }), "{error}");
    options.allow_downgrade = true;
    let client = Client::with(way, &nginx.url(Site::Tls), options);
    assert_eq!(client.get("/unsecured").url(), format!("{}/answer", nginx.url(Site::Plain)));
}

fn credentials_stay_with_their_host(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::get("/credentials").unwrap();
    request.set_bearer("of-anna").unwrap().set_field("Cookie", "fish=salmon").unwrap();
    assert_eq!(client.send(&request).text(), "127.0.0.1 authorization=Bearer of-anna cookie=fish=salmon");
    request.set_uri("/elsewhere").unwrap();
    assert_eq!(client.send(&request).text(), "localhost authorization= cookie=");
    // Those of a URL as well.
    let login = format!("http://anna:sesame@127.0.0.1:{}", nginx.port(Site::Plain));
    let client = Client::new(way, &login);
    assert_eq!(client.get("/credentials").text(), "127.0.0.1 authorization=Basic YW5uYTpzZXNhbWU= cookie=");
    assert_eq!(client.get("/elsewhere").text(), "localhost authorization= cookie=");
}

fn every_form_of_a_location_is_followed(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for path in ["/redirect/3", "/relative-redirect/3", "/absolute-redirect/3", "/redirect/3?absolute=true"] {
        let response = client.get(path);
        assert_eq!((response.status(), response.url()), (HttpStatus::OK, &*format!("{}/get", httpbin.url())), "{path}");
    }
    for (to, url) in [
        ("/anything/x", "/anything/x"),
        ("anything/x", "/anything/x"),
        ("./a/../anything/./x?q=1", "/anything/x?q=1"),
        ("?url=/anything/y", "/anything/y"),
    ] {
        let mut request = HttpRequest::get("/redirect-to").unwrap();
        request.set_query(&[("url", to)]);
        assert_eq!(client.send(&request).url(), format!("{}{url}", httpbin.url()), "{to}");
    }
    let mut request = HttpRequest::post("/redirect-to").unwrap();
    request.set_query(&[("url", "/anything"), ("status_code", "307")]).set_form(&[("fish", "salmon")]);
    let response = client.send(&request);
    assert_eq!(response.url(), format!("{}/anything", httpbin.url()));
    let json = json_of(&response);
    assert_eq!((&json["method"], &json["form"]), (&"POST".into(), &serde_json::json!({"fish": "salmon"})));
}

fn as_many_as_the_limit_are_followed(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    assert_eq!(client.get("/redirect/10").url(), format!("{}/get", httpbin.url()));
    let error = client.fail(&HttpRequest::get("/redirect/11").unwrap());
    assert!(matches!(error, Error::TooMany { what: Limit::Redirects, limit: 10 }), "{error}");
    let mut options = options();
    options.redirects = 1;
    let client = Client::with(way, &httpbin.url(), options);
    assert_eq!(client.get("/redirect/1").url(), format!("{}/get", httpbin.url()));
    let error = client.fail(&HttpRequest::get("/redirect/2").unwrap());
    assert!(matches!(error, Error::TooMany { what: Limit::Redirects, limit: 1 }), "{error}");
}
