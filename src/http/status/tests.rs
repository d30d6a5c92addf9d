use super::*;

/// The columns "Value" and "Description" of the registry <https://www.iana.org/assignments/http-status-codes>.
const REGISTRY: &str = "\
100,Continue
101,Switching Protocols
102,Processing
103,Early Hints
104,Upload Resumption Supported
200,OK
201,Created
202,Accepted
203,Non-Authoritative Information
204,No Content
205,Reset Content
206,Partial Content
207,Multi-Status
208,Already Reported
226,IM Used
300,Multiple Choices
301,Moved Permanently
302,Found
303,See Other
304,Not Modified
305,Use Proxy
306,(Unused)
307,Temporary Redirect
308,Permanent Redirect
400,Bad Request
401,Unauthorized
402,Payment Required
403,Forbidden
404,Not Found
405,Method Not Allowed
406,Not Acceptable
407,Proxy Authentication Required
408,Request Timeout
409,Conflict
410,Gone
411,Length Required
412,Precondition Failed
413,Content Too Large
414,URI Too Long
415,Unsupported Media Type
416,Range Not Satisfiable
417,Expectation Failed
418,(Unused)
421,Misdirected Request
422,Unprocessable Content
423,Locked
424,Failed Dependency
425,Too Early
426,Upgrade Required
428,Precondition Required
429,Too Many Requests
431,Request Header Fields Too Large
451,Unavailable For Legal Reasons
500,Internal Server Error
501,Not Implemented
502,Bad Gateway
503,Service Unavailable
504,Gateway Timeout
505,HTTP Version Not Supported
506,Variant Also Negotiates
507,Insufficient Storage
508,Loop Detected
510,Not Extended
511,Network Authentication Required";

#[test]
fn the_table_is_the_registry_and_the_two_of_our_own() {
    let mut table: Vec<String> = TABLE.iter().map(|(_, code, text)| format!("{code},{text}")).collect();
    assert_eq!(table.split_off(table.len() - 2), ["1000,Invalid Response", "1001,Connection Failed"]);
    assert_eq!(table, REGISTRY.lines().collect::<Vec<_>>());
}

#[test]
fn constants_have_the_name_of_their_text_and_the_number_of_their_line() {
    for (status, code, text) in TABLE {
        assert_eq!(status.code(), *code);
        assert_eq!(status.text(), *text);
        assert_eq!(HttpStatus::from(*code), *status);
        assert_eq!(u16::from(*status), *code);
        assert_eq!(status.to_string(), format!("{code} {text}"));
    }
}

/// What a program for SFML compares with.
#[test]
fn the_names_of_sfml_have_the_numbers_that_servers_send() {
    let names = [
        (HttpStatus::OK, 200),
        (HttpStatus::CREATED, 201),
        (HttpStatus::ACCEPTED, 202),
        (HttpStatus::NO_CONTENT, 204),
        (HttpStatus::RESET_CONTENT, 205),
        (HttpStatus::PARTIAL_CONTENT, 206),
        (HttpStatus::MULTIPLE_CHOICES, 300),
        (HttpStatus::MOVED_PERMANENTLY, 301),
        (HttpStatus::FOUND, 302),
        (HttpStatus::NOT_MODIFIED, 304),
        (HttpStatus::BAD_REQUEST, 400),
        (HttpStatus::UNAUTHORIZED, 401),
        (HttpStatus::FORBIDDEN, 403),
        (HttpStatus::NOT_FOUND, 404),
        (HttpStatus::RANGE_NOT_SATISFIABLE, 416),
        (HttpStatus::INTERNAL_SERVER_ERROR, 500),
        (HttpStatus::NOT_IMPLEMENTED, 501),
        (HttpStatus::BAD_GATEWAY, 502),
        (HttpStatus::SERVICE_UNAVAILABLE, 503),
        (HttpStatus::GATEWAY_TIMEOUT, 504),
        (HttpStatus::HTTP_VERSION_NOT_SUPPORTED, 505),
        (HttpStatus::INVALID_RESPONSE, 1000),
        (HttpStatus::CONNECTION_FAILED, 1001),
    ];
    for (status, code) in names {
        assert_eq!(status.code(), code);
    }
}

#[test]
fn each_number_is_of_the_class_of_its_first_digit() {
    for code in 0..=u16::MAX {
        let status = HttpStatus::from(code);
        let classes = [
            status.is_informational(),
            status.is_success(),
            status.is_redirection(),
            status.is_client_error(),
            status.is_server_error(),
        ];
        let expected = [1, 2, 3, 4, 5].map(|digit| code / 100 == digit);
        assert_eq!(classes, expected, "{code}");
    }
}

#[test]
fn numbers_that_are_not_listed_are_kept() {
    for code in [0, 99, 299, 419, 599, 999, 1002, u16::MAX] {
        assert_eq!(HttpStatus::from(code).code(), code);
        assert_eq!(HttpStatus::from(code).text(), "");
        assert_eq!(HttpStatus::from(code).to_string(), code.to_string());
    }
}
