//! What is logged, and where to.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

use crate::console::Log;

/// What is logged unless somebody chooses. The RTSP client repeats addresses and what cameras say of
/// themselves, and some cameras have a password in their address; what counts of it is told by the
/// sources. TLS and HTTP/2 say of each connection what is unusual about it, so that anybody could fill
/// the log.
pub(super) const LOGGED: &str = "localcamera=info,retina=off,rustls=error,h2=error,warn";

/// What of it somebody wants.
const CHOSEN: &str = "LOCALCAMERA_LOG";

/// Has everything that is logged, and how the program crashes, written by one log. `unless_chosen`
/// is the filter where `LOCALCAMERA_LOG` has none.
pub(super) fn start(unless_chosen: &str) -> Log {
    // https://no-color.org
    let may_colour = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let chosen = std::env::var(CHOSEN).unwrap_or_default();
    let (filter, fault) = match chosen.is_empty() {
        true => (EnvFilter::new(unless_chosen), None),
        false => match EnvFilter::try_new(&chosen) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new(unless_chosen), Some(error)),
        },
    };
    let filter = without_messages(filter);
    let log = Log::start();
    let lines = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || lines.clone())
        .with_ansi(may_colour)
        .init();
    if let Some(error) = fault {
        tracing::warn!(%error, "{CHOSEN} is not understood, and the log has what it usually has; an example: {CHOSEN}={LOGGED}");
    }
    let panics = log.clone();
    // The usual one writes to standard error itself, and waits for its reader.
    std::panic::set_hook(Box::new(move |what| {
        let trace = Backtrace::capture();
        panics.clone().say(&match trace.status() {
            BacktraceStatus::Captured => format!("localcamera {what}\n{trace}"),
            _ => format!("localcamera {what}"),
        });
        if std::thread::current().name() == Some("main") {
            // The program ends with it.
            panics.finish();
        }
    }));
    log
}

/// At its finest the WebSocket library logs whole messages, and with them the keys of devices.
fn without_messages(filter: EnvFilter) -> EnvFilter {
    let is_finest = filter.max_level_hint() == Some(LevelFilter::TRACE);
    match Directive::from_str("tungstenite=debug") {
        Ok(directive) if is_finest => filter.add_directive(directive),
        _ => filter,
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;

    use super::*;

    #[test]
    fn each_part_of_the_program_can_have_a_level_of_its_own() {
        let filter = EnvFilter::try_new("localcamera=warn,localcamera::sources=debug").unwrap();
        with_default(tracing_subscriber::fmt().with_env_filter(filter).finish(), || {
            assert!(
                tracing::enabled!(target: "localcamera::sources::running", tracing::Level::DEBUG)
            );
            assert!(!tracing::enabled!(target: "localcamera::recorder", tracing::Level::INFO));
            assert!(tracing::enabled!(target: "localcamera::recorder", tracing::Level::WARN));
        });
    }

    #[test]
    fn what_the_rtsp_client_says_and_what_anybody_could_fill_the_log_with_is_in_none() {
        let filter = EnvFilter::new(LOGGED);
        assert_eq!(filter.max_level_hint(), Some(LevelFilter::INFO));
        with_default(tracing_subscriber::fmt().with_env_filter(filter).finish(), || {
            assert!(!tracing::enabled!(target: "retina::client::parse", tracing::Level::ERROR));
            assert!(!tracing::enabled!(target: "rustls::msgs::handshake", tracing::Level::WARN));
            assert!(!tracing::enabled!(target: "h2::proto::ping_pong", tracing::Level::WARN));
            assert!(tracing::enabled!(target: "localcamera::sources", tracing::Level::INFO));
            assert!(tracing::enabled!(target: "hyper", tracing::Level::WARN));
            assert!(!tracing::enabled!(target: "hyper", tracing::Level::INFO));
        });
    }
}
