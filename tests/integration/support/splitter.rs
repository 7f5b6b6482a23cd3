use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a split printed and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    /// The files, as they were printed.
    pub(crate) files: Vec<PathBuf>,
    /// Everything on standard error.
    pub(crate) said: String,
}

/// Runs `localcamera split` in a folder.
pub(crate) fn split(folder: &Path, args: &[&str]) -> Done {
    run(folder, args, Stdio::null(), &[])
}

/// The same, with bytes that come through a pipe.
pub(crate) fn split_pipe(folder: &Path, args: &[&str], bytes: &[u8]) -> Done {
    run(folder, args, Stdio::piped(), bytes)
}

/// The same, with a file as standard input.
pub(crate) fn split_stdin(folder: &Path, args: &[&str], file: &Path) -> Done {
    run(folder, args, std::fs::File::open(file).unwrap().into(), &[])
}

fn run(folder: &Path, args: &[&str], stdin: Stdio, bytes: &[u8]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).arg("split").args(args).stdin(stdin);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = std::thread::scope(|scope| {
        if let Some(mut pipe) = child.stdin.take() {
            // A split that has failed reads no more.
            scope.spawn(move || pipe.write_all(bytes).unwrap_or(()));
        }
        child.wait_with_output().unwrap()
    });
    let printed = String::from_utf8(output.stdout).unwrap();
    Done {
        code: output.status.code(),
        files: printed.lines().map(|line| folder.join(line)).collect(),
        said: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The hashes of the packets of one track of files, in order, as ffprobe finds them.
pub(crate) fn packets(files: &[impl AsRef<Path>], track: &str) -> Vec<String> {
    let of = |file: &Path| {
        let mut ffprobe = Command::new("ffprobe");
        ffprobe.args(["-v", "quiet", "-select_streams", track, "-show_data_hash", "md5"]);
        ffprobe.args(["-show_entries", "packet=data_hash", "-of", "csv=p=0"]).arg(file);
        let text = String::from_utf8(ffprobe.output().unwrap().stdout).unwrap();
        text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect::<Vec<_>>()
    };
    files.iter().flat_map(|file| of(file.as_ref())).collect()
}

/// What ffmpeg decodes of one track: a line for each frame, with its time and its hash.
pub(crate) fn frames(file: &Path, track: &str) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(file).args(["-map", track, "-f", "framemd5", "-"]);
    let output = ffmpeg.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// What ffprobe says of a file.
pub(crate) fn shown(file: &Path, entries: &str) -> String {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-show_entries", entries, "-of", "default=nk=1:nw=1"]).arg(file);
    String::from_utf8(ffprobe.output().unwrap().stdout).unwrap()
}
