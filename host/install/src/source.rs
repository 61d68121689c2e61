//! Reading a component file and the statement beside it, which anybody may have put there.
//!
//! Nothing here trusts the file: its name may be written to confuse a log or a path, it may be a link out of its folder, a
//! pipe that never answers, a device, or a file that grows while it is read. So the name is parsed first, what is opened is a
//! regular file inside its folder, and no more is read than a component can have. What is read is read once: everything
//! later works on these bytes, whatever the file becomes.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};
use nexus_package::{MAX_COMPONENT_BYTES, MAX_ENVELOPE_BYTES};

/// What a statement's file is called after its component's.
pub(crate) const STATEMENT_SUFFIX: &str = ".intoto.json";

/// The manifest that an unsigned component in a developer's own folder has beside it.
pub(crate) const MANIFEST: &str = "shard.toml";
/// More than any manifest has; the parser has its own limit.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

const LONGEST_NAME: usize = 200;

/// The name of a component file, without its folder: 6 to 200 letters, digits, spaces and `._-+@()`, ending in `.wasm` and
/// beginning with a letter or digit.
///
/// Separators, `..`, control characters and percent signs cannot occur, so such a name means the same everywhere.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct FileName(String);

/// A file name that no component may have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0:?} is no name for a component file; use letters, digits and ._- and end it in .wasm")]
pub struct InvalidFileName(String);

impl TryFrom<&OsStr> for FileName {
    type Error = InvalidFileName;

    fn try_from(name: &OsStr) -> Result<Self, Self::Error> {
        let valid = |name: &&str| {
            name.len() <= LONGEST_NAME
                && name.strip_suffix(".wasm").is_some_and(|stem| !stem.is_empty())
                && name.starts_with(|first: char| first.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || " ._-+@()".contains(c))
        };
        match name.to_str().filter(valid) {
            Some(name) => Ok(Self(name.to_owned())),
            None => Err(InvalidFileName(name.to_string_lossy().chars().take(LONGEST_NAME).collect())),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FileName {
    /// The name of the statement's file beside it.
    pub(crate) fn statement(&self) -> String {
        format!("{self}{STATEMENT_SUFFIX}")
    }
}

/// What a component file and its statement's file held when they were read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) wasm: Bytes,
    pub(crate) statement: Option<Bytes>,
}

/// Why a component file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Its name could mean something else elsewhere.
    #[error(transparent)]
    Name(#[from] InvalidFileName),
    /// There is no such file.
    #[error("{} does not exist; check the path", .0.display())]
    Missing(PathBuf),
    /// It is a link to something outside its folder.
    #[error("{} is a link that leads out of its folder; copy the file itself there", .0.display())]
    Outside(PathBuf),
    /// It is a folder, a pipe, a device or a socket.
    #[error("{} is not a regular file; a shard is a .wasm file", .0.display())]
    NotRegular(PathBuf),
    /// It is larger than a component or a statement can be.
    #[error("{path} is larger than {limit} bytes, which is the most that is read", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The operating system refused.
    #[error("{path} cannot be read: {source}; make it readable for the user that runs nexus", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl SourceError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "file-name",
            Self::Missing(_) => "file-missing",
            Self::Outside(_) => "file-outside",
            Self::NotRegular(_) => "file-not-regular",
            Self::TooLarge { .. } => "too-large",
            Self::Io { .. } => "file-unreadable",
        }
    }
}

/// Reads the component file at `path` and, where there is one, its statement's file.
///
/// # Errors
/// [`SourceError`]; a missing statement is none.
pub(crate) fn read(path: &Path) -> Result<Found, SourceError> {
    let name = FileName::try_from(path.file_name().unwrap_or_default())?;
    let (folder, dir) = folder_of(path)?;
    let wasm = read_bounded(&dir, &name.to_string(), path, MAX_COMPONENT_BYTES as u64)?;
    let statement = name.statement();
    let statement = match read_bounded(&dir, &statement, &folder.join(&statement), MAX_ENVELOPE_BYTES as u64) {
        Ok(bytes) => Some(bytes),
        Err(SourceError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Found { wasm, statement })
}

/// Reads the `shard.toml` beside the component file at `path`, if there is one.
///
/// # Errors
/// [`SourceError`] when there is one that cannot be read.
pub(crate) fn read_manifest_beside(path: &Path) -> Result<Option<String>, SourceError> {
    let (folder, dir) = folder_of(path)?;
    match read_bounded(&dir, MANIFEST, &folder.join(MANIFEST), MAX_MANIFEST_BYTES) {
        // What is not text becomes text that no manifest is, so that the manifest's parser says what is wrong.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(SourceError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder_of(path: &Path) -> Result<(&Path, Dir), SourceError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|error| explain(folder, error))?;
    Ok((folder, dir))
}

/// Reads `name` in `dir` if it is a regular file of at most `limit` bytes; `path` is for messages.
pub(crate) fn read_bounded(dir: &Dir, name: &str, path: &Path, limit: u64) -> Result<Bytes, SourceError> {
    let (file, metadata) = open_regular(dir, name, path)?;
    let too_large = || SourceError::TooLarge { path: path.to_path_buf(), limit };
    if metadata.len() > limit {
        return Err(too_large());
    }
    let mut contents = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // The length was a claim; the file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut contents).map_err(|error| explain(path, error))?;
    if contents.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(Bytes::from(contents))
}

/// Opens `name` in `dir` for reading if it is a regular file; `path` is for messages.
pub(crate) fn open_regular(dir: &Dir, name: &str, path: &Path) -> Result<(File, Metadata), SourceError> {
    let failed = |error| explain(path, error);
    // Before opening, because opening a device can have effects of its own.
    if !dir.metadata(name).map_err(failed)?.is_file() {
        return Err(SourceError::NotRegular(path.to_path_buf()));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        // Opening a pipe waits for its writer, for ever if need be, unless told not to.
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    let file = dir.open_with(name, &options).map_err(failed)?;
    // And after, because the name may have come to mean something else.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(SourceError::NotRegular(path.to_path_buf()));
    }
    Ok((file, metadata))
}

fn explain(path: &Path, error: io::Error) -> SourceError {
    let path = path.to_path_buf();
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::Missing(path),
        // cap-std says so by itself, without an error of the operating system behind it.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => SourceError::Outside(path),
        _ => SourceError::Io { path, source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<FileName, InvalidFileName> {
        FileName::try_from(OsStr::new(text))
    }

    #[test]
    fn accepts_names_that_people_and_browsers_give() {
        for text in ["weather.wasm", "weather@1.2.0.wasm", "Weather (1).wasm", "a_b-c+d.wasm"] {
            assert_eq!(name(text).unwrap().to_string(), text);
        }
        assert_eq!(name("weather.wasm").unwrap().statement(), "weather.wasm.intoto.json");
    }

    #[test]
    fn refuses_names_that_mean_something_else_elsewhere() {
        let long = format!("{}.wasm", "a".repeat(200));
        let bad = [
            "",
            ".wasm",
            "..",
            "weather",
            "a.WASM",
            "../a.wasm",
            "/etc/a.wasm",
            "..\\a.wasm",
            "c:a.wasm",
            "-rf.wasm",
            ".a.wasm",
            "a\0.wasm",
            "a\r\n.wasm",
            "a%2fb.wasm",
            "a%00.wasm",
            "wéather.wasm",
            "w\u{200b}.wasm",
            "\u{202e}a.wasm",
            &long,
        ];
        for text in bad {
            assert!(name(text).is_err(), "{text:?} was accepted");
        }
        // A name reaches a log in its escaped form only.
        assert!(!name("a\r\nb.wasm").unwrap_err().to_string().contains(['\r', '\n']));
    }

    proptest::proptest! {
        #[test]
        fn a_name_that_is_accepted_stays_in_its_folder_and_on_its_line(text in "[a/.%:\\\\\\r\\n\\PC]{0,12}(\\.wasm)?") {
            if let Ok(name) = name(&text) {
                let path = Path::new("folder").join(name.to_string());
                proptest::prop_assert_eq!(path.parent(), Some(Path::new("folder")));
                proptest::prop_assert_eq!(path.components().count(), 2);
                proptest::prop_assert!(name.to_string().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }

    #[test]
    fn reads_a_component_with_and_without_its_statement() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        std::fs::write(&path, b"wasm").unwrap();
        let found = read(&path).unwrap();
        assert_eq!((found.wasm.as_ref(), found.statement), (&b"wasm"[..], None));
        std::fs::write(folder.path().join("a.wasm.intoto.json"), b"{}").unwrap();
        assert_eq!(read(&path).unwrap().statement.unwrap(), "{}");
    }

    #[test]
    fn refuses_what_is_missing_or_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let code = |name: &str| read(&folder.path().join(name)).unwrap_err().code();
        assert_eq!(code("a.wasm"), "file-missing");
        assert_eq!(code("missing/a.wasm"), "file-missing");
        std::fs::create_dir(folder.path().join("b.wasm")).unwrap();
        assert_eq!(code("b.wasm"), "file-not-regular");
        assert_eq!(code(".."), "file-name");
    }

    #[test]
    fn reads_no_more_than_a_component_can_have() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        // Sparse: a terabyte on paper.
        std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path).unwrap_err().code(), "too-large");
        std::fs::write(&path, b"wasm").unwrap();
        let statement = std::fs::File::create(folder.path().join("a.wasm.intoto.json")).unwrap();
        statement.set_len(MAX_ENVELOPE_BYTES as u64 + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().code(), "too-large");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_claims_to_be_empty_is_bounded_all_the_same() {
        let dir = Dir::open_ambient_dir("/proc/self", ambient_authority()).unwrap();
        let read = |limit| read_bounded(&dir, "status", Path::new("status"), limit);
        assert_eq!(read(16).unwrap_err().code(), "too-large");
        assert!(read(1 << 20).unwrap().len() > 16);
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_inside_the_folder_and_none_out_of_it() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.wasm"), b"secret").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink(outside.path().join("secret.wasm"), path("absolute.wasm")).unwrap();
        symlink("../../../../../../etc/hostname", path("relative.wasm")).unwrap();
        symlink("/dev/zero", path("endless.wasm")).unwrap();
        for name in ["absolute.wasm", "relative.wasm", "endless.wasm"] {
            assert_eq!(read(&path(name)).unwrap_err().code(), "file-outside", "{name}");
        }
        // As Kubernetes mounts a folder of files.
        std::fs::create_dir(path("..data")).unwrap();
        std::fs::write(path("..data/inside.wasm"), b"inside").unwrap();
        symlink("..data/inside.wasm", path("inside.wasm")).unwrap();
        assert_eq!(read(&path("inside.wasm")).unwrap().wasm, "inside");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.wasm");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(read(&path).unwrap_err().code(), "file-not-regular");
    }
}
