//! What this machine needs to build a shard: cargo, and the standard library for the target.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// What shards are compiled for.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// Makes sure that a project in `folder` can be compiled, with the tool chain that it chooses.
pub(super) fn ensure(folder: &Path) -> anyhow::Result<()> {
    let asked =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder).output();
    let output = asked.context("rustc cannot be started; install Rust from https://rustup.rs")?;
    let library = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !Path::new(library.trim()).is_dir() {
        bail!("the Rust target {TARGET} is missing; run: rustup target add {TARGET}");
    }
    Ok(())
}

/// Builds the project in `folder` and says where cargo put its component. What cargo says to people goes to standard error.
pub(super) fn build(folder: &Path, debug: bool) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    command.args(["build", "--target", TARGET, "--message-format=json-render-diagnostics"]);
    if !debug {
        command.arg("--release");
    }
    command.current_dir(folder).stderr(Stdio::inherit());
    let output = command.output().context("cargo cannot be started; install Rust from https://rustup.rs")?;
    if !output.status.success() {
        bail!("it does not compile; cargo's reasons are above");
    }
    let manifest = std::fs::canonicalize(folder.join("Cargo.toml"))?;
    let found = component(&String::from_utf8_lossy(&output.stdout), &manifest);
    found.context("it compiles to no component; Cargo.toml needs a library: [lib] crate-type = [\"cdylib\"]")
}

/// The component among cargo's messages: the dynamic library of the package whose `Cargo.toml` is `manifest`.
fn component(messages: &str, manifest: &Path) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(|message| match message {
        Message::CompilerArtifact(artifact) if artifact.is_library_of(manifest) => {
            artifact.filenames.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        }
        _ => None,
    })
}

/// One line of `cargo build --message-format=json`.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Artifact {
    fn is_library_of(&self, manifest: &Path) -> bool {
        let ours = std::fs::canonicalize(&self.manifest_path).is_ok_and(|path| path == manifest);
        ours && self.target.crate_types.iter().any(|kind| kind == "cdylib")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_library_of_the_project_among_everything_that_cargo_says() {
        let ours = std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        let theirs = std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).unwrap();
        let artifact = |manifest: &Path, kind: &str, file: &str| {
            json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "target": { "crate_types": [kind], "name": "x" },
                "filenames": [file.replace(".wasm", ".d"), file], "fresh": true,
            })
        };
        let messages = [
            json!({ "reason": "compiler-message", "message": { "rendered": "warning" } }),
            artifact(&theirs, "cdylib", "/t/dependency.wasm"),
            artifact(&ours, "bin", "/t/program.wasm"),
            artifact(&ours, "cdylib", "/elsewhere/hello.wasm"),
            json!({ "reason": "build-finished", "success": true }),
        ];
        let text = messages.map(|message| message.to_string()).join("\n");
        assert_eq!(component(&text, &ours), Some(PathBuf::from("/elsewhere/hello.wasm")));
        assert_eq!(component("not json\n{}", &ours), None);
    }
}
