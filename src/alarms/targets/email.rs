//! A mail, handed to a mail server.

use std::net::IpAddr;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use rustls::pki_types::CertificateDer;

use super::super::notice::Notice;
use super::PATIENCE;
use crate::config::{Secret, alarms as config};
use crate::outgoing::{Failure, root, words};

#[derive(Debug)]
pub(super) struct Email {
    server: AsyncSmtpTransport<Tokio1Executor>,
    host: String,
    /// What a server may repeat of what it was sent, and nobody else is to read.
    hidden: Vec<Secret>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// Whether a host is this computer, to which nobody listens in.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl Email {
    /// # Errors
    /// When the authorities are of no use.
    pub(super) fn new(
        email: &config::Email,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self> {
        let config::Email { host, port, is_implicit, credentials, from, to } = email;
        let tls = match is_implicit {
            true => Tls::Wrapper(parameters(host, authorities)?),
            // Mail servers on this computer rarely have a certificate that names it.
            false if is_here(host) => Tls::None,
            false => Tls::Required(parameters(host, authorities)?),
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .timeout(Some(PATIENCE))
            .tls(tls);
        if let Some(name) = own_name() {
            server = server.hello_name(ClientId::Domain(name));
        }
        if let Some((username, password)) = credentials {
            let password = password.reveal().to_owned();
            server = server.credentials(Credentials::new(username.clone(), password));
        }
        let hidden = credentials.iter().flat_map(|(user, password)| forms(user, password));
        let (hidden, from, to) = (hidden.collect(), from.clone(), to.clone());
        Ok(Self { server: server.build(), host: host.clone(), hidden, from, to })
    }

    pub(super) async fn post(&self, notice: &Notice) -> Result<(), Failure> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .message_id(Some(message_id()))
            .subject(format!("localcamera: {}", notice.title()))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let body = format!("{}\r\n\r\n{}\r\n", notice.text(), notice.link());
        let message = message.body(body).map_err(|error| Failure {
            message: format!("cannot write the mail: {error}"),
            is_permanent: true,
        })?;
        let sent = self.server.send(message).await;
        sent.map(drop).map_err(|error| Failure {
            message: self.explain(&error),
            is_permanent: error.is_permanent(),
        })
    }

    fn explain(&self, error: &Error) -> String {
        let (host, mut said) = (&self.host, root(error));
        for hidden in &self.hidden {
            said = said.replace(hidden.reveal(), "…");
        }
        let said = words(&said);
        match error.status() {
            Some(code) if code.to_string().starts_with("535") => {
                format!("{host} does not accept username and password ({code}): {said}")
            }
            Some(code) => format!("{host} answered {code}: {said}"),
            None => format!("cannot hand the mail to {host}: {said}"),
        }
    }
}

/// How a password is sent: by itself, or behind the user name.
fn forms(user: &str, password: &Secret) -> [Secret; 3] {
    let password = password.reveal();
    let encode = |text: &str| Secret::from(STANDARD.encode(text));
    [encode(&format!("\0{user}\0{password}")), encode(password), password.to_owned().into()]
}

fn parameters(host: &str, authorities: Vec<CertificateDer<'static>>) -> Result<TlsParameters> {
    let mut parameters =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
    for authority in authorities {
        let authority = Certificate::from_der(authority.to_vec());
        parameters = parameters.add_root_certificate(authority.context("an authority")?);
    }
    parameters.build_rustls().with_context(|| format!("cannot prepare the connection to {host}"))
}

/// Mail servers that pass a mail on distrust one that nobody can refer to.
fn message_id() -> String {
    let host = own_name().unwrap_or_else(|| "localhost".to_owned());
    format!("<{}@{host}>", uuid::Uuid::new_v4().simple())
}

/// This computer's name, by which it introduces itself to the mail server.
fn own_name() -> Option<String> {
    let name = gethostname::gethostname().into_string().ok()?;
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_good)).then_some(name)
}
