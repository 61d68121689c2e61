//! `cargo xtask bench`: what a shard costs, against the same tool written natively.

use anyhow::{Context, Result, bail};

use crate::checkout::{Checkout, WASM};
use crate::{build, toolchain};

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Measure each for a moment only: shows that everything runs, and gives no figures to rely on
    #[arg(long)]
    quick: bool,
}

impl Bench {
    /// Builds in release and measures.
    ///
    /// # Errors
    /// When something cannot be built, or a measured call fails. Never because something is slow.
    pub(crate) fn run(self) -> Result<()> {
        let checkout = Checkout::find()?;
        toolchain::ensure_wasm_target()?;
        let wasm = ["build", "--release", "--target", WASM];
        build::with_progress("the shards for tests", checkout.shard_cargo("tests/fixtures", &wasm))?;
        let package = "nexus-bench";
        build::with_progress("the benchmarks", checkout.cargo(&["build", "--release", "--package", package]))?;

        let mut bench = std::process::Command::new(checkout.released(package));
        for (chosen, flag) in [(self.json, "--json"), (self.quick, "--quick")] {
            if chosen {
                bench.arg(flag);
            }
        }
        if !bench.status().context("starting the benchmarks")?.success() {
            bail!("the benchmarks did not finish; the reason is above");
        }
        Ok(())
    }
}
