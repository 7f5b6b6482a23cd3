//! Which files a page may have played. Pure.

use std::path::{Component, Path, PathBuf};

/// The file that a page means by `path`, which must be below `folder`: everything else that the
/// server may read is not for everyone who opens its pages.
pub(super) fn below(folder: Option<&Path>, path: &str) -> Result<PathBuf, String> {
    let folder = folder.ok_or(
        "path: files are played by page only out of the folder that source_files names in the \
         configuration file, and it names none",
    )?;
    let full = folder.join(path);
    let is_step = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let rest = full.strip_prefix(folder).ok();
    match rest.filter(|rest| rest.components().next().is_some() && rest.components().all(is_step)) {
        Some(_) => Ok(full),
        None => Err(format!(
            "path must be a file below {}, the folder that source_files names in the configuration \
             file",
            folder.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_plays_what_is_below_the_folder() {
        let folder = Some(Path::new("/srv/videos"));
        for (path, file) in [
            ("loop.mp4", "/srv/videos/loop.mp4"),
            ("a b/../loop.mp4", ""),
            ("a b/loop.mp4", "/srv/videos/a b/loop.mp4"),
            ("./loop.mp4", "/srv/videos/loop.mp4"),
            ("/srv/videos/loop.mp4", "/srv/videos/loop.mp4"),
            ("/home/x/private.mp4", ""),
            ("../private.mp4", ""),
            ("/srv/videos/../private.mp4", ""),
            ("/srv/videos2/private.mp4", ""),
            ("/srv/videos", ""),
            (".", ""),
        ] {
            let found = below(folder, path);
            match file {
                "" => assert!(found.unwrap_err().contains("below /srv/videos"), "{path}"),
                file => assert_eq!(found.unwrap(), Path::new(file), "{path}"),
            }
        }
        assert!(below(None, "loop.mp4").unwrap_err().contains("names none"));
    }
}
