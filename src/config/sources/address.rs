//! A camera's address.

use url::Url;

use super::super::secret::Secret;

/// What the names of values that let somebody in have in them. web/lib/rtsp-address.js knows the
/// same.
const SECRETS: [&str; 7] = ["pass", "pwd", "psw", "secret", "token", "auth", "key"];

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

    /// Whether it is spoken to in the same place in the same way.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let place = |one: &Self| (one.scheme, one.host().to_owned(), one.port());
        place(self) == place(other)
    }

    /// The address as it goes to the camera, for nobody else.
    pub(crate) fn reveal(&self) -> &Url {
        &self.url
    }
}

/// What stands behind `key=` in a path or a query, and ends at `&`, `/`, `;` or `?`.
fn hidden(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let is_end = |c: char| matches!(c, '&' | '/' | ';' | '?');
    loop {
        let piece_len = rest.find(is_end).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(piece_len);
        match secret_in(piece) {
            Some(at) => {
                shown.push_str(&piece[..at]);
                shown.push('\u{2026}');
            }
            None => shown.push_str(piece),
        }
        let Some(end) = behind.chars().next() else { return shown };
        shown.push(end);
        rest = &behind[end.len_utf8()..];
    }
}

/// Where the first value begins that lets somebody in. Cameras exist that write
/// `user=admin_password=…_channel=1`: what follows may still be the password.
fn secret_in(piece: &str) -> Option<usize> {
    let mut key_at = 0;
    for (at, _) in piece.match_indices('=') {
        let value_at = at + 1;
        if is_secret(&piece[key_at..at]) && value_at < piece.len() {
            return Some(value_at);
        }
        key_at = value_at;
    }
    None
}

/// Whether a value with this name lets somebody in. A part of an address may be nothing but that.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named = SECRETS.iter().any(|part| key.contains(part));
    // So short that it must stand alone: behind `_`, before a number.
    let name = key.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '-');
    is_named || name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next() == Some("pw")
}

/// Without what may be a password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url[..url::Position::BeforePath])?;
        f.write_str(&hidden(self.path()))
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        let (address, login) = Address::parse(text).unwrap();
        assert_eq!(login, None);
        address
    }

    #[test]
    fn an_address_says_where_and_how() {
        let door = address("rtsp://192.168.1.20/stream1?channel=1");
        assert_eq!((door.host(), door.port(), door.scheme()), ("192.168.1.20", 554, Scheme::Rtsp));
        assert_eq!(door.path(), "/stream1?channel=1");
        let six = address("RTSPS://[fe80::1]:8322");
        assert_eq!((six.host(), six.port(), six.scheme()), ("fe80::1", 8322, Scheme::Rtsps));
        assert_eq!(address("rtsps://cam.local/").port(), 322);
    }

    #[test]
    fn who_is_let_in_stands_apart() {
        let (address, login) = Address::parse("rtsp://viewer:p%40ss%2Fw@cam.local:8554/a").unwrap();
        assert_eq!(address.to_string(), "rtsp://cam.local:8554/a");
        assert_eq!(address.reveal().as_str(), "rtsp://cam.local:8554/a");
        let login = login.unwrap();
        assert_eq!((login.user.as_str(), login.password.reveal()), ("viewer", "p@ss/w"));
        assert!(!format!("{login:?}").contains("p@ss"));
    }

    #[test]
    fn a_password_in_the_path_goes_to_the_camera_and_nowhere_else() {
        let text = "rtsp://10.0.0.7:554/user=admin&password=hunter2&channel=1?token=abc";
        let camera = address(text);
        assert_eq!(camera.reveal().as_str(), text);
        for shown in [camera.to_string(), format!("{camera:?}")] {
            assert!(!shown.contains("hunter2") && !shown.contains("abc"), "{shown}");
            assert!(
                shown.contains("user=admin&password=\u{2026}&channel=1?token=\u{2026}"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_password_between_other_values_is_not_shown() {
        let text = "rtsp://10.0.0.7/user=admin_password=hunter2_channel=1_stream=0.sdp?real_stream";
        let camera = address(text);
        assert_eq!(camera.reveal().as_str(), text);
        let shown = "rtsp://10.0.0.7/user=admin_password=\u{2026}?real_stream";
        assert_eq!(camera.to_string(), shown);
        let none = "rtsp://10.0.0.7/user=admin_password=";
        assert_eq!(address(none).to_string(), none);
    }

    /// The same cases as in tests/web/rtsp-address.test.mjs.
    #[test]
    fn secrets_are_known_by_their_names() {
        for key in [
            "password",
            "PASS",
            "pwd",
            "usr_pwd",
            "psw",
            "pw",
            "user_pw",
            "pw1",
            "pw_2",
            "Pw",
            "password_1",
            "passwd-2",
            "token",
            "api-key",
            "auth",
        ] {
            let shown = address(&format!("rtsp://cam/live?user=a&{key}=s3cret&n=1")).to_string();
            assert_eq!(shown, format!("rtsp://cam/live?user=a&{key}=\u{2026}&n=1"));
        }
        for key in ["user", "channel", "subtype", "power", "spw", "pwm", "stream_1"] {
            let text = format!("rtsp://cam/live?{key}=0");
            assert_eq!(address(&text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        let long = format!("rtsp://a/{}", "x".repeat(MAX_BYTES));
        for wrong in [
            "",
            "http://s3cret/",
            "s3cret",
            "rtsp://",
            "rtsp:///s3cret",
            "rtsp://s3cret:99999/",
            "rtsp://a/\ns3cret",
            &long,
        ] {
            let message = Address::parse(wrong).unwrap_err();
            assert!(
                message.contains("rtsp://HOST/PATH") && !message.contains("s3cret"),
                "{message}"
            );
        }
    }
}
