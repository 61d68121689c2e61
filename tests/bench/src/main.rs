//! What a shard costs, against the same tool written natively: everything in one process, side by side, in one run.
//!
//! A benchmark is no test: it asserts that answers are right, and nothing about time. Targets are shown beside what was
//! measured, and people judge. Whatever is compared is measured in turns (first one, then the other, then the first
//! again), because a machine that others use is never the same for long; each figure is the median of the turns.

mod brokered;
mod call;
mod echo;
mod figures;
mod load;
mod over_http;
mod publisher;
mod report;
mod vendor;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// What a shard costs, against the same tool written natively
#[derive(Debug, Parser)]
#[command(name = "nexus-bench")]
struct Cli {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Measure each for a moment only: shows that everything runs, and gives no figures to rely on
    #[arg(long)]
    quick: bool,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Runs of each subject; the median of them is shown.
    rounds: usize,
    /// How long one run is.
    run: Duration,
}

impl Effort {
    fn new(quick: bool) -> Self {
        if quick {
            Self { rounds: 1, run: Duration::from_millis(100) }
        } else {
            Self { rounds: 7, run: Duration::from_secs(1) }
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match measure(Effort::new(cli.quick)) {
        Ok(rows) => {
            let text = if cli.json { report::json(&rows) } else { report::table(&rows) };
            drop(writeln!(stdout(), "{text}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(stderr(), "error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(effort: Effort) -> anyhow::Result<Vec<report::Row>> {
    // As the product makes it. The load comes from the main thread, which is none of its workers.
    let server = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = over_http::measure(&server, effort)?;
    rows.extend(server.block_on(call::measure(effort))?);
    rows.extend(brokered::measure(&server, effort)?);
    Ok(rows)
}
