//! `nexus shard new`: a project that builds, tests and runs at once.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nexus_package::{Namespace, ShardName};

use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard new hello                      local:hello, in the folder hello
  nexus shard new acme:weather --path src/weather")]
pub(crate) struct New {
    /// The shard's name, with or without its namespace: hello, acme:weather
    #[arg(value_name = "NAME")]
    name: String,
    /// Its namespace [default: local]
    #[arg(long, value_name = "NS")]
    namespace: Option<Namespace>,
    /// The project's folder, new or empty [default: the name]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// The folder of the SDK's source [default: this checkout's, else the published version]
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// A file of the template, as it was when this program was built.
macro_rules! template {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/templates/rust/", $file))
    };
}

/// The template: each file's path in the project, and its text.
const TEMPLATE: [(&str, &str); 8] = [
    ("Cargo.toml", template!("Cargo.toml.template")),
    (".gitignore", template!(".gitignore.template")),
    ("README.md", template!("README.md")),
    ("clippy.toml", template!("clippy.toml")),
    ("rust-toolchain.toml", template!("rust-toolchain.toml")),
    ("shard.toml", template!("shard.toml")),
    ("src/lib.rs", template!("src/lib.rs")),
    ("tests/calls.json", template!("tests/calls.json")),
];

impl New {
    pub(super) fn run(self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let name = shard_name(&self.name, self.namespace)?;
        let folder = self.path.unwrap_or_else(|| PathBuf::from(name.name()));
        let sdk = dependency(self.sdk.as_deref())?;
        refuse_used(&folder)?;
        for (file, text) in TEMPLATE {
            write(&folder.join(file), &filled(text, &name, &sdk))?;
        }
        terminal.marked(Mark::Good, format_args!("{name} is in {}", folder.display()))?;
        terminal.note(format_args!(
            "\n\
             Next:\n  \
             cd {folder}\n  \
             nexus shard build\n  \
             nexus shard test\n\
             \n\
             To run it on this host, once:\n  \
             nexus key new dev --unencrypted\n  \
             nexus trust add dev --namespace {namespace}\n\
             and for each release:\n  \
             nexus shard sign --key dev\n  \
             nexus install target/nexus/{name}.wasm",
            folder = folder.display(),
            namespace = name.namespace(),
            name = name.name(),
        ))
    }
}

/// `hello` in the namespace given, or `acme:hello`, which brings its own.
fn shard_name(text: &str, namespace: Option<Namespace>) -> anyhow::Result<ShardName> {
    let whole = match (text.split_once(':'), namespace) {
        (Some((own, _)), Some(given)) if own != given.as_str() => {
            bail!("{text} has the namespace {own}, and --namespace says {given}; leave one of them out")
        }
        (Some(_), _) => text.to_owned(),
        (None, Some(given)) => format!("{given}:{text}"),
        (None, None) => format!("local:{text}"),
    };
    whole.parse().with_context(|| format!("{whole:?} is no name for a shard"))
}

/// What the project depends on as the SDK, in TOML.
fn dependency(named: Option<&Path>) -> anyhow::Result<String> {
    let checkout = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/rust"));
    let folder = match named {
        Some(folder) if !folder.join("Cargo.toml").is_file() => {
            bail!("{} is not the SDK's folder: there is no Cargo.toml in it", folder.display())
        }
        Some(folder) => folder,
        None if checkout.join("Cargo.toml").is_file() => checkout,
        None => return Ok(toml::Value::from(env!("CARGO_PKG_VERSION")).to_string()),
    };
    let folder = fs::canonicalize(folder)?;
    let folder = folder.to_str().with_context(|| format!("{} is not UTF-8", folder.display()))?;
    Ok(format!("{{ path = {} }}", toml::Value::from(folder)))
}

/// Nothing that somebody wrote is mixed with the template.
fn refuse_used(folder: &Path) -> anyhow::Result<()> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => bail!("{} is not empty; choose another folder with --path", folder.display()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)
            .with_context(|| format!("{} cannot be used as a folder; choose another with --path", folder.display())),
        Ok(false) | Err(_) => Ok(()),
    }
}

fn filled(text: &str, name: &ShardName, sdk: &str) -> String {
    // Not the bare name: a package may not be called `3d`, `test` or what it depends on.
    let package = format!("shard-{}", name.name());
    text.replace("{{namespace}}", name.namespace().as_str())
        .replace("{{name}}", name.name())
        .replace("{{crate}}", &package)
        .replace("{{sdk}}", sdk)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder)
        .and_then(|()| File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use nexus_package::Manifest;

    use super::*;

    fn name(text: &str, namespace: Option<&str>) -> Option<String> {
        shard_name(text, namespace.map(|namespace| namespace.parse().unwrap())).ok().map(|name| name.to_string())
    }

    #[test]
    fn a_name_takes_its_namespace_from_where_it_is_given() {
        assert_eq!(name("hello", None).as_deref(), Some("local:hello"));
        assert_eq!(name("hello", Some("acme")).as_deref(), Some("acme:hello"));
        assert_eq!(name("acme:hello", None).as_deref(), Some("acme:hello"));
        assert_eq!(name("acme:hello", Some("acme")).as_deref(), Some("acme:hello"));
        for (text, namespace) in
            [("acme:hello", Some("other")), ("Hello", None), ("../x", None), ("a:b:c", None), ("", None)]
        {
            assert_eq!(name(text, namespace), None, "{text}");
        }
    }

    fn files(folder: &Path, below: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let name = below.join(entry.unwrap().file_name());
            if folder.join(&name).is_dir() {
                files(folder, &name, found);
            } else {
                found.push(name.to_str().unwrap().trim_end_matches(".template").to_owned());
            }
        }
    }

    #[test]
    fn no_file_of_the_template_is_forgotten() {
        let mut found = Vec::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/templates/rust");
        files(folder.as_ref(), "".as_ref(), &mut found);
        let mut known = TEMPLATE.map(|(file, _)| file.to_owned());
        found.sort();
        known.sort();
        assert_eq!(found, known);
    }

    #[test]
    fn the_template_becomes_a_whole_project_for_every_name() {
        for name in ["local:hello", "acme:3d", "acme:nexus", "a:test", "b:a-b-c"] {
            let name: ShardName = name.parse().unwrap();
            let texts = TEMPLATE.map(|(file, text)| (file, filled(text, &name, "{ path = \"/a \\\" b\" }")));
            for (file, text) in &texts {
                assert!(!text.contains("{{"), "{file} has a placeholder that nothing fills: {text}");
            }
            let text = |wanted| texts.iter().find(|(file, _)| *file == wanted).map(|(_, text)| text.as_str()).unwrap();
            assert_eq!(Manifest::from_toml(text("shard.toml")).unwrap().shard.name, name);
            let cargo: toml::Table = text("Cargo.toml").parse().unwrap();
            assert_eq!(cargo["dependencies"]["nexus-shard"]["path"].as_str(), Some("/a \" b"));
        }
    }
}
