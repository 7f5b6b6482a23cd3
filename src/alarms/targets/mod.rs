//! Who is told of alarms, each in its own way.

mod email;
mod ntfy;
mod webhook;

use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;

use super::notice::Notice;
use crate::config::alarms as config;
use crate::outgoing::{self, Failure};
use email::Email;
use ntfy::Ntfy;
use webhook::Webhook;

/// A person waits this long for a test; a server that is well answers in less.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells somebody.
pub(super) trait Post: Send + Sync + std::fmt::Debug {
    /// Tells it once.
    fn post<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Failure>>;
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
    let is_encrypted = match &target.way {
        config::Way::Webhook { url, .. } | config::Way::Ntfy { url, .. } => url.is_encrypted(),
        config::Way::Email(email) => email.is_implicit || !email::is_here(&email.host),
    };
    let ca = target.ca.as_deref();
    match is_encrypted || ca.is_some() {
        true => outgoing::authorities_for(&format!("the alarm target {:?}", target.name), ca),
        false => Ok(Vec::new()),
    }
}
