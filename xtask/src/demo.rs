//! `cargo xtask demo`: from a fresh checkout to a serving host, with mock data and a key of one's own.
//!
//! All state lies in `.nexus/` of the checkout. The developer key is made without a passphrase, because it signs nothing
//! but this checkout's own shards for this checkout's own host.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::checkout::{Checkout, WASM};
use crate::{build, endpoint, say, toolchain};

/// The name of the developer key in the demo's home.
const KEY: &str = "developer";
/// The shards of the demo: the folder in `plugins/`, and the stem of the component that it builds.
const SHARDS: [(&str, &str); 1] = [("logistics", "nexus_logistics")];
/// What the host is started with.
const ENVIRONMENT: [(&str, &str); 2] = [("USE_MOCK", "true"), ("ENABLE_LOGISTICS", "true")];
/// A parcel of the mock data set, on its way to be delivered.
const TRACKING_NUMBER: &str = "771242620004";
/// What the host says on stderr once it listens.
const LISTENING: &str = "listening on ";
/// How long the host may take to listen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Options of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// End after the self-check, with its exit status
    #[arg(long)]
    once: bool,
    /// Where to serve; loopback only
    #[arg(long, default_value = "127.0.0.1:8081")]
    addr: SocketAddr,
}

/// What happens while the host serves.
enum Event {
    /// It listens, here.
    Listening(SocketAddr),
    /// Its stderr ended, so it is about to end.
    Silent,
    /// The user wants it to stop.
    Stop,
}

impl Demo {
    /// Builds, signs, serves, checks, explains, and goes on serving.
    ///
    /// # Errors
    /// When a step fails; the message says what to do.
    pub(crate) fn run(self) -> Result<()> {
        let checkout = Checkout::find()?;
        self.check_address()?;
        toolchain::ensure_wasm_target()?;
        build::with_progress("the host", checkout.cargo(&["build", "--release", "--package", "nexus"]))?;
        build::with_progress("the shards", checkout.shard_cargo("plugins", &["build", "--release", "--target", WASM]))?;

        let host = Host { nexus: checkout.nexus(), home: checkout.path(".nexus") };
        host.make_key()?;
        for (folder, stem) in SHARDS {
            host.sign(&checkout.path("plugins").join(folder), &checkout.components().join(format!("{stem}.wasm")))?;
        }

        let (events, happened) = channel();
        let stop = events.clone();
        ctrlc::set_handler(move || drop(stop.send(Event::Stop))).context("preparing for Ctrl-C")?;
        let mut serving = host.serve(self.addr, events)?;
        let served = self.check_and_explain(&host, &happened);
        if served.is_ok() && !self.once {
            // A stop, or the host's own end: either way the serving is over.
            while matches!(happened.recv(), Ok(Event::Listening(_))) {}
        }
        let status = end(&mut serving)?;
        served?;
        if !status.success() {
            bail!("the host ended with {status}; its reason is above");
        }
        Ok(())
    }

    /// Better now than after minutes of building.
    fn check_address(&self) -> Result<()> {
        if !self.addr.ip().is_loopback() {
            bail!("{} is not a loopback address, and the host has no authentication yet: use 127.0.0.1", self.addr);
        }
        let free = TcpListener::bind(self.addr).map(drop);
        free.with_context(|| format!("{} cannot be used; choose another with --addr 127.0.0.1:PORT", self.addr))
    }

    fn check_and_explain(&self, host: &Host, happened: &Receiver<Event>) -> Result<()> {
        let address = match happened.recv_timeout(PATIENCE) {
            Ok(Event::Listening(address)) => address,
            Ok(Event::Silent) => bail!("the host did not start; its reason is above"),
            Ok(Event::Stop) => return Ok(()),
            Err(_) => bail!("the host did not listen within a minute"),
        };
        let arguments = json!({ "tracking_number": TRACKING_NUMBER });
        let result = endpoint::call(address, "fedex_track_shipment", &arguments)?;
        say::line(&format!("\nfedex_track_shipment {arguments} answers\n{}", pretty(&result)?));
        if !self.once {
            explain(host, address)?;
        }
        Ok(())
    }
}

/// The host as the demo runs it.
struct Host {
    nexus: PathBuf,
    home: PathBuf,
}

impl Host {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.nexus);
        command.arg("--home").arg(&self.home).args(arguments);
        command
    }

    /// Makes the developer key and trusts it, when the home is new.
    fn make_key(&self) -> Result<()> {
        fs::create_dir_all(self.home.join("shards")).with_context(|| format!("making {}", self.home.display()))?;
        if self.home.join("keys").join(format!("{KEY}.pem")).exists() {
            return Ok(());
        }
        say::note("making a developer key, which this host will trust for nexus:*");
        quietly(&mut self.command(&["key", "new", KEY, "--unencrypted"]))?;
        quietly(&mut self.command(&["trust", "add", KEY, "--namespace", "nexus"]))
    }

    /// Signs a component with the manifest of its project, and puts both into the watched folder: the statement first, so
    /// that the component never lies there unsigned.
    fn sign(&self, project: &Path, component: &Path) -> Result<()> {
        let mut sign = self.command(&["shard", "sign"]);
        quietly(sign.arg(component).arg("--manifest").arg(project.join("shard.toml")).args(["--key", KEY]))?;
        let name = component.file_name().context("a component is a file")?.to_string_lossy();
        for file in [format!("{name}.intoto.json"), name.into_owned()] {
            let to = self.home.join("shards").join(&file);
            fs::copy(component.with_file_name(&file), &to).with_context(|| format!("copying to {}", to.display()))?;
        }
        Ok(())
    }

    /// Starts the host. Its stderr goes on to the user's.
    fn serve(&self, address: SocketAddr, events: Sender<Event>) -> Result<Child> {
        let mut command = self.command(&["serve", "--http", &address.to_string()]);
        // A group of its own: Ctrl-C reaches this program alone, which then asks the host to stop, once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.envs(ENVIRONMENT).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {}", self.nexus.display()))?;
        let stderr = child.stderr.take().context("the host's stderr is a pipe")?;
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                say::note(&line);
                if let Some(address) = address_in(&line) {
                    drop(events.send(Event::Listening(address)));
                }
            }
            drop(events.send(Event::Silent));
        });
        Ok(child)
    }
}

/// The address in `listening on http://127.0.0.1:8081/mcp`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, url) = line.split_once(LISTENING)?;
    url.strip_prefix("http://")?.split('/').next()?.parse().ok()
}

/// Asks the host to stop, if it has not, and waits for its end.
fn end(host: &mut Child) -> Result<ExitStatus> {
    if host.try_wait().context("looking after the host")?.is_none() {
        #[cfg(unix)]
        if let Some(id) = i32::try_from(host.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM).context("asking the host to stop")?;
        }
        #[cfg(not(unix))]
        host.kill().context("stopping the host")?;
    }
    host.wait().context("waiting for the host's end")
}

/// Runs a command and shows what it says only when it fails.
fn quietly(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {shown}"))?;
    if !output.status.success() {
        bail!("{shown} failed\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// How to add this host to the clients that most people have.
fn explain(host: &Host, address: SocketAddr) -> Result<()> {
    let nexus = host.nexus.display().to_string();
    let home = host.home.display().to_string();
    let environment: serde_json::Map<String, Value> =
        ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let desktop = json!({ "mcpServers": { "nexus": {
        "command": nexus, "args": ["--home", home, "serve", "--stdio"], "env": environment,
    } } });
    let variables: Vec<String> = ENVIRONMENT.iter().map(|(name, value)| format!("--env {name}={value}")).collect();
    say::line(&format!(
        "\nClaude Code, over HTTP while this runs:\n\n  claude mcp add --transport http nexus http://{address}/mcp\n\n\
         Claude Code, over stdio (it starts the host itself):\n\n  \
         claude mcp add nexus {} -- {} --home {} serve --stdio\n\n\
         Claude Desktop, in claude_desktop_config.json:\n\n{}\n\n\
         Serving on http://{address}/mcp with mock data. Ctrl-C ends it.",
        variables.join(" "),
        quoted(&nexus),
        quoted(&home),
        pretty(&desktop)?,
    ));
    Ok(())
}

fn pretty(value: &Value) -> Result<String> {
    serde_json::to_string_pretty(value).context("printing JSON")
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    if argument.chars().all(plain) { argument.to_owned() } else { format!("'{}'", argument.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_address_in_what_the_host_says() {
        let address = address_in("listening on http://127.0.0.1:8081/mcp");
        assert_eq!(address, Some(SocketAddr::from(([127, 0, 0, 1], 8081))));
        assert_eq!(address_in("loaded nexus:logistics 1.0.0"), None);
    }

    #[test]
    fn an_address_that_others_could_reach_is_refused() {
        let demo = Demo { once: true, addr: SocketAddr::from(([0, 0, 0, 0], 0)) };
        assert!(demo.check_address().expect_err("not loopback").to_string().contains("loopback"));
    }

    #[test]
    fn a_port_in_use_is_said_before_anything_is_built() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let demo = Demo { once: true, addr: taken.local_addr().expect("it has an address") };
        assert!(demo.check_address().expect_err("in use").to_string().contains("--addr"));
    }

    #[test]
    fn the_parcel_that_is_asked_for_is_in_the_mock_data() {
        assert!(nexus_mock_data::shipment(TRACKING_NUMBER).is_some());
    }

    #[test]
    fn a_path_with_a_space_is_quoted() {
        assert_eq!(quoted("/home/ada/nexus"), "/home/ada/nexus");
        assert_eq!(quoted("/home/ada l/nexus"), "'/home/ada l/nexus'");
    }
}
