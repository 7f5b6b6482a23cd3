use super::*;

fn allowed(patterns: &[&str]) -> RtspAddresses {
    RtspAddresses(patterns.iter().map(|pattern| pattern.parse().unwrap()).collect())
}

/// Which address is connected to when a host is asked for that has these.
fn chosen(patterns: &[&str], host: &str, port: u16, path: &str, found: &[&str]) -> Option<String> {
    let host = host.parse().unwrap();
    let target = Target { host: &host, port, path };
    let found: Vec<IpAddr> = found.iter().map(|ip| ip.parse().unwrap()).collect();
    let patterns = allowed(patterns);
    let chosen = patterns.choose(target, &found);
    assert!(chosen.is_none() || patterns.may_allow(target));
    chosen.map(|ip| ip.to_string())
}

/// The same for an address on the usual port.
fn lets(pattern: &str, ip: &str) -> bool {
    chosen(&[pattern], ip, 554, "/", &[ip]).is_some()
}

#[test]
fn by_default_nothing_is_allowed() {
    assert!(chosen(&[], "192.168.1.20", 554, "", &["192.168.1.20"]).is_none());
}

#[test]
fn a_network_is_judged_by_the_address_that_is_connected_to() {
    let pattern = "rtsp://192.168.1.0/24";
    assert!(lets(pattern, "192.168.1.20") && !lets(pattern, "192.168.2.20"));
    assert!(lets("rtsp://10.0.0.0/8", "10.9.8.7") && lets("rtsp://192.168.1.20", "192.168.1.20"));
    assert!(!lets("rtsp://192.168.1.20", "192.168.1.21"));
    assert!(lets("rtsp://[fd00::/8]", "fd12::1") && lets("rtsp://[fd00::]/8", "fd12::1"));
    assert!(!lets("rtsp://[fd00::/8]", "fe00::1") && !lets("rtsp://192.168.1.0/24", "fd00::1"));
    // A name that leads there, also among other addresses, and one that leads elsewhere.
    let of = |found: &[&str]| chosen(&[pattern], "cam.example", 554, "", found);
    assert_eq!(of(&["8.8.8.8", "192.168.1.7"]).unwrap(), "192.168.1.7");
    assert_eq!(of(&["8.8.8.8"]), None);
}

#[test]
fn a_name_allows_that_name_and_no_other() {
    let of = |host: &str| chosen(&["rtsp://Cam.local"], host, 554, "/x", &["192.168.1.7"]);
    assert_eq!(of("cam.LOCAL").unwrap(), "192.168.1.7");
    assert_eq!((of("cam.local.evil.example"), of("192.168.1.7")), (None, None));
}

#[test]
fn a_port_and_the_beginning_of_a_path_may_be_named() {
    let of = |port, path| {
        chosen(&["rtsp://cam.local:8554/live"], "cam.local", port, path, &["10.0.0.1"]).is_some()
    };
    assert!(of(8554, "/live") && of(8554, "/live/1") && of(8554, "/live?channel=1"));
    assert!(!of(554, "/live") && !of(8554, "/lives") && !of(8554, "/") && !of(8554, ""));
    let of = |path| chosen(&["rtsp://*/a%20b/"], "cam", 1, path, &["10.0.0.1"]).is_some();
    assert!(of("/a b/c") && !of("/a b"));
    assert!(
        chosen(&["rtsp://10.0.0.0/8:554/live"], "10.0.0.1", 554, "/live", &["10.0.0.1"]).is_some()
    );
    assert!(chosen(&["rtsp://10.0.0.1:554/24"], "10.0.0.1", 554, "/24", &["10.0.0.1"]).is_some());
    assert!(chosen(&["rtsp://*/"], "cam", 9000, "", &["10.0.0.1"]).is_some());
}

#[test]
fn the_server_itself_and_the_secrets_of_clouds_are_reached_only_where_they_are_named() {
    let wide = ["rtsp://*", "rtsp://0.0.0.0/0", "rtsp://[::/0]"];
    for ip in [
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "fe80::1",
        "fd00:ec2::254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ] {
        assert!(wide.iter().all(|pattern| !lets(pattern, ip)), "{ip}");
        let by_name = |name: &str| chosen(&[&format!("rtsp://{name}")], name, 554, "", &[ip]);
        assert_eq!(by_name("cam.local"), None, "{ip}");
    }
    assert!(lets("rtsp://127.0.0.1", "127.0.0.1") && lets("rtsp://127.0.0.0/8", "127.0.0.1"));
    assert!(lets("rtsp://127.0.0.1", "::ffff:127.0.0.1") && lets("rtsp://[::1]", "::1"));
    assert!(lets("rtsp://169.254.0.0/16", "169.254.7.7"));
    let by_name = chosen(&["rtsp://localhost"], "localhost", 554, "", &["127.0.0.1"]);
    assert_eq!(by_name.unwrap(), "127.0.0.1");
}

#[test]
fn what_is_no_single_computer_is_never_reached() {
    for ip in
        ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0"]
    {
        for pattern in
            ["rtsp://*", "rtsp://0.0.0.0/0", "rtsp://[::/0]", "rtsp://0.0.0.0", "rtsp://[::]"]
        {
            assert!(!lets(pattern, ip), "{pattern} {ip}");
        }
    }
}

#[test]
fn an_address_that_stands_for_an_ipv4_one_is_that_one() {
    let of =
        chosen(&["rtsp://192.168.1.0/24"], "::ffff:192.168.1.7", 554, "", &["::ffff:192.168.1.7"]);
    assert_eq!(of.unwrap(), "192.168.1.7");
    assert!(lets("rtsp://[::ffff:192.168.1.7]", "192.168.1.7"));
}

#[test]
fn what_is_no_pattern_is_refused_in_words() {
    for (text, words) in [
        ("192.168.1.0/24", "rtsp://"),
        ("rtsps://cam", "rtsp://"),
        ("http://cam", "rtsp://"),
        ("rtsp://", "host"),
        ("rtsp://192.168.1.20/24", "no network"),
        ("rtsp://192.168.1.0/33", "no network"),
        ("rtsp://2130706433", "four numbers"),
        ("rtsp://0x7f.1", "four numbers"),
        ("rtsp://127.1", "four numbers"),
        ("rtsp://010.0.0.1", "four numbers"),
        ("rtsp://cam:0", "port"),
        ("rtsp://cam:+554", "port"),
        ("rtsp://*.local", "host"),
        ("rtsp://[::1", "bracket"),
        ("rtsp://[10.0.0.1]", "IPv6"),
        ("rtsp://two words", "host"),
    ] {
        let message = text.parse::<Pattern>().unwrap_err();
        assert!(message.contains(words) && message.contains(text), "{text}: {message}");
    }
    let message = "rtsp://user:s3cret@cam".parse::<Pattern>().unwrap_err();
    assert!(message.contains("password") && !message.contains("s3cret"), "{message}");
}

#[test]
fn a_list_that_is_none_is_not_repeated() {
    let said = |text: &str| toml::from_str::<Section>(text).map_err(|error| error.to_string());
    assert_eq!(
        said("rtsp_addresses = \"rtsp://*\"").unwrap().rtsp_addresses,
        allowed(&["rtsp://*"])
    );
    assert!(said("rtsp_addresses = [7]").unwrap_err().contains("list of texts"));
    assert!(said("rtsp_adresses = []").unwrap_err().contains("rtsp_adresses"));
}
