//! WebSockets over TLS that trust one authority and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A thousand handshakes at once take two cores some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a server is, and whom to trust.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// `127.0.0.1:<port>` of the page listener.
    pub(crate) https: String,
    /// The same of the raw one.
    pub(crate) raw: String,
    tls: Arc<rustls::ClientConfig>,
}

impl Line {
    /// # Errors
    /// When the authority's certificate cannot be read.
    pub(crate) fn new(https: String, raw: String, authority: &Path) -> Result<Self> {
        let certificate = CertificateDer::from_pem_file(authority)
            .with_context(|| format!("reading the authority {}", authority.display()))?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate)?;
        let config = rustls::ClientConfig::builder().with_root_certificates(roots);
        Ok(Self { https, raw, tls: Arc::new(config.with_no_client_auth()) })
    }

    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn v1(&self) -> Result<Socket> {
        self.open(&self.https, "/ws/ingest", Some(ingest_protocol::SUBPROTOCOL)).await
    }

    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn raw(&self) -> Result<Socket> {
        self.open(&self.raw, "/load", None).await
    }

    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn page(&self, path: &str) -> Result<Socket> {
        self.open(&self.https, path, None).await
    }

    async fn open(&self, at: &str, path: &str, protocol: Option<&'static str>) -> Result<Socket> {
        let mut request = format!("wss://{at}{path}").into_client_request()?;
        if let Some(protocol) = protocol {
            let value = HeaderValue::from_static(protocol);
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
        }
        let opening = async {
            let stream = TcpStream::connect(at).await?;
            stream.set_nodelay(true)?;
            let connector = Some(Connector::Rustls(self.tls.clone()));
            let (socket, _) =
                client_async_tls_with_config(request, stream, None, connector).await?;
            anyhow::Ok(socket)
        };
        let opened = tokio::time::timeout(PATIENCE, opening).await;
        opened.context("no answer in time")?.with_context(|| format!("connecting to {at}{path}"))
    }
}
