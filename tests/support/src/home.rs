//! One host's home, and the commands that are run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::publisher::{Publisher, Release};
use crate::{Outcome, Serving, location};

/// How long a command may take. Generous: the machine that runs the tests may be busy, and a hanging command must still end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A home folder and an environment of its own. Commands see nothing else; all is removed when it is dropped.
#[derive(Debug)]
pub struct TestHost {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl TestHost {
    /// An empty home.
    ///
    /// # Panics
    /// When no folder can be made.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("nexus-test-").tempdir().expect("a temporary folder");
        let host = Self { folder, environment: BTreeMap::new() };
        for made in [host.home(), host.shards(), host.work()] {
            fs::create_dir_all(made).expect("folders in a temporary folder");
        }
        host
    }

    /// A home that trusts `publisher` for everything that it may sign, and is told to be silent about nothing.
    pub fn trusting(publisher: &Publisher) -> Self {
        let host = Self::new();
        host.write("trust.toml", &publisher.trust());
        host
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The watched folder: the home's own.
    pub fn shards(&self) -> PathBuf {
        self.home().join("shards")
    }

    /// The folder that commands are run in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Gives every later command this variable.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes this variable from every later command.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.environment.remove(name);
        self
    }

    /// The variables that commands see.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Writes a file of the home.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.home().join(name);
        fs::write(&file, text).unwrap_or_else(|error| panic!("writing {}: {error}", file.display()));
        file
    }

    /// Puts a release into the watched folder, or replaces the one of that stem: the statement first, so that the
    /// component never lies there without one.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn drop_in(&self, stem: &str, release: &Release) -> PathBuf {
        release.write_to(&self.shards(), stem)
    }

    /// Takes a release out of the watched folder.
    ///
    /// # Panics
    /// When it is not there.
    pub fn take_out(&self, stem: &str) {
        for name in [format!("{stem}.wasm"), format!("{stem}.wasm.intoto.json")] {
            let file = self.shards().join(name);
            fs::remove_file(&file).unwrap_or_else(|error| panic!("removing {}: {error}", file.display()));
        }
    }

    /// `nexus --home HOME ARGUMENTS…`, ready to be started.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(location::nexus());
        command.arg("--home").arg(self.home()).args(arguments);
        command.env_clear().envs(&self.environment).current_dir(self.work());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it cannot be started, or takes more than a minute.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        run(self.command(arguments), PATIENCE).await
    }

    /// `nexus call TOOL ARGUMENTS --json`.
    pub async fn call(&self, tool: &str, arguments: &Value) -> Outcome {
        self.run(["call", tool, &arguments.to_string(), "--json"]).await
    }

    /// Starts `nexus serve --http` on a free port and waits until it listens.
    pub async fn serve_http(&self) -> Serving {
        Serving::http(self.command(["serve", "--http", "127.0.0.1:0"])).await
    }

    /// Starts `nexus serve --stdio`.
    pub fn serve_stdio(&self) -> Serving {
        Serving::stdio(self.command(["serve", "--stdio"]))
    }

    /// Every file below the home, with its content: for "nothing was changed".
    ///
    /// # Panics
    /// When the home cannot be read.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        gather(&self.home(), &mut found);
        found
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs any command to its end, at most for `patience`.
///
/// # Panics
/// When it cannot be started or takes longer.
pub async fn run(mut command: Command, patience: Duration) -> Outcome {
    let shown = format!("{:?}", command.as_std());
    let output = tokio::time::timeout(patience, command.output())
        .await
        .unwrap_or_else(|_| panic!("took more than {patience:?}: {shown}"))
        .unwrap_or_else(|error| panic!("starting {shown}: {error}"));
    Outcome::new(shown, &output)
}

fn gather(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder of the home") {
        let path = entry.expect("an entry of the home").path();
        if path.is_dir() {
            gather(&path, found);
        } else {
            let content = fs::read(&path).unwrap_or_default();
            found.insert(path, content);
        }
    }
}
