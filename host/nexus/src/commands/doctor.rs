//! `nexus doctor`: what is configured, what is wrong, what to do about it.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use nexus_hub::Hub;
use nexus_install::{Home, Keyring, TrustFile};
use serde::Serialize;

use super::Context;
use crate::compose::Host;
use crate::config::Config;
use crate::grants::GrantOrigin;
use crate::terminal::{Mark, Terminal};

/// Options of `nexus doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 when nothing is wrong, 1 otherwise.")]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look into this folder [default: shards in the state folder]
    #[arg(long, value_name = "DIR")]
    shards: Option<PathBuf>,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    subject: String,
    mark: Mark,
    state: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Default)]
struct Examination(Vec<Finding>);

impl Examination {
    fn good(&mut self, subject: &str, state: &dyn Display) {
        self.add(subject, Mark::Good, state, None);
    }

    fn caution(&mut self, subject: &str, state: &dyn Display, advice: &str) {
        self.add(subject, Mark::Caution, state, Some(advice));
    }

    /// The errors of this program say themselves what to do.
    fn bad(&mut self, subject: &str, state: &dyn Display) {
        self.add(subject, Mark::Bad, state, None);
    }

    fn add(&mut self, subject: &str, mark: Mark, state: &dyn Display, advice: Option<&str>) {
        let (subject, state) = (subject.to_owned(), state.to_string());
        self.0.push(Finding { subject, mark, state, advice: advice.map(str::to_owned) });
    }
}

impl Doctor {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let mut examination = Examination::default();
        match context.home() {
            Ok(home) => self.examine(context, &home, &mut examination).await,
            Err(error) => examination.bad("home", &format!("{error:#}")),
        }
        let Examination(findings) = examination;
        if self.json {
            terminal.json(&findings)?;
        } else {
            for Finding { subject, mark, state, advice } in &findings {
                terminal.marked(*mark, format_args!("{subject}: {state}"))?;
                if let Some(advice) = advice {
                    terminal.say(format_args!("     {advice}"))?;
                }
            }
        }
        let wrong = findings.iter().any(|finding| finding.mark == Mark::Bad);
        Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn examine(&self, context: &Context, home: &Home, examination: &mut Examination) {
        examination.good("home", &home.path().display());
        let config = match context.config(home) {
            Ok(config) => config,
            Err(error) => return examination.bad("configuration", &format!("{error:#}")),
        };
        if config.found {
            examination.good("configuration", &config.path.display());
        } else {
            examination.good(
                "configuration",
                &format!("{} does not exist: everything is at its default", config.path.display()),
            );
        }
        match config.use_mock() {
            Ok(true) => examination.caution(
                "data",
                &"tools answer from mock data",
                "USE_MOCK=false, or use_mock = false, for live data",
            ),
            Ok(false) => examination.good("data", &"live"),
            Err(error) => examination.bad("data", &error),
        }
        trust(home, examination);
        keys(home, examination);
        match Hub::bind(config.file.serve.http).await {
            Ok(hub) => examination.good("address", &format!("{} is free to listen on", hub.address())),
            Err(error) => examination.caution("address", &error, "if that is this host serving already, all is well"),
        }
        self.shards(config, home, examination).await;
    }

    async fn shards(&self, config: Config, home: &Home, examination: &mut Examination) {
        let grace = config.file.serve.grace;
        let unknown: Vec<_> = config.file.shards.keys().cloned().collect();
        let host = match Host::start(config, home, self.shards.as_deref()).await {
            Ok(host) => host,
            Err(error) => return examination.bad("shards", &format!("{error:#}")),
        };
        let shards = host.supervisor.shards();
        for status in &shards {
            let subject = format!("{} {}", status.wanted.name(), status.wanted.version());
            if let Some(how) = &status.off {
                examination.caution(&subject, &"off", how);
            }
            if let Some(problem) = &status.problem {
                examination.bad(&subject, &format!("{}: {}", problem.code, problem.reason));
            }
            let Some(serving) = &status.serving else { continue };
            examination.good(&subject, &format!("serves {} tools", serving.published.served.len()));
            for tool in &serving.published.quarantined {
                examination.caution(
                    &subject,
                    &format!("tool {} is quarantined: {}", tool.name, tool.reason),
                    "tell its author",
                );
            }
            if serving.grant == GrantOrigin::NotGranted {
                examination.caution(
                    &subject,
                    &"it asks for capabilities that nobody granted",
                    "`nexus install` records your agreement; `nexus list` shows what it asks for",
                );
            }
            let missing = serving.shard.access().missing();
            if !missing.is_empty() {
                let names: Vec<_> = missing.config.iter().chain(&missing.credentials).map(String::as_str).collect();
                examination.caution(
                    &subject,
                    &format!("live calls miss {}", names.join(", ")),
                    "set them in the environment, in .env beside nexus.toml, or in nexus.toml",
                );
            }
        }
        for (file, problem) in host.supervisor.refusals() {
            examination.bad(&file.display().to_string(), &format!("{}: {}", problem.code, problem.reason));
        }
        for name in unknown.iter().filter(|name| !shards.iter().any(|status| status.wanted.name() == *name)) {
            examination.caution(
                "configuration",
                &format!("[shards.\"{name}\"] is about a shard that is not here"),
                "install it, or remove the section",
            );
        }
        if shards.is_empty() {
            examination.caution(
                "shards",
                &"there are none yet",
                "`nexus install FILE.wasm` adds one, `nexus shard new NAME` writes one",
            );
        }
        host.stop(grace).await;
    }
}

fn trust(home: &Home, examination: &mut Examination) {
    match TrustFile::of(home).read() {
        Ok(policy) if policy.publishers().is_empty() => examination.caution(
            "trust",
            &"no publisher is trusted, so no shard is accepted",
            "nexus trust add KEY --namespace NAMESPACE",
        ),
        Ok(policy) => {
            let names: Vec<_> = policy.publishers().iter().map(|publisher| publisher.namespace.to_string()).collect();
            examination.good("trust", &format!("publishers: {}", names.join(", ")));
        }
        Err(error) => examination.bad("trust", &error),
    }
}

fn keys(home: &Home, examination: &mut Examination) {
    match Keyring::open(home).map_err(anyhow::Error::from).and_then(|keyring| Ok(keyring.list()?)) {
        Ok(keys) if keys.is_empty() => examination.good("keys", &"none; only authors need one"),
        Ok(keys) => {
            let names: Vec<_> = keys.iter().map(|key| key.name.to_string()).collect();
            examination.good("keys", &names.join(", "));
        }
        Err(error) => examination.bad("keys", &error),
    }
}
