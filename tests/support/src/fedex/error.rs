//! Errors in FedEx's shape: `{"transactionId": …, "errors": [{"code": …, "message": …}]}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// FedEx stamps every answer with one; its value means nothing to a client.
pub(super) const TRANSACTION: &str = "624deea6-b709-470c-8c39-4b5511281492";

/// Any error, in the vendor's shape.
pub(super) fn answer(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "transactionId": TRANSACTION, "errors": [{ "code": code, "message": message }] });
    (status, Json(body)).into_response()
}

/// A bearer token that is missing, unknown or expired.
pub(super) fn not_authorized() -> Response {
    answer(
        StatusCode::UNAUTHORIZED,
        "NOT.AUTHORIZED.ERROR",
        "Access token expired. Please modify your request and try again.",
    )
}

/// A client id or secret that is wrong.
pub(super) fn wrong_credentials() -> Response {
    answer(
        StatusCode::UNAUTHORIZED,
        "NOT.AUTHORIZED.ERROR",
        "The given client credentials were not valid. Please modify your request and try again.",
    )
}

/// A request that the endpoint cannot take.
pub(super) fn bad_request(message: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, "BAD.REQUEST.ERROR", message)
}

/// No such endpoint.
pub(super) fn not_found() -> Response {
    answer(StatusCode::NOT_FOUND, "NOT.FOUND.ERROR", "The resource you requested is no longer available.")
}

/// Every endpoint takes POST alone.
pub(super) fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "METHOD.NOT.ALLOWED.ERROR", "The method is not supported for this resource.")
}

/// A success: the output in the vendor's envelope.
pub(super) fn success(output: &serde_json::Value) -> Response {
    Json(json!({ "transactionId": TRANSACTION, "output": output })).into_response()
}
