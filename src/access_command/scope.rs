//! What a viewer is to see, as a person names it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::Value;

use super::candidates::{found, of_each};
use crate::auth::{Scope, is_scope_name};
use crate::config::sources::Name;
use crate::live::stream_name_of;
use crate::text::one_line;

/// The streams and devices of these names, and what there is to say of that. What can be the name of
/// a stream is one, since devices call themselves as they like; others are those that the list of
/// devices shows. Whatever nothing is called that is known may come later.
///
/// # Errors
/// When a name is blank, or that of more than one device.
pub(super) fn scope(only: &[String], browsers: &Value) -> Result<(Scope, Vec<String>)> {
    let (mut names, mut notes) = (BTreeSet::new(), Vec::new());
    for name in only.iter().map(|name| name.trim()) {
        if name.is_empty() {
            bail!("--only needs the names of streams or devices, and one of them is blank");
        }
        let device = |browser: &Value| browser["device"].as_str().map(str::to_owned);
        let all = || browsers.as_array().into_iter().flatten();
        let is_stream = |browser: &Value| {
            device(browser).is_some_and(|device| device == name || stream_name_of(&device) == name)
        };
        if all().any(is_stream) {
            names.insert(name.to_owned());
            continue;
        }
        let recording = || all().filter(|browser| !browser["device"].is_null());
        let mut named = found(recording(), "device_name", name);
        if named.is_empty() {
            named = found(recording(), "name", name);
        }
        match named.len() {
            0 if !is_scope_name(name) => bail!(
                "no device that was let in is called {}, and no stream or source can be: their \
                 names have small letters, digits and hyphens; a source is named as its address on \
                 /live is",
                one_line(name)
            ),
            0 => {
                names.insert(name.to_owned());
                notes.push(unknown(name));
            }
            // A source may have it.
            _ if name.parse::<Name>().is_ok() => {
                names.insert(name.to_owned());
                notes.push(also(name, &named));
            }
            1 => {
                let id = device(named.remove(0)).unwrap_or_default();
                notes.push(format!("{} is {}.", one_line(name), one_line(&id)));
                names.insert(id);
            }
            _ => bail!(
                "there is more than one device named {}: say which by its id, or by its STREAM in \
                 `localcamera device list`:\n{}",
                one_line(name),
                of_each(&named)
            ),
        }
    }
    Ok((Scope::Only(names), notes))
}

fn unknown(name: &str) -> String {
    format!(
        "No device that was let in is called {}: it is taken for the name of a stream or a source. \
         Look at the name again if nothing is to be seen.",
        one_line(name)
    )
}

fn also(name: &str, named: &[&Value]) -> String {
    let name = one_line(name);
    format!(
        "{name} is taken for the name of a stream or a source. If the device of that name is meant, \
         say which by its id or its STREAM in `localcamera device list`:\n{}",
        of_each(named)
    )
}

/// The name under which a device is watched.
pub(super) fn with_stream(mut browser: Value) -> Value {
    let device = browser["device"].as_str().map(stream_name_of);
    browser["stream"] = device.map_or(Value::Null, Value::from);
    browser
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn browsers() -> Value {
        json!([
            { "id": "b1", "name": "Safari on iPad 2", "device_name": "Front door", "role": "camera", "device": "kq3mz81x" },
            { "id": "b2", "name": "Gym", "role": "camera", "device": "aaaa1111" },
            { "id": "b3", "name": "gym", "role": "camera", "device": "bbbb2222", "last_from": "192.168.1.7" },
            { "id": "b4", "name": "Ana", "role": "viewer", "device": null },
        ])
    }

    fn of(only: &[&str]) -> (Vec<String>, String) {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        let (scope, notes) = scope(&only, &browsers()).unwrap();
        let Scope::Only(names) = scope else { panic!("everything") };
        (names.into_iter().collect(), notes.join("\n"))
    }

    #[test]
    fn a_device_is_named_as_the_list_shows_it() {
        let (names, said) = of(&["front DOOR"]);
        assert_eq!((&names[..], &*said), (&["kq3mz81x".to_owned()][..], "front DOOR is kq3mz81x."));
        assert_eq!(of(&["kq3mz81x"]), (vec!["kq3mz81x".to_owned()], String::new()));
        assert_eq!(of(&["Safari on iPad 2"]).0, ["kq3mz81x"], "as it was let in");
        // A browser that only watches records nothing.
        for name in ["porch", "camera-7"] {
            let (names, said) = of(&[name]);
            assert_eq!(names, [name]);
            assert!(said.contains(&format!("is called {name}: it is taken")), "{said}");
        }
    }

    #[test]
    fn no_device_takes_the_place_of_a_stream_or_source_by_its_name() {
        let (names, said) = of(&["gym"]);
        assert_eq!(names, ["gym"]);
        assert!(said.contains("b2") && said.contains("b3"), "{said}");
    }

    #[test]
    fn of_two_with_one_name_one_says_which() {
        let refused = scope(&["GYM".to_owned()], &browsers()).unwrap_err().to_string();
        assert!(refused.contains("b2") && refused.contains("b3"), "{refused}");
        assert!(refused.contains("192.168.1.7"), "{refused}");
    }

    #[test]
    fn a_name_that_nothing_can_have_is_refused() {
        for name in ["Back door", "porch/", "Ä"] {
            let refused = scope(&[name.to_owned()], &browsers()).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }

    #[test]
    fn a_blank_name_is_not_everything() {
        for only in [&[""][..], &[" "], &["gym", ""]] {
            let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
            assert!(scope(&only, &browsers()).unwrap_err().to_string().contains("blank"));
        }
    }
}
