//! Who is told of alarms: a web server and a mail server of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::PATIENCE;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
    /// With what it was answered.
    pub(crate) status: u16,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Takes webhooks and what is sent to ntfy.
pub(crate) struct Web {
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    status: Arc<AtomicU16>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Web {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tell, heard) = mpsc::unbounded_channel();
        let status = Arc::new(AtomicU16::new(200));
        let answer = Arc::clone(&status);
        let handler = move |request: Request| {
            let (tell, status) = (tell.clone(), answer.load(Ordering::SeqCst));
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let (path, headers) = (head.uri.path().to_owned(), head.headers);
                let _ = tell.send(Heard { path, headers, body, status });
                let location = [("location", "/elsewhere")];
                (StatusCode::from_u16(status).unwrap(), location, "an answer")
            }
        };
        let service = axum::Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, status, heard }
    }

    /// With what it answers from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        next.expect("nothing came in time").unwrap()
    }

    /// The next request that was answered with 200.
    pub(crate) async fn accepted(&mut self) -> Heard {
        loop {
            let heard = self.next().await;
            if heard.status == 200 {
                return heard;
            }
        }
    }

    /// Whether nothing has come.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// A mail as a server gets it.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// What came behind AUTH PLAIN.
    pub(crate) auth: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

/// Takes mails.
pub(crate) struct Post {
    pub(crate) port: u16,
    heard: mpsc::UnboundedReceiver<Mail>,
}

impl Post {
    /// `tls` encrypts from the first byte. One that is strict accepts no password, and repeats it.
    pub(crate) async fn listen(tls: Option<TlsAcceptor>, is_strict: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tell, tls) = (tell.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, is_strict, tell).await,
                        // Who does not trust the certificate hangs up.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => converse(stream, is_strict, tell).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { port, heard }
    }

    /// The next mail.
    pub(crate) async fn next(&mut self) -> Mail {
        let next = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        next.expect("no mail came in time").unwrap()
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    is_strict: bool,
    tell: mpsc::UnboundedSender<Mail>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut mail = Mail::default();
    stream.write_all(b"220 a mail server\r\n").await.ok()?;
    loop {
        let line = line(&mut stream).await?;
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command.to_ascii_uppercase().as_str() {
            "EHLO" => "250-a mail server\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" if is_strict => format!("535 5.7.8 not with {rest}"),
            "AUTH" => {
                mail.auth = rest.strip_prefix("PLAIN ").unwrap().to_owned();
                "235 welcome".to_owned()
            }
            "RCPT" => {
                mail.to.push(rest.to_owned());
                "250 yes".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let line = self::line(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    mail.text += &line;
                    mail.text.push('\n');
                }
                tell.send(std::mem::take(&mut mail)).ok()?;
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 yes".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn line(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut line = String::new();
    let bytes = stream.read_line(&mut line).await.ok()?;
    (bytes > 0).then(|| line.trim_end().to_owned())
}

/// How a server is told of them.
pub(crate) fn webhook(web: &Web) -> String {
    let address = &web.address;
    format!(
        "[[alarms.targets]]\nkind = \"webhook\"\nurl = \"http://{address}/s3cret-path\"\nheaders = {{ X-Key = \"s3cret-header\" }}\n"
    )
}

pub(crate) fn ntfy(web: &Web) -> String {
    let address = &web.address;
    format!(
        "[[alarms.targets]]\nkind = \"ntfy\"\nname = \"My phone\"\nurl = \"http://{address}/s3cret-topic\"\ntoken = \"s3cret-token\"\n"
    )
}

pub(crate) fn email(scheme: &str, port: u16, more: &str) -> String {
    format!(
        "[[alarms.targets]]\nkind = \"email\"\nsmtp = \"{scheme}://127.0.0.1:{port}\"\n\
         username = \"cameras\"\npassword = \"s3cret-password\"\nfrom = \"Cameras <a@b.example>\"\n\
         to = [\"c@d.example\", \"e@f.example\"]\n{more}\n"
    )
}
