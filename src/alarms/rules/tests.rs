use super::*;

const SILENT: Duration = Duration::from_secs(30);

/// A server whose facts a test changes.
struct World {
    rules: Rules,
    facts: Facts,
    began: Instant,
    seconds: u64,
}

impl World {
    fn new() -> Self {
        let rules = Rules::new(Some(SILENT), "run".to_owned());
        Self { rules, facts: Facts::default(), began: Instant::now(), seconds: 0 }
    }

    fn at(&self) -> Instant {
        self.began + Duration::from_secs(self.seconds)
    }

    /// A session is taken up.
    fn begins(&mut self, device: &str, session: &str) {
        self.facts.sessions.push(Heartbeat {
            device: device.to_owned(),
            session: session.to_owned(),
            name: format!("Camera {device}"),
            started_us: self.seconds as i64 * 1_000_000,
            gives_way: true,
            has_recorded: false,
            has_beaten: false,
            heard: self.at(),
            heard_us: self.seconds as i64 * 1_000_000,
        });
    }

    fn beats(&mut self, session: &str) {
        let (at, at_us) = (self.at(), self.seconds as i64 * 1_000_000);
        let known = self.facts.sessions.iter_mut().find(|known| known.session == session).unwrap();
        (known.heard, known.heard_us) = (at, at_us);
        (known.has_beaten, known.has_recorded) = (true, true);
    }

    fn goes(&mut self, session: &str, why: Gone) {
        let is_it = |known: &Heartbeat| known.session == session;
        let at = self.facts.sessions.iter().position(is_it).unwrap();
        let Heartbeat { device, session, .. } = self.facts.sessions.remove(at);
        self.facts.gone.insert((device, session), why);
    }

    fn room(&mut self, free_bytes: u64) {
        self.facts.room = Some(Room { free_bytes, reserve_bytes: 1000 });
    }

    /// Time passes; what changes at its end, as `+kind session` and `-because session`.
    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.seconds += seconds;
        let now = Now { at: self.at(), wall_us: self.seconds as i64 * 1_000_000 };
        words(self.rules.judge(&self.facts, now))
    }

    fn dismiss(&mut self) -> Vec<String> {
        let id = self.rules.alarms().next().unwrap().id.clone();
        words(self.rules.dismiss(&id))
    }
}

fn words(changes: impl IntoIterator<Item = Change>) -> Vec<String> {
    let word = |change| match change {
        Change::Raised(alarm) => format!("+{:?} {}", alarm.kind, alarm.session.unwrap_or_default()),
        Change::Ended(alarm, because) => {
            format!("-{because:?} {}", alarm.session.unwrap_or_default())
        }
    };
    changes.into_iter().map(|change| word(change).trim().to_owned()).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_session_that_makes_nothing_durable_raises_and_its_return_ends_it() {
    let mut world = World::new();
    world.begins("a", "s-1");
    world.beats("s-1");
    assert_eq!(world.after(29), NOTHING);
    assert_eq!(world.after(1), ["+Silent s-1"]);
    assert_eq!(world.after(500), NOTHING);
    world.beats("s-1");
    assert_eq!(world.after(1), ["-Durable s-1"]);
    assert_eq!(world.after(28), NOTHING);
    assert_eq!(world.after(1), ["+Silent s-1"]);
    assert_eq!(world.rules.alarms().map(|alarm| alarm.id.as_str()).collect::<Vec<_>>(), ["run-2"]);
}

#[test]
fn an_alarm_says_who_and_since_when() {
    let mut world = World::new();
    world.seconds = 100;
    world.begins("a", "s-1");
    world.after(30);
    let alarm = world.rules.alarms().next().unwrap();
    assert_eq!((alarm.kind, alarm.since_ms), (Kind::Silent, 100_000));
    assert_eq!(alarm.device.as_deref(), Some("a"));
    assert_eq!(alarm.name.as_deref(), Some("Camera a"));
    assert!(alarm.message.contains("Camera a") && alarm.message.ends_with('.'));
}

#[test]
fn stop_ends_it() {
    let mut world = World::new();
    world.begins("a", "s-1");
    assert_eq!(world.after(30), ["+Silent s-1"]);
    world.goes("s-1", Gone::Stopped);
    assert_eq!(world.after(1), ["-Stopped s-1"]);
}

#[test]
fn what_is_no_longer_looked_after_is_not_called_stopped() {
    let mut world = World::new();
    for session in ["s-1", "s-2", "s-3"] {
        world.begins(session, session);
    }
    assert_eq!(world.after(30).len(), 3);
    world.goes("s-1", Gone::Crowded);
    world.goes("s-2", Gone::Empty);
    world.goes("s-3", Gone::Followed);
    assert_eq!(world.after(1), ["-Crowded s-1", "-Empty s-2", "-Newer s-3"]);
}

#[test]
fn a_second_page_of_the_device_hides_no_silence_of_the_first() {
    let mut world = World::new();
    world.begins("a", "s-1");
    world.seconds = 100;
    world.begins("a", "s-2");
    world.seconds = 120;
    world.beats("s-1");
    world.seconds = 149;
    world.beats("s-2");
    assert_eq!(world.after(1), ["+Silent s-1"]);
}

#[test]
fn a_newer_session_of_the_device_takes_its_place_once_it_records() {
    let mut world = World::new();
    world.begins("a", "s-1");
    world.begins("b", "s-2");
    assert_eq!(world.after(30), ["+Silent s-1", "+Silent s-2"]);
    world.begins("a", "s-3");
    assert_eq!(world.after(1), NOTHING);
    world.beats("s-3");
    assert_eq!(world.after(1), ["-Newer s-1"]);
    world.beats("s-2");
    assert_eq!(world.after(1), ["-Durable s-2"]);
    assert_eq!(world.after(28), ["+Silent s-3"]);
}

#[test]
fn several_raw_connections_of_one_address_stand_beside_each_other() {
    let mut world = World::new();
    world.begins("raw", "s-1");
    world.facts.sessions[0].gives_way = false;
    world.seconds = 1;
    world.begins("raw", "s-2");
    world.beats("s-2");
    assert_eq!(world.after(29), ["+Silent s-1"]);
    world.facts.sessions[0].gives_way = true;
    // One of another address.
    world.facts.sessions[0].name = "other".to_owned();
    world.beats("s-2");
    assert_eq!(world.after(1), NOTHING);
    world.facts.sessions[0].name = "Camera raw".to_owned();
    assert_eq!(world.after(1), ["-Newer s-1"]);
}

#[test]
fn a_dismissed_one_is_quiet_until_it_rises_anew() {
    let mut world = World::new();
    world.begins("a", "s-1");
    assert_eq!(world.after(30), ["+Silent s-1"]);
    assert_eq!(world.dismiss(), ["-Dismissed s-1"]);
    assert_eq!(world.rules.dismiss("run-1"), None);
    assert_eq!(world.after(5000), NOTHING);
    world.beats("s-1");
    assert_eq!(world.after(1), NOTHING);
    assert_eq!(world.after(30), ["+Silent s-1"]);
}

#[test]
fn while_the_server_is_paused_only_that_is_the_alarm() {
    let mut world = World::new();
    world.begins("a", "s-1");
    world.facts.paused = Some("only 3 MB are free".to_owned());
    assert_eq!(world.after(20), ["+DiskFull"]);
    assert_eq!(world.after(20), NOTHING);
    world.facts.paused = None;
    assert_eq!(world.after(1), ["-Over"]);
    // Devices get the same time again to bring what they held.
    assert_eq!(world.after(28), NOTHING);
    assert_eq!(world.after(1), ["+Silent s-1"]);
    world.facts.paused = Some("only 3 MB are free".to_owned());
    assert_eq!(world.after(1), ["+DiskFull"]);
    assert_eq!(world.rules.alarms().count(), 2);
}

#[test]
fn little_room_is_said_before_there_is_none_and_not_twice() {
    let mut world = World::new();
    world.room(2000);
    assert_eq!(world.after(1), NOTHING);
    world.room(1999);
    assert_eq!(world.after(1), ["+DiskLow"]);
    world.room(2100);
    assert_eq!(world.after(1), NOTHING);
    world.room(900);
    world.facts.paused = Some("only 0 MB are free".to_owned());
    assert_eq!(world.after(1), ["+DiskFull"]);
    world.room(2200);
    world.facts.paused = None;
    assert_eq!(world.after(1), ["-Over", "-Over"]);
    world.room(900);
    world.facts.paused = Some("only 0 MB are free".to_owned());
    assert_eq!(world.after(1), ["+DiskFull"]);
}

#[test]
fn a_dismissed_disk_alarm_comes_again_after_it_was_well() {
    let mut world = World::new();
    world.room(1500);
    assert_eq!(world.after(1), ["+DiskLow"]);
    assert_eq!(world.dismiss(), ["-Dismissed"]);
    world.room(1400);
    assert_eq!(world.after(1), NOTHING);
    world.room(5000);
    assert_eq!(world.after(1), NOTHING);
    world.room(1400);
    assert_eq!(world.after(1), ["+DiskLow"]);
}

#[test]
fn no_reserve_no_warning() {
    let mut world = World::new();
    world.facts.room = Some(Room { free_bytes: 0, reserve_bytes: 0 });
    assert_eq!(world.after(1), NOTHING);
}

#[test]
fn a_disk_that_refuses_is_one_alarm_over_its_attempts() {
    let mut world = World::new();
    world.begins("a", "s-1");
    world.begins("b", "s-2");
    let refuse = |world: &mut World, is_refused: bool| {
        let refused = is_refused.then(|| ("s-1".to_owned(), "Input/output error".to_owned()));
        world.facts.refused = refused.into_iter().collect();
    };
    refuse(&mut world, true);
    assert_eq!(world.after(1), ["+DiskRefused"]);
    let message = &world.rules.alarms().next().unwrap().message;
    assert!(message.contains("Input/output error"), "{message}");
    refuse(&mut world, false);
    assert_eq!(world.after(9), NOTHING);
    refuse(&mut world, true);
    // The disk is what is wrong with the first, not its device.
    assert_eq!(world.after(20), ["+Silent s-2"]);
    refuse(&mut world, false);
    assert_eq!(world.after(10), ["-Over", "+Silent s-1"]);
}

#[test]
fn silence_can_be_turned_off_and_alarms_are_bounded() {
    let mut world = World::new();
    world.rules.silent = None;
    world.begins("a", "s-0");
    assert_eq!(world.after(5000), NOTHING);
    world.rules.silent = Some(SILENT);
    for number in 0..2 * MAX_SILENT {
        world.begins(&format!("device-{number}"), &format!("s-{number}"));
    }
    world.after(30);
    assert_eq!(world.rules.alarms().count(), MAX_SILENT_EMPTY);
    // Whoever only said hello takes no camera's place.
    for number in 0..2 * MAX_SILENT {
        let session = format!("camera-{number}");
        world.begins(&session, &session);
        world.beats(&session);
    }
    let raised = world.after(30);
    assert_eq!(raised.len(), MAX_SILENT);
    assert!(raised.iter().all(|raised| raised.contains("camera")));
}

#[test]
fn of_what_the_server_fetches_the_alarm_says_why_nothing_comes() {
    let mut world = World::new();
    world.begins("source:door", "fetched");
    world.begins("tablet", "sent");
    let why = "the camera does not accept this user name and password (correct them)";
    world.facts.fetched.insert("source:door".to_owned(), why.to_owned());
    world.after(30);
    let messages: Vec<&str> = world.rules.alarms().map(|alarm| &*alarm.message).collect();
    assert!(messages[0].contains(why) && !messages[0].contains("page"), "{messages:?}");
    assert!(messages[1].contains("its page is open"), "{messages:?}");
}
