use super::*;

fn checked(text: &str) -> Result<Alarms, String> {
    toml::from_str::<Section>(text).map_err(|error| error.message().to_owned())?.checked()
}

fn target(text: &str) -> Result<Target, String> {
    checked(&format!("[[targets]]\n{text}")).map(|mut alarms| alarms.targets.remove(0))
}

#[test]
fn a_silence_has_its_limits_and_can_be_turned_off() {
    assert_eq!(checked("").unwrap().silent, Some(Duration::from_secs(30)));
    assert_eq!(checked("silent_seconds = 0").unwrap().silent, None);
    assert_eq!(checked("silent_seconds = 5").unwrap().silent, Some(Duration::from_secs(5)));
    for seconds in ["4", "3601"] {
        let message = checked(&format!("silent_seconds = {seconds}")).unwrap_err();
        let words = ["alarms.silent_seconds", seconds, "between 5 and 3600", "0"];
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn each_kind_is_read() {
    let webhook = target(
        "kind = \"webhook\"\nurl = \"https://a.example/x\"\nheaders = { X-Key = \"s3cret\" }",
    );
    let Ok(Target { name, way: Way::Webhook { headers, .. }, .. }) = webhook else {
        panic!("{webhook:?}")
    };
    assert_eq!(
        (name.as_str(), headers[0].0.as_str(), headers[0].1.to_str().unwrap()),
        ("webhook", "x-key", "s3cret")
    );
    let ntfy = target(
        "kind = \"ntfy\"\nname = \"My phone\"\nurl = \"http://127.0.0.1:80/topic\"\ntoken = \"tk_1\"",
    );
    let Ok(Target { name, way: Way::Ntfy { authorization, .. }, .. }) = ntfy else {
        panic!("{ntfy:?}")
    };
    assert_eq!(
        (name.as_str(), authorization.unwrap().to_str().unwrap()),
        ("My phone", "Bearer tk_1")
    );
    let email = target(
        "kind = \"email\"\nsmtp = \"smtp://mail.example\"\nfrom = \"Cameras <a@b.example>\"\nto = [\"c@d.example\"]\n\
         username = \"u\"\npassword = \"p\"",
    );
    let Ok(Target { way: Way::Email(email), .. }) = email else { panic!("{email:?}") };
    assert_eq!((email.host.as_str(), email.port, email.is_implicit), ("mail.example", 587, false));
    assert_eq!(mail_server("smtps://[::1]:1465").unwrap(), ("::1".to_owned(), 1465, true));
}

#[test]
fn names_are_made_up_apart() {
    let one = "[[targets]]\nkind = \"webhook\"\nurl = \"https://a.example/x\"\n";
    let alarms = checked(&one.repeat(2)).unwrap();
    let names: Vec<_> = alarms.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["webhook", "webhook 2"]);
    assert!(checked(&one.repeat(17)).unwrap_err().contains("16"));
}

#[test]
fn what_is_wrong_is_named_with_what_is_allowed() {
    for (text, words) in [
        ("kind = \"sms\"", ["sms", "webhook, ntfy or email"]),
        ("kind = \"webhook\"", ["number 1", "url"]),
        ("kind = \"webhook\"\nurl = \"ftp://a.example\"", ["url", "https://"]),
        ("kind = \"webhook\"\nurl = \"https://u:p@a.example\"", ["url", "user name"]),
        ("kind = \"webhook\"\nurl = \"https://a.example\"\ntoken = \"x\"", ["token", "webhook"]),
        (
            "kind = \"webhook\"\nurl = \"https://a.example\"\nheaders = { Host = \"x\" }",
            ["Host", "free"],
        ),
        ("kind = \"ntfy\"\nurl = \"https://ntfy.sh\"", ["topic", "url"]),
        ("kind = \"email\"", ["smtp", "smtps://"]),
        ("kind = \"email\"\nsmtp = \"smtps://u:p@h\"", ["smtp", "username"]),
        ("kind = \"email\"\nsmtp = \"smtps://h\"\nusername = \"u\"", ["username", "password"]),
        (
            "kind = \"email\"\nsmtp = \"smtps://h\"\nfrom = \"x\"\nto = \"a@b.example\"",
            ["from", "a@example.com"],
        ),
        (
            "kind = \"email\"\nsmtp = \"smtps://h\"\nfrom = \"a@b.example\"\nto = []",
            ["to", "nobody"],
        ),
        ("kind = \"webhook\"\nname = \"\"\nurl = \"https://a.example\"", ["name", "80"]),
        ("kind = \"webhook\"\nurl = \"https://a.example\"\nurls = 1", ["urls", "unknown"]),
    ] {
        let message = target(text).unwrap_err();
        assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
    }
}

#[test]
fn secrets_are_in_no_message() {
    let headers =
        "kind = \"webhook\"\nurl = \"https://a.example/h1dden\"\nheaders = { X-Key = \"h1dden\" }";
    let email = "kind = \"email\"\nsmtp = \"smtps://h\"\nfrom = \"a@b.example\"\nto = \"a@b.example\"\nusername = \"u\"\npassword = \"h1dden\"";
    let ntfy = "kind = \"ntfy\"\nurl = \"https://a.example/h1dden\"\ntoken = \"h1dden\"";
    for text in [headers, email, ntfy] {
        let shown = format!("{:?}", target(text).unwrap());
        assert!(!shown.contains("h1dden"), "{shown}");
    }
    for text in [
        "kind = \"webhook\"\nurl = \"h1dden\"",
        "kind = \"webhook\"\nurl = \"https://u:h1dden@a.example\"",
        "kind = \"webhook\"\nurl = \"https://a.example\"\ntoken = \"h1dden\"",
        "kind = \"ntfy\"\nurl = \"https://a.example/x\"\ntoken = \"h1ddenü\"",
    ] {
        let message = target(text).unwrap_err();
        assert!(!message.contains("h1dden"), "{message}");
    }
}
