//! Which recording is meant, and which part of it.

use std::sync::Arc;

use anyhow::{Result, bail};
use chrono::{Local, NaiveDateTime, TimeZone};

use crate::clock::zone::Zone;
use crate::clock::{WallUs, local_text};
use crate::config::WallTime;
use crate::console;
use crate::library::reels::Portion;
use crate::library::{File, Library, Session};

/// So many are named to somebody who has named none of them.
const NAMED: usize = 5;

/// The recording that a person names: by its id, by the beginning of it, or by its device, whose
/// last one it is that has something of that time.
pub(super) fn session(
    library: &Library,
    named: &str,
    from: Option<WallTime>,
    to: Option<WallTime>,
) -> Result<Arc<Session>> {
    if let Some(session) = library.session(named) {
        return Ok(session);
    }
    let begins = library.page(|session| session.id.starts_with(named), None, 2).sessions;
    if let [only] = &begins[..]
        && let Some(session) = library.session(&only.id)
    {
        return Ok(session);
    }
    if begins.len() > 1 {
        bail!("more than one recording begins with {named:?}; name more of its id");
    }
    let of_device = |session: &Session| {
        session.device == named
            || session.name.to_lowercase() == named.to_lowercase()
            || session.title.as_deref() == Some(named)
    };
    let of_device = library.page(of_device, None, usize::MAX).sessions;
    let of_device = of_device.iter().filter_map(|known| library.session(&known.id));
    let of_device: Vec<Arc<Session>> = of_device.collect();
    if let Some(last) = of_device.first() {
        // How long behind the beginning of that time there is something; the newest comes first.
        let late_us = |session: &Arc<Session>| {
            let (from_us, to_us) = time(session, from, to).ok()?;
            let inside = |file: &&File| file.start_us < to_us && from_us < file.end_us();
            let first = session.files.iter().find(inside)?;
            Some(if from.is_some() { first.start_us.saturating_sub(from_us).max(0) } else { 0 })
        };
        let having = of_device.iter().filter_map(|session| Some((late_us(session)?, session)));
        let found = having.min_by_key(|(late_us, _)| *late_us).map_or(last, |(_, session)| session);
        if found.id != last.id {
            let begun = local_text(found.first_us());
            console::note(&format!(
                "of the recording that began at {begun}, since the last one has nothing of that time"
            ));
        }
        return Ok(Arc::clone(found));
    }
    let newest = library.page(|_| true, None, NAMED).sessions;
    if newest.is_empty() {
        bail!("there are no recordings in {}", library.root().display());
    }
    let lines: Vec<String> = newest
        .iter()
        .map(|known| format!("  {}  {}  {}", known.id, local_text(known.start_us), known.name))
        .collect();
    bail!("there is no recording {named:?}; the newest are\n{}", lines.join("\n"))
}

/// From when to when, in wall time.
pub(super) fn time(
    session: &Session,
    from: Option<WallTime>,
    to: Option<WallTime>,
) -> Result<(WallUs, WallUs)> {
    let Some((first_us, last_us)) = session.span_us() else {
        bail!("nothing has been recorded of it yet");
    };
    let from_us = from.map_or(Some(first_us), |time| resolved(time, first_us));
    let to_us = to.map_or(Some(last_us), |time| match (time, from_us) {
        // From 23:50 to 00:10 is over midnight.
        (WallTime::OfDay(_), Some(from_us)) if from.is_some() => resolved(time, from_us),
        _ => resolved(time, first_us),
    });
    let (Some(from_us), Some(to_us)) = (from_us, to_us) else {
        bail!("clocks here were set forward over that time, so that it never was");
    };
    if from_us >= to_us {
        bail!("--from lies before --to; {}", described(session));
    }
    Ok((from_us, to_us))
}

/// The moment that is meant: of a time of day the first one from `begins_us` on, or, where that is
/// more than half a day later, the one before.
fn resolved(time: WallTime, begins_us: WallUs) -> Option<WallUs> {
    let at = |local: NaiveDateTime| {
        Local.from_local_datetime(&local).earliest().map(|at| at.timestamp_micros())
    };
    match time {
        WallTime::At(at_us) => Some(at_us),
        WallTime::Local(local) => at(local),
        WallTime::OfDay(time) => {
            let day = Zone::Local.date(begins_us);
            let same_day = at(day.and_time(time))?;
            match same_day < begins_us - HALF_A_DAY_US {
                true => at(day.succ_opt()?.and_time(time)),
                false => Some(same_day),
            }
        }
    }
}

const HALF_A_DAY_US: i64 = 12 * 3600 * 1_000_000;

/// When it was.
pub(super) fn described(session: &Session) -> String {
    match session.span_us() {
        Some((first_us, last_us)) => {
            format!("it is from {} to {}", local_text(first_us), local_text(last_us))
        }
        None => "nothing has been recorded of it yet".to_owned(),
    }
}

/// A line for each file.
pub(super) fn parts(portions: &[Portion]) -> String {
    let line = |Portion { outline, .. }: &Portion| {
        let seconds = outline.duration_us as f64 / 1e6;
        format!("  {}  {seconds:.1} s  {}", local_text(outline.starts_us()), outline.content_type)
    };
    portions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_day(text: &str) -> WallTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_of_day_is_of_the_day_on_which_it_began_or_the_night_after() {
        let begins = NaiveDateTime::parse_from_str("2026-11-20 22:00:00", "%Y-%m-%d %H:%M:%S");
        let begins_us =
            Local.from_local_datetime(&begins.unwrap()).earliest().unwrap().timestamp_micros();
        let after_s =
            |text: &str| (resolved(of_day(text), begins_us).unwrap() - begins_us) / 1_000_000;
        assert_eq!(after_s("22:30"), 1800);
        assert_eq!(after_s("00:10"), 2 * 3600 + 600);
        assert_eq!(after_s("21:59:30"), -30);
    }
}
