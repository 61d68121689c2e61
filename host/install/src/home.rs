//! The state folder: where trust, keys, installed shards and compiled code live, and who may touch them.
//!
//! Everything in this crate that writes goes through the directory handle opened here, so that swapping a path component
//! for a symlink afterwards leads nowhere. The folder is refused when somebody else could write to it: whoever can replace
//! `trust.toml` decides which code runs.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, Metadata, OpenOptions};

/// How often a busy home is tried again, and how long between two tries: ten seconds in all.
const LOCK_ATTEMPTS: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

const CONFIG_FILE: &str = "nexus.toml";
pub(crate) const TRUST_FILE: &str = "trust.toml";
pub(crate) const LOCK_FILE: &str = "lock.json";
pub(crate) const KEYS: &str = "keys";
pub(crate) const STORE: &str = "store";
const SHARDS: &str = "shards";
const CACHE: &str = "cache";
/// The file whose advisory lock serialises writers. It is never replaced, so a lock on it always means the same thing.
const MUTEX_FILE: &str = ".lock";

/// An opened state folder that only its owner can write to.
///
/// Cloning is cheap and refers to the same folder.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
    dir: Arc<Dir>,
}

/// Proof that this process alone is changing the home. Dropping it lets the next writer in.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: std::fs::File,
}

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Somebody else could change what is in it.
    #[error("{path} is not safe to keep keys and trust in: {problem}; {remedy}", path = path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What the operator can do.
        remedy: String,
    },
    /// Another process has been writing for ten seconds.
    #[error("another nexus process is changing {path}; try again when it has finished", path = .0.display())]
    Busy(PathBuf),
    /// The operating system refused.
    #[error("{path} cannot be opened: {source}; choose another folder with --home", path = path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl HomeError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsafe { .. } => "home-unsafe",
            Self::Busy(_) => "home-busy",
            Self::Io { .. } => "home-io",
        }
    }
}

impl Home {
    /// Opens the state folder at `path`, creating it and its sub-folders for their owner alone (mode 0700).
    ///
    /// # Errors
    /// [`HomeError::Unsafe`] when the folder or one of its sub-folders is a symlink or no folder, belongs to another user,
    /// or is writable by group or others; [`HomeError::Io`] when it cannot be created or opened.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let failed = |source| HomeError::Io { path: path.to_path_buf(), source };
        let path = std::path::absolute(path).map_err(failed)?;
        let name = path.file_name().ok_or_else(|| HomeError::Unsafe {
            path: path.clone(),
            problem: "it has no name of its own".to_owned(),
            remedy: "choose another folder with --home".to_owned(),
        })?;
        let parent = path.parent().unwrap_or(Path::new("."));
        Dir::create_ambient_dir_all(parent, ambient_authority()).map_err(failed)?;
        let parent = Dir::open_ambient_dir(parent, ambient_authority()).map_err(failed)?;
        let dir = private_dir(&parent, Path::new(name), &path)?;
        for part in [KEYS, STORE, SHARDS, CACHE] {
            private_dir(&dir, Path::new(part), &path.join(part))?;
        }
        Ok(Self { path, dir: Arc::new(dir) })
    }

    /// Where the state folder is when neither a flag nor `NEXUS_HOME` says: the platform's data folder, from the
    /// environment that `lookup` answers for. `None` when the environment names no home.
    pub fn platform_default(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let folder = |key: &str| lookup(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = if cfg!(windows) {
            folder("LOCALAPPDATA")?
        } else if cfg!(target_os = "macos") {
            folder("HOME")?.join("Library/Application Support")
        } else {
            // XDG Base Directory Specification: a relative path is invalid and is ignored.
            folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))?
        };
        Some(data.join("nexus"))
    }

    /// The folder itself, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `nexus.toml`, which the operator writes and the binary reads.
    pub fn config_file(&self) -> PathBuf {
        self.path.join(CONFIG_FILE)
    }

    /// `trust.toml`: see [`TrustFile`](crate::TrustFile).
    pub fn trust_file(&self) -> PathBuf {
        self.path.join(TRUST_FILE)
    }

    /// `lock.json`: see [`Lockfile`](crate::Lockfile).
    pub fn lock_file(&self) -> PathBuf {
        self.path.join(LOCK_FILE)
    }

    /// The folder of private keys: see [`Keyring`](crate::Keyring).
    pub fn keys_dir(&self) -> PathBuf {
        self.path.join(KEYS)
    }

    /// The folder of installed components: see [`Installer`](crate::Installer).
    pub fn store_dir(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// The drop-in folder used when the operator names no other.
    pub fn shards_dir(&self) -> PathBuf {
        self.path.join(SHARDS)
    }

    /// The folder for compiled code, which only the host's user may write to.
    pub fn cache_dir(&self) -> PathBuf {
        self.path.join(CACHE)
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn open_dir(&self, name: &str) -> Result<Dir, HomeError> {
        self.dir.open_dir(name).map_err(|source| HomeError::Io { path: self.path.join(name), source })
    }

    /// Waits, ten seconds at most, until no other handle on this home is writing. Blocks its thread.
    ///
    /// # Errors
    /// [`HomeError::Busy`] when the wait was in vain, [`HomeError::Io`] when the lock file cannot be opened.
    pub(crate) fn lock(&self) -> Result<HomeLock, HomeError> {
        let path = || self.path.join(MUTEX_FILE);
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        owner_only(&mut options);
        let file = self
            .dir
            .open_with(MUTEX_FILE, &options)
            .map_err(|source| HomeError::Io { path: path(), source })?
            .into_std();
        for _ in 0..LOCK_ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(HomeLock { _file: file }),
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(std::fs::TryLockError::Error(source)) => return Err(HomeError::Io { path: path(), source }),
            }
        }
        Err(HomeError::Busy(self.path.clone()))
    }
}

/// Opens `name` below `parent`, creating it with mode 0700; `path` is for messages.
pub(crate) fn private_dir(parent: &Dir, name: &Path, path: &Path) -> Result<Dir, HomeError> {
    let failed = |source| HomeError::Io { path: path.to_path_buf(), source };
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match parent.create_dir_with(name, &builder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    check(&parent.symlink_metadata(name).map_err(failed)?, path)?;
    let dir = parent.open_dir(name).map_err(failed)?;
    // What was opened, not what was looked at: the two may differ when somebody swaps the name in between.
    check(&dir.dir_metadata().map_err(failed)?, path)?;
    Ok(dir)
}

/// Refuses a folder that anybody but its owner, who must be the caller, could change.
fn check(metadata: &Metadata, path: &Path) -> Result<(), HomeError> {
    let refuse = |problem: String, remedy: String| Err(HomeError::Unsafe { path: path.to_path_buf(), problem, remedy });
    if metadata.is_symlink() {
        return refuse("it is a symbolic link".to_owned(), "name the folder that it points to".to_owned());
    }
    if !metadata.is_dir() {
        return refuse("it is not a folder".to_owned(), "move it away or choose another folder with --home".to_owned());
    }
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        if metadata.uid() != user {
            return refuse(
                format!("it belongs to user {owner} and you are user {user}", owner = metadata.uid()),
                "run as its owner or choose another folder with --home".to_owned(),
            );
        }
        if metadata.mode() & 0o022 != 0 {
            return refuse(
                format!("others may write to it (mode {mode:04o})", mode = metadata.mode() & 0o7777),
                format!("run: chmod 700 {path}", path = path.display()),
            );
        }
    }
    Ok(())
}

/// Makes a file that `options` create readable and writable by its owner alone.
pub(crate) fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _: &mut OpenOptions = options;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |key| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn takes_the_platforms_data_folder() {
        let home = |variables: &[(&str, &str)]| Home::platform_default(lookup(variables));
        assert_eq!(home(&[("HOME", "/home/ada")]), Some("/home/ada/.local/share/nexus".into()));
        assert_eq!(home(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")]), Some("/data/nexus".into()));
        assert_eq!(
            home(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "data")]),
            Some("/home/ada/.local/share/nexus".into())
        );
        assert_eq!(home(&[("HOME", "")]), None);
    }

    #[test]
    fn opening_twice_waits_for_no_one_and_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/home");
        let home = Home::open(&path).unwrap();
        std::fs::write(home.trust_file(), "version = 1\n").unwrap();
        let again = Home::open(&path).unwrap();
        assert_eq!(again.dir().read_to_string(TRUST_FILE).unwrap(), "version = 1\n");
        assert!(
            [again.keys_dir(), again.store_dir(), again.shards_dir(), again.cache_dir()].iter().all(|dir| dir.is_dir())
        );
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let other = Home::open(home.path()).unwrap();
        let (entered, entering) = std::sync::mpsc::channel();
        let held = home.lock().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let lock = other.lock();
                entered.send("second").unwrap();
                drop(lock.unwrap());
            });
            assert_eq!(entering.recv_timeout(Duration::from_millis(120)).ok(), None);
            drop(held);
            assert_eq!(entering.recv().unwrap(), "second");
        });
    }

    #[test]
    fn refuses_what_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home");
        std::fs::write(&path, "a file").unwrap();
        assert_eq!(Home::open(&path).unwrap_err().code(), "home-unsafe");
        assert_eq!(Home::open(&path.join("below")).unwrap_err().code(), "home-io");
        assert_eq!(Home::open(Path::new("/")).unwrap_err().code(), "home-unsafe");
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        fn set_mode(path: &Path, mode: u32) {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }

        #[test]
        fn what_it_creates_belongs_to_its_owner_alone() {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::open(&folder.path().join("home")).unwrap();
            for dir in [home.path(), &home.keys_dir(), &home.store_dir(), &home.shards_dir(), &home.cache_dir()] {
                assert_eq!(mode(dir), 0o700, "{}", dir.display());
            }
            drop(home.lock().unwrap());
            assert_eq!(mode(&home.path().join(MUTEX_FILE)), 0o600);
        }

        #[test]
        fn refuses_a_folder_that_others_may_write_to_and_says_what_to_run() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("home");
            Home::open(&path).unwrap();
            for (writable, below) in [(path.clone(), 0o770), (path.join("keys"), 0o702)] {
                set_mode(&writable, below);
                let error = Home::open(&path).unwrap_err();
                assert_eq!(error.code(), "home-unsafe");
                assert!(error.to_string().contains(&format!("chmod 700 {}", writable.display())), "{error}");
                set_mode(&writable, 0o755);
                Home::open(&path).unwrap();
            }
        }

        #[test]
        fn refuses_a_symlink_at_the_end_and_below() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("home");
            Home::open(&path).unwrap();
            symlink(&path, folder.path().join("link")).unwrap();
            let error = Home::open(&folder.path().join("link")).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
            let elsewhere = tempfile::tempdir().unwrap();
            std::fs::remove_dir(path.join("keys")).unwrap();
            symlink(elsewhere.path(), path.join("keys")).unwrap();
            assert_eq!(Home::open(&path).unwrap_err().code(), "home-unsafe");
        }

        #[test]
        fn refuses_a_folder_of_another_user() {
            // Only root can make one to try; everybody else owns nothing but their own.
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("home");
            Home::open(&path).unwrap();
            let foreign = if rustix::process::geteuid().is_root() {
                std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
                path
            } else {
                "/usr".into()
            };
            let error = Home::open(&foreign).unwrap_err();
            assert!(error.to_string().contains("belongs to user"), "{error}");
        }
    }
}
