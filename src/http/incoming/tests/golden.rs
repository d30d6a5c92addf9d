//! Responses as real servers sent them.

use super::*;

/// nginx 1.22.1, packed on the way.
const NGINX_GZIP: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 08:22:33 GMT\r\n\
    Content-Type: text/plain\r\nLast-Modified: Sat, 21 Nov 2026 08:22:31 GMT\r\nTransfer-Encoding: chunked\r\n\
    Connection: close\r\nETag: W/\"6b0154c7-24\"\r\nContent-Encoding: gzip\r\n\r\n\
    1e\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03\xcbH\xcd\xc9\xc9W\xc8\xc0Gr\x01\x00\xf3\xa0]\xc7$\x00\x00\x00\r\n\
    0\r\n\r\n";

/// nginx 1.22.1, to a HEAD.
const NGINX_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 08:22:33 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 36\r\nLast-Modified: Sat, 21 Nov 2026 08:22:31 GMT\r\n\
    Connection: close\r\nETag: \"6b0154c7-24\"\r\nAccept-Ranges: bytes\r\n\r\n";

/// nginx 1.22.1, a folder without its slash.
const NGINX_REDIRECT: &[u8] = b"HTTP/1.1 301 Moved Permanently\r\nServer: nginx/1.22.1\r\n\
    Date: Sat, 21 Nov 2026 08:22:33 GMT\r\nContent-Type: text/html\r\nContent-Length: 169\r\n\
    Location: http://x:38929/folder/\r\nConnection: close\r\n\r\n\
    <html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body>\r\n\
    <center><h1>301 Moved Permanently</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";

/// nginx 1.22.1, `return 204`.
const NGINX_EMPTY: &[u8] =
    b"HTTP/1.1 204 No Content\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 08:22:33 GMT\r\n\
    Connection: close\r\n\r\n";

/// `http.server` of Python 3.11, with its default version.
const PYTHON: &[u8] = b"HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.7\r\n\
    Date: Sat, 21 Nov 2026 08:19:02 GMT\r\nContent-type: text/plain\r\nContent-Length: 6\r\n\
    Last-Modified: Sat, 21 Nov 2026 08:19:01 GMT\r\n\r\nhello\n";

/// httpbin under gunicorn: `/cookies/set?a=1&b=2`.
const HTTPBIN_COOKIES: &[u8] = b"HTTP/1.1 302 FOUND\r\nServer: gunicorn\r\nDate: Sat, 21 Nov 2026 08:22:44 GMT\r\n\
    Connection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 203\r\nLocation: /cookies\r\n\
    Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\nAccess-Control-Allow-Origin: *\r\n\
    Access-Control-Allow-Credentials: true\r\n\r\n\
    <!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n\
    <p>You should be redirected automatically to the target URL: <a href=\"/cookies\">/cookies</a>. \
    If not, click the link.\n";

/// httpbin under gunicorn: `/stream/2`.
const HTTPBIN_STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Sat, 21 Nov 2026 08:22:44 GMT\r\n\
    Connection: close\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\
    Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\r\n\
    7A\r\n{\"url\": \"http://x/stream/2\", \"args\": {}, \"headers\": {\"Host\": \"x\", \"Connection\": \"close\"}, \
    \"origin\": \"127.0.0.1\", \"id\": 0}\n\r\n\
    7A\r\n{\"url\": \"http://x/stream/2\", \"args\": {}, \"headers\": {\"Host\": \"x\", \"Connection\": \"close\"}, \
    \"origin\": \"127.0.0.1\", \"id\": 1}\n\r\n0\r\n\r\n";

#[test]
fn responses_of_real_servers_are_complete_and_end_where_they_end() {
    for (method, response, status, fields, body) in [
        ("GET", NGINX_GZIP, 200, 8, 30),
        ("HEAD", NGINX_HEAD, 200, 8, 0),
        ("GET", NGINX_REDIRECT, 301, 6, 169),
        ("DELETE", NGINX_EMPTY, 204, 3, 0),
        ("GET", PYTHON, 200, 5, 6),
        ("GET", HTTPBIN_COOKIES, 302, 10, 203),
        ("GET", HTTPBIN_STREAM, 200, 7, 244),
    ] {
        let told = told(method, &[response, b"HTTP/1.1 200 OK\r\n\r\n"].concat());
        assert_eq!(told.error, None);
        assert_eq!((told.status, told.fields.len(), told.body.len()), (Some(status), fields, body));
        assert_eq!((told.taken, told.complete, told.keep_alive), (response.len(), true, false));
    }
}

#[test]
fn every_prefix_of_them_is_cut_short() {
    for response in [NGINX_GZIP, NGINX_REDIRECT, NGINX_EMPTY, PYTHON, HTTPBIN_COOKIES, HTTPBIN_STREAM] {
        for length in 1..response.len() {
            let told = tell("GET", &response[..length], HeadLimits::default(), &[length / 2]);
            let error = told.error.unwrap_or_else(|| panic!("complete after {length} bytes"));
            assert!(error.starts_with("CutShort"), "{error}");
        }
    }
}

#[test]
fn repeated_fields_are_kept_in_their_order() {
    let cookies: Vec<_> =
        told("GET", HTTPBIN_COOKIES).fields.into_iter().filter(|(name, _)| name == "Set-Cookie").collect();
    assert_eq!(cookies.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), ["a=1; Path=/", "b=2; Path=/"]);
}
