//! The server of Python's standard library: HTTP/1.0 that ends each body with the connection's end, and 1.1; no ranges.

use std::{fs, ops::ControlFlow};

use interop::{Files, Folder, pattern};
use sockeye::{ErrorKind, HttpRequest, HttpStatus, Resume};

use super::support::{Client, Way, both_ways};

both_ways! {
    files_arrive_in_both_versions,
    heads_and_errors_arrive_in_both_versions,
    a_list_of_a_folder_is_a_page,
}

const VERSIONS: [(&str, u8); 2] = [("HTTP/1.0", 0), ("HTTP/1.1", 1)];
const LENGTH: usize = 700_001;
/// Too long to come at once.
const LONG: usize = 3_000_001;

fn files_arrive_in_both_versions(way: Way) {
    for (protocol, minor) in VERSIONS {
        let files = Files::start(protocol);
        files.write("pattern", pattern(LENGTH));
        files.write("a b\u{e9}.txt", "a name\n");
        let client = Client::new(way, &files.url());
        for _ in 0..3 {
            let response = client.get("/pattern");
            assert_eq!((response.status(), response.major_http_version()), (HttpStatus::OK, 1));
            assert_eq!(response.minor_http_version(), minor);
            assert!(response.body() == pattern(LENGTH));
        }
        let response = client.get("/a%20b%C3%A9.txt");
        assert_eq!((&*response.text(), response.field("Content-Type")), ("a name\n", Some("text/plain")));
        assert_eq!(files.output().matches("\"GET /pattern HTTP/1.1\" 200").count(), 3);
    }
}

fn heads_and_errors_arrive_in_both_versions(way: Way) {
    for (protocol, _) in VERSIONS {
        let files = Files::start(protocol);
        files.write("pattern", pattern(LENGTH));
        let client = Client::new(way, &files.url());
        let head = client.send(&HttpRequest::head("/pattern").unwrap());
        assert_eq!((head.status(), head.body()), (HttpStatus::OK, &b""[..]));
        assert_eq!(head.field("Content-Length"), Some(&*LENGTH.to_string()));
        let missing = client.get("/no-such-file");
        assert_eq!((missing.status(), missing.reason()), (HttpStatus::NOT_FOUND, "File not found"));
        assert!(missing.text().contains("<p>Error code: 404</p>"), "{}", missing.text());
        let missing = client.send(&HttpRequest::head("/no-such-file").unwrap());
        assert_eq!((missing.status(), missing.body()), (HttpStatus::NOT_FOUND, &b""[..]));
        let mut unchanged = HttpRequest::get("/pattern").unwrap();
        unchanged.set_field("If-Modified-Since", head.field("Last-Modified").unwrap()).unwrap();
        assert_eq!(client.send(&unchanged).status(), HttpStatus::NOT_MODIFIED);
        let mut post = HttpRequest::post("/pattern").unwrap();
        post.set_body("salmon");
        let response = client.send(&post);
        assert_eq!(response.status(), HttpStatus::NOT_IMPLEMENTED);
        assert!(response.text().contains("Unsupported method"), "{}", response.text());
        assert!(client.get("/pattern").body() == pattern(LENGTH));
    }
}

fn a_list_of_a_folder_is_a_page(way: Way) {
    let files = Files::start("HTTP/1.0");
    files.write("folder/salmon", "");
    let client = Client::new(way, &files.url());
    // The way there is a redirect without a host.
    let response = client.get("/folder");
    assert_eq!(response.url(), format!("{}/folder/", files.url()));
    assert!(response.text().contains("<a href=\"salmon\">salmon</a>"), "{}", response.text());
}

#[test]
fn a_download_begins_again_where_ranges_are_ignored() {
    for (protocol, _) in VERSIONS {
        let files = Files::start(protocol);
        files.write("pattern", pattern(LONG));
        let client = Client::new(Way::Blocking, &files.url());
        let folder = Folder::new("download");
        let request = HttpRequest::get("/pattern").unwrap();
        let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, |progress| {
            if progress.received > 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
        let begun = fs::metadata(folder.join("file.part")).unwrap().len();
        assert!((100_000..LONG as u64).contains(&begun), "{begun}");
        let mut last = 0;
        let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, |progress| {
            last = progress.received;
            ControlFlow::Continue(())
        });
        assert_eq!((response.status(), last), (HttpStatus::OK, LONG as u64));
        assert!(fs::read(folder.join("file")).unwrap() == pattern(LONG));
        assert_eq!(folder.names(), ["file"]);
    }
}
