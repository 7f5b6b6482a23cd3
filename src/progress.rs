//! What a person sees while it runs: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console;

const BAR: &str = "{wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
const ENDLESS: &str = "{spinner} {decimal_bytes} {decimal_bytes_per_sec}";

/// How far something has come.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Of so many bytes, where that is known.
    pub(crate) fn new(total: Option<u64>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(if total.is_some() { BAR } else { ENDLESS })
        {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// So many bytes more have been read.
    pub(crate) fn advance(&self, bytes: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes as u64);
        }
    }

    /// So many of them are read again.
    pub(crate) fn go_back(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.dec(bytes);
        }
    }

    /// Prints a result without disturbing the bar.
    ///
    /// # Errors
    /// When standard output does not take it.
    pub(crate) fn say(&self, path: &Path) -> Result<()> {
        let line = path.display().to_string();
        let said = match &self.0 {
            Some(bar) => bar.suspend(|| console::write(&line)),
            None => console::write(&line),
        };
        said.with_context(|| format!("cannot print the name of the finished file {line}"))
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
