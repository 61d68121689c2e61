//! What came back, whatever its status.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Error;

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    attempts: u32,
    origin: String,
}

impl Response {
    /// A response, as a test makes one.
    pub fn new(status: u16, headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Self {
        Self { status, headers, body, attempts: 1, origin: String::new() }
    }

    #[cfg(target_arch = "wasm32")]
    pub(super) fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub(super) fn answered_by(mut self, origin: String) -> Self {
        self.origin = origin;
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, whatever its case, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| str::from_utf8(value).ok())
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many times the broker sent the request; 1 when nothing had to be retried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// This response, when its status is 2xx.
    ///
    /// # Errors
    /// [`Error::Status`] otherwise.
    pub fn ok(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::Status { origin: self.origin, status: self.status })
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`Error::Text`] when it is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        str::from_utf8(&self.body).map_err(|_| Error::Text { origin: self.origin.clone() })
    }

    /// The body, read as JSON. A body larger than the call's memory never gets here: the host refuses it.
    ///
    /// # Errors
    /// [`Error::Answer`], saying where in the body the fault is and never what stands there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Answer {
            origin: self.origin.clone(),
            fault: match error.classify() {
                Category::Data => "a value of the wrong shape",
                Category::Eof => "the end came early",
                Category::Syntax | Category::Io => "it is no JSON",
            },
            line: error.line(),
            column: error.column(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses every text, and says which.
    #[derive(Debug, serde::Deserialize)]
    enum Numeral {}

    fn response(status: u16, body: &str) -> Response {
        let headers = vec![("Retry-After".to_owned(), b"7".to_vec())];
        Response::new(status, headers, body.into()).answered_by("api.example.com".to_owned())
    }

    #[test]
    fn only_2xx_is_ok() {
        assert!(response(204, "").ok().is_ok());
        for status in [199, 302, 404, 500] {
            assert_eq!(response(status, "").ok().unwrap_err().status(), Some(status));
        }
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        assert_eq!(response(429, "").header("retry-after"), Some("7"));
        assert_eq!(response(429, "").header("etag"), None);
    }

    #[test]
    fn a_fault_in_the_body_is_told_without_the_body() {
        for (body, fault) in [
            (r#"["078-05-1120"#, "the end came early"),
            (r#"["078-05-1120"]"#, "a value of the wrong shape"),
            ("078-05-1120", "it is no JSON"),
        ] {
            let error = response(200, body).json::<Vec<Numeral>>().unwrap_err();
            let told = error.to_string();
            assert!(told.contains("api.example.com") && told.contains(fault), "{told}");
            assert!(!format!("{error:?} {told}").contains("1120"), "{told}");
        }
    }

    #[test]
    fn text_must_be_utf_8() {
        assert_eq!(response(200, "é").text().unwrap(), "é");
        let error = Response::new(200, Vec::new(), vec![0xff]).text().unwrap_err();
        assert_eq!(error.code(), "http-answer");
    }
}
