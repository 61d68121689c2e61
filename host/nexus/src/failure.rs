//! Why a command failed, as people and scripts see it: a sentence, and the stable code of the part that refused.

use anyhow::Error;
use nexus_broker::GrantError;
use nexus_hub::HubError;
use nexus_install::{
    HomeError, InstallError, KeyringError, LockfileError, PassphraseError, SourceError, TrustFileError, WatchStartError,
};
use nexus_package::{ManifestError, SignError, VerifyError};
use nexus_runtime::{InspectError, LoadError, StartError};

/// The code of the first cause that has one.
pub(crate) fn code(error: &Error) -> Option<&'static str> {
    /// One line for each type: an error of a library does not know what it will be called here.
    macro_rules! first_of {
        ($cause:expr, $($error:ty),+ $(,)?) => {
            None$(.or_else(|| $cause.downcast_ref::<$error>().map(<$error>::code)))+
        };
    }
    error.chain().find_map(|cause| {
        first_of!(
            cause,
            GrantError,
            HomeError,
            HubError,
            InspectError,
            InstallError,
            KeyringError,
            LoadError,
            LockfileError,
            ManifestError,
            PassphraseError,
            SignError,
            SourceError,
            StartError,
            TrustFileError,
            VerifyError,
            WatchStartError,
        )
    })
}

/// What happened, with its causes, each said once: some messages already end with their cause's.
pub(crate) fn sentence(error: &Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let message = cause.to_string();
        if sentence.is_empty() {
            sentence = message;
        } else if !sentence.contains(&message) {
            sentence = format!("{sentence}: {message}");
        }
    }
    sentence
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_code_is_found_below_a_context() {
        let error = Err::<(), _>(InspectError::CoreModule).context("installing a.wasm").unwrap_err();
        assert_eq!(code(&error), Some("core-module"));
        assert_eq!(code(&anyhow::anyhow!("no code")), None);
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("there is no statement")
            .context("refused: there is no statement; sign it")
            .context("a.wasm");
        assert_eq!(sentence(&error), "a.wasm: refused: there is no statement; sign it");
    }
}
