use super::*;

#[derive(Deserialize)]
struct File {
    hook: Vec<Entry>,
}

fn all(text: &str) -> Result<Vec<Hook>, String> {
    checked(toml::from_str::<File>(text).map_err(|error| error.message().to_owned())?.hook)
}

fn one(text: &str) -> Result<Hook, String> {
    all(&format!("[[hook]]\n{text}")).map(|mut hooks| hooks.remove(0))
}

#[test]
fn both_kinds_are_read() {
    let hook = one(
        "on = [\"segment_finished\", \"gap\"]\ncommand = [\"/usr/local/bin/archive\", \"--\", \"{path}\"]\n\
         device = \" Front door \"\ntimeout_s = 90",
    )
    .unwrap();
    assert_eq!((hook.name.as_str(), hook.timeout.as_secs()), ("archive", 90));
    assert_eq!(hook.on, [On::SegmentFinished, On::Gap]);
    assert_eq!(hook.device.as_deref(), Some("Front door"));
    let Way::Command { program, arguments } = hook.way else { panic!() };
    assert_eq!((program.as_path(), arguments.len()), (Path::new("/usr/local/bin/archive"), 2));

    let hook = one(
        "on = [\"disk\"]\nurl = \"https://nas.local/hook\"\ntoken = \"abc\"\nheaders = { X-Key = \"def\" }",
    )
    .unwrap();
    assert_eq!((hook.name.as_str(), hook.timeout.as_secs()), ("nas.local", 10));
    let Way::Url { headers, .. } = hook.way else { panic!() };
    assert_eq!(headers[0].1.to_str().unwrap(), "def");
    assert_eq!(headers[1].1.to_str().unwrap(), "Bearer abc");
}

#[test]
fn names_are_made_up_apart() {
    let text = "[[hook]]\non = [\"gap\"]\ncommand = [\"/bin/a\"]\n";
    let names: Vec<_> = all(&text.repeat(2)).unwrap().into_iter().map(|hook| hook.name).collect();
    assert_eq!(names, ["a", "a 2"]);
    assert!(all(&text.repeat(17)).unwrap_err().contains("16"));
}

#[test]
fn what_is_wrong_is_named_with_what_is_allowed() {
    let command = "on = [\"gap\"]\ncommand = ";
    for (text, words) in [
        ("command = [\"a\"]".to_owned(), ["on", "session_started, segment_finished, gap, disk"]),
        ("on = []\ncommand = [\"a\"]".to_owned(), ["on", "session_ended"]),
        (
            "on = [\"segment\"]\ncommand = [\"a\"]".to_owned(),
            ["on = [\"segment\"]", "segment_finished"],
        ),
        ("on = [\"gap\"]".to_owned(), ["needs command", "or url"]),
        (
            format!("{command}[\"a\"]\nurl = \"https://a.example\""),
            ["command and url", "one of them"],
        ),
        (format!("{command}[]"), ["number 1: command", "program"]),
        (format!("{command}[\"\"]"), ["command", "program"]),
        (format!("{command}[\"{{path}}\"]"), ["command", "program itself"]),
        (format!("{command}[\"a\", \"{{paht}}\"]"), ["{paht}", "{path}"]),
        (format!("{command}[\"a\"]\ntoken = \"x\""), ["token", "url"]),
        (format!("{command}[\"a\"]\ntimeout_s = 0"), ["timeout_s = 0", "between 1 and 3600"]),
        (format!("{command}[\"a\"]\ndevice = \" \""), ["device", "name or id"]),
        (format!("{command}[\"a\"]\nname = \"\""), ["name", "80"]),
        (format!("{command}[\"a\"]\nshell = true"), ["shell", "timeout_s"]),
        ("on = [\"gap\"]\nurl = \"ftp://a.example\"".to_owned(), ["url", "https://"]),
    ] {
        let message = one(&text).unwrap_err();
        assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
    }
}

#[test]
fn a_shell_gets_nothing_in_its_script_that_somebody_else_has_typed() {
    let command = |words: &str| one(&format!("on = [\"gap\"]\ncommand = {words}"));
    for words in [
        r#"["sh", "-c", "echo {name}"]"#,
        r#"["/bin/bash", "-euc", "echo {name}"]"#,
        r#"["/usr/bin/env", "bash", "--norc", "-euo", "pipefail", "-c", "echo {name}"]"#,
        r#"["busybox", "sh", "-c", "echo {name}"]"#,
    ] {
        let message = command(words).unwrap_err();
        assert!(message.contains("$LOCALCAMERA_PATH"), "{words}: {message}");
    }
    for words in [
        r#"["sh", "-c", "echo \"$LOCALCAMERA_NAME\""]"#,
        r#"["sh", "-c", "echo \"$1\"", "sh", "{name}"]"#,
        r#"["sh", "/usr/local/bin/archive", "-c", "{name}"]"#,
        r#"["rsync", "-c", "{path}", "nas:"]"#,
    ] {
        command(words).unwrap();
    }
}

#[test]
fn secrets_are_in_no_message() {
    let on = "on = [\"gap\"]\n";
    for text in [
        "url = \"https://a.example/h1dden\"\ntoken = \"h1dden\"",
        "command = [\"curl\", \"h1dden\"]",
    ] {
        let shown = format!("{:?}", one(&format!("{on}{text}")).unwrap());
        assert!(!shown.contains("h1dden"), "{shown}");
    }
    for text in [
        "url = \"h1dden\"",
        "url = \"https://a.example\"\ntoken = \"h1ddenü\"",
        "command = [\"curl\", \"h1dden {what}\"]",
        "command = [\"sh\", \"-c\", \"h1dden {path}\"]",
    ] {
        let message = one(&format!("{on}{text}")).unwrap_err();
        assert!(!message.contains("h1dden"), "{message}");
    }
}

#[test]
fn what_the_guide_shows_is_taken() {
    let guide =
        include_str!("../../../docs/guide/hooks.md").replace("{ env = \"NAS_TOKEN\" }", "\"x\"");
    let blocks: Vec<&str> = guide.split("```toml\n").skip(1).collect();
    assert!(blocks.len() >= 6, "{}", blocks.len());
    for block in blocks {
        let block = block.split("```").next().unwrap();
        assert!(!all(block).unwrap().is_empty(), "{block}");
    }
    let placeholders = FIELDS.iter().filter(|field| !guide.contains(&format!("`{field}`")));
    let at_least: Vec<_> = placeholders.collect();
    assert!(at_least.is_empty(), "the guide tells nothing of {at_least:?}");
}
