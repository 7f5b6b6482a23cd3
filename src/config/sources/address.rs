//! A camera's address.

use url::Url;

use super::super::secret::Secret;

/// Longer ones are no camera's.
const MAX_BYTES: usize = 2048;

/// Where RTSP is spoken unless the address says otherwise.
const RTSP_PORT: u16 = 554;
const RTSPS_PORT: u16 = 322;

/// How a camera is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Rtsp,
    /// Encrypted.
    Rtsps,
}

/// A camera's address, without user and password. Cameras exist whose paths hold a password all
/// the same; what is shown of an address leaves that out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    url: Url,
    scheme: Scheme,
}

/// Who is let in by a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Address {
    /// Reads an address, and who it says is to be let in. The message does not repeat the text,
    /// which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<(Self, Option<Login>), String> {
        let wrong = || "an address is rtsp://HOST/PATH or rtsps://HOST/PATH".to_owned();
        if text.len() > MAX_BYTES || text.contains(char::is_control) {
            return Err(wrong());
        }
        let mut url = Url::parse(text.trim()).map_err(|_| wrong())?;
        let scheme = match url.scheme() {
            "rtsp" => Scheme::Rtsp,
            "rtsps" => Scheme::Rtsps,
            _ => return Err(wrong()),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let decoded = |text: &str| {
            let text = percent_encoding::percent_decode_str(text).decode_utf8();
            text.map(String::from).map_err(|_| wrong())
        };
        let (user, password) = (decoded(url.username())?, url.password().map(decoded).transpose()?);
        let login = (!user.is_empty() || password.is_some())
            .then(|| Login { user, password: password.unwrap_or_default().into() });
        url.set_username("").map_err(|()| wrong())?;
        url.set_password(None).map_err(|()| wrong())?;
        url.set_fragment(None);
        Ok((Self { url, scheme }, login))
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// A name or an IP address, without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.url.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port().unwrap_or(match self.scheme {
            Scheme::Rtsp => RTSP_PORT,
            Scheme::Rtsps => RTSPS_PORT,
        })
    }

    /// The path with the query.
    pub(crate) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..]
    }

    /// The address as it goes to the camera, for nobody else.
    pub(crate) fn reveal(&self) -> &Url {
        &self.url
    }
}

/// Without what may be a password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}
