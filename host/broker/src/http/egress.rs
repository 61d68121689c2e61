//! May this shard send this request there? First of two egress checks.
//!
//! The only maker of [`EgressGrant`]. Nothing can be sent without one, and one is made for every hop of every request, so a
//! forgotten check does not compile. Refuses by default: no rule, no grant. The second check, on resolved addresses, is in
//! [`super::resolve`].
//!
//! An attacker writes a URL that this check and the server read differently. So the URL is read once, by the parser whose
//! result is sent (`url`, which turns `①27.1`, `0x7f.1`, `[::ffff:7f00:1]` and the like into plain addresses), and what has two
//! readings is refused: user information, backslashes, control characters, dot segments, and, below a path prefix, encoded
//! separators and `..;`, which some servers decode into dot segments after this check.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use http::Method;
use nexus_package::ProfileName;
use url::{Host, Url};

use super::{address::AddressRule, error::HttpError};

/// Longest URL that a shard may ask for, in bytes: what servers commonly accept.
const URL_BYTES: usize = 8192;

/// Scheme, host and port (RFC 6454 §4), in the one spelling that is compared.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => Ok(()),
            (_, port) => write!(formatter, ":{port}"),
        }
    }
}

/// An absolute `http` or `https` URL without user information and fragment, its host in lower case, as punycode and without
/// a trailing dot.
#[derive(Clone, Debug)]
pub(crate) struct TargetUrl {
    url: Url,
    origin: Origin,
}

impl TargetUrl {
    /// Reads a URL that a shard or an operator wrote.
    ///
    /// # Errors
    /// A sentence on what is wrong, which never repeats the URL: it may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > URL_BYTES {
            return Err("the URL is longer than 8192 bytes");
        }
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err("the URL holds white space or control characters");
        }
        let before_query = text.split(['?', '#']).next().unwrap_or_default();
        if before_query.contains('\\') {
            return Err("the URL holds a backslash");
        }
        if before_query.split('/').any(is_dot_segment) {
            return Err("the URL's path holds a `.` or `..` segment");
        }
        Self::from_url(Url::parse(text).map_err(|_| "the URL is not absolute or not well formed")?)
    }

    /// Reads the `Location` that this URL's server answered.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub(crate) fn join(&self, location: &str) -> Result<Self, &'static str> {
        let joined = self.url.join(location).map_err(|_| "the redirect's URL is not well formed")?;
        Self::from_url(joined)
    }

    pub(crate) fn from_url(mut url: Url) -> Result<Self, &'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the URL's scheme is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds user information");
        }
        url.set_fragment(None);
        if let Some(host) = url.domain().and_then(|domain| domain.strip_suffix('.')).map(str::to_owned) {
            url.set_host(Some(&host)).map_err(|_| "the URL's host is not a name")?;
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("the URL has no host");
        };
        if host.ends_with('.') || port == 0 {
            return Err("the URL's host or port is empty");
        }
        let origin = Origin { scheme: url.scheme().to_owned(), host: host.to_owned(), port };
        Ok(Self { url, origin })
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the host may be asked at all: a literal address by the rule on addresses, a name unless it means this machine.
    fn host_allowed(&self, addresses: &AddressRule) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => addresses.allows(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => addresses.allows(IpAddr::V6(address)),
            Some(Host::Domain(name)) => {
                let local = name == "localhost" || name.ends_with(".localhost");
                !local || addresses.allows_localhost()
            }
            None => false,
        }
    }
}

/// `.`, `..`, and their percent-encoded spellings (WHATWG URL §4.1), with or without path parameters (RFC 3986 §3.3).
fn is_dot_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    matches!(name.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// A place that may be reached: an origin, a path prefix, and the methods.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    origin: Origin,
    /// Without a trailing slash; empty for the whole origin.
    prefix: String,
    methods: Vec<Method>,
}

impl Destination {
    /// The place below `url`'s path. An empty list of methods allows none.
    pub(crate) fn new(url: &TargetUrl, methods: Vec<Method>) -> Self {
        let prefix = url.url.path().trim_end_matches('/').to_owned();
        Self { origin: url.origin.clone(), prefix, methods }
    }

    /// What both allow; nothing when they have no URL or no method in common.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        let narrower = if self.prefix.len() >= other.prefix.len() { self } else { other };
        let wider = if self.prefix.len() >= other.prefix.len() { other } else { self };
        if self.origin != other.origin || !wider.covers_path(&narrower.prefix) {
            return None;
        }
        let methods: Vec<_> = self.methods.iter().filter(|method| other.methods.contains(method)).cloned().collect();
        let both = Self { origin: self.origin.clone(), prefix: narrower.prefix.clone(), methods };
        (!both.methods.is_empty()).then_some(both)
    }

    fn covers(&self, target: &TargetUrl) -> bool {
        self.origin == target.origin && self.covers_path(target.url.path())
    }

    /// Compares on segment boundaries: `/track` covers `/track` and `/track/v1`, not `/tracker`.
    fn covers_path(&self, path: &str) -> bool {
        if self.prefix.is_empty() {
            return true;
        }
        let below = path.strip_prefix(&self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && !has_hidden_separators(path)
    }
}

/// Whether a server that decodes before it splits would see other segments than this check does.
fn has_hidden_separators(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("%2f") || path.contains("%5c") || path.split('/').any(is_dot_segment)
}

/// One granted destination and the profile whose credentials go there.
#[derive(Clone, Debug)]
pub(crate) struct EgressRule {
    pub(crate) destination: Destination,
    pub(crate) profile: Option<ProfileName>,
}

/// Where one shard may send requests: its manifest ∩ its operator's grant.
#[derive(Debug)]
pub(crate) struct EgressPolicy {
    pub(crate) granted: Vec<EgressRule>,
    /// All that the manifest declares, so that a refusal can say whether a grant would help.
    pub(crate) declared: Vec<Destination>,
    /// Profiles whose credentials the operator lets this shard use.
    pub(crate) profiles: BTreeSet<ProfileName>,
    pub(crate) addresses: AddressRule,
}

/// Proof that one request to one URL passed the check, and with which profile's credentials. Not `Clone`: one decision, one
/// hop. Its retries borrow it.
#[must_use]
#[derive(Debug)]
pub(crate) struct EgressGrant {
    method: Method,
    target: TargetUrl,
    profile: Option<ProfileName>,
}

impl EgressGrant {
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn target(&self) -> &TargetUrl {
        &self.target
    }

    pub(crate) fn profile(&self) -> Option<&ProfileName> {
        self.profile.as_ref()
    }
}

impl EgressPolicy {
    /// Decides on one hop of a shard's request. Of several rules that cover it, the one with the longest path prefix counts.
    ///
    /// # Errors
    /// [`HttpError::DestinationNotGranted`], [`HttpError::MethodNotGranted`], [`HttpError::ProfileNotGranted`],
    /// [`HttpError::AddressForbidden`]: the first that applies.
    pub(crate) fn check(&self, method: &Method, target: TargetUrl) -> Result<EgressGrant, HttpError> {
        let destination = target.origin.to_string();
        let covering: Vec<_> = self.granted.iter().filter(|rule| rule.destination.covers(&target)).collect();
        if covering.is_empty() {
            let declared = self.declared.iter().any(|declared| declared.covers(&target));
            return Err(HttpError::DestinationNotGranted { destination, declared });
        }
        let Some(rule) =
            covering.into_iter().filter(|rule| rule.destination.methods.contains(method)).reduce(|best, rule| {
                if rule.destination.prefix.len() > best.destination.prefix.len() { rule } else { best }
            })
        else {
            return Err(HttpError::MethodNotGranted { method: method.clone(), destination });
        };
        if let Some(profile) = rule.profile.as_ref().filter(|profile| !self.profiles.contains(*profile)) {
            return Err(HttpError::ProfileNotGranted { profile: profile.to_string(), destination });
        }
        self.pass(method.clone(), target, rule.profile.clone())
    }

    /// Decides on a token request of `profile`. Granting a profile grants its token endpoint, that URL and no other.
    ///
    /// # Errors
    /// [`HttpError::ProfileNotGranted`] or [`HttpError::AddressForbidden`].
    pub(crate) fn check_token_endpoint(
        &self,
        profile: &ProfileName,
        endpoint: &TargetUrl,
    ) -> Result<EgressGrant, HttpError> {
        if !self.profiles.contains(profile) {
            let destination = endpoint.origin.to_string();
            return Err(HttpError::ProfileNotGranted { profile: profile.to_string(), destination });
        }
        self.pass(Method::POST, endpoint.clone(), None)
    }

    fn pass(&self, method: Method, target: TargetUrl, profile: Option<ProfileName>) -> Result<EgressGrant, HttpError> {
        if !target.host_allowed(&self.addresses) {
            return Err(HttpError::AddressForbidden { destination: target.origin.to_string() });
        }
        Ok(EgressGrant { method, target, profile })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn destination(url: &str, methods: &[Method]) -> Destination {
        Destination::new(&TargetUrl::parse(url).unwrap(), methods.to_vec())
    }

    fn policy(urls: &[&str]) -> EgressPolicy {
        let destinations = urls.iter().map(|url| destination(url, &[Method::GET, Method::POST]));
        EgressPolicy {
            granted: destinations.map(|destination| EgressRule { destination, profile: None }).collect(),
            declared: Vec::new(),
            profiles: BTreeSet::new(),
            addresses: AddressRule::default(),
        }
    }

    /// The code of the refusal, or the URL that would be sent.
    fn verdict(policy: &EgressPolicy, url: &str) -> String {
        match TargetUrl::parse(url) {
            Err(_) => "invalid".to_owned(),
            Ok(target) => match policy.check(&Method::GET, target) {
                Ok(grant) => grant.target().url().to_string(),
                Err(refusal) => refusal.code().to_owned(),
            },
        }
    }

    #[test]
    fn allows_what_is_granted_however_its_host_is_spelt() {
        let policy = policy(&["https://api.example", "https://bücher.example"]);
        for url in [
            "https://api.example/a?b",
            "https://API.Example./a?b",
            "https://api.example:443/a?b#c",
            "HTTPS://ａpi.example/a?b",
        ] {
            assert_eq!(verdict(&policy, url), "https://api.example/a?b", "{url}");
        }
        assert_eq!(verdict(&policy, "https://xn--bcher-kva.example/"), "https://xn--bcher-kva.example/");
    }

    #[test]
    fn refuses_another_scheme_host_or_port() {
        let policy = policy(&["https://api.example"]);
        for url in [
            "http://api.example/",
            "https://api.example:8443/",
            "https://example/",
            "https://api.example.evil.example/",
            "https://evil-api.example/",
            "https://www.api.example/",
            "https://apі.example/",
        ] {
            assert_eq!(verdict(&policy, url), "destination-not-granted", "{url}");
        }
    }

    #[test]
    fn refuses_urls_that_have_two_readings() {
        let policy = policy(&["https://api.example"]);
        for url in [
            "https://user@api.example/",
            "https://api.example:pass@evil.example/",
            "https://:x@api.example/",
            "https://api.example\\@evil.example/",
            "https:\\\\api.example/",
            "https://api.example/a\\b",
            "https://api.example/\r\nX: y",
            " https://api.example/",
            "https://api.example/a b",
            "https://api.example\t/",
            "https://api.example/../a",
            "https://api.example/a/%2e%2E/b",
            "https://api.example/a/.%2e",
            "https://api.example/a/..;x/b",
            "//api.example/",
            "/a",
            "",
            "ftp://api.example/",
            "file:///etc/passwd",
            "https://",
            "https://api.example:0/",
            "https://api.example../",
            "https://[fe80::1%25eth0]/",
            "https://[fe80::1%eth0]/",
            "https://1.2.3.4.5/",
            "https://exa%6dple%2f.x/",
        ] {
            assert_eq!(verdict(&policy, url), "invalid", "{url}");
        }
    }

    #[test]
    fn matches_path_prefixes_on_segment_boundaries() {
        let policy = policy(&["https://api.example/track/"]);
        for path in ["/track", "/track/", "/track/v1/x", "/track?x=/../y", "/track//v1"] {
            assert!(verdict(&policy, &format!("https://api.example{path}")).starts_with("https:"), "{path}");
        }
        for path in [
            "",
            "/",
            "/tracker",
            "/Track",
            "/tr%61ck",
            "/a/track",
            "/track%2fv1",
            "/track/..%2fadmin",
            "/track/%5c..%5cadmin",
        ] {
            assert_eq!(verdict(&policy, &format!("https://api.example{path}")), "destination-not-granted", "{path}");
        }
    }

    #[test]
    fn encoded_separators_are_harmless_where_the_whole_origin_is_granted() {
        let policy = policy(&["https://api.example"]);
        assert_eq!(verdict(&policy, "https://api.example/a%2Fb"), "https://api.example/a%2Fb");
    }

    #[test]
    fn refuses_literal_addresses_in_every_notation() {
        let spellings = [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://①27.0.0.1/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://169.254.169.254/",
            "http://0/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
        ];
        let granted = policy(&spellings);
        for url in spellings {
            assert_eq!(verdict(&granted, url), "address-forbidden", "{url}");
        }
    }

    #[test]
    fn allows_a_literal_address_that_the_operator_lists() {
        let mut policy = policy(&["http://127.0.0.1:9000", "http://localhost:9000"]);
        policy.addresses = AddressRule::new(vec!["127.0.0.1".parse().unwrap()]);
        assert_eq!(verdict(&policy, "http://127.0.0.1:9000/x"), "http://127.0.0.1:9000/x");
        assert_eq!(verdict(&policy, "http://localhost:9000/x"), "http://localhost:9000/x");
    }

    #[test]
    fn refuses_a_method_that_no_covering_rule_has() {
        let policy = policy(&["https://api.example"]);
        let refusal = policy.check(&Method::DELETE, TargetUrl::parse("https://api.example/x").unwrap()).unwrap_err();
        assert_eq!(refusal.code(), "method-not-granted");
    }

    #[test]
    fn the_longest_prefix_decides_on_the_profile_which_must_be_granted() {
        let profile: ProfileName = "fedex".parse().unwrap();
        let mut policy = policy(&["https://api.example", "https://api.example/private"]);
        policy.granted.last_mut().unwrap().profile = Some(profile.clone());
        assert_eq!(verdict(&policy, "https://api.example/private/x"), "profile-not-granted");
        policy.profiles.insert(profile.clone());
        let grant = policy.check(&Method::GET, TargetUrl::parse("https://api.example/private/x").unwrap()).unwrap();
        assert_eq!(grant.profile(), Some(&profile));
        let grant = policy.check(&Method::GET, TargetUrl::parse("https://api.example/public").unwrap()).unwrap();
        assert_eq!(grant.profile(), None);
    }

    #[test]
    fn a_refusal_says_whether_a_grant_would_help() {
        let mut policy = policy(&[]);
        policy.declared = vec![destination("https://api.example", &[Method::GET])];
        let refusal = |url| policy.check(&Method::GET, TargetUrl::parse(url).unwrap()).unwrap_err();
        assert!(matches!(refusal("https://api.example/"), HttpError::DestinationNotGranted { declared: true, .. }));
        assert!(matches!(refusal("https://evil.example/"), HttpError::DestinationNotGranted { declared: false, .. }));
    }

    #[test]
    fn a_token_endpoint_passes_only_with_its_profile_and_a_permitted_address() {
        let profile: ProfileName = "fedex".parse().unwrap();
        let mut policy = policy(&[]);
        let endpoint = TargetUrl::parse("https://api.example/oauth/token").unwrap();
        assert_eq!(policy.check_token_endpoint(&profile, &endpoint).unwrap_err().code(), "profile-not-granted");
        policy.profiles.insert(profile.clone());
        assert!(policy.check_token_endpoint(&profile, &endpoint).is_ok());
        let private = TargetUrl::parse("https://10.0.0.1/oauth/token").unwrap();
        assert_eq!(policy.check_token_endpoint(&profile, &private).unwrap_err().code(), "address-forbidden");
    }

    #[test]
    fn an_intersection_is_the_narrower_path_and_the_common_methods() {
        let wide = destination("https://api.example/a", &[Method::GET, Method::POST]);
        let narrow = destination("https://api.example/a/b", &[Method::POST, Method::PUT]);
        for both in [wide.intersection(&narrow).unwrap(), narrow.intersection(&wide).unwrap()] {
            assert_eq!((both.prefix.as_str(), both.methods.as_slice()), ("/a/b", &[Method::POST][..]));
        }
        assert!(wide.intersection(&destination("https://api.example/ab", &[Method::GET])).is_none());
        assert!(wide.intersection(&destination("https://api.example/a", &[Method::PUT])).is_none());
        assert!(wide.intersection(&destination("http://api.example/a", &[Method::GET])).is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(text in any::<String>()) {
            verdict(&policy(&["https://api.example/a"]), &text);
        }

        #[test]
        fn what_passes_is_inside_the_grant(
            start in prop::sample::select(vec!["https://api.example/a", "https://api.example", "https://API.example./a", "//api.example/a", "https://u@api.example/a"]),
            rest in "[a./\\\\%25eE2fF;@:?#]{0,24}",
        ) {
            let passed = TargetUrl::parse(&format!("{start}{rest}"))
                .ok()
                .and_then(|target| policy(&["https://api.example/a"]).check(&Method::GET, target).ok());
            if let Some(grant) = passed {
                let url = grant.target().url();
                prop_assert_eq!(url.host_str(), Some("api.example"));
                prop_assert_eq!((url.scheme(), url.port()), ("https", None));
                // As a server that decodes once before it splits would read the path.
                let decoded = url.path().to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
                prop_assert!(decoded == "/a" || decoded.starts_with("/a/"), "{}", decoded);
                prop_assert!(!decoded.split(['/', '\\']).any(|segment| segment.split(';').next() == Some("..")), "{}", decoded);
            }
        }
    }
}
