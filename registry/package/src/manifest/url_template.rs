//! Addresses in a manifest: written out, or named by a setting.
//!
//! An operator consents to the text, the broker compares the parsed address, so both must mean the same. A literal is
//! therefore refused unless the parser writes it back as it was, and nothing may be in it that moves it elsewhere: no user
//! name (`https://good.example@evil.example`), no `..` in any spelling, no backslash, no fragment. A literal is always
//! `https`: a shard's author cannot choose to send an operator's credentials in the clear. An operator can, by the value
//! of a setting.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::ConfigKey;

const OPENING: &str = "{config:";

/// Where requests may go: `https://host[:port][/prefix]`, or `{config:KEY}[/prefix]` with the address in a setting.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UrlTemplate(Origin);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Origin {
    Literal(Url),
    Config { key: ConfigKey, path: Box<str> },
}

/// Why an address cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UrlTemplateError {
    /// Neither `http://` nor `https://`.
    #[error("an address begins with https:// or http://")]
    Scheme,
    /// A literal address, or a default for one, that is not `https`.
    #[error("an address in a manifest is https; plain http is for the operator to choose, by a {{config:KEY}}")]
    PlainHttp,
    /// A user name or password in the address.
    #[error("an address holds no user name and no password")]
    Userinfo,
    /// A query or a fragment.
    #[error("an address holds no query and no fragment")]
    QueryOrFragment,
    /// The host is missing or holds a character that host names do not have.
    #[error("not a host name or address in ASCII")]
    Host,
    /// A path with `.` or `..`, an empty segment, an encoded slash, or a character that must be encoded.
    #[error("a path has no empty, `.` or `..` segment, no encoded slash, and no character that needs encoding")]
    Path,
    /// The parser writes the address in another way.
    #[error("not in its usual spelling; write {0}")]
    NotCanonical(String),
    /// A `{config:KEY}` that is not at the start, not closed, or names no setting.
    #[error("{{config:KEY}} stands only at the start, is followed by a path or nothing, and KEY is A-Z, 0-9 and _")]
    Template,
    /// The setting that holds the address has no value.
    #[error("the setting {0} has no value")]
    Missing(ConfigKey),
}

impl UrlTemplate {
    /// The setting that names the address, if one does.
    pub fn config_key(&self) -> Option<&ConfigKey> {
        match &self.0 {
            Origin::Literal(_) => None,
            Origin::Config { key, .. } => Some(key),
        }
    }

    /// The address, with the setting's value put in. `lookup` gives the operator's value or the default.
    ///
    /// # Errors
    /// [`UrlTemplateError`] when the setting has no value or an unusable one.
    pub fn resolve(&self, lookup: impl Fn(&str) -> Option<String>) -> Result<Url, UrlTemplateError> {
        match &self.0 {
            Origin::Literal(url) => Ok(url.clone()),
            Origin::Config { key, path } => {
                let value = lookup(key.as_str()).ok_or_else(|| UrlTemplateError::Missing(key.clone()))?;
                let mut url = parse_base(&value)?;
                if !path.is_empty() {
                    let joined = format!("{}{path}", url.path().trim_end_matches('/'));
                    url.set_path(&joined);
                }
                Ok(url)
            }
        }
    }
}

/// Reads an address as an operator gives it: `http` or `https`, host, port and path, nothing else.
pub(super) fn parse_base(text: &str) -> Result<Url, UrlTemplateError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or(UrlTemplateError::Scheme)?;
    if text.contains(['?', '#']) {
        return Err(UrlTemplateError::QueryOrFragment);
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(UrlTemplateError::Userinfo);
    }
    let in_authority = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if authority.is_empty() || !authority.bytes().all(in_authority) {
        return Err(UrlTemplateError::Host);
    }
    check_path(path)?;
    Url::parse(text).map_err(|_| UrlTemplateError::Host)
}

/// Reads an address as a manifest gives it: as [`parse_base`], `https`, and in its one usual spelling.
pub(super) fn parse_literal(text: &str) -> Result<Url, UrlTemplateError> {
    let url = parse_base(text)?;
    if url.scheme() != "https" {
        return Err(UrlTemplateError::PlainHttp);
    }
    // The parser adds the slash of an empty path; people leave it out.
    if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
        return Err(UrlTemplateError::NotCanonical(url.into()));
    }
    Ok(url)
}

/// Whether `path` is empty, or a rooted path that no server and no proxy reads as another one.
fn check_path(path: &str) -> Result<(), UrlTemplateError> {
    let Some(rooted) = path.strip_prefix('/') else {
        return if path.is_empty() { Ok(()) } else { Err(UrlTemplateError::Path) };
    };
    let mut segments = rooted.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let traverses = matches!(segment, "." | "..");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
        if traverses || (segment.is_empty() && !is_last) || !segment.bytes().all(allowed) || hides(segment) {
            return Err(UrlTemplateError::Path);
        }
    }
    Ok(())
}

/// Whether percent-encoding in `segment` is broken, or hides a dot, a slash, a backslash, a percent sign or a control.
fn hides(segment: &str) -> bool {
    segment.split('%').skip(1).any(|after| {
        let code = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        code.and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .is_none_or(|byte| byte.is_ascii_control() || matches!(byte, b'.' | b'/' | b'\\' | b'%'))
    })
}

impl FromStr for UrlTemplate {
    type Err = UrlTemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix(OPENING) {
            let (key, path) = rest.split_once('}').ok_or(UrlTemplateError::Template)?;
            let key = key.parse().map_err(|_| UrlTemplateError::Template)?;
            if path.contains(['{', '}']) || !(path.is_empty() || path.starts_with('/')) {
                return Err(UrlTemplateError::Template);
            }
            check_path(path)?;
            return Ok(Self(Origin::Config { key, path: path.into() }));
        }
        if text.contains(['{', '}']) {
            return Err(UrlTemplateError::Template);
        }
        parse_literal(text).map(|url| Self(Origin::Literal(url)))
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Origin::Literal(url) if url.path() == "/" => formatter.write_str(url.as_str().trim_end_matches('/')),
            Origin::Literal(url) => formatter.write_str(url.as_str()),
            Origin::Config { key, path } => write!(formatter, "{OPENING}{key}}}{path}"),
        }
    }
}

crate::text::serde_as_text!(UrlTemplate);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<UrlTemplate, UrlTemplateError> {
        text.parse()
    }

    #[test]
    fn a_literal_resolves_to_itself() {
        for text in ["https://apis.fedex.com", "https://api.example:8443/v1/things", "https://[2001:db8::1]/a%20b"] {
            let template = parsed(text).expect(text);
            assert_eq!(template.to_string(), text);
            assert_eq!(template.config_key(), None);
            let url = template.resolve(|_| None).expect("a literal needs nothing");
            assert_eq!(url.as_str().trim_end_matches('/'), text);
        }
    }

    #[test]
    fn a_setting_is_put_in_at_the_start() {
        let template = parsed("{config:FEDEX_API_URL}/oauth/token").expect("a template");
        assert_eq!(template.config_key().map(ConfigKey::as_str), Some("FEDEX_API_URL"));
        for (value, url) in [
            ("https://apis.fedex.com", "https://apis.fedex.com/oauth/token"),
            ("http://127.0.0.1:9000/base/", "http://127.0.0.1:9000/base/oauth/token"),
        ] {
            let resolved = template.resolve(|key| (key == "FEDEX_API_URL").then(|| value.to_owned()));
            assert_eq!(resolved.expect(value).as_str(), url);
        }
        assert!(matches!(template.resolve(|_| None), Err(UrlTemplateError::Missing(_))));
    }

    #[test]
    fn an_operators_value_is_checked_too() {
        let template = parsed("{config:BASE}").expect("a template");
        for value in
            ["", "apis.fedex.com", "file:///etc/passwd", "https://user@host", "https://host/?q", "https://host/../x"]
        {
            assert!(template.resolve(|_| Some(value.to_owned())).is_err(), "{value}");
        }
    }

    #[test]
    fn refuses_addresses_that_mean_something_else_than_they_say() {
        use UrlTemplateError as E;
        for (text, expected) in [
            ("ftp://a.example", E::Scheme),
            ("//a.example", E::Scheme),
            ("HTTPS://a.example", E::Scheme),
            ("http://a.example", E::PlainHttp),
            ("https://good.example@evil.example", E::Userinfo),
            ("https://good.example\\@evil.example", E::Userinfo),
            ("https://good.example\\.evil.example", E::Host),
            ("https://", E::Host),
            ("https://gооd.example", E::Host),
            ("https://a%2eexample", E::Host),
            ("https://a.example:99999", E::Host),
            ("https://a.example\r\nx", E::Host),
            ("https://a.example/#x", E::QueryOrFragment),
            ("https://a.example?x", E::QueryOrFragment),
            ("https://a.example/../x", E::Path),
            ("https://a.example/%2e%2e/x", E::Path),
            ("https://a.example/.%2E/x", E::Path),
            ("https://a.example/a%2fb", E::Path),
            ("https://a.example/a%5cb", E::Path),
            ("https://a.example/a\\b", E::Path),
            ("https://a.example/%252e", E::Path),
            ("https://a.example/%00", E::Path),
            ("https://a.example/%zz", E::Path),
            ("https://a.example//b", E::Path),
            ("https://a.example/a b", E::Path),
            ("https://{config:KEY}/x", E::Template),
            ("https://a.example/{config:KEY}", E::Template),
            ("{config:KEY}.evil.example", E::Template),
            ("{config:KEY}{config:KEY}", E::Template),
            ("{config:key}", E::Template),
            ("{config:}", E::Template),
            ("{config:KEY", E::Template),
            ("{config:KEY}/../x", E::Path),
        ] {
            assert_eq!(parsed(text), Err(expected), "{text}");
        }
        for text in ["https://A.example", "https://a.example:443", "https://0x7f.1", "https://a.example:080"] {
            assert!(matches!(parsed(text), Err(E::NotCanonical(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_parses_prints_back_and_stays_on_its_host(text in r"(https://|\{config:KEY\})[a-z0-9./%\\@:?#{}-]{0,30}") {
            if let Ok(template) = parsed(&text) {
                let printed = template.to_string();
                prop_assert_eq!(printed.trim_end_matches('/'), text.trim_end_matches('/'));
                let url = template.resolve(|_| Some("https://h.example/base".to_owned())).expect("it parsed");
                prop_assert!(template.config_key().is_none() || url.as_str().starts_with("https://h.example/base"));
                prop_assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
