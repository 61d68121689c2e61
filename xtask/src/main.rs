//! Commands for people who work on Nexus or try it: `cargo xtask demo`, `cargo xtask test` and `cargo xtask bench`.
//!
//! Everything they do is done with the commands that a user has: cargo builds, `nexus` signs and serves. They add the
//! order, the progress and the explanations.

mod bench;
mod build;
mod checkout;
mod demo;
mod endpoint;
mod python;
mod say;
mod test;
mod toolchain;

use std::process::ExitCode;

use clap::Parser;

/// Commands for people who work on Nexus or try it
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Build the host and the shards, sign them, and serve them with mock data
    Demo(demo::Demo),
    /// Run every test: unit, integration with real wasm, and end to end
    Test(test::Test),
    /// Measure what a shard costs, against the same tool written natively
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Demo(demo) => demo.run(),
        Command::Test(test) => test.run(),
        Command::Bench(bench) => bench.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}
