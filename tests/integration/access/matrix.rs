//! Every route, asked by everybody: what comes is what the rule in `docs/access.md` says.

use serde_json::json;

use crate::support::access::{decided, paired, post, revoke};
use crate::support::http::request;
use crate::support::server::Server;

/// What a rule says to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The handler answers, whatever it is.
    In,
    /// 401, with this code.
    Out(&'static str),
    Forbidden,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    ForeignPage,
    EndedToken,
    Revoked,
    Camera,
    Viewer,
    LimitedViewer,
    Link,
    Admin,
    Everyone,
    ForeignPageInNetwork,
}

const PAIRED: [Caller; 9] = [
    Caller::Nobody,
    Caller::ForeignPage,
    Caller::EndedToken,
    Caller::Revoked,
    Caller::Camera,
    Caller::Viewer,
    Caller::LimitedViewer,
    Caller::Link,
    Caller::Admin,
];

/// What the rules say, in the words of the document.
fn expected(rule: &str, caller: Caller) -> Verdict {
    use Caller::*;
    if matches!(rule, "public" | "first-decision") {
        return Verdict::In;
    }
    if caller == EndedToken {
        return Verdict::Out("token");
    }
    let publishes = matches!(caller, Camera | Admin | Everyone);
    let watches = matches!(caller, Viewer | LimitedViewer | Link | Admin | Everyone);
    let is_in = match rule {
        "hello" => return Verdict::In,
        "publish" | "hello-or-publish" => publishes,
        "signed-in" | "own-or-watch" | "control" => publishes || watches,
        "watch" => watches,
        "watch-all" | "metrics" => matches!(caller, Viewer | Admin | Everyone),
        "admin" => caller == Admin,
        rule => panic!("no such rule: {rule}"),
    };
    match caller {
        _ if is_in => Verdict::In,
        Nobody | ForeignPage | Revoked | ForeignPageInNetwork => Verdict::Out("sign_in"),
        _ => Verdict::Forbidden,
    }
}

/// The routes of the page's listener: method, path, rule.
fn rows() -> Vec<(String, String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| https | "));
    let cells = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        (cells[2].to_owned(), cells[3].to_owned(), cells[4].to_owned())
    });
    cells.collect()
}

/// The address of a route about things that are not there.
fn address(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "nothing",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn verdict(server: &Server, method: &str, path: &str, who: &Who) -> Verdict {
    let method = if method == "WSS" { "GET" } else { method };
    let origin = match who.is_foreign {
        true => "https://example.com".to_owned(),
        false => format!("https://{}", server.https),
    };
    let mut headers = vec![("origin", origin.as_str())];
    if let Some((name, value)) = &who.secret {
        headers.push((*name, value.as_str()));
    }
    let answer = request(server, method, path, &headers, b"").await;
    let code = || {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    };
    match answer.status {
        401 if code() == "token" => Verdict::Out("token"),
        401 => Verdict::Out("sign_in"),
        403 => Verdict::Forbidden,
        _ => Verdict::In,
    }
}

/// What somebody shows.
struct Who {
    secret: Option<(&'static str, String)>,
    is_foreign: bool,
}

fn with(name: &'static str, value: &str) -> Who {
    Who { secret: Some((name, value.to_owned())), is_foreign: false }
}

#[tokio::test]
async fn each_route_answers_as_its_rule_says() {
    let (server, admin) = decided("paired").await;
    let camera = paired(&server, &admin, "camera", json!(null)).await;
    let viewer = paired(&server, &admin, "viewer", json!(null)).await;
    let limited = paired(&server, &admin, "viewer", json!(["door"])).await;
    let gone = paired(&server, &admin, "admin", json!(null)).await;
    revoke(&server, &admin, &gone).await;
    let link = json!({ "scope": ["door"], "minutes": 60 });
    let link = post(&server, "/api/access/links", Some(&admin), &link).await.json();
    let link = link["url"].as_str().unwrap().split("token=").nth(1).unwrap().to_owned();
    for (method, path, rule) in rows() {
        if path == "/api/access/sign-out" {
            // It would take the cookie of whoever asks next.
            continue;
        }
        for caller in PAIRED {
            let who = match caller {
                Caller::Nobody => Who { secret: None, is_foreign: false },
                Caller::ForeignPage => Who { is_foreign: true, ..with("cookie", &admin) },
                Caller::EndedToken => with("authorization", "Bearer lct_unknown"),
                Caller::Revoked => with("cookie", &gone),
                Caller::Camera => with("cookie", &camera),
                Caller::Viewer => with("cookie", &viewer),
                Caller::LimitedViewer => with("cookie", &limited),
                Caller::Link => with("authorization", &format!("Bearer {link}")),
                _ => with("cookie", &admin),
            };
            let found = verdict(&server, &method, &address(&path), &who).await;
            let wanted = expected(&rule, caller);
            // Their handlers judge further whose page it is, and where it is open.
            if matches!(rule.as_str(), "first-decision")
                || (rule == "public" && path.starts_with("/api/access/"))
            {
                assert!(!matches!(found, Verdict::Out(_)), "{method} {path} by {caller:?}");
                continue;
            }
            assert_eq!(found, wanted, "{method} {path} ({rule}) by {caller:?}");
        }
    }
}

#[tokio::test]
async fn everyone_on_the_network_records_and_watches_and_no_foreign_page() {
    let (server, _admin) = decided("network").await;
    for (method, path, rule) in rows() {
        if path.starts_with("/api/access/") {
            continue;
        }
        for (caller, is_foreign) in
            [(Caller::Everyone, false), (Caller::ForeignPageInNetwork, true)]
        {
            let who = Who { secret: None, is_foreign };
            let found = verdict(&server, &method, &address(&path), &who).await;
            assert_eq!(found, expected(&rule, caller), "{method} {path} ({rule}) by {caller:?}");
        }
    }
}
