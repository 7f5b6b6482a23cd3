use super::*;

fn read(query: &str) -> Asked {
    Asked::in_query(query).unwrap()
}

/// What the camera gets, and who is let in.
fn opened(query: &str) -> (String, Option<(String, String)>) {
    let (address, login) = read(query).at("192.168.1.20".parse().unwrap()).unwrap();
    let login = login.map(|login| (login.user, login.password.reveal().to_owned()));
    (address.reveal().to_string(), login)
}

fn login(user: &str, password: &str) -> Option<(String, String)> {
    Some((user.to_owned(), password.to_owned()))
}

#[test]
fn an_encoded_address_ends_where_the_next_parameter_begins() {
    let query =
        "fps=5&rtsp_url=rtsp%3A%2F%2Fu%3Ap%40cam.local%3A8554%2Fa%3Fx%3D1%26y%3D2&quality=50";
    let asked = read(query);
    assert_eq!(asked.to_string(), "rtsp://cam.local:8554");
    assert_eq!(asked.target().path, "/a?x=1&y=2");
    assert_eq!(opened(query).0, "rtsp://192.168.1.20:8554/a?x=1&y=2");
    assert_eq!(opened(query).1, login("u", "p"));
    assert_eq!(split(query).unwrap().1, "fps=5&quality=50");
    assert_eq!(read("rtsp_url=RTSP%3A%2F%2FCam").to_string(), "rtsp://cam:554");
}

#[test]
fn of_an_address_that_was_not_encoded_the_rest_of_the_query_is_part() {
    let query = "quality=50&rtsp_url=rtsp://user:pass@host/path?x=1&fps=2";
    assert_eq!(opened(query).0, "rtsp://192.168.1.20:554/path?x=1&fps=2");
    assert_eq!(opened(query).1, login("user", "pass"));
    assert_eq!(split(query).unwrap().1, "quality=50&");
    // Cameras with such paths exist.
    let query = "rtsp_url=rtsp://host/user=admin&password=&channel=1&stream=0.sdp?";
    let path = "/user=admin&password=&channel=1&stream=0.sdp?";
    assert_eq!(opened(query).0, format!("rtsp://192.168.1.20:554{path}"));
    // Half encoded, and a plus sign that is one.
    let query = "rtsp_url=rtsp://host/a%3Fx%3D1%26y%3D2+3";
    assert_eq!(opened(query).0, "rtsp://192.168.1.20:554/a?x=1&y=2+3");
}

#[test]
fn a_password_holds_what_it_likes() {
    for (text, password) in [
        ("rtsp://admin:p%40ss@host/", "p@ss"),
        ("rtsp://admin:p@ss@host/", "p@ss"),
        ("rtsp%3A%2F%2Fadmin%3Ap%2540ss%40host%2F", "p@ss"),
        ("rtsp%3A%2F%2Fadmin%3Ap%252Fs%253Fs%40host%2F", "p/s?s"),
        ("rtsp%3A%2F%2Fadmin%3A100%25%40host", "100%"),
        ("rtsp%3A%2F%2Fadmin%3Aa%3Ab%23%20c%40host", "a:b# c"),
        ("rtsp://admin@host/", ""),
    ] {
        let opened = opened(&format!("rtsp_url={text}"));
        assert_eq!(opened.1, login("admin", password), "{text}");
        let expected = opened.0.trim_end_matches('/');
        assert_eq!(expected, "rtsp://192.168.1.20:554", "{text}");
    }
    assert_eq!(opened("rtsp_url=rtsp://@host/").1, None);
}

#[test]
fn the_host_is_what_stands_behind_the_last_at_sign_and_before_the_path() {
    for (text, host) in [
        ("rtsp://allowed@evil/", "evil"),
        ("rtsp://allowed%40evil/", "evil"),
        ("rtsp://allowed%23@evil/", "evil"),
        ("rtsp://allowed:554@evil:554/", "evil"),
        ("rtsp://a@allowed@evil/allowed", "evil"),
        ("rtsp://evil/?@allowed/", ""),
        ("rtsp://evil%2F@allowed/", ""),
        ("rtsp://evil%5C@allowed/", "allowed"),
        ("rtsp://[::ffff:127.0.0.1]:554/", "[::ffff:127.0.0.1]"),
        ("rtsp://cam.local./", "cam.local"),
    ] {
        let asked = Asked::in_query(&format!("rtsp_url={text}"));
        let found = asked.map(|asked| asked.host().to_string()).unwrap_or_default();
        assert_eq!(found, host, "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_and_not_repeated() {
    for (query, words) in [
        ("", "missing"),
        ("rtsp=rtsp://host", "missing"),
        ("xrtsp_url=rtsp://host", "missing"),
        ("rtsp_url=", "rtsp://"),
        ("rtsp_url=http://s3cret", "rtsp://"),
        ("rtsp_url=/dev/video0", "rtsp://"),
        ("rtsp_url=rtsps://s3cret@host", "source"),
        ("rtsp_url=rtsp://", "HOST"),
        ("rtsp_url=rtsp:///etc/passwd", "HOST"),
        ("rtsp_url=rtsp://admin:s3cret/x@host/", "%2F"),
        ("rtsp_url=rtsp://admin:12/s3cret@host/", "%2F"),
        ("rtsp_url=rtsp://host:0/", "PORT"),
        ("rtsp_url=rtsp://host:70000/", "PORT"),
        ("rtsp_url=rtsp://host:+554/", "PORT"),
        ("rtsp_url=rtsp://2130706433/", "four numbers"),
        ("rtsp_url=rtsp://0x7f000001/", "four numbers"),
        ("rtsp_url=rtsp://127.1/", "four numbers"),
        ("rtsp_url=rtsp://0177.0.0.1/", "four numbers"),
        ("rtsp_url=rtsp://127.0.0.1./", "four numbers"),
        ("rtsp_url=rtsp://[::1/", "bracket"),
        ("rtsp_url=rtsp://[127.0.0.1]/", "IPv6"),
        ("rtsp_url=rtsp://[fe80::1%25eth0]/", "IPv6"),
        ("rtsp_url=rtsp://ho%0d%0ast/s3cret", "one line"),
        ("rtsp_url=rtsp://host/a/../s3cret", "steps"),
        ("rtsp_url=rtsp://host/a/%252e%252e/s3cret", "steps"),
        ("rtsp_url=rtsp://host/%ff", "UTF-8"),
        ("rtsp_url=rtsp://h\u{e9}/", "HOST"),
    ] {
        let reason = Asked::in_query(query).unwrap_err();
        assert!(reason.contains(words) && !reason.contains("s3cret"), "{query}: {reason}");
    }
    let long = format!("rtsp_url=rtsp://host/{}", "x".repeat(MAX_BYTES));
    assert!(Asked::in_query(&long).unwrap_err().contains("2048"));
}

#[test]
fn nothing_that_is_shown_says_who_is_let_in() {
    let asked = read("rtsp_url=rtsp://admin:s3cret@host/user=admin&password=s3cret");
    assert!(!format!("{asked} {asked:?}").contains("s3cret"));
}
