//! Cameras on the network: GStreamer's RTSP server, and what ffprobe finds in files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rtsp_server.py");

/// A camera; it is gone when this is dropped.
pub(crate) struct Camera {
    child: Child,
    pub(crate) port: u16,
    said: Receiver<String>,
}

impl Camera {
    /// One with these pipelines, each as `NAME=DESCRIPTION`.
    pub(crate) fn start(mounts: &[String], options: &[&str]) -> Self {
        Self::start_at(0, mounts, options)
    }

    /// The same where one has been.
    pub(crate) fn start_at(port: u16, mounts: &[String], options: &[&str]) -> Self {
        // Debian's own interpreter has the bindings, whatever else is installed.
        let mut child = Command::new("/usr/bin/python3")
            .arg(SERVER)
            .args(["--port", &port.to_string()])
            .args(options)
            .args(mounts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, said) = channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| drop(tell.send(line)));
        });
        let first: String = said.recv_timeout(PATIENCE).expect("the camera did not start");
        let port = first.strip_prefix("port ").unwrap().parse().unwrap();
        Self { child, port, said }
    }

    pub(crate) fn address(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{mount}", self.port)
    }

    /// What clients have asked since the last call.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }

    /// From now on it sends nothing, and closes nothing.
    pub(crate) fn freeze(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// Ends it where it stands.
    pub(crate) fn kill(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One packet of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packet {
    pub(crate) seconds: f64,
    pub(crate) hash: String,
}

/// Makes a file by ffmpeg.
pub(crate) fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let arguments = arguments.split_whitespace();
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    path
}

/// What a file's first track of a kind (`v` or `a`) holds, as ffprobe reads it.
pub(crate) fn packets(file: &Path, kind: &str) -> Vec<Packet> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", &format!("{kind}:0"), "-show_packets"])
        .args(["-show_data_hash", "md5", "-show_entries", "packet=pts_time,data_hash"])
        .args(["-of", "json"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let packet = |packet: &serde_json::Value| Packet {
        seconds: text(&packet["pts_time"]).parse().unwrap(),
        hash: text(&packet["data_hash"]),
    };
    told["packets"].as_array().unwrap().iter().map(packet).collect()
}

/// Width and height as ffprobe reads them.
pub(crate) fn size(file: &Path) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height"])
        .args(["-of", "csv=p=0:s=x"])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whether ffmpeg decodes a file to its end without a complaint.
pub(crate) fn decodes(file: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-xerror", "-i"])
        .arg(file)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", file.display());
}
