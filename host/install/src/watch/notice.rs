//! The operating system's notifications: nothing but "look again". What has changed is found by looking.

use std::path::{Path, PathBuf};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Asks to be woken when something changes in the folders; dropping it ends that.
#[derive(Debug)]
pub(super) struct Notices {
    folders: Vec<PathBuf>,
    wake: mpsc::Sender<()>,
    watcher: Option<RecommendedWatcher>,
}

impl Notices {
    /// Wakes through `wake` when something changes in one of `folders`.
    pub(super) fn new(folders: Vec<PathBuf>, wake: mpsc::Sender<()>) -> Self {
        let mut notices = Self { folders, wake, watcher: None };
        notices.renew();
        notices
    }

    /// Asks anew, which is needed when a folder has been replaced by another of its name.
    pub(super) fn renew(&mut self) {
        let wake = self.wake.clone();
        let watcher = notify::recommended_watcher(move |notice: notify::Result<Event>| {
            // Reading is no change, and our own looks are readings.
            if !matches!(notice, Ok(Event { kind: EventKind::Access(_), .. })) {
                // A full channel means that a look is due anyway.
                wake.try_send(()).ok();
            }
        });
        self.watcher = watcher
            .map_err(|error| tracing::warn!(%error, "no notifications: changes are found by looking every two seconds"))
            .ok();
        for folder in self.folders.clone() {
            self.watch(&folder);
        }
        // What changed before the asking is not told, so look once more.
        self.wake.try_send(()).ok();
    }

    fn watch(&mut self, folder: &Path) {
        let Some(watcher) = &mut self.watcher else { return };
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::debug!(folder = %folder.display(), %error, "no notifications for this folder");
        }
    }
}
