//! Cameras on the network through ffmpeg.

use std::ffi::OsString;

use crate::sources::spec::{Login, Rtsp, Transport};

/// What stands still for this long is given up by ffmpeg itself, also when the server is not
/// there any more to do so.
const SOCKET_TIMEOUT_US: u32 = 10_000_000;

/// What an address may lead to.
const PROTOCOLS: &str = "pipe,rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto";

/// How ffmpeg is told of a camera. Its arguments can be read by everybody on the computer, so the
/// address, with the password in it, is in a script that it reads from its standard input.
pub(super) fn input() -> Vec<OsString> {
    let words = ["-protocol_whitelist", PROTOCOLS, "-safe", "0", "-f", "concat", "-i", "pipe:0"];
    words.map(OsString::from).into()
}

/// The script.
pub(super) fn script(rtsp: &Rtsp) -> Option<String> {
    let mut url = rtsp.address.reveal().clone();
    if let Some(Login { user, password }) = &rtsp.login {
        url.set_username(user).ok()?;
        url.set_password(Some(password.reveal())).ok()?;
    }
    let transport = match rtsp.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    // As ffmpeg's scripts quote a quote; a line cannot end inside an address.
    let url = url.as_str().replace('\'', r"'\''");
    Some(format!(
        "ffconcat version 1.0\nfile '{url}'\noption rtsp_transport {transport}\n\
         option timeout {SOCKET_TIMEOUT_US}\n"
    ))
}

/// What ffmpeg may not be heard saying.
pub(super) fn secrets(rtsp: &Rtsp) -> Vec<String> {
    let login = rtsp.login.iter().flat_map(|Login { password, .. }| {
        let plain = password.reveal().to_owned();
        let mut url = rtsp.address.reveal().clone();
        // As it stands in the address.
        let encoded = url.set_password(Some(&plain)).ok().and(url.password().map(str::to_owned));
        [Some(plain), encoded]
    });
    // Cameras exist whose paths hold a password.
    let path = Some(rtsp.address.path().to_owned()).filter(|path| path.len() > 1);
    login.chain([path]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::spec::Address;

    fn rtsp(address: &str) -> Rtsp {
        let (address, login) = Address::parse(address).unwrap();
        Rtsp { address, small: None, login, transport: Transport::Tcp, has_sound: true }
    }

    #[test]
    fn the_password_is_in_the_script_and_in_no_argument() {
        let rtsp = rtsp("rtsps://viewer:pa%20s's@10.0.0.2/live?k=1");
        let script = script(&rtsp).unwrap();
        assert!(script.contains("option rtsp_transport tcp\n"), "{script}");
        let file = script.lines().nth(1).unwrap();
        assert!(file.starts_with("file 'rtsps://viewer:pa%20s"), "{file}");
        assert!(file.ends_with("s@10.0.0.2/live?k=1'"), "{file}");
        let told = input().iter().map(|word| word.to_str().unwrap()).collect::<String>();
        assert!(!told.contains("10.0.0.2") && !told.contains("pa"), "{told}");
    }

    #[test]
    fn what_may_be_a_secret_is_known() {
        let secrets = secrets(&rtsp("rtsp://viewer:pa%20ss@10.0.0.2/live?key=1"));
        assert_eq!(secrets, ["pa ss", "pa%20ss", "/live?key=1"]);
        assert_eq!(super::secrets(&rtsp("rtsp://10.0.0.2/")), [""; 0]);
    }
}
