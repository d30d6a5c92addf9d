//! HTTPS with nginx: versions, names, authorities, certificates of clients.

use std::{fs, time::Duration};

use interop::{Folder, Nginx, Site};
use sockeye::{
    Error, ErrorKind, Fingerprint, HttpRequest, HttpStatus, KnownHosts, TlsClientOptions, TlsError, TlsIdentity,
    TlsVersion, Trust,
};

use super::support::{Client, Way, authority, both_ways, client, options, secured, trusting};

both_ways! {
    either_version_is_spoken_and_resumed,
    a_name_goes_to_the_server_and_an_address_does_not,
    a_version_that_is_too_old_is_refused,
    a_certificate_for_another_name_is_refused,
    an_authority_that_nobody_knows_is_refused,
    a_pinned_certificate_is_the_only_one,
    the_first_certificate_is_remembered,
    trust_in_everything_is_a_choice,
    the_client_shows_its_certificate,
    a_server_without_tls_is_an_error,
    a_plain_request_to_a_tls_server_is_answered,
}

/// The message of the error that a certificate causes; the server must not have seen a request.
fn refused(client: &Client) -> String {
    let error = client.fail(&HttpRequest::get("/").unwrap());
    let Error::Tls(reason) = error else { panic!("{error}") };
    assert!(matches!(*reason, TlsError::Certificate { .. } | TlsError::Fingerprint { .. }), "{reason:?}");
    reason.to_string()
}

fn either_version_is_spoken_and_resumed(way: Way) {
    let nginx = Nginx::shared();
    for (site, version) in [(Site::Tls12, "TLSv1.2"), (Site::Tls13, "TLSv1.3")] {
        let mut options = trusting(authority(&nginx));
        options.pool = 0;
        let client = Client::with(way, &nginx.url(site), options);
        assert_eq!(client.get("/").text(), format!("{version}  .\n"));
        for _ in 0..3 {
            assert_eq!(client.get("/").text(), format!("{version}  r\n"), "a session is resumed");
        }
        // Another client knows nothing of it.
        assert_eq!(
            Client::with(way, &nginx.url(site), trusting(authority(&nginx))).get("/").text(),
            format!("{version}  .\n")
        );
    }
}

fn a_name_goes_to_the_server_and_an_address_does_not(way: Way) {
    let nginx = Nginx::shared();
    let url = nginx.url(Site::Tls13);
    let named = Client::with(way, &url.replace("127.0.0.1", "localhost"), trusting(authority(&nginx)));
    assert_eq!(named.get("/").text(), "TLSv1.3 localhost .\n");
    // RFC 6066 section 3: no literal address.
    assert_eq!(client(way, &nginx, Site::Tls13).get("/").text(), "TLSv1.3  .\n");
}

fn a_version_that_is_too_old_is_refused(way: Way) {
    let nginx = Nginx::shared();
    let with_minimum = |minimum, site| {
        let mut tls = TlsClientOptions::default();
        tls.trust = authority(&nginx);
        tls.minimum = minimum;
        Client::with(way, &nginx.url(site), secured(tls))
    };
    assert_eq!(with_minimum(TlsVersion::Tls13, Site::Tls13).get("/").text(), "TLSv1.3  .\n");
    assert_eq!(with_minimum(TlsVersion::Tls12, Site::Tls12).get("/").text(), "TLSv1.2  .\n");
    let error = with_minimum(TlsVersion::Tls13, Site::Tls12).fail(&HttpRequest::get("/").unwrap());
    let Error::Tls(reason) = error else { panic!("{error}") };
    assert_eq!(*reason, TlsError::Alert { description: "protocol_version".into() });
}

fn a_certificate_for_another_name_is_refused(way: Way) {
    let nginx = Nginx::shared();
    let text = refused(&client(way, &nginx, Site::OtherName));
    assert!(text.starts_with("the certificate of \"127.0.0.1\" is not trusted: "), "{text}");
    let url = nginx.url(Site::OtherName).replace("127.0.0.1", "localhost");
    let text = refused(&Client::with(way, &url, trusting(authority(&nginx))));
    assert!(text.starts_with("the certificate of \"localhost\" is not trusted: "), "{text}");
}

fn an_authority_that_nobody_knows_is_refused(way: Way) {
    let nginx = Nginx::shared();
    refused(&client(way, &nginx, Site::OtherAuthority));
    // The system knows neither of them.
    for site in [Site::Tls, Site::OtherAuthority] {
        for trust in [Trust::System, Trust::default()] {
            refused(&Client::with(way, &nginx.url(site), trusting(trust)));
        }
        let client = Client::with(way, &nginx.url(site), options());
        refused(&client);
        let response = client.http.send_request_timeout(&HttpRequest::get("/").unwrap(), Duration::from_secs(10));
        assert_eq!(response.status(), HttpStatus::CONNECTION_FAILED);
        assert_eq!(response.error().map(Error::kind), Some(ErrorKind::Tls));
    }
    assert_eq!(nginx.requests("never").len(), 0);
}

/// The fingerprint of a certificate, as openssl tells it.
fn fingerprint(nginx: &Nginx, name: &str) -> Fingerprint {
    let mut command = std::process::Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(nginx.certificate(name));
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    text.trim().split_once('=').unwrap().1.parse().unwrap()
}

fn a_pinned_certificate_is_the_only_one(way: Way) {
    let nginx = Nginx::shared();
    let (server, stranger) = (fingerprint(&nginx, "server.pem"), fingerprint(&nginx, "other-authority.pem"));
    for (site, pins, accepted) in [
        (Site::Tls13, vec![server], true),
        (Site::Tls12, vec![server], true),
        (Site::Tls13, vec![stranger], false),
        (Site::OtherAuthority, vec![stranger], true),
        (Site::OtherAuthority, vec![server], false),
        (Site::OtherAuthority, vec![server, stranger], true),
        (Site::Tls12, vec![], false),
    ] {
        let client = Client::with(way, &nginx.url(site), trusting(Trust::Pinned(pins.clone())));
        if accepted {
            assert_eq!(client.get("/").status(), HttpStatus::OK, "{site:?} {pins:?}");
        } else {
            let text = refused(&client);
            let found = if site == Site::OtherAuthority { stranger } else { server };
            assert!(text.contains(&found.to_string().replace(':', "")) || text.contains(&found.to_string()), "{text}");
        }
    }
}

fn the_first_certificate_is_remembered(way: Way) {
    let nginx = Nginx::shared();
    let folder = Folder::new("known-hosts");
    let path = folder.join("known");
    let with_known = |url: &str| Client::with(way, url, trusting(Trust::FirstUse(KnownHosts::at(&path))));
    let url = nginx.url(Site::Tls13);
    assert_eq!(with_known(&url).get("/").status(), HttpStatus::OK);
    let known = fs::read_to_string(&path).unwrap();
    let server = fingerprint(&nginx, "server.pem");
    assert!(known.contains("127.0.0.1") && known.contains(&server.to_string()), "{known}");
    assert_eq!(with_known(&url).get("/").status(), HttpStatus::OK);
    assert_eq!(fs::read_to_string(&path).unwrap(), known);
    // Another certificate under the same name.
    fs::write(&path, known.replace(&server.to_string(), &fingerprint(&nginx, "other-name.pem").to_string())).unwrap();
    let text = refused(&with_known(&url));
    assert!(text.contains("127.0.0.1"), "{text}");
}

fn trust_in_everything_is_a_choice(way: Way) {
    let nginx = Nginx::shared();
    for site in [Site::OtherName, Site::OtherAuthority] {
        let client = Client::with(way, &nginx.url(site), trusting(Trust::Nothing));
        assert_eq!(client.get("/").text(), "never to be seen\n");
    }
}

fn the_client_shows_its_certificate(way: Way) {
    let nginx = Nginx::shared();
    let with_identity = |identity| {
        let mut tls = TlsClientOptions::default();
        tls.trust = authority(&nginx);
        tls.identity = identity;
        Client::with(way, &nginx.url(Site::Client), secured(tls))
    };
    let load = |name: &str| {
        let paths = ["pem", "key"].map(|kind| nginx.certificate(&format!("{name}.{kind}")));
        Some(TlsIdentity::load(&paths[0], &paths[1]).unwrap())
    };
    assert_eq!(with_identity(load("visitor")).get("/").text(), "SUCCESS CN=visitor\n");
    for (identity, text) in
        [(None, "No required SSL certificate was sent"), (load("other-authority"), "The SSL certificate error")]
    {
        let response = with_identity(identity).get("/");
        assert_eq!(response.status(), HttpStatus::BAD_REQUEST);
        assert!(response.text().contains(text), "{}", response.text());
    }
}

fn a_server_without_tls_is_an_error(way: Way) {
    let nginx = Nginx::shared();
    let url = nginx.url(Site::Plain).replace("http:", "https:");
    let error = Client::with(way, &url, trusting(authority(&nginx))).fail(&HttpRequest::get("/answer").unwrap());
    assert!(matches!(&error, Error::Tls(reason) if matches!(**reason, TlsError::Protocol { .. })), "{error:?}");
}

fn a_plain_request_to_a_tls_server_is_answered(way: Way) {
    let nginx = Nginx::shared();
    let response = Client::new(way, &nginx.url(Site::Tls).replace("https:", "http:")).get("/answer");
    assert_eq!(response.status(), HttpStatus::BAD_REQUEST);
    assert!(response.text().contains("The plain HTTP request was sent to HTTPS port"), "{}", response.text());
}
