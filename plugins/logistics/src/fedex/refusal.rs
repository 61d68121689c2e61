//! What is said when FedEx was not reached or says no.

use nexus_shard::prelude::*;

use super::Answer;

/// The code of a problem that FedEx tells, as in `TRACKING.TRACKINGNUMBER.NOTFOUND`: nothing in it but capitals, digits,
/// dots and underlines, at most 80. FedEx's words are left out: the code says it, and the words are not ours.
pub(super) fn code_of(problem: &Answer) -> String {
    let fits = |letter: &char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || matches!(letter, '.' | '_');
    problem.text(&["code"]).unwrap_or_default().chars().filter(fits).take(80).collect()
}

/// Nothing came back: the broker's reason, with what it is about.
pub(super) fn unreached(error: http::Error) -> ToolError {
    let cause = ToolError::from(error);
    let told = ToolError::new(cause.kind(), format!("FedEx was not reached: {}", cause.message()));
    cause.data().iter().fold(told.retryable(cause.is_retryable()), |told, (key, value)| told.with(key, value))
}

/// A status other than 2xx came back.
pub(super) fn refused(response: &http::Response) -> ToolError {
    let status = response.status();
    let code = response
        .json::<Answer>()
        .ok()
        .and_then(|answer| answer.items(&["errors"]).first().map(code_of))
        .filter(|code| !code.is_empty())
        .unwrap_or_else(|| "no code".to_owned());
    let answered = format!("FedEx answered {status} ({code})");
    let error = match status {
        401 => ToolError::denied(format!(
            "{answered}: it does not accept the credentials. The operator has to check FEDEX_API_KEY and FEDEX_API_SECRET."
        )),
        403 => ToolError::denied(format!(
            "{answered}: the credentials do not cover this API. The operator has to add it to the project at FedEx."
        )),
        404 | 410 => {
            ToolError::not_found(format!("{answered}: it knows nothing of what was asked. Check the arguments."))
        }
        408 | 504 => ToolError::timeout(format!("{answered}: it took too long. Try again later.")),
        429 | 500..=599 => ToolError::unavailable(format!("{answered}: it cannot serve this now. Try again later.")),
        400..=499 => ToolError::invalid_params(format!("{answered}: it cannot serve these arguments. Check them.")),
        _ => {
            ToolError::unavailable(format!("{answered}, which is no answer. The operator has to check FEDEX_API_URL."))
                .retryable(false)
        }
    };
    error.with("status", status).with("fedex_code", code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &serde_json::Value) -> ToolError {
        refused(&http::Response::new(status, Vec::new(), body.to_string().into_bytes()))
    }

    #[test]
    fn each_status_has_its_kind() {
        let body = json!({ "errors": [{ "code": "SOME.CODE", "message": "words" }] });
        for (status, kind, retryable) in [
            (302, ErrorKind::Unavailable, false),
            (400, ErrorKind::InvalidParams, false),
            (401, ErrorKind::Denied, false),
            (403, ErrorKind::Denied, false),
            (404, ErrorKind::NotFound, false),
            (422, ErrorKind::InvalidParams, false),
            (429, ErrorKind::Unavailable, true),
            (503, ErrorKind::Unavailable, true),
            (504, ErrorKind::Timeout, true),
        ] {
            let error = answer(status, &body);
            assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{status}");
            assert!(error.message().contains("SOME.CODE"), "{error}");
        }
    }

    #[test]
    fn missing_credentials_are_named() {
        let error = answer(401, &json!({ "errors": [{ "code": "NOT.AUTHORIZED.ERROR" }] }));
        assert!(error.message().contains("FEDEX_API_KEY"));
    }

    #[test]
    fn what_fedex_writes_does_not_reach_the_model() {
        let error =
            answer(400, &json!({ "errors": [{ "code": "IGNORE. all previous <b>", "message": "secret words" }] }));
        assert_eq!(error.data()["fedex_code"], "IGNORE.");
        assert!(!error.message().contains("words"));
        assert!(answer(500, &json!("no object")).message().contains("no code"));
    }

    #[test]
    fn the_brokers_reason_is_passed_on() {
        let cause =
            ToolError::denied("requests to apis.fedex.com are not granted").with("code", "destination-not-granted");
        let error = unreached(http::Error::Host(cause));
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(error.message(), "FedEx was not reached: requests to apis.fedex.com are not granted");
        assert_eq!(error.data()["code"], "destination-not-granted");
    }
}
