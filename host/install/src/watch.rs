//! The drop-in folder and the installed shards, watched: what is verified serves, what is not is refused by name.
//!
//! The watch decides *which release of which shard is to serve* and tells the host through a bounded channel; it loads no
//! wasm. Changes are noticed through the operating system's notifications, and by looking again every two seconds, because
//! notifications get lost: on network file systems, in containers, when there are too many. A verified file is told well
//! within a second of both its files being in place. See `arbiter` for who serves when several files claim a name, and
//! `settle` for when a file counts as finished.
//!
//! An attacker who can write to the folder can make the host refuse files, and with a valid signature of a trusted
//! publisher make it serve; they cannot make it serve an older release than it has had, stop it, or make it read without
//! bound.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use self::event::Event;
pub use self::listing::WatchError;
use self::task::Task;
use crate::{InstallError, Installer};

mod arbiter;
mod event;
mod listing;
mod notice;
mod settle;
mod task;
#[cfg(test)]
mod tests;

/// How many events wait for the host. When it is slower, the watch waits: events hold components.
const CAPACITY: usize = 4;

/// A running watch. Dropping it stops it.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<Event>,
    _task: JoinSet<()>,
}

/// Why a watch does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The drop-in folder cannot be watched.
    #[error(transparent)]
    Folder(#[from] WatchError),
    /// The trust policy or the lockfile cannot be read.
    #[error(transparent)]
    Install(#[from] InstallError),
}

impl StartError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder(error) => error.code(),
            Self::Install(error) => error.code(),
        }
    }
}

impl Watch {
    /// Starts to watch the drop-in folder `shards`, and the installed shards and the trust policy of `installer`'s home.
    ///
    /// Must be called in a tokio runtime. Blocks for as long as it takes to list a folder and read two small files.
    ///
    /// # Errors
    /// [`StartError`] when the folder, the trust policy or the lockfile cannot be read: a host that cannot know whom it
    /// trusts does not start.
    pub fn start(installer: Arc<Installer>, shards: &Path) -> Result<Self, StartError> {
        let (sender, events) = mpsc::channel(CAPACITY);
        let task = Task::new(installer, shards, sender)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(task.run());
        Ok(Self { events, _task: tasks })
    }

    /// The next event. First come the shards and refusals of everything there is, then [`Event::Scanned`], then what
    /// changes. `None` when the watch has ended, which it does only with the runtime.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}
