//! Cameras that the server does not know: their address comes from a viewer.

use std::sync::Mutex;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::compat::{connect, ending, next};
use crate::support::camera::Camera;
use crate::support::client::Client;
use crate::support::files::eventually;
use crate::support::server::Server;

const ALLOWED: &str = "[viewers]\nrtsp_addresses = [\"rtsp://127.0.0.1\", \"rtsp://localhost\"]\n";

/// A picture that moves, with a key frame every second.
const PICTURE: &str = "pattern=videotestsrc is-live=true pattern=ball \
    ! video/x-raw,width=320,height=240,framerate=15/1 \
    ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=400 \
    ! rtph264pay name=pay0 pt=96 config-interval=1";

/// A camera, and who comes to it.
struct Visited {
    camera: Camera,
    /// `127.0.0.1:<port>/pattern`
    place: String,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Clients {
    came: usize,
    now: usize,
}

impl Visited {
    /// Who is let in is `USER:PASSWORD`, or everybody.
    fn start(login: Option<&str>) -> Self {
        let mut options = vec!["--shared"];
        options.extend(login.map(|login| ["--login", login]).iter().flatten());
        let camera = Camera::start(&[PICTURE.to_owned()], &options);
        let place = camera.address("pattern").strip_prefix("rtsp://").unwrap().to_owned();
        Self { camera, place, clients: Mutex::default() }
    }

    fn clients(&self) -> Clients {
        let mut clients = self.clients.lock().unwrap();
        for said in self.camera.heard() {
            match said.as_str() {
                "connected" => {
                    clients.came += 1;
                    clients.now += 1;
                }
                "closed" => clients.now -= 1,
                _ => {}
            }
        }
        *clients
    }
}

type Viewer =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A server that opens addresses on this computer, and its listener for old clients.
fn start() -> (Server, String) {
    let server = Server::configured(&format!("{ALLOWED}[compat]\njpeg_port = 0"), &[]);
    let old = server.printed("JPEG frames").replace("http://", "ws://");
    (server, old)
}

/// Somebody who looks at an address, as an old client asks for it: without encoding anything.
async fn look(old: &str, address: &str) -> Viewer {
    connect(&format!("{old}/ws/stream?rtsp_url={address}"), &[("origin", "null")]).await.0
}

async fn sees(viewer: &mut Viewer) {
    match next(viewer).await {
        Message::Binary(jpeg) => {
            assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
        }
        other => panic!("expected a picture, got {other:?}"),
    }
}

/// The only thing that is said, behind which the connection ends.
async fn refused(viewer: &mut Viewer) -> String {
    let (texts, pictures, code) = ending(viewer).await;
    assert_eq!((texts.len(), pictures, code), (1, 0, Some(4404)), "{texts:?}");
    assert_eq!(texts[0].as_object().unwrap().len(), 1, "{texts:?}");
    texts[0]["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn viewers_of_an_address_share_one_connection_and_one_decoder_until_the_last_is_gone() {
    let camera = Visited::start(Some("viewer:p@ss"));
    let (server, old) = start();
    let before = server.open_files();
    let address = format!("rtsp://viewer:p@ss@{}?x=1&y=2", camera.place);
    let mut first = look(&old, &address).await;
    sees(&mut first).await;
    let mut second = look(&old, &address).await;
    let encoded = "rtsp%3A%2F%2Fviewer%3Ap%2540ss%40";
    let place = camera.place.replace('/', "%2F");
    let url = format!("{}/ws/stream?fps=5&rtsp_url={encoded}{place}%3Fx%3D1%26y%3D2", server.https);
    let mut program = Client::connect(&server, &url, None).await;
    for _ in 0..3 {
        sees(&mut second).await;
        sees(&mut first).await;
    }
    assert!(matches!(program.message().await, Some(Message::Binary(_))));
    assert_eq!(camera.clients(), Clients { came: 1, now: 1 });
    assert_eq!(server.children().len(), 1, "one decoder for all of them");
    // It is nobody's stream, and recorded nowhere.
    let (_, streams) = crate::support::client::get(&server, "/api/streams").await;
    assert!(String::from_utf8(streams).unwrap().contains("\"streams\":[]"));
    drop(first);
    sees(&mut second).await;
    drop((second, program));
    eventually(|| (camera.clients().now == 0 && server.children().is_empty()).then_some(())).await;
    eventually(|| (server.open_files() <= before).then_some(())).await;
    let entries = std::fs::read_dir(server.recordings()).unwrap();
    assert_eq!(entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 0);
}

#[tokio::test]
async fn nobody_sees_by_the_password_of_another() {
    let camera = Visited::start(Some("viewer:s3cret"));
    let (server, old) = start();
    let place = &camera.place;
    let mut allowed = look(&old, &format!("rtsp://viewer:s3cret@{place}")).await;
    sees(&mut allowed).await;
    for login in ["", "viewer:wr0ng@", "viewer@"] {
        let reason = refused(&mut look(&old, &format!("rtsp://{login}{place}")).await).await;
        assert!(reason.contains("user and password"), "{reason}");
        assert!(!reason.contains("wr0ng") && !reason.contains("viewer"), "{reason}");
    }
    sees(&mut allowed).await;
    drop(allowed);
    eventually(|| (camera.clients().now == 0).then_some(())).await;
    server.interrupt();
    let (status, said, _) = server.wait();
    assert!(status.success() && !said.contains("s3cret") && !said.contains("wr0ng"), "{said}");
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_told_once() {
    let camera = Visited::start(None);
    let (server, old) = start();
    let port = camera.place.split(['/', ':']).nth(1).unwrap();
    let mut viewer = look(&old, &format!("rtsp://127.0.0.1:{port}/nothing")).await;
    let wrong_path = refused(&mut viewer).await;
    assert!(wrong_path.contains("path"), "{wrong_path}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = refused(&mut look(&old, &format!("rtsp://{nobody}/")).await).await;
    assert!(unreachable.contains("reached"), "{unreachable}");
    // Something that is no camera, whose words are repeated to nobody.
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.write_all(b"-ERR s3cret banner of a service\r\n").await;
        }
    });
    let garbage = refused(&mut look(&old, &format!("rtsp://{address}/")).await).await;
    assert!(garbage.contains("cannot be opened") && !garbage.contains("s3cret"), "{garbage}");
    // This server's own pages are told in a word, too; old clients are not.
    for (address, code) in [
        (format!("127.0.0.1:{port}/nothing"), "bad_address"),
        (format!("{nobody}/"), "unreachable"),
        ("192.0.2.1/".to_owned(), "not_allowed"),
    ] {
        let own = format!("{}/ws/stream?rtsp_url=rtsp://{address}", server.https);
        let told = Client::connect(&server, &own, None).await.ending().await.texts;
        assert_eq!((told.len(), &told[0]["code"]), (1, &json!(code)), "{told:?}");
        assert!(told[0]["error"].is_string(), "{told:?}");
    }
    // By name.
    sees(&mut look(&old, &format!("rtsp://localhost:{port}/pattern")).await).await;
    drop(server);
}

#[tokio::test]
async fn a_camera_that_says_nothing_more_is_given_up() {
    let camera = Visited::start(None);
    let (server, old) = start();
    let mut viewer = look(&old, &format!("rtsp://{}", camera.place)).await;
    sees(&mut viewer).await;
    camera.camera.freeze();
    // What has been decoded already may still come.
    let (texts, _, code) = ending(&mut viewer).await;
    assert_eq!((texts.len(), code), (1, Some(4404)), "{texts:?}");
    let reason = refused(&mut look(&old, &format!("rtsp://{}", camera.place)).await).await;
    assert!(reason.contains("the camera cannot be reached"), "{reason}");
    eventually(|| (server.children().is_empty()).then_some(())).await;
}

#[tokio::test]
async fn viewers_that_come_and_go_leave_no_process_and_no_socket() {
    const VIEWERS: usize = 50;
    /// Some seconds; `LOCALCAMERA_ROUNDS=60` makes it minutes.
    const ROUNDS: usize = 6;
    let rounds = std::env::var("LOCALCAMERA_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let cameras = [Visited::start(None), Visited::start(None)];
    let (server, old) = start();
    let before = server.open_files();
    let visits = (0..VIEWERS).map(|number| {
        let (old, place) = (old.clone(), cameras[number % 2].place.clone());
        tokio::spawn(async move {
            for round in 0..rounds {
                // Some go away before anything has come, some after a while, some know no camera.
                let place = if (number + round) % 7 == 0 { "127.0.0.1:1/" } else { &place };
                let mut viewer = look(&old, &format!("rtsp://{place}")).await;
                for _ in 0..(number + round) % 4 {
                    if !matches!(next(&mut viewer).await, Message::Binary(_)) {
                        break;
                    }
                }
            }
        })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.unwrap();
    }
    let is_quiet = || {
        let nobody = cameras.iter().all(|camera| camera.clients().now == 0);
        (nobody && server.children().is_empty() && server.open_files() <= before).then_some(())
    };
    eventually(is_quiet).await;
}
