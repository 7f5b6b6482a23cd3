//! What a viewer is to see, as a person names it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::Value;

use super::candidates::{found, of_each};
use crate::auth::Scope;
use crate::live::stream_name_of;
use crate::text::one_line;

/// The streams and devices of that name. Devices that were let in are known by the name that lists
/// show, too; whatever else is named may be a source, or come later, and is given back beside.
///
/// # Errors
/// When a name is that of more than one device.
pub(super) fn scope(only: &[String], browsers: &Value) -> Result<(Scope, Vec<String>)> {
    let (mut names, mut unknown) = (BTreeSet::new(), Vec::new());
    for name in only.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let device = |browser: &Value| browser["device"].as_str().map(str::to_owned);
        let all = || browsers.as_array().into_iter().flatten();
        let is_stream = |browser: &Value| {
            device(browser).is_some_and(|device| device == name || stream_name_of(&device) == name)
        };
        if all().any(is_stream) {
            names.insert(name.to_owned());
            continue;
        }
        let mut named = found(all().filter(|browser| !browser["device"].is_null()), "name", name);
        match named.len() {
            0 => {
                names.insert(name.to_owned());
                unknown.push(name.to_owned());
            }
            1 => names.extend(device(named.remove(0))),
            _ => bail!(
                "there is more than one device named {}: say which by its id, or by its STREAM in \
                 `localcamera device list`:\n{}",
                one_line(name),
                of_each(&named)
            ),
        }
    }
    match names.is_empty() {
        true => Ok((Scope::All, unknown)),
        false => Ok((Scope::Only(names), unknown)),
    }
}

/// The name under which a device is watched.
pub(super) fn with_stream(mut browser: Value) -> Value {
    let device = browser["device"].as_str().map(stream_name_of);
    browser["stream"] = device.map_or(Value::Null, Value::from);
    browser
}

/// Said of names that nothing has that is known.
pub(super) fn of_unknown(names: &[String]) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| one_line(name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "no device that was let in is called {}: it is taken for the name of a stream or a \
             source. Look at the names again if nothing is to be seen",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn browsers() -> Value {
        json!([
            { "id": "b1", "name": "Front door", "role": "camera", "device": "kq3mz81x" },
            { "id": "b2", "name": "Gym", "role": "camera", "device": "aaaa1111" },
            { "id": "b3", "name": "gym", "role": "camera", "device": "bbbb2222", "last_from": "192.168.1.7" },
            { "id": "b4", "name": "Ana", "role": "viewer", "device": null },
        ])
    }

    fn names(only: &[&str]) -> (Vec<String>, Vec<String>) {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        match scope(&only, &browsers()).unwrap() {
            (Scope::All, unknown) => (Vec::new(), unknown),
            (Scope::Only(names), unknown) => (names.into_iter().collect(), unknown),
        }
    }

    #[test]
    fn a_device_is_named_as_lists_show_it() {
        let list = |all: &[&str]| all.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&["front DOOR"]), (list(&["kq3mz81x"]), list(&[])));
        assert_eq!(names(&["kq3mz81x"]), (list(&["kq3mz81x"]), list(&[])));
        // A source, or a viewer's browser, that records nothing.
        assert_eq!(names(&["porch", "Ana"]), (list(&["Ana", "porch"]), list(&["porch", "Ana"])));
        assert_eq!(names(&[]), (list(&[]), list(&[])));
    }

    #[test]
    fn of_two_with_one_name_one_says_which() {
        let refused = scope(&["gym".to_owned()], &browsers()).unwrap_err().to_string();
        assert!(refused.contains("b2") && refused.contains("b3"), "{refused}");
        assert!(refused.contains("192.168.1.7"), "{refused}");
    }
}
