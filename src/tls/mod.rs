//! The server's certificate: made here under an authority of its own, or brought by the user.

mod authority;
mod concerns;
mod condition;
mod dates;
mod kept;
mod leaf;
mod names;
mod pair;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use crate::addresses::Names;
pub(crate) use concerns::Concern;
pub(crate) use condition::Condition;
pub(crate) use kept::{Kept, Source};
pub(crate) use store::{Made, Store};

/// What keeps the server from having a certificate. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot {action} {path}", path = .path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{path} is not usable: {reason}. {advice}", path = .path.display())]
    Broken { path: PathBuf, reason: String, advice: &'static str },
    #[error(
        "{path} was not issued by {authority}, so it is not replaced. Pass it with --cert and \
         --key, or move it away to let localcamera make its own",
        path = .path.display(), authority = .authority.display()
    )]
    Foreign { path: PathBuf, authority: PathBuf },
    #[error(
        "{authority} may not speak for {host}: when it was made, this name was not asked for. \
         Leave --lan-ip {host} away, or move the files in that folder away to make a new \
         authority, which every device must then trust anew",
        authority = .authority.display()
    )]
    NotPermitted { host: String, authority: PathBuf },
    #[error(
        "{authority} is another authority than when the server started. Put the former one back, or \
         restart the server and have every device trust the new one",
        authority = .authority.display()
    )]
    OtherAuthority { authority: PathBuf },
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot use the certificate for TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// The TLS settings of a certificate chain and its key.
///
/// # Errors
/// When key and certificate do not belong together.
fn server_config(
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: rustls::pki_types::PrivateKeyDer<'static>,
) -> Result<Arc<rustls::ServerConfig>, Error> {
    let mut config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    // WebSockets run on HTTP/1.1; browsers open a second connection for them by themselves.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Makes what `store` lacks or what is no longer good there, as of now.
///
/// # Errors
/// As [`Store`] has them: files that cannot be read, written, understood, or are not ours.
pub(crate) fn make(store: &Store, names: &Names) -> Result<Made, Error> {
    store.make(names, crate::clock::now())
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::PrivateKeyDer;

    use super::*;

    /// The defaults of rustls are what is wanted; a change of them is noticed here.
    #[test]
    fn every_connection_is_encrypted_with_forward_secrecy_and_nothing_is_replayed() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let config = server_config(vec![own.cert.der().clone()], key).unwrap();
        let suites = &config.crypto_provider().cipher_suites;
        for suite in suites {
            let name = format!("{:?}", suite.suite());
            let is_forward_secret = ["TLS13_", "TLS_ECDHE_"].iter().any(|p| name.starts_with(p));
            let is_authenticated = name.contains("_GCM_") || name.contains("_CHACHA20_POLY1305_");
            assert!(is_forward_secret && is_authenticated, "{name}");
        }
        assert!(suites.iter().any(|suite| suite.tls13().is_some()));
        // Sessions go on by what the server remembers, not by a key that it gives away with them.
        assert!(!config.ticketer.enabled());
        assert_eq!((config.max_early_data_size, config.send_half_rtt_data), (0, false));
    }
}
