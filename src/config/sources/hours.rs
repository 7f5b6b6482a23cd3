//! When a source records: hours of the week, by the clock on the wall.

use std::fmt::Write;

use chrono::{Datelike, NaiveDateTime, Timelike, Weekday};

const MINUTES_A_DAY: u16 = 24 * 60;

/// A person writes a handful.
const MAX_RULES: usize = 32;

/// As days are written, from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Hours of the week. Without any it is always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hours(Vec<Rule>);

/// Such as `mon-fri 08:00-18:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    text: String,
    /// The days on which it begins, from Monday on.
    days: [bool; 7],
    /// Minutes of the day. One that ends before it begins reaches into the next day.
    from: u16,
    to: u16,
}

impl Hours {
    /// Reads rules as people write them.
    pub(crate) fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, String> {
        if texts.len() > MAX_RULES {
            return Err(format!("more than {MAX_RULES} are not allowed"));
        }
        texts.iter().map(|text| Rule::parse(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it is always.
    pub(crate) fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it records at this local time.
    pub(crate) fn contains(&self, local: NaiveDateTime) -> bool {
        self.is_always() || self.0.iter().any(|rule| rule.contains(local))
    }

    /// As they are written.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|rule| rule.text.clone()).collect()
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not allowed: hours are days and times such as \"mon-fri \
                 08:00-18:00\", \"sat,sun 22:00-02:00\", \"sun\" or \"07:30-24:00\""
            )
        };
        let plain = text.trim().to_ascii_lowercase();
        let mut words = plain.split_whitespace();
        let (first, second) = (words.next().ok_or_else(wrong)?, words.next());
        if words.next().is_some() {
            return Err(wrong());
        }
        let (on, at) = match second {
            Some(at) => (Some(first), Some(at)),
            None if first.starts_with(|c: char| c.is_ascii_digit()) => (None, Some(first)),
            None => (Some(first), None),
        };
        let days = on.map_or(Some([true; 7]), days).ok_or_else(wrong)?;
        let (from, to) = at.map_or(Some((0, MINUTES_A_DAY)), times).ok_or_else(wrong)?;
        let mut text = on.unwrap_or_default().to_owned();
        if at.is_some() {
            let gap = if on.is_some() { " " } else { "" };
            let _ = write!(text, "{gap}{}-{}", clock(from), clock(to));
        }
        Ok(Self { text, days, from, to })
    }

    fn contains(&self, local: NaiveDateTime) -> bool {
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        let begins_on = |day: Weekday| self.days[day.num_days_from_monday() as usize];
        let (today, yesterday) = (local.weekday(), local.weekday().pred());
        if self.from < self.to {
            return begins_on(today) && (self.from..self.to).contains(&minute);
        }
        (begins_on(today) && minute >= self.from) || (begins_on(yesterday) && minute < self.to)
    }
}

/// Days and spans of days, such as `mon-wed,sat`.
fn days(text: &str) -> Option<[bool; 7]> {
    let number = |day: &str| DAYS.iter().position(|&known| known == day);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (number(first)?, number(last)?);
        days[day] = true;
        while day != last {
            day = (day + 1) % 7;
            days[day] = true;
        }
    }
    Some(days)
}

fn times(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    // Nobody can tell whether an hour that ends when it begins is none or a whole day.
    (from != to && from < MINUTES_A_DAY && to > 0).then_some((from, to))
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let is_number =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= MINUTES_A_DAY).then_some(all)
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

    use super::*;

    fn hours(texts: &[&str]) -> Hours {
        Hours::parse(texts).unwrap()
    }

    /// 20 November 2026 is a Friday.
    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn the_days_and_hours_of_work() {
        let hours = hours(&["mon-fri 08:00-18:00"]);
        assert!(hours.contains(at("2026-11-20T08:00:00")));
        assert!(hours.contains(at("2026-11-20T17:59:59.999")));
        assert!(!hours.contains(at("2026-11-20T18:00:00")));
        assert!(!hours.contains(at("2026-11-20T07:59:59")));
        assert!(!hours.contains(at("2026-11-21T12:00:00")), "a Saturday");
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let hours = hours(&["sat,sun 22:00-02:00"]);
        assert!(!hours.contains(at("2026-11-21T01:00:00")), "Friday's night");
        assert!(hours.contains(at("2026-11-21T22:00:00")));
        assert!(hours.contains(at("2026-11-22T01:59:59")));
        assert!(!hours.contains(at("2026-11-22T02:00:00")));
        assert!(hours.contains(at("2026-11-23T01:00:00")), "Sunday's night on Monday");
        assert!(!hours.contains(at("2026-11-24T01:00:00")));
    }

    #[test]
    fn several_rules_whole_days_and_no_rule() {
        let several = hours(&["fri 08:00-09:00", "sun", "23:30-24:00"]);
        assert!(several.contains(at("2026-11-20T08:30:00")));
        assert!(several.contains(at("2026-11-22T04:00:00")));
        assert!(
            several.contains(at("2026-11-18T23:59:59"))
                && !several.contains(at("2026-11-19T00:00:00"))
        );
        assert!(hours(&["sat-mon"]).contains(at("2026-11-22T12:00:00")));
        assert!(!hours(&["sat-mon"]).contains(at("2026-11-24T12:00:00")));
        assert!(Hours::default().contains(at("2026-11-24T12:00:00")));
        assert_eq!(hours(&[" Mon-FRI  8:00-18:00 "]).texts(), ["mon-fri 08:00-18:00"]);
        assert_eq!(hours(&["sun", "07:30-24:00"]).texts(), ["sun", "07:30-24:00"]);
    }

    /// How many minutes of a night are recorded on which the clock is set at 01:00 UTC.
    fn minutes_of_a_night(rule: &str, noon: &str, offsets: [i32; 2]) -> i64 {
        let hours = hours(&[rule]);
        let noon: DateTime<Utc> = noon.parse().unwrap();
        let change = noon + TimeDelta::hours(13);
        let minutes = (0..24 * 60).map(|minute| noon + TimeDelta::minutes(minute));
        let recorded = minutes.filter(|now| {
            let offset = offsets[usize::from(*now >= change)];
            let zone = FixedOffset::east_opt(offset * 3600).unwrap();
            hours.contains(now.with_timezone(&zone).naive_local())
        });
        i64::try_from(recorded.count()).unwrap()
    }

    #[test]
    fn a_clock_that_is_set_at_night_makes_it_longer_or_shorter() {
        // Central Europe: on 29 March two becomes three, on 25 October three becomes two.
        let (spring, autumn) = ("2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z");
        assert_eq!(minutes_of_a_night("22:00-06:00", spring, [1, 2]), 7 * 60);
        assert_eq!(minutes_of_a_night("22:00-06:00", autumn, [2, 1]), 9 * 60);
        // The half hour that there is not, and the one that there is twice.
        assert_eq!(minutes_of_a_night("02:15-02:45", spring, [1, 2]), 0);
        assert_eq!(minutes_of_a_night("02:15-02:45", autumn, [2, 1]), 60);
    }

    #[test]
    fn what_are_no_hours_is_named() {
        for wrong in [
            "",
            "mon-fri 8-18",
            "mon 08:00-08:00",
            "mon 08:00",
            "monday",
            "08:00-25:00",
            "24:00-08:00",
            "mon 08:60-09:00",
            "mon 8:0-9:00",
            "mon-fri 08:00-18:00 daily",
            "mon 08:00-00:00",
            "-",
            "mon-",
        ] {
            let message = Hours::parse(&[wrong]).unwrap_err();
            assert!(
                message.contains(&format!("{wrong:?}")) && message.contains("mon-fri"),
                "{message}"
            );
        }
        assert!(Hours::parse(&vec!["mon"; 33]).is_err());
    }
}
