//! Where a key's passphrase comes from: a prompt, a file descriptor or a file. Never a command line, which every user of
//! the machine can read in the list of processes, and which a shell keeps in its history.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

/// The longest passphrase, in bytes.
const LONGEST: usize = 1024;
/// The shortest passphrase that protects a new key, in characters.
const SHORTEST: usize = 8;

/// Where to read a passphrase from.
#[derive(Clone, Debug)]
pub enum PassphraseSource {
    /// Ask the person at the terminal.
    Prompt,
    /// Read an open file descriptor of this process, such as one end of a pipe.
    Descriptor(u32),
    /// Read a file.
    File(PathBuf),
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// It could not be read.
    #[error("the passphrase cannot be read: {0}; give it at a terminal, in a file or through a file descriptor")]
    Unreadable(#[from] io::Error),
    /// It is empty, not text, longer than 1024 bytes, or has several lines.
    #[error("a passphrase is one line of text of at most {LONGEST} bytes")]
    Malformed,
    /// It is too short to protect a new key.
    #[error("a passphrase has at least {SHORTEST} characters; choose a longer one")]
    TooShort,
    /// The two entries at the prompt differ.
    #[error("the two passphrases differ; try again")]
    Differ,
}

impl PassphraseError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "passphrase-unreadable",
            Self::Malformed => "passphrase-malformed",
            Self::TooShort => "passphrase-too-short",
            Self::Differ => "passphrases-differ",
        }
    }
}

impl PassphraseSource {
    /// Reads the passphrase of an existing key.
    ///
    /// # Errors
    /// [`PassphraseError::Unreadable`] or [`PassphraseError::Malformed`].
    pub fn read(&self, key: &str) -> Result<Zeroizing<String>, PassphraseError> {
        let text = match self {
            Self::Prompt => Zeroizing::new(rpassword::prompt_password(format!("Passphrase of key {key}: "))?),
            // The path, because taking over a raw descriptor by its number is unsafe code.
            Self::Descriptor(number) => read_line(File::open(format!("/dev/fd/{number}"))?)?,
            Self::File(path) => read_line(File::open(path)?)?,
        };
        if text.is_empty() || text.len() > LONGEST || text.contains(['\n', '\r', '\0']) {
            return Err(PassphraseError::Malformed);
        }
        Ok(text)
    }

    /// Reads the passphrase for a new key; at a prompt, twice.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`PassphraseError::TooShort`] or [`PassphraseError::Differ`].
    pub fn read_new(&self, key: &str) -> Result<Zeroizing<String>, PassphraseError> {
        let passphrase = self.read(key)?;
        if passphrase.chars().count() < SHORTEST {
            return Err(PassphraseError::TooShort);
        }
        if matches!(self, Self::Prompt) {
            let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
            if again != passphrase {
                return Err(PassphraseError::Differ);
            }
        }
        Ok(passphrase)
    }
}

/// Reads one line, its end cut off, without reading more than a passphrase can have: the file may be `/dev/zero`.
fn read_line(file: File) -> Result<Zeroizing<String>, PassphraseError> {
    let most = LONGEST + 3;
    // Allocated whole, because growing would leave copies behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(most));
    file.take(most as u64).read_to_string(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => PassphraseError::Malformed,
        _ => PassphraseError::Unreadable(error),
    })?;
    let length = text.strip_suffix('\n').map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(contents: &[u8]) -> Result<Zeroizing<String>, PassphraseError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), contents).unwrap();
        PassphraseSource::File(file.path().to_path_buf()).read_new("dev")
    }

    #[test]
    fn takes_one_line_without_its_end() {
        assert_eq!(from_file(b"correct horse\n").unwrap().as_str(), "correct horse");
        assert_eq!(from_file(b"correct horse\r\n").unwrap().as_str(), "correct horse");
        assert_eq!(from_file(" correct horse ".as_bytes()).unwrap().as_str(), " correct horse ");
    }

    #[test]
    fn refuses_what_is_no_passphrase() {
        assert_eq!(from_file(b"").unwrap_err().code(), "passphrase-malformed");
        assert_eq!(from_file(b"one line\nand another\n").unwrap_err().code(), "passphrase-malformed");
        assert_eq!(from_file(&[0xff; 12]).unwrap_err().code(), "passphrase-malformed");
        assert_eq!(from_file(b"short\n").unwrap_err().code(), "passphrase-too-short");
        assert_eq!(from_file(&[b'a'; 1025]).unwrap_err().code(), "passphrase-malformed");
        assert_eq!(from_file(&[b'a'; 1024]).unwrap().len(), 1024);
        let missing = PassphraseSource::File("/nonexistent/passphrase".into());
        assert_eq!(missing.read("dev").unwrap_err().code(), "passphrase-unreadable");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reads_a_file_descriptor_and_never_endlessly() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, b"through a pipe\n").unwrap();
        drop(writer);
        let descriptor = u32::try_from(reader.as_raw_fd()).unwrap();
        assert_eq!(PassphraseSource::Descriptor(descriptor).read("dev").unwrap().as_str(), "through a pipe");
        let endless = PassphraseSource::File("/dev/zero".into());
        assert_eq!(endless.read("dev").unwrap_err().code(), "passphrase-malformed");
    }
}
