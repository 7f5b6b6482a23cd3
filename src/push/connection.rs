//! Reaching the server.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use ingest_protocol::SUBPROTOCOL;
use rustls::InvalidMessage;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::trust::Trust;
use crate::addresses::Host;
use crate::config::{Destination, Token};

/// A server on the same network answers in milliseconds; what takes longer does not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why there is no connection, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server or the network is away; trying again is right.
    Passing(String),
    /// Trying again changes nothing, unless the server has been reached before: then somebody is
    /// at work on it.
    Lasting(String),
}

/// How the server is reached.
#[derive(Debug, Clone)]
pub(super) struct Line {
    to: Destination,
    trust: Trust,
    token: Option<Token>,
}

impl Line {
    pub(super) fn new(to: Destination, trust: Trust, token: Option<Token>) -> Self {
        Self { to, trust, token }
    }

    pub(super) fn to(&self) -> &Destination {
        &self.to
    }

    /// Opens a connection that speaks `localcamera.v1`.
    pub(super) async fn connect(self) -> Result<Socket, Failure> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.open()).await {
            Ok(opened) => opened,
            Err(_elapsed) => Err(Failure::Passing(format!("{} does not answer", self.to))),
        }
    }

    async fn open(&self) -> Result<Socket, Failure> {
        let request = self.request().map_err(|error| self.explain(error))?;
        let port = self.to.port;
        let connected = match &self.to.host {
            Host::Ip(ip) => TcpStream::connect((*ip, port)).await,
            Host::Name(name) => TcpStream::connect((name.as_str(), port)).await,
        };
        let stream = connected.map_err(|error| {
            Failure::Passing(format!("{} cannot be reached: {}", self.to, io_words(&error)))
        })?;
        // An acknowledgement must not wait for the next one, nor a control message for media.
        let _ = stream.set_nodelay(true);
        let tls = Some(Connector::Rustls(self.trust.config.clone()));
        let opened = client_async_tls_with_config(request, stream, None, tls).await;
        opened.map(|(socket, _answer)| socket).map_err(|error| self.explain(error))
    }

    fn request(&self) -> Result<Request, Error> {
        let mut request = self.to.endpoint().into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        if let Some(token) = &self.token {
            let mut value = HeaderValue::try_from(token.header())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    fn explain(&self, error: Error) -> Failure {
        let to = &self.to;
        match error {
            Error::Io(error) => match tls_error(&error) {
                Some(rustls::Error::InvalidCertificate(problem)) => {
                    Failure::Lasting(self.trust.explain(problem, to))
                }
                Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                    let advice = "--to names the port of the capture page";
                    Failure::Lasting(format!("what listens at {to} does not speak TLS; {advice}"))
                }
                _ => Failure::Passing(format!("{to} broke off: {}", io_words(&error))),
            },
            Error::Http(answer) => self.refused(answer.status()),
            Error::Protocol(
                ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
            ) => Failure::Passing(format!("{to} broke off")),
            Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
                let advice = "it is another program, or a version from before";
                Failure::Lasting(format!("{to} does not speak {SUBPROTOCOL}; {advice}"))
            }
            error => Failure::Lasting(format!("{to} does not answer as localcamera does: {error}")),
        }
    }

    fn refused(&self, status: StatusCode) -> Failure {
        let to = &self.to;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::Lasting(format!(
                "{to} lets nobody in without a token that it knows ({status}); give one with \
                 --token, or in LOCALCAMERA_TOKEN"
            )),
            StatusCode::TOO_MANY_REQUESTS => Failure::Passing(format!("{to} is busy ({status})")),
            _ if status.is_server_error() => Failure::Passing(format!("{to} answers {status}")),
            _ => Failure::Lasting(format!(
                "{to} takes no recordings ({status}); --to names the address of the capture page"
            )),
        }
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What a person calls it.
fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string(),
    }
}

/// Why a conversation is over, as its connection tells.
pub(super) fn ending(error: &Error) -> String {
    match error {
        Error::Io(error) => io_words(error),
        Error::ConnectionClosed | Error::AlreadyClosed => "the server closed it".to_owned(),
        error => match error.source() {
            Some(source) => source.to_string(),
            None => error.to_string(),
        },
    }
}

/// Why the server ended a conversation, as its close says.
pub(super) fn farewell(close: Option<&CloseFrame>) -> String {
    let reason = close.map(|close| close.reason.as_str().trim()).filter(|text| !text.is_empty());
    reason.map_or_else(|| "the server closed it".to_owned(), str::to_owned)
}
