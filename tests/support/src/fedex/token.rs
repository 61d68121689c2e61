//! FedEx's token endpoint: OAuth 2 client credentials, sent as a form.

use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Recorded, error};
use crate::random;

/// What FedEx promises, in seconds.
const EXPIRES_IN: u32 = 3600;

/// The credentials that are right, and the tokens that are valid.
#[derive(Debug)]
pub(super) struct Tokens {
    key: String,
    secret: String,
    valid: Mutex<Vec<String>>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self { key: format!("l7{}", random::hex()), secret: random::hex(), valid: Mutex::default() }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn last(&self) -> Option<String> {
        self.valid.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    pub(super) fn expire(&self) {
        self.valid.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether this `Authorization` header carries a valid token.
    pub(super) fn accepts(&self, authorization: &str) -> bool {
        let valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        authorization.strip_prefix("Bearer ").is_some_and(|token| valid.iter().any(|known| known == token))
    }

    /// Answers a token request.
    pub(super) fn issue(&self, request: &Recorded) -> Response {
        if !request.header("content-type").starts_with("application/x-www-form-urlencoded") {
            return error::bad_request("The content type must be application/x-www-form-urlencoded.");
        }
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("client_credentials") {
            return error::bad_request("Missing or invalid grant_type.");
        }
        if field("client_id") != Some(&self.key) || field("client_secret") != Some(&self.secret) {
            return error::wrong_credentials();
        }
        let token = random::hex();
        self.valid.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        Json(json!({ "access_token": token, "token_type": "bearer", "expires_in": EXPIRES_IN, "scope": "CXS" }))
            .into_response()
    }
}
