//! Queries and forms.
/// x
#[derive(Debug)]
pub struct Multipart;
impl Multipart {
    pub(super) fn content_type(&self) -> String {
        String::new()
    }
    pub(super) fn into_body(self) -> super::body::Body {
        super::body::Body::default()
    }
}
/// x
#[must_use]
pub fn query(_: &[(&str, &str)]) -> String {
    String::new()
}
