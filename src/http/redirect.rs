//! Where a redirect leads.

use super::{head::ResponseHead, request::HttpMethod, status::HttpStatus, url::Url};
use crate::error::{Error, Result};

/// What to ask for next.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) url: Url,
    pub(super) method: HttpMethod,
    /// Whether the body is sent again.
    pub(super) keeps_body: bool,
    /// Whether another origin answers, which must not learn the credentials.
    pub(super) crosses_origins: bool,
}

/// Says where a response sends the request, by RFC 9110 section 15.4; `None` where it is the answer itself: it is no
/// redirect, or says not where to, or asks for a body again that is gone.
pub(super) fn redirect(
    head: &ResponseHead,
    from: &Url,
    method: HttpMethod,
    is_body_repeatable: bool,
    allow_downgrade: bool,
) -> Result<Option<Redirect>> {
    let (method, keeps_body) = match head.status {
        // What browsers have always done with a POST, which the RFC allows.
        HttpStatus::MOVED_PERMANENTLY | HttpStatus::FOUND if method == HttpMethod::Post => (HttpMethod::Get, false),
        HttpStatus::SEE_OTHER if method == HttpMethod::Head => (HttpMethod::Head, false),
        HttpStatus::SEE_OTHER => (HttpMethod::Get, false),
        HttpStatus::MOVED_PERMANENTLY
        | HttpStatus::FOUND
        | HttpStatus::TEMPORARY_REDIRECT
        | HttpStatus::PERMANENT_REDIRECT => (method, true),
        _ => return Ok(None),
    };
    let Some(location) = head.fields.get("location") else { return Ok(None) };
    if keeps_body && !is_body_repeatable {
        return Ok(None);
    }
    let mut url = from.join(location).map_err(|_| Error::Malformed { expected: "the URL that a redirect leads to" })?;
    let crosses_origins = !from.has_origin_of(&url);
    // Credentials are for the user to give, not for a server.
    url.user = if crosses_origins { None } else { from.user.clone() };
    if from.https && !url.https && !allow_downgrade {
        return Err(Error::Malformed { expected: "a redirect from https to https" });
    }
    Ok(Some(Redirect { url, method, keeps_body, crosses_origins }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::http::head::{HeadLimits, parse_head};

    fn answer(status: u16, location: &str) -> ResponseHead {
        let text = format!("HTTP/1.1 {status} Any\r\nLocation: {location}\r\n\r\n");
        parse_head(text.as_bytes(), &mut 0, HeadLimits { bytes: 1000, fields: 10 }).unwrap().unwrap().1
    }

    fn from() -> Url {
        Url::parse("https://example.org/a/b?c").unwrap()
    }

    fn follow(status: u16, location: &str, method: HttpMethod) -> Option<(String, HttpMethod, bool, bool)> {
        let redirect = redirect(&answer(status, location), &from(), method, true, false).unwrap()?;
        Some((redirect.url.to_string(), redirect.method, redirect.keeps_body, redirect.crosses_origins))
    }

    #[test]
    fn the_method_changes_where_the_rfc_lets_it() {
        use HttpMethod::{Delete, Get, Head, Post, Put};
        for (status, method, then, keeps_body) in [
            (301, Get, Get, true),
            (301, Post, Get, false),
            (302, Post, Get, false),
            (301, Put, Put, true),
            (302, Delete, Delete, true),
            (303, Post, Get, false),
            (303, Put, Get, false),
            (303, Head, Head, false),
            (307, Post, Post, true),
            (308, Put, Put, true),
        ] {
            let expected = ("https://example.org/x".to_owned(), then, keeps_body, false);
            assert_eq!(follow(status, "/x", method), Some(expected), "{status} {method}");
        }
    }

    #[test]
    fn other_statuses_and_redirects_to_nowhere_are_the_answer() {
        for status in [200, 300, 304, 305, 306, 399, 404] {
            assert_eq!(follow(status, "/x", HttpMethod::Get), None, "{status}");
        }
        let nowhere = parse_head(b"HTTP/1.1 302 Found\r\n\r\n", &mut 0, HeadLimits { bytes: 100, fields: 1 });
        let head = nowhere.unwrap().unwrap().1;
        assert!(redirect(&head, &from(), HttpMethod::Get, true, false).unwrap().is_none());
        let again = redirect(&answer(307, "/x"), &from(), HttpMethod::Post, false, false).unwrap();
        assert!(again.is_none(), "a body that is gone was to be sent again");
        let changed = redirect(&answer(303, "/x"), &from(), HttpMethod::Post, false, false).unwrap();
        assert!(changed.is_some(), "no body is needed");
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        for (location, crosses) in [
            ("https://example.org/x", false),
            ("//example.org:443/x", false),
            ("https://example.org:444/x", true),
            ("https://www.example.org/x", true),
        ] {
            assert_eq!(follow(302, location, HttpMethod::Get).unwrap().3, crosses, "{location}");
        }
    }

    #[test]
    fn a_server_cannot_take_the_encryption_away_or_give_credentials() {
        let plain = answer(302, "http://example.org/x");
        let error = redirect(&plain, &from(), HttpMethod::Get, true, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(redirect(&plain, &from(), HttpMethod::Get, true, true).unwrap().is_some());
        let named = answer(302, "https://ada:secret@example.org/x");
        let redirect = redirect(&named, &from(), HttpMethod::Get, true, false).unwrap().unwrap();
        assert_eq!(redirect.url.user, None);
    }

    #[test]
    fn a_location_that_is_no_url_is_an_error() {
        for location in ["ftp://example.org/", "https://", "https://exa mple.org/", "javascript:alert(1)"] {
            let outcome = redirect(&answer(302, location), &from(), HttpMethod::Get, true, false);
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Malformed, "{location}");
        }
    }
}
