//! `localcamera doctor`: what would stop the server here. `facts` gathers, `findings` decides,
//! [`report`] tells.

mod facts;
mod finding;
mod findings;
mod limit;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};

use crate::addresses::Names;
use crate::config::{self, Config};
use crate::console;
use crate::ffmpeg::Ffmpeg;
use crate::sources::Cameras;
use facts::clock::Moment;
use finding::{Check, Finding};
use limit::{PATIENCE, blocking, limited, unanswered};

/// As for any other value that is not allowed.
const BAD_CONFIGURATION: u8 = 2;

/// Looks at everything, and prints what was found.
///
/// # Errors
/// When the system lets nothing run, or the report cannot be written.
pub(crate) fn run(asked: config::Doctor) -> Result<ExitCode> {
    let config::Doctor { json, file, config } = asked;
    let (findings, code) = match config {
        Ok(config) => {
            let findings = look(file.as_deref(), *config)?;
            let code = match report::has_problem(&findings) {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            };
            (findings, code)
        }
        Err(reason) => {
            (vec![findings::configuration::broken(&reason)], ExitCode::from(BAD_CONFIGURATION))
        }
    };
    let lines = match json {
        true => report::json(&findings),
        false => report::text(&findings).join("\n"),
    };
    console::write(&lines).context("cannot write the report")?;
    Ok(code)
}

fn look(file: Option<&Path>, config: Config) -> Result<Vec<Finding>> {
    // Only fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let mut findings = findings::configuration::judge(file, &config);
    findings.extend(runtime.block_on(checks(config)));
    // What hangs still does not keep the program from ending.
    runtime.shutdown_background();
    findings.sort_by_key(|finding| finding.check);
    Ok(findings)
}

async fn checks(config: Config) -> Vec<Finding> {
    let began = Moment::now();
    let config = Arc::new(config);
    let names = Arc::new(Names::find(&config.lan_ip, config.bind));
    let (servers, sources) =
        tokio::join!(facts::server::find(&config), facts::cameras::sources(&config));
    let sources = Arc::new(sources);

    let ports = {
        let (config, names, server) = (config.clone(), names.clone(), servers.state.clone());
        blocking(PATIENCE, move || {
            let ports = facts::ports::gather(&config, &names);
            findings::ports::judge(&ports, server.as_ref(), std::process::id())
        })
    };
    let certificate = {
        let (config, names) = (config.clone(), names.clone());
        blocking(PATIENCE, move || {
            let facts = facts::certificate::gather(&config, &names);
            (findings::certificate::judge(&facts), facts.condition.begins_at)
        })
    };
    let addresses = {
        let (config, names) = (config.clone(), names.clone());
        limited(PATIENCE, async move {
            findings::addresses::judge(&facts::addresses::gather(&config, &names).await)
        })
    };
    let disk = {
        let (config, is_held) = (config.clone(), servers.is_recordings_held);
        let is_ours = servers.state.is_some();
        blocking(PATIENCE, move || {
            let folder = facts::disk::ask("recordings", &config.recordings);
            findings::disk::judge(&folder, config.reserve_bytes, is_held && !is_ours)
        })
    };
    let state = {
        let (config, server) = (config.clone(), servers.state.clone());
        blocking(PATIENCE, move || {
            findings::state::judge(&facts::state::gather(&config.state, server))
        })
    };
    let ffmpeg = {
        let sources = sources.clone();
        limited(PATIENCE, async move {
            findings::ffmpeg::judge(&facts::ffmpeg::gather(&Ffmpeg::default(), &sources).await)
        })
    };
    let attached = limited(PATIENCE, async move {
        findings::cameras::judge(&facts::cameras::gather(&Cameras::default(), &sources).await)
    });
    let firewall = {
        let config = config.clone();
        limited(PATIENCE, async move {
            vec![findings::firewall::judge(&facts::firewall::gather(&config).await)]
        })
    };
    let traces = {
        let files = written(&config);
        blocking(PATIENCE, move || facts::clock::traces(&files))
    };
    let (ports, certificate, addresses, disk, state, ffmpeg, attached, firewall, traces) = tokio::join!(
        ports,
        certificate,
        addresses,
        disk,
        state,
        ffmpeg,
        attached,
        firewall,
        traces
    );

    let (certificate, begins_at) = match certificate {
        Ok((findings, begins_at)) => (Ok(findings), begins_at),
        Err(silence) => (Err(silence), None),
    };
    let clock = limited(PATIENCE, async move {
        let traces = traces.unwrap_or_default();
        findings::clock::judge(&facts::clock::gather(began, begins_at, traces).await)
    });
    let certs = config.own_certificate.as_ref().map_or(&config.certs, |own| &own.certificate);
    let all = [
        (Check::Ports, ports, None),
        (Check::Certificate, certificate, Some(certs)),
        (Check::Addresses, addresses, None),
        (Check::Disk, disk, Some(&config.recordings)),
        (Check::State, state, Some(&config.state)),
        (Check::Ffmpeg, ffmpeg, None),
        (Check::Cameras, attached, None),
        (Check::Firewall, firewall, None),
        (Check::Clock, clock.await, None),
    ];
    let limits = findings::limits::judge(getrlimit(Resource::Nofile).maximum);
    let told = all.into_iter().flat_map(|(check, answer, place)| {
        answer
            .unwrap_or_else(|silence| vec![unanswered(check, silence, place.map(PathBuf::as_path))])
    });
    told.chain([limits]).collect()
}

/// What a running server writes, and by which a clock is noticed that has gone back.
fn written(config: &Config) -> Vec<PathBuf> {
    let known = facts::state::FILES.iter().map(|known| known.name);
    known.chain([crate::addresses::last::FILE]).map(|name| config.state.join(name)).collect()
}
