//! The table of routes and rules is a document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::routes::Row;
use super::*;

/// What writes the table anew.
const COMMAND: &str = "LOCALCAMERA_WRITE_ACCESS=1 cargo test the_table_of_routes";

const BEGIN: &str = "<!-- The table is written by a test (see src/http/router/tests.rs). -->\n";
const END: &str = "<!-- End of the table. -->\n";

fn listeners() -> Vec<(&'static str, Vec<Row>)> {
    let stream = || "door".parse::<Name>().unwrap();
    let rows = |routes: Routes| routes.rows().to_vec();
    vec![
        ("https", [rows(framed()), rows(main())].concat()),
        ("wss", rows(raw())),
        ("http", rows(trust())),
        ("compat.json", rows(compat_json(stream(), true))),
        ("compat.jpeg", rows(compat_jpeg(true))),
        ("compat.mpegts", rows(compat_mpegts(stream(), true))),
    ]
}

fn table() -> String {
    let mut table = String::from("| listener | method | path | rule |\n|---|---|---|---|\n");
    for (listener, rows) in listeners() {
        let mut rows: Vec<_> =
            rows.into_iter().map(|row| (row.path, row.method, row.rule)).collect();
        rows.sort();
        for (path, method, rule) in rows {
            writeln!(table, "| {listener} | {method} | `{path}` | {rule} |").unwrap();
        }
    }
    table
}

#[test]
fn the_table_of_routes_and_rules_is_the_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("docs/access.md has no table");
    let (_, after) = rest.split_once(END).expect("docs/access.md has no end of the table");
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    if std::env::var_os("LOCALCAMERA_WRITE_ACCESS").is_some() {
        std::fs::write(path, expected).unwrap();
        return;
    }
    assert!(document == expected, "docs/access.md is not what the router has; write it: {COMMAND}");
}

#[test]
fn every_rule_is_explained() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md"));
    let document = document.unwrap();
    for rule in Rule::ALL {
        assert!(
            document.contains(&format!("\n| `{rule}` |")),
            "docs/access.md does not say {rule}"
        );
    }
}

#[test]
fn the_description_of_the_api_is_that_of_the_routes() {
    let is_described = |row: &Row| {
        row.method != "WSS"
            && ["/api/", "/whep/", "/health"].iter().any(|p| row.path.starts_with(p))
    };
    let rows = main().rows().iter().filter(|row| is_described(row)).cloned().collect::<Vec<_>>();
    let routed = rows.into_iter().map(|row| (row.path, row.method.to_owned(), row.rule));
    let described = api::openapi::described().into_iter();
    let described = described.map(|(method, path, rule)| (path.to_owned(), method, rule));
    let (routed, described): (BTreeSet<_>, BTreeSet<_>) = (routed.collect(), described.collect());
    let missing: Vec<_> = routed.difference(&described).collect();
    assert!(missing.is_empty(), "src/http/api/openapi/ does not describe {missing:?}");
    let vain: Vec<_> = described.difference(&routed).collect();
    assert!(vain.is_empty(), "src/http/api/openapi/ describes what is not there: {vain:?}");
}
