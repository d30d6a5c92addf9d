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
    // Credentials are for the user to give, not for a server.
    url.user = None;
    if from.https && !url.https && !allow_downgrade {
        return Err(Error::Malformed { expected: "a redirect from https to https" });
    }
    let crosses_origins = !from.has_origin_of(&url);
    Ok(Some(Redirect { url, method, keeps_body, crosses_origins }))
}
