//! From the command line to a request.

use std::io;

use sockeye::{HttpMethod, HttpRequest, Multipart};

use super::options::{FormField, SendingArgs, Source};
use crate::failure::Failure;

/// The request that the command line asks for.
pub(super) fn build(args: &SendingArgs, url: &str) -> Result<HttpRequest, Failure> {
    let has_body = !args.data.is_empty() || !args.form.is_empty();
    let method = match args.method {
        Some(method) => method,
        None if args.head_only => HttpMethod::Head,
        None if has_body => HttpMethod::Post,
        None => HttpMethod::Get,
    };
    let mut request = HttpRequest::new(method, url)?;
    if args.http_1_0 {
        if matches!(args.data.as_slice(), [Source::StandardInput]) {
            return Err(Failure::Usage("standard input has no length, which --http1.0 must announce; use a file"));
        }
        request.set_http_version(1, 0)?;
    }
    if let Some(credentials) = &args.credentials {
        request.set_basic(&credentials.user, &credentials.password)?;
    }
    if !args.data.is_empty() {
        request.set_field("Content-Type", "application/x-www-form-urlencoded")?;
        set_data(&mut request, &args.data)?;
    }
    if !args.form.is_empty() {
        request.set_multipart(multipart(&args.form)?);
    }
    // The first of a name takes the place of what is set above.
    for (number, field) in args.fields.iter().enumerate() {
        let is_first = args.fields.iter().take(number).all(|before| !before.name.eq_ignore_ascii_case(&field.name));
        if is_first {
            request.set_field(&field.name, &field.value)?;
        } else {
            request.add_field(&field.name, &field.value)?;
        }
    }
    Ok(request)
}

/// One file or standard input is sent as it is read; texts are joined as the fields of a form.
fn set_data(request: &mut HttpRequest, data: &[Source]) -> Result<(), Failure> {
    match data {
        [Source::File(path)] => _ = request.set_body_file(path)?,
        [Source::StandardInput] => _ = request.set_body_reader(io::stdin(), None),
        texts => {
            let texts: Option<Vec<&str>> = texts.iter().map(Source::as_text).collect();
            let texts = texts.ok_or(Failure::Usage("a file or standard input must be the only -d"))?;
            request.set_body(texts.join("&"));
        }
    }
    Ok(())
}

fn multipart(form: &[FormField]) -> Result<Multipart, Failure> {
    let mut multipart = Multipart::new();
    for FormField { name, value } in form {
        match value {
            Source::Text(text) => _ = multipart.text(name, text),
            Source::File(path) => _ = multipart.file(name, path)?,
            Source::StandardInput => {
                return Err(Failure::Usage("standard input has no length that -F could announce; use a file"));
            }
        }
    }
    Ok(multipart)
}
