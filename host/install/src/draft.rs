//! Files that appear whole or not at all.
//!
//! The contents are written beside the destination, brought to the disk, and then renamed over it (or linked to it, where
//! nothing may be replaced). A crash leaves the old file or the new one. Writers hold the [`HomeLock`], so a draft has one
//! owner and a fixed name, and a crash leaves no pile of them.

use std::io::{self, Write};

use cap_std::fs::{Dir, OpenOptions};

use crate::home::{HomeLock, owner_only};

/// Puts `contents` in `dir` as `name`, mode 0600, in place of what was there.
pub(crate) fn replace(dir: &Dir, name: &str, contents: &[u8], _held: &HomeLock) -> io::Result<()> {
    let draft = write(dir, name, contents)?;
    dir.rename(&draft, dir, name)?;
    sync(dir)
}

/// Puts `contents` in `dir` as `name`, mode 0600.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when the name is taken: what is there stays as it is.
pub(crate) fn create(dir: &Dir, name: &str, contents: &[u8], _held: &HomeLock) -> io::Result<()> {
    let draft = write(dir, name, contents)?;
    let linked = dir.hard_link(&draft, dir, name);
    dir.remove_file(&draft)?;
    linked?;
    sync(dir)
}

fn write(dir: &Dir, name: &str, contents: &[u8]) -> io::Result<String> {
    let draft = format!(".{name}.draft");
    match dir.remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let mut file = dir.open_with(&draft, &options)?;
    file.write_all(contents)?;
    file.sync_all()?;
    Ok(draft)
}

/// Brings the new name itself to the disk. Elsewhere than on unix a folder cannot be synchronised.
fn sync(dir: &Dir) -> io::Result<()> {
    if cfg!(unix) { dir.open(".")?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;

    #[test]
    fn replaces_whole_files_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let lock = home.lock().unwrap();
        // What a crash half-way leaves behind.
        home.dir().write(".a.draft", "half").unwrap();
        replace(home.dir(), "a", b"one", &lock).unwrap();
        replace(home.dir(), "a", b"two", &lock).unwrap();
        assert_eq!(home.dir().read("a").unwrap(), b"two");
        assert!(!home.dir().exists(".a.draft"));
    }

    #[test]
    fn creating_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let lock = home.lock().unwrap();
        create(home.dir(), "a", b"one", &lock).unwrap();
        let error = create(home.dir(), "a", b"two", &lock).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(home.dir().read("a").unwrap(), b"one");
        assert!(!home.dir().exists(".a.draft"));
    }
}
