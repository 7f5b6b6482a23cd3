//! Loads a localcamera server as many browsers would, and checks every sample that it recorded.
//!
//! Everything happens on loopback, in folders that are removed afterwards, and ends by itself.

mod cli;
mod connection;
mod console;
mod measured;
mod media;
mod meter;
mod pictures;
mod place;
mod plot;
mod publisher;
mod report;
mod scenario;
mod standard;
mod subject;
mod verify;
mod viewer;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use cli::{Cli, Command, Run};
use console::{complain, say};
use subject::bare::Floor;

/// Exit code 0 when everything was recorded as it was sent, 1 otherwise.
#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(Cli::parse().command).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("load: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<bool> {
    match command {
        Command::Floor { certs, recordings, port } => {
            Floor::bind(&certs, &recordings, port).await?.serve().await?;
            Ok(true)
        }
        Command::Run(run) => measure(run).await,
        Command::Standard(standard) => standard::run(&absolute(standard.settings())?).await,
    }
}

async fn measure(run: Run) -> Result<bool> {
    scenario::allow_files(run.connections())?;
    let scenario = run.scenario();
    if let Some(problem) = run.problem().or_else(|| scenario.kind.missing()) {
        bail!(problem);
    }
    let measurement = scenario.run(&found(&run.server)?, &run.folder).await?;
    say(&format!("{}\n\n{}", report::details(&measurement), report::table([&measurement])));
    if let Some(path) = run.plot {
        std::fs::write(path, plot::svg(&scenario.title, &measurement.acknowledged))?;
    }
    Ok(measurement.is_clean())
}

/// The program is started in another folder.
fn absolute(mut settings: standard::Settings) -> Result<standard::Settings> {
    settings.server = found(&settings.server)?;
    Ok(settings)
}

fn found(program: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(program).with_context(|| format!("looking for {}", program.display()))
}
