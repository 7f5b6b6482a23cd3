use serde_json::json;

use super::*;

fn by_file(toml: &str) -> Result<Spec, String> {
    let table: toml::Table = toml::from_str(toml).unwrap();
    let Value::Object(members) = serde_json::to_value(table).unwrap() else { panic!() };
    read(members, Writer::File)
}

fn by_page(members: Value, before: Option<&Spec>) -> Result<Spec, String> {
    let Value::Object(members) = members else { panic!() };
    read(members, Writer::Page { before, files: None })
}

#[test]
fn a_camera_on_the_network() {
    let spec = by_file(
        "name = \"door\"\ntitle = \"Front door\"\nkind = \"rtsp\"\n\
         address = \"rtsp://192.168.1.20/stream1\"\nsmall_address = \"rtsp://192.168.1.20/stream2\"\n\
         user = \"viewer\"\npassword = { env = \"PATH\" }\ntransport = \"udp\"\n\
         hours = [\"mon-fri 08:00-18:00\"]\npaused = true",
    )
    .unwrap();
    assert_eq!((spec.name.as_str(), spec.title.as_str()), ("door", "Front door"));
    assert!(spec.record && spec.is_paused && !spec.hours.is_always());
    let Input::Rtsp(rtsp) = spec.input else { panic!() };
    assert_eq!((rtsp.address.path(), rtsp.small.unwrap().path()), ("/stream1", "/stream2"));
    assert_eq!((rtsp.transport, rtsp.has_sound), (Transport::Udp, true));
    assert_eq!(rtsp.login.unwrap().password.reveal(), std::env::var("PATH").unwrap());
}

#[test]
fn the_other_kinds_and_what_they_are_without_a_word() {
    let camera = by_file("name = \"desk\"\nkind = \"camera\"\nsound = \"hw:1,0\"").unwrap();
    let Input::Camera(input) = &camera.input else { panic!() };
    assert_eq!(
        (input.device.as_str(), &input.sound),
        ("0", &CameraSound::Device("hw:1,0".to_owned()))
    );
    assert!(camera.record && camera.title == "desk");
    let file = by_file("name = \"loop\"\nkind = \"file\"\npath = \"a.mp4\"").unwrap();
    assert!(!file.record && matches!(file.input, Input::File(File { has_sound: true, .. })));
    let text = "name = \"p\"\nkind = \"pattern\"\nsize = \"640x360\"\nframes_per_second = 12.5\nbitrate_kbps = 300\nsound = false\nrecord = true";
    let pattern = by_file(text).unwrap();
    assert!(pattern.record);
    let expected = Pattern {
        size: Some((640, 360)),
        frames_per_second: Some(12.5),
        bitrate_kbps: Some(300),
        has_sound: false,
    };
    assert_eq!(pattern.input, Input::Pattern(expected));
}

#[test]
fn a_wrong_value_is_named_with_what_is_allowed() {
    let said = |key: &str, toml: &str| {
        let start = "name = \"a\"\nkind = \"rtsp\"\naddress = \"rtsp://b/\"\n";
        let text = if toml.contains("kind") { toml.to_owned() } else { format!("{start}{toml}") };
        let message = by_file(&text).unwrap_err();
        assert!(message.starts_with(key), "{message}");
        message
    };
    assert!(said("transport", "transport = \"http\"").contains("tcp or udp"));
    assert!(
        said("size", "size = \"1x1\"")
            .contains("of this kind has; allowed are name, title, kind, address,")
    );
    let wrong = said("adress", "adress = \"x\"");
    assert!(wrong.contains("nothing that a source") && wrong.contains("password"), "{wrong}");
    let tiny = said("size", "name = \"a\"\nkind = \"pattern\"\nsize = \"7x7\"");
    assert!(tiny.contains("from 16x16 to 7680x4320"), "{tiny}");
    assert!(said("record", "record = \"yes\"").contains("\"yes\""));
    assert!(said("hours", "hours = [\"9 to 5\"]").contains("9 to 5"));
    assert!(said("kind", "name = \"a\"\nkind = \"ip\"").contains("rtsp, camera, file or pattern"));
    assert!(said("name", "name = \"Front Door\"\nkind = \"pattern\"").contains("Front Door"));
    assert!(said("name", "kind = \"pattern\"").contains("missing"));
    assert!(
        said("size", "name = \"a\"\nkind = \"pattern\"\nsize = \"640\"").contains("WIDTHxHEIGHT")
    );
    let fast = "name = \"a\"\nkind = \"pattern\"\nframes_per_second = 1000";
    assert!(said("frames_per_second", fast).contains("1000"));
    // Two pictures of it would be further apart than what counts as silence.
    let slow = "name = \"a\"\nkind = \"pattern\"\nframes_per_second = 0.1";
    assert!(said("frames_per_second", slow).contains("from 0.5"));
    assert!(said("path", "name = \"a\"\nkind = \"file\"").contains("missing"));
    let long = format!(
        "name = \"{}\"\nkind = \"rtsp\"\naddress = \"rtsp://a/\"\nsmall_address = \"rtsp://a/2\"",
        "x".repeat(60)
    );
    assert!(said("name", &long).contains("-small"));
}

// Elsewhere nothing is run by a name.
#[cfg(target_os = "linux")]
#[test]
fn a_sound_device_runs_nothing_whoever_names_it() {
    for name in ["file:'|touch x; cat >/dev/null',raw", "{type file file '|id'}", "Mic"] {
        let toml = format!("name = \"a\"\nkind = \"camera\"\nsound = \"{name}\"");
        let page = json!({ "source": "a", "kind": "camera", "sound": name });
        for message in [by_file(&toml).unwrap_err(), by_page(page, None).unwrap_err()] {
            assert!(message.starts_with("sound = ") && message.contains("plughw:"), "{message}");
        }
    }
    let page = json!({ "source": "a", "kind": "camera", "sound": "hw:0,0" });
    assert!(by_page(page, None).is_ok());
}

#[test]
fn names_stay_within_the_folder() {
    for name in ["..", ".", "a/b", "a.b", "", "A", "a b", "ä", &"x".repeat(65)] {
        assert!(name.parse::<Name>().is_err(), "{name}");
    }
}

#[test]
fn a_secret_is_in_no_message() {
    let rtsp = |more: &str| by_file(&format!("name = \"a\"\nkind = \"rtsp\"\n{more}"));
    for wrong in [
        "address = \"rtsp://admin:s3cret@cam/\"",
        "address = \"s3cret\"",
        "address = [\"s3cret\"]",
        "address = \"rtsp://cam/\"\npassword = \"s3cret\"",
        "address = \"rtsp://cam/\"\nuser = \"a\"\npassword = [\"s3cret\"]",
        "address = \"rtsp://cam/\"\nuser = \"a\"\npassword = { enw = \"s3cret\" }",
        "address = \"rtsp://cam/\"\nuser = \"a\"\npassword = \"s3cret\\n\"",
    ] {
        let message = rtsp(wrong).unwrap_err();
        assert!(!message.contains("s3cret"), "{message}");
    }
    let spec = rtsp("address = \"rtsp://cam/\"\nuser = \"a\"\npassword = \"s3cret\"").unwrap();
    assert!(!format!("{spec:?}").contains("s3cret"));
}

#[test]
fn a_page_plays_files_of_one_folder_and_the_file_plays_any() {
    let page = |path: &str, folder: Option<&str>| {
        let members = json!({ "source": "a", "kind": "file", "path": path });
        let Value::Object(members) = members else { panic!() };
        let files = folder.map(Path::new);
        let spec = read(members, Writer::Page { before: None, files })?;
        let Input::File(file) = spec.input else { panic!() };
        Ok::<_, String>(file.path)
    };
    assert_eq!(page("b.mp4", Some("/srv")).unwrap(), Path::new("/srv/b.mp4"));
    for (path, folder) in [("/etc/x.mp4", Some("/srv")), ("b.mp4", None), ("/srv/b.mp4", None)] {
        let message = page(path, folder).unwrap_err();
        assert!(message.starts_with("path") && message.contains("source_files"), "{message}");
    }
    let any = by_file("name = \"a\"\nkind = \"file\"\npath = \"/etc/x.mp4\"").unwrap();
    assert!(matches!(any.input, Input::File(File { path, .. }) if path == Path::new("/etc/x.mp4")));
}

#[test]
fn a_page_names_no_file_with_a_password() {
    for password in [json!({ "file": "/etc/hostname" }), json!({ "env": "PATH" }), json!(5)] {
        let members = json!({ "source": "a", "kind": "rtsp", "address": "rtsp://b/", "user": "u", "password": password });
        assert_eq!(by_page(members, None).unwrap_err(), "password must be a text");
    }
}

#[test]
fn a_password_is_kept_for_the_same_camera_and_user_alone() {
    let door = |address: &str, small: Option<&str>, user: &str, password: Option<&str>| {
        json!({
            "source": "door", "name": "Front door", "kind": "rtsp", "address": address,
            "small_address": small, "user": user, "password": password,
        })
    };
    let before = by_page(door("rtsp://cam/1?key=k3y", None, "u", Some("s3cret")), None).unwrap();
    let password = |members: Value| {
        let Input::Rtsp(rtsp) = by_page(members, Some(&before)).unwrap().input else { panic!() };
        (rtsp.login.unwrap().password.reveal().to_owned(), rtsp.address.reveal().to_string())
    };
    assert_eq!(password(door("rtsp://cam/2", Some("rtsp://cam/3"), "u", None)).0, "s3cret");
    assert_eq!(password(door("rtsp://cam/2", None, "u", Some("new"))).0, "new");
    // Another camera, user or port gets nothing.
    for (address, small, user) in [
        ("rtsp://other/1", None, "u"),
        ("rtsp://cam/1", Some("rtsp://other/1"), "u"),
        ("rtsp://cam:8554/1", None, "u"),
        ("rtsp://cam/1", None, "v"),
    ] {
        assert_eq!(password(door(address, small, user, None)).0, "", "{address}");
    }
    // What was shown of an address is the same address.
    let shown = "rtsp://cam/1?key=\u{2026}";
    let expected = ("s3cret".to_owned(), "rtsp://cam/1?key=k3y".to_owned());
    assert_eq!(password(door(shown, None, "u", None)), expected);
}
