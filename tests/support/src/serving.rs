//! A host that is serving, as a child process.

use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a test waits for a line, or for the end.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the host says on stderr once it listens; the address of the endpoint follows.
const LISTENING: &str = "listening on ";

/// A running `nexus serve`. It is killed when it is dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    url: Option<String>,
    pipes: Option<(ChildStdout, ChildStdin)>,
    stderr: watch::Receiver<Vec<String>>,
    _readers: JoinSet<()>,
}

impl Serving {
    /// Starts a host that speaks over its stdin and stdout.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn stdio(mut command: Command) -> Self {
        command.stdin(std::process::Stdio::piped());
        let mut serving = Self::start(command);
        serving.pipes = serving.child.stdout.take().zip(serving.child.stdin.take());
        serving
    }

    /// Starts a host that speaks HTTP, and waits until it says where.
    ///
    /// # Panics
    /// When it cannot be started, ends at once, or does not listen within 30 seconds.
    pub async fn http(command: Command) -> Self {
        let mut serving = Self::start(command);
        let line = serving.line(&[LISTENING]).await;
        serving.url = line.split_once(LISTENING).map(|(_, url)| url.trim().to_owned());
        serving
    }

    fn start(mut command: Command) -> Self {
        let shown = format!("{:?}", command.as_std());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("starting {shown}: {error}"));
        let (lines, stderr) = watch::channel(Vec::new());
        let mut readers = JoinSet::new();
        readers.spawn(read_lines(child.stderr.take().expect("stderr is a pipe"), lines));
        Self { child, url: None, pipes: None, stderr, _readers: readers }
    }

    /// Where the MCP endpoint is.
    ///
    /// # Panics
    /// When the host does not speak HTTP.
    pub fn url(&self) -> &str {
        self.url.as_deref().expect("the host was started with --http")
    }

    /// The host's stdout and stdin: a transport for a client.
    ///
    /// # Panics
    /// When they have been taken, or the host does not speak over stdio.
    pub fn take_pipes(&mut self) -> (ChildStdout, ChildStdin) {
        self.pipes.take().expect("the host was started with --stdio, and its pipes are taken once")
    }

    /// Everything on stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.borrow().join("\n")
    }

    /// Waits for a line on stderr that holds every one of `parts`; one that has come already counts.
    ///
    /// # Panics
    /// When none comes within 30 seconds, or the host ends without it.
    pub async fn line(&mut self, parts: &[&str]) -> String {
        let holds = |line: &&String| parts.iter().all(|part| line.contains(part));
        let waiting = self.stderr.wait_for(|lines| lines.iter().any(|line| holds(&line)));
        let found = tokio::time::timeout(PATIENCE, waiting).await.ok().and_then(Result::ok);
        let found = found.and_then(|lines| lines.iter().find(holds).cloned());
        found.unwrap_or_else(|| panic!("no line with {parts:?} on stderr:\n{}", self.stderr()))
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the host has ended.
    pub fn signal(&self, signal: Signal) {
        let id =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("the host is running");
        kill_process(id, signal).expect("a child may be signalled");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within 30 seconds.
    pub async fn ended(&mut self) -> ExitStatus {
        let end = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        end.unwrap_or_else(|_| panic!("the host did not end:\n{}", self.stderr())).expect("a child can be waited for")
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When its state cannot be read.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child's state can be read").is_none()
    }
}

/// Keeps what the host says, line by line, until it ends.
async fn read_lines(stderr: ChildStderr, lines: watch::Sender<Vec<String>>) {
    let mut reader = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        lines.send_modify(|all| all.push(line));
    }
}
