//! Certificates of the test's own, and what a server shows.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::PATIENCE;

/// Whoever issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// The one that a server has made.
    pub(crate) fn of_server(folder: &Path) -> Self {
        let read = |file| std::fs::read_to_string(folder.join("certs").join(file)).unwrap();
        let key = KeyPair::from_pem(&read("ca.key")).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&read("ca.crt"), key).unwrap();
        let certificate = CertificateDer::from_pem_slice(read("ca.crt").as_bytes()).unwrap();
        Self { issuer, certificate }
    }

    /// A certificate that began a year ago and ends in so many days, and its key.
    pub(crate) fn issue(&self, names: &[impl ToString], ends_in_days: i64) -> Issued {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names.clone()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0].as_str());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = time::OffsetDateTime::now_utc() - time::Duration::days(365);
        params.not_after = time::OffsetDateTime::now_utc() + time::Duration::days(ends_in_days);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let der = certificate.der().clone();
        Issued { der, certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// In PEM, but for the first.
pub(crate) struct Issued {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Connects as a device does that trusts this authority alone, by the name or address `host`.
pub(crate) async fn connect(
    address: &str,
    host: &str,
    authority: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        connector.connect(ServerName::try_from(host.to_owned()).unwrap(), stream).await
    };
    tokio::time::timeout(PATIENCE, connecting).await.unwrap()
}

/// The certificate that a server shows to whoever connects now.
pub(crate) async fn shown(
    address: &str,
    authority: &CertificateDer<'static>,
) -> CertificateDer<'static> {
    let stream = connect(address, "127.0.0.1", authority).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Waits until a new connection is shown something that fits.
pub(crate) async fn shows(
    address: &str,
    authority: &CertificateDer<'static>,
    mut fits: impl FnMut(&CertificateDer<'static>) -> bool,
) -> CertificateDer<'static> {
    let polling = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            tick.tick().await;
            let shown = shown(address, authority).await;
            if fits(&shown) {
                return shown;
            }
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.expect("no such certificate was shown in time")
}

/// What a certificate is for.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let stated = certificate.subject_alternative_name().unwrap().unwrap().value;
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(v4) => std::net::IpAddr::from(v4).to_string(),
            Err(_) => std::net::IpAddr::from(<[u8; 16]>::try_from(*bytes).unwrap()).to_string(),
        },
        other => panic!("{other:?}"),
    };
    stated.general_names.iter().map(text).collect()
}

/// From when to when it is valid, in days from now.
pub(crate) fn validity_days(certificate: &CertificateDer<'_>) -> (f64, f64) {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let days = |seconds: i64| (seconds - now) as f64 / 86400.0;
    let validity = certificate.validity();
    (days(validity.not_before.timestamp()), days(validity.not_after.timestamp()))
}

/// What OpenSSL says, and whether it is content.
pub(crate) fn openssl(folder: &Path, args: &[&str]) -> (bool, String) {
    let done = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (done.status.success(), format!("{said}{errors}"))
}
