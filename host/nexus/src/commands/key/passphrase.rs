//! Where a command finds a passphrase. There is no option that takes the passphrase itself: every user of the machine can
//! read a command line.

use std::path::PathBuf;

use nexus_install::PassphraseSource;

/// The options of every command that uses a private key.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::commands) struct PassphraseOptions {
    /// Read the passphrase from the first line of this file [default: ask]
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from this open file descriptor [default: ask]
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl PassphraseOptions {
    /// The place that was named, or the person at the terminal.
    pub(in crate::commands) fn source(&self) -> PassphraseSource {
        match (&self.passphrase_file, self.passphrase_fd) {
            (Some(path), _) => PassphraseSource::File(path.clone()),
            (None, Some(number)) => PassphraseSource::Descriptor(number),
            (None, None) => PassphraseSource::Prompt,
        }
    }
}
