//! What a person sees of a push: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ingest_protocol::client::View;

use crate::console;

/// Often enough to see that it is alive, seldom enough for a log.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Attempts that fail in turn in so many ways are told apart.
const MAX_TROUBLES: usize = 8;

const BAR: &str = "{prefix} {wide_bar} {decimal_bytes}/{decimal_total_bytes} \
                   {decimal_bytes_per_sec} {msg}";
const ENDLESS: &str = "{prefix} {spinner} {decimal_bytes} on the server, {decimal_bytes_per_sec} \
                       {msg}";

/// Shows how far the deliveries are.
#[derive(Debug)]
pub(super) struct Progress {
    is_terminal: bool,
    bar: Option<ProgressBar>,
    label: String,
    /// How much there will be, where that is known.
    total: Option<u64>,
    line_at: Instant,
    line_bytes: u64,
    /// Why nothing is delivered, as it was said since something was delivered last.
    troubles: Vec<String>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            bar: None,
            label: String::new(),
            total: None,
            line_at: Instant::now(),
            line_bytes: 0,
            troubles: Vec::new(),
        }
    }

    /// A delivery begins.
    pub(super) fn begin(&mut self, label: &str, total: Option<u64>) {
        self.end();
        label.clone_into(&mut self.label);
        self.total = total;
        self.line_at = Instant::now();
        self.line_bytes = 0;
        if self.is_terminal {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(total, target).with_prefix(label.to_owned());
            let template = if total.is_some() { BAR } else { ENDLESS };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
    }

    /// The server has been reached and goes on where it stands.
    pub(super) fn stands(&mut self, view: View) {
        self.line_bytes = view.durable_bytes;
        if let Some(bar) = &self.bar {
            bar.set_position(view.durable_bytes);
            // What was delivered before says nothing about the speed now.
            bar.reset_eta();
        }
    }

    /// How far it is now.
    pub(super) fn show(&mut self, view: View) {
        let waiting = view.total_bytes.saturating_sub(view.durable_bytes);
        let trouble = self.reason().map(|_| "waiting for the server");
        if let Some(bar) = &self.bar {
            bar.set_position(view.durable_bytes);
            let held = match self.total {
                Some(_) => String::new(),
                None => format!("({} waiting) ", DecimalBytes(waiting)),
            };
            bar.set_message(held + trouble.unwrap_or_default());
            return;
        }
        let elapsed = self.line_at.elapsed();
        if elapsed < LINE_INTERVAL {
            return;
        }
        let fresh = view.durable_bytes.saturating_sub(self.line_bytes);
        let rate = DecimalBytes((fresh as f64 / elapsed.as_secs_f64()) as u64);
        let durable = DecimalBytes(view.durable_bytes);
        let tail = trouble.map_or_else(|| format!("{rate}/s"), str::to_owned);
        let label = &self.label;
        let line = match self.total {
            Some(total) => {
                format!("{label}: {durable} of {} on the server, {tail}", DecimalBytes(total))
            }
            None => {
                let waiting = DecimalBytes(waiting);
                format!("{label}: {durable} on the server, {waiting} waiting here, {tail}")
            }
        };
        self.line_at = Instant::now();
        self.line_bytes = view.durable_bytes;
        self.say(&line);
    }

    /// Something keeps the delivery from going on. It is said once, with what is done about it.
    pub(super) fn trouble(&mut self, reason: String, remedy: &str) {
        if self.troubles.contains(&reason) {
            return;
        }
        self.say(&format!("{reason}{remedy}"));
        if self.troubles.len() == MAX_TROUBLES {
            self.troubles.remove(0);
        }
        self.troubles.push(reason);
    }

    /// What kept it from going on is over; whether there was anything.
    pub(super) fn relief(&mut self) -> bool {
        let was_troubled = !self.troubles.is_empty();
        self.troubles.clear();
        was_troubled
    }

    /// Why nothing is delivered, if that is so.
    pub(super) fn reason(&self) -> Option<&str> {
        self.troubles.last().map(String::as_str)
    }

    /// Says a line, without disturbing the bar.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| console::note(line)),
            None => console::note(line),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
