//! `localcamera doctor`: what would stop the server here. `facts` gathers, `findings` decides,
//! [`report`] tells.

mod facts;
mod finding;
mod findings;
mod report;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use tokio::task::spawn_blocking;

use crate::addresses::Names;
use crate::clock;
use crate::config::{self, Config};
use crate::console;
use crate::ffmpeg::Ffmpeg;
use crate::sources::Cameras;
use crate::tls::{Condition, Source, Store};
use facts::clock::Moment;
use finding::{Check, Finding, Verdict};

/// Each check gets so long; they run beside each other. A disk or a camera that takes longer is
/// worth knowing of, and a person waits for all of them.
const PATIENCE: Duration = Duration::from_secs(6);

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
    let names = Names::find(&config.lan_ip, config.bind);
    let server = facts::server::find(&config.state).await;
    let (ffmpeg, cameras) = (Ffmpeg::default(), Cameras::default());

    let ports = {
        let (config, names, server) = (config.clone(), names.clone(), server.clone());
        blocking(Check::Ports, move || {
            let ports = facts::ports::gather(&config, &names);
            findings::ports::judge(&ports, server.as_ref(), std::process::id())
        })
    };
    let source = source(&config);
    let certificate = {
        let (source, names) = (source.clone(), names.clone());
        blocking(Check::Certificate, move || certificate(&source, &names))
    };
    let addresses = limited(Check::Addresses, async {
        findings::addresses::judge(&facts::addresses::gather(&config, &names).await)
    });
    let disk = {
        let (recordings, reserve_bytes) = (config.recordings.clone(), config.reserve_bytes);
        blocking(Check::Disk, move || {
            findings::disk::judge(&facts::disk::ask("recordings", &recordings), reserve_bytes)
        })
    };
    let state = {
        let state = config.state.clone();
        blocking(Check::State, move || {
            findings::state::judge(&facts::state::gather(&state, server))
        })
    };
    let ffmpeg = limited(Check::Ffmpeg, async {
        findings::ffmpeg::judge(&facts::ffmpeg::gather(&ffmpeg, &config.sources).await)
    });
    let attached = limited(Check::Cameras, async {
        findings::cameras::judge(&facts::cameras::gather(&cameras, &config.sources).await)
    });
    let firewall = limited(Check::Firewall, async {
        vec![findings::firewall::judge(&facts::firewall::gather(&config).await)]
    });
    let (ports, certificate, addresses, disk, state, ffmpeg, attached, firewall) =
        tokio::join!(ports, certificate, addresses, disk, state, ffmpeg, attached, firewall);

    let clock = limited(Check::Clock, async {
        let files = written(&config);
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let condition = Condition::of(&source, &names, clock::now());
        findings::clock::judge(&facts::clock::gather(began, &condition, &files).await)
    });
    let limits = findings::limits::judge(getrlimit(Resource::Nofile).maximum);
    let all = [ports, certificate, addresses, disk, state, ffmpeg, attached, firewall, clock.await];
    all.into_iter().flatten().chain([limits]).collect()
}

/// Where the certificate comes from.
fn source(config: &Config) -> Source {
    match &config.own_certificate {
        Some(own) => Source::Own { certificate: own.certificate.clone(), key: own.key.clone() },
        None => Source::Ours(Store::new(config.certs.clone())),
    }
}

fn certificate(source: &Source, names: &Names) -> Vec<Finding> {
    let now = clock::now();
    let condition = Condition::of(source, names, now);
    let keys = condition.keys.iter();
    let keys: Vec<_> = keys.filter_map(|key| Some((key.clone(), facts::mode(key)?))).collect();
    findings::certificate::judge(&condition, &keys, now)
}

/// What a running server writes, and by which a clock is noticed that has gone back.
fn written(config: &Config) -> Vec<PathBuf> {
    let known = facts::state::FILES.iter().map(|known| known.name);
    known.chain([crate::addresses::last::FILE]).map(|name| config.state.join(name)).collect()
}

/// Work that blocks, within the limit.
async fn blocking(
    check: Check,
    work: impl FnOnce() -> Vec<Finding> + Send + 'static,
) -> Vec<Finding> {
    limited(check, async move {
        // It fails only where the work has panicked.
        let failed = |_| vec![unanswered(check, "this check has failed")];
        spawn_blocking(work).await.unwrap_or_else(failed)
    })
    .await
}

async fn limited(check: Check, work: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    let late = |_| vec![unanswered(check, &format!("no answer within {} s", PATIENCE.as_secs()))];
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(late)
}

fn unanswered(check: Check, what: &str) -> Finding {
    // The server writes there and waits for it.
    let verdict = match check {
        Check::Disk | Check::State => Verdict::Problem,
        _ => Verdict::Advice,
    };
    let advice = match check {
        Check::Disk | Check::State => {
            "See whether the disk is connected and answers, for instance with `ls`"
        }
        Check::Cameras => "A camera or a name server hangs: unplug it, or look at each one alone",
        Check::Ffmpeg => "See whether `ffmpeg -version` answers",
        _ => "Ask again; where it stays so, LOCALCAMERA_LOG=debug may say more",
    };
    Finding::bad(check, verdict, what.to_owned(), advice.to_owned())
}
