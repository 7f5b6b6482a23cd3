//! Whom to trust with a recording.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use rustls::{CertificateError, ClientConfig};

use crate::authorities;
use crate::config::Destination;

/// The authority of a server that runs on this computer, in this folder.
const DEFAULT_AUTHORITY: &str = "certs/ca.crt";

/// TLS settings, and where the authorities in them come from.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    pub(super) config: Arc<ClientConfig>,
    authority: Option<PathBuf>,
}

impl Trust {
    /// Trusts the authority named, or the one of the server in this folder, or those of the
    /// system.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn load(named: Option<&Path>) -> Result<Self> {
        let default = Path::new(DEFAULT_AUTHORITY);
        let authority = named.or_else(|| default.exists().then_some(default));
        let found = match authority {
            Some(path) => authorities::read(path)?,
            None => authorities::of_the_system(),
        };
        if found.is_empty() {
            bail!(
                "this system has no list of authorities; name the server's own with --ca FILE, \
                 which is certs/ca.crt there, or what its /ca.crt serves"
            );
        }
        let roots = authorities::store(&found);
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { config: Arc::new(config), authority: authority.map(Path::to_owned) })
    }

    /// What a certificate that is not accepted means, and what to do.
    pub(super) fn explain(&self, error: &CertificateError, to: &Destination) -> String {
        let host = &to.host;
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                let trusted = match &self.authority {
                    Some(path) => format!("the authority in {}", path.display()),
                    None => "an authority that this system trusts".to_owned(),
                };
                format!(
                    "the certificate of {to} was not issued by {trusted}; name the server's own \
                     authority with --ca FILE, which is certs/ca.crt on its computer"
                )
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "the certificate of {to} does not name {host}; use an address that the server \
                 prints, or start the server with --lan-ip {host}"
                )
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => format!(
                "the certificate of {to} is not valid today; compare the clocks of both \
                 computers, and restart the server, which renews its certificate"
            ),
            _ => format!("the certificate of {to} is not accepted: {error:?}"),
        }
    }
}
