//! Cookies.
#[derive(Debug, Default)]
pub(super) struct CookieJar;
impl CookieJar {
    pub(super) fn store<'a>(
        &mut self,
        _: &super::url::Url,
        _: impl Iterator<Item = &'a [u8]>,
        _: std::time::SystemTime,
    ) {
    }
    pub(super) fn header(&self, _: &super::url::Url, _: std::time::SystemTime) -> Option<String> {
        None
    }
}
