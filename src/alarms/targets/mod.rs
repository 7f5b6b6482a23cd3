//! Who is told of alarms, each in its own way.

mod email;
mod ntfy;
mod request;
mod webhook;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;

use super::notice::Notice;
use crate::authorities;
use crate::config::alarms as config;
use email::Email;
use ntfy::Ntfy;
use webhook::Webhook;

/// A person waits this long for a test; a server that is well answers in less.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of a foreign server's words so many are shown.
const MAX_WORDS_CHARS: usize = 200;

/// Tells somebody.
pub(super) trait Post: Send + Sync + std::fmt::Debug {
    /// Tells it once.
    fn post<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words without secrets.
    pub(super) message: String,
    /// Whether the same message will hardly fare better later.
    pub(super) is_permanent: bool,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, is_permanent: false }
    }
}

/// Who is told.
#[derive(Debug)]
pub(super) struct Target {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Webhook(Webhook),
    Ntfy(Ntfy),
    Email(Email),
}

/// The kind of a target as it stands in the configuration.
pub(super) fn kind(way: &config::Way) -> &'static str {
    match way {
        config::Way::Webhook { .. } => "webhook",
        config::Way::Ntfy { .. } => "ntfy",
        config::Way::Email(_) => "email",
    }
}

impl Target {
    /// # Errors
    /// When there is no authority by which to know the target.
    pub(super) fn new(target: &config::Target) -> Result<Self> {
        let authorities = authorities(target)?;
        let way = match &target.way {
            config::Way::Webhook { url, headers } => {
                Way::Webhook(Webhook::new(url.0.clone(), headers.clone(), &authorities))
            }
            config::Way::Ntfy { url, authorization } => {
                Way::Ntfy(Ntfy::new(url.0.clone(), authorization.clone(), &authorities))
            }
            config::Way::Email(email) => Way::Email(Email::new(email, authorities)?),
        };
        Ok(Self { way })
    }
}

impl Post for Target {
    fn post<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Failure>> {
        let posting = async {
            match &self.way {
                Way::Webhook(webhook) => webhook.post(notice).await,
                Way::Ntfy(ntfy) => ntfy.post(notice).await,
                Way::Email(email) => email.post(notice).await,
            }
        };
        let patient = async {
            let posted = tokio::time::timeout(PATIENCE, posting).await;
            posted.unwrap_or_else(|_| {
                Err(format!("no answer within {} s", PATIENCE.as_secs()).into())
            })
        };
        patient.boxed()
    }
}

fn authorities(target: &config::Target) -> Result<Vec<CertificateDer<'static>>> {
    let name = &target.name;
    if let Some(path) = &target.ca {
        return authorities::read(path)
            .with_context(|| format!("the ca of the alarm target {name:?}"));
    }
    let is_encrypted = match &target.way {
        config::Way::Webhook { url, .. } | config::Way::Ntfy { url, .. } => {
            url.0.scheme_str() == Some("https")
        }
        config::Way::Email(email) => email.is_implicit || !email::is_here(&email.host),
    };
    if !is_encrypted {
        return Ok(Vec::new());
    }
    let found = authorities::of_the_system();
    if found.is_empty() {
        bail!(
            "this system has no list of authorities by which to know the alarm target {name:?}; \
             name its own with ca = \"FILE\""
        );
    }
    Ok(found)
}

/// The last cause of an error says what it was; those around it say that there was one.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What a foreign server says, fit for a line of the log.
fn words(text: &str) -> String {
    let line = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    line.take(MAX_WORDS_CHARS).collect::<String>().trim().to_owned()
}
