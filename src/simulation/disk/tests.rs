use std::collections::BTreeSet;

use super::state::{EIO, MAX_TRACE_LINES};
use super::*;

const OLD: &[u8] = b"old";
const NEW: &[u8] = b"new";

fn path(path: &str) -> &Path {
    Path::new(path)
}

fn create(disk: &SimulatedDisk, at: &str, bytes: &[u8]) -> Box<dyn StorageFile> {
    let mut file = disk.open(path(at), Open::CreateNew).unwrap();
    file.write_at(0, bytes).unwrap();
    file
}

/// A durable file.
fn settle(disk: &SimulatedDisk, at: &str, bytes: &[u8]) -> Box<dyn StorageFile> {
    let mut file = create(disk, at, bytes);
    file.sync().unwrap();
    disk.sync_folder(path(at).parent().unwrap()).unwrap();
    file
}

fn read(file: &dyn StorageFile) -> Vec<u8> {
    let mut bytes = vec![0; file.len().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

fn content(disk: &SimulatedDisk, at: &str) -> Option<Vec<u8>> {
    disk.snapshot().remove(path(at))
}

fn code<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// Everything that power cuts make of one history, over many seeds.
fn outcomes<T: Ord>(
    history: impl Fn(&SimulatedDisk),
    look: impl Fn(&SimulatedDisk) -> T,
) -> BTreeSet<T> {
    let outcome = |seed| {
        let disk = SimulatedDisk::new(seed);
        history(&disk);
        disk.power_cut();
        look(&disk)
    };
    (0..500).map(outcome).collect()
}

/// The names of files, each with the first letter of its content.
fn names(disk: &SimulatedDisk) -> String {
    let name = |(path, bytes): (PathBuf, Vec<u8>)| {
        format!("{}={} ", path.display(), String::from_utf8_lossy(&bytes[..1]))
    };
    disk.snapshot().into_iter().map(name).collect()
}

fn set<const N: usize>(outcomes: [&str; N]) -> BTreeSet<String> {
    outcomes.map(str::to_owned).into()
}

#[test]
fn what_was_synced_survives_whatever_follows_it() {
    let history = |disk: &SimulatedDisk| {
        disk.create_folder(path("/rec")).unwrap();
        disk.sync_folder(path("/")).unwrap();
        let mut file = settle(disk, "/rec/a", &[7; 3000]);
        file.write_at(3000, &[8; 3000]).unwrap();
        drop(create(disk, "/rec/b", NEW));
    };
    let survives = outcomes(history, |disk| content(disk, "/rec/a").unwrap()[..3000] == [7; 3000]);
    assert_eq!(survives, [true].into());
}

#[test]
fn a_write_that_is_not_synced_is_kept_dropped_or_torn() {
    let history = |disk: &SimulatedDisk| {
        let mut file = settle(disk, "/a", &[]);
        // Not at the start of a sector: the file's sectors count, not the write's.
        file.write_at(100, &[1; 2000]).unwrap();
    };
    let fates = outcomes(history, |disk| {
        let bytes = content(disk, "/a").unwrap();
        let Some(written) = bytes.get(100..) else { return "dropped" };
        assert!(bytes[..100].iter().all(|byte| *byte == 0));
        if written.iter().all(|byte| *byte == 1) {
            return match written.len() {
                2000 => "kept",
                length => {
                    assert_eq!((100 + length) % 512, 0);
                    "prefix"
                }
            };
        }
        let sectors = || bytes.chunks(512).map(|sector| sector[sector.len() - 1]);
        for (sector, last) in bytes.chunks(512).zip(sectors()) {
            assert!(sector.iter().enumerate().all(|(i, b)| *b == last || i < 100 && *b == 0));
        }
        "sectors"
    });
    assert_eq!(fates, ["dropped", "kept", "prefix", "sectors"].into());
}

#[test]
fn writes_are_lost_apart_from_each_other_and_leave_zeros() {
    let history = |disk: &SimulatedDisk| {
        let mut file = settle(disk, "/a", &[]);
        (0..3).for_each(|i| file.write_at(i, b"x").unwrap());
    };
    let found = outcomes(history, |disk| content(disk, "/a").unwrap());
    let all = [&b""[..], b"x", b"\0x", b"xx", b"\0\0x", b"x\0x", b"\0xx", b"xxx"];
    assert_eq!(found, all.map(<[u8]>::to_vec).into());
}

#[test]
fn a_length_that_is_not_synced_is_kept_or_dropped() {
    let history = |disk: &SimulatedDisk| {
        let mut file = settle(disk, "/a", b"four");
        file.set_len(2).unwrap();
        file.set_len(3).unwrap();
        assert_eq!(read(&*file), b"fo\0");
    };
    let found = outcomes(history, |disk| content(disk, "/a").unwrap());
    assert_eq!(found, [&b"four"[..], b"fo", b"fou", b"fo\0"].map(<[u8]>::to_vec).into());
}

#[test]
fn an_outage_may_keep_all_or_nothing_of_much() {
    let history = |disk: &SimulatedDisk| {
        let mut file = settle(disk, "/a", &[]);
        (0..50).for_each(|i| file.write_at(i, b"x").unwrap());
        (0..50).for_each(|i| disk.create_folder(path(&format!("/{i}"))).unwrap());
    };
    let found = outcomes(history, |disk| {
        let written = content(disk, "/a").unwrap();
        let written = written.iter().filter(|byte| **byte == b'x').count();
        let created = disk.list(path("/")).unwrap().len() - 1;
        (written / 50 * 2 + written.min(1), created / 50 * 2 + created.min(1))
    });
    // 0 for nothing, 1 for a part, 3 for all: the writes and the names go their own ways.
    let fates = [0, 1, 3];
    assert_eq!(found, fates.iter().flat_map(|a| fates.map(|b| (*a, b))).collect());
}

#[test]
fn a_file_vanishes_when_only_its_content_was_synced() {
    let history = |disk: &SimulatedDisk| create(disk, "/a", NEW).sync().unwrap();
    assert_eq!(outcomes(history, names), set(["", "/a=n "]));
}

#[test]
fn a_removed_file_comes_back() {
    let history = |disk: &SimulatedDisk| {
        settle(disk, "/a", OLD);
        disk.remove(path("/a")).unwrap();
    };
    assert_eq!(outcomes(history, names), set(["", "/a=o "]));
    let never_durable = |disk: &SimulatedDisk| {
        create(disk, "/a", NEW).sync().unwrap();
        disk.remove(path("/a")).unwrap();
        disk.kill();
    };
    assert_eq!(
        outcomes(never_durable, |disk| (names(disk), disk.exists(path("/a")).unwrap())),
        [(String::new(), false), ("/a=n ".to_owned(), true),].into()
    );
    let synced = |disk: &SimulatedDisk| {
        history(disk);
        disk.sync_folder(path("/")).unwrap();
    };
    assert_eq!(outcomes(synced, names), set([""]));
}

#[test]
fn a_lost_folder_takes_along_what_was_synced_in_it() {
    let history = |disk: &SimulatedDisk| {
        disk.create_folder(path("/rec")).unwrap();
        settle(disk, "/rec/a", NEW);
    };
    assert_eq!(outcomes(history, names), set(["", "/rec/a=n "]));
}

#[test]
fn a_rename_happens_or_does_not() {
    let rename = |disk: &SimulatedDisk| {
        settle(disk, "/a", NEW);
        disk.rename(path("/a"), path("/b")).unwrap();
    };
    assert_eq!(outcomes(rename, names), set(["/a=n ", "/b=n "]));
    let twice = |disk: &SimulatedDisk| {
        rename(disk);
        disk.rename(path("/b"), path("/c")).unwrap();
    };
    assert_eq!(outcomes(twice, names), set(["/a=n ", "/b=n ", "/c=n "]));
    let replace = |disk: &SimulatedDisk| {
        settle(disk, "/b", OLD);
        rename(disk);
    };
    assert_eq!(outcomes(replace, names), set(["/a=n /b=o ", "/b=n "]));
    let reuse = |disk: &SimulatedDisk| {
        rename(disk);
        create(disk, "/a", OLD).sync().unwrap();
    };
    assert_eq!(outcomes(reuse, names), set(["/a=n ", "/a=o /b=n ", "/b=n "]));
}

#[test]
fn a_rename_between_folders_is_durable_with_either() {
    for synced in ["/", "/x", "/y"] {
        let history = |disk: &SimulatedDisk| {
            disk.create_folder(path("/x")).unwrap();
            disk.create_folder(path("/y")).unwrap();
            disk.sync_folder(path("/")).unwrap();
            settle(disk, "/x/a", NEW);
            disk.rename(path("/x/a"), path("/y/a")).unwrap();
            disk.sync_folder(path(synced)).unwrap();
        };
        let both = set(["/x/a=n ", "/y/a=n "]);
        let expected = if synced == "/" { both } else { set(["/y/a=n "]) };
        assert_eq!(outcomes(history, names), expected, "{synced}");
    }
}

/// Random changes of eight names in three folders, all contents synced.
fn shuffle(disk: &SimulatedDisk, random: &mut Random) {
    let name = |random: &mut Random| {
        PathBuf::from(["/", "/x/", "/y/"][random.below(3) as usize])
            .join(random.below(3).to_string())
    };
    for i in 0..random.below(40) {
        let (from, to) = (name(random), name(random));
        let _ = match random.below(6) {
            0 => disk.remove(&from),
            1 => disk.sync_folder(from.parent().unwrap()),
            2 | 3 => disk.rename(&from, &to),
            _ => disk.open(&to, Open::CreateNew).and_then(|mut file| {
                file.write_at(0, &i.to_le_bytes())?;
                file.sync()
            }),
        };
    }
}

#[test]
fn when_all_is_synced_a_power_cut_changes_nothing() {
    for seed in 0..500 {
        let (disk, mut random) = (SimulatedDisk::new(seed), Random(seed));
        disk.create_folder(path("/x")).unwrap();
        disk.create_folder(path("/y")).unwrap();
        shuffle(&disk, &mut random);
        let mut folders = ["/", "/x", "/y"];
        folders.rotate_left(random.below(3) as usize);
        folders.iter().for_each(|folder| disk.sync_folder(path(folder)).unwrap());
        let before = disk.snapshot();
        disk.power_cut();
        assert_eq!(disk.snapshot(), before, "{:#?}", disk.trace());
    }
}

#[test]
fn a_file_that_is_only_renamed_is_found_once_after_a_power_cut() {
    for seed in 0..500 {
        let (disk, mut random) = (SimulatedDisk::new(seed), Random(seed));
        disk.create_folder(path("/x")).unwrap();
        disk.create_folder(path("/y")).unwrap();
        disk.sync_folder(path("/")).unwrap();
        settle(&disk, "/keep", b"keep");
        let mut at = PathBuf::from("/keep");
        for _ in 0..4 {
            shuffle(&disk, &mut random);
            let to = PathBuf::from(["/", "/x/", "/y/"][random.below(3) as usize]).join("keep");
            disk.rename(&at, &to).unwrap();
            at = to;
        }
        disk.power_cut();
        let found = disk.snapshot().into_values().filter(|bytes| bytes == b"keep").count();
        assert_eq!(found, 1, "{:#?}", disk.trace());
    }
}

#[test]
fn after_a_failed_sync_the_data_is_read_but_never_durable() {
    let history = |disk: &SimulatedDisk| {
        let mut file = settle(disk, "/a", b"1");
        file.write_at(1, b"2").unwrap();
        disk.fail_next_sync();
        assert_eq!(code(file.sync()), Some(EIO));
        file.sync().unwrap();
        file.write_at(2, b"3").unwrap();
        file.sync().unwrap();
        disk.kill();
        assert_eq!(content(disk, "/a").unwrap(), b"123");
    };
    let found = outcomes(history, |disk| content(disk, "/a").unwrap());
    assert_eq!(found, [b"1\x003".to_vec()].into());
}

#[test]
fn a_write_beyond_the_capacity_leaves_a_prefix() {
    let mut lengths = BTreeSet::new();
    for seed in 0..300 {
        let disk = SimulatedDisk::new(seed);
        let mut file = create(&disk, "/a", b"1234");
        disk.set_capacity(Some(1500));
        assert_eq!(kind(file.write_at(4, &[7; 2000])), Some(ErrorKind::StorageFull));
        let kept = read(&*file);
        assert!(kept.starts_with(b"1234") && kept[4..].iter().all(|byte| *byte == 7));
        assert_eq!(disk.free_bytes(path("/")).unwrap(), 1500 - kept.len() as u64);
        assert_eq!(disk.bytes_written(), kept.len() as u64);
        file.write_at(0, b"4321").unwrap();
        assert_eq!(kind(file.set_len(1501)), Some(ErrorKind::StorageFull));
        disk.set_capacity(None);
        file.write_at(4, &[7; 2000]).unwrap();
        lengths.insert(kept.len());
    }
    assert_eq!(lengths, [4, 512, 1024].into());
}

#[test]
fn on_a_full_disk_names_and_syncs_fail_now_and_then() {
    let mut failed = BTreeSet::new();
    for seed in 0..100 {
        let disk = SimulatedDisk::new(seed);
        let mut file = settle(&disk, "/a", OLD);
        disk.set_capacity(Some(6));
        file.write_at(0, NEW).unwrap();
        let created = disk.open(path("/b"), Open::CreateNew).map(drop);
        let folder = disk.create_folder(path("/f"));
        let synced = file.sync();
        let renamed = disk.rename(path("/a"), path("/c"));
        for (what, result) in [(0, created), (1, folder), (2, synced), (3, renamed)] {
            let error = result.err().map(|error| error.kind());
            assert!(error.is_none_or(|kind| kind == ErrorKind::StorageFull));
            failed.insert((what, error.is_some()));
        }
        file.sync().unwrap();
        disk.sync_folder(path("/")).unwrap();
        disk.power_cut();
        let lost = content(&disk, "/a").or(content(&disk, "/c")).unwrap() == OLD;
        failed.insert((4, lost));
    }
    assert_eq!(failed.len(), 10, "each both fails and succeeds: {failed:?}");
}

#[test]
fn a_removed_file_takes_room_until_it_is_closed() {
    let disk = SimulatedDisk::new(1);
    disk.set_capacity(Some(10_000));
    let file = create(&disk, "/a", OLD);
    disk.remove(path("/a")).unwrap();
    assert_eq!(read(&*file), OLD);
    assert_eq!(disk.free_bytes(path("/")).unwrap(), 9_997);
    disk.sync_folder(path("/")).unwrap();
    assert_eq!(read(&*file), OLD);
    drop(file);
    assert_eq!(disk.free_bytes(path("/")).unwrap(), 10_000);
    let _open = create(&disk, "/a", OLD);
    disk.remove(path("/a")).unwrap();
    disk.kill();
    assert_eq!(disk.free_bytes(path("/")).unwrap(), 10_000);
}

#[test]
fn a_handle_is_dead_after_a_boot() {
    for boot in [SimulatedDisk::kill, SimulatedDisk::power_cut] {
        let disk = SimulatedDisk::new(1);
        let mut file = settle(&disk, "/a", OLD);
        boot(&disk);
        let operations = disk.operations();
        assert_eq!(kind(file.write_at(0, NEW)), Some(ErrorKind::Other));
        assert_eq!(kind(file.set_len(0)), Some(ErrorKind::Other));
        assert_eq!(kind(file.sync()), Some(ErrorKind::Other));
        assert_eq!(kind(file.read_at(0, &mut [0])), Some(ErrorKind::Other));
        assert_eq!(kind(file.len()), Some(ErrorKind::Other));
        assert_eq!((content(&disk, "/a").unwrap(), disk.operations()), (OLD.to_vec(), operations));
        assert_eq!(read(&*disk.open(path("/a"), Open::Existing).unwrap()), OLD);
    }
}

#[test]
fn work_of_a_process_that_is_gone_never_runs() {
    let runs = |boot: fn(&SimulatedDisk)| {
        let (disk, ran) = (SimulatedDisk::new(1), Arc::new(Mutex::new(false)));
        let set = ran.clone();
        let mut work = disk.execute(Box::new(move || *set.lock().unwrap() = true));
        boot(&disk);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_ready());
        *ran.lock().unwrap()
    };
    assert!(runs(|_| {}));
    assert!(!runs(SimulatedDisk::kill));
    assert!(!runs(|disk| {
        disk.crash_after(1);
        assert!(disk.create_folder(path("/f")).is_err());
    }));
}

#[test]
fn a_killed_process_loses_nothing_that_it_wrote() {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(path("/rec")).unwrap();
    drop(create(&disk, "/rec/a", NEW));
    disk.rename(path("/rec/a"), path("/rec/b")).unwrap();
    disk.kill();
    assert_eq!(names(&disk), "/rec/b=n ");
}

#[test]
fn a_crash_cuts_one_change_and_ends_all() {
    let mut lengths = BTreeSet::new();
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        let mut file = settle(&disk, "/a", OLD);
        disk.crash_after(2);
        file.write_at(3, b"1").unwrap();
        assert!(!disk.is_off());
        let error = file.write_at(4, &[7; 2000]).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Other, "the power is off")
        );
        assert!(disk.is_off() && disk.exists(path("/a")).is_err());
        assert_eq!(kind(file.len()), Some(ErrorKind::Other));
        assert_eq!(kind(disk.list(path("/"))), Some(ErrorKind::Other));
        let operations = disk.operations();
        assert_eq!(kind(disk.remove(path("/a"))), Some(ErrorKind::Other));
        assert_eq!(disk.operations(), operations);
        [SimulatedDisk::kill, SimulatedDisk::power_cut][seed as usize % 2](&disk);
        assert!(!disk.is_off() && disk.exists(path("/a")).unwrap());
        drop(create(&disk, "/b", NEW));
        let bytes = content(&disk, "/a").unwrap();
        if seed % 2 == 0 {
            assert!(bytes.starts_with(b"old1") && bytes[4..].iter().all(|byte| *byte == 7));
            lengths.insert(bytes.len());
        }
    }
    // Nothing of it, or whole sectors.
    assert_eq!(lengths, [4, 512, 1024, 1536].into());
}

#[test]
fn a_crash_leaves_the_change_of_a_name_done_or_not() {
    let history = |disk: &SimulatedDisk| {
        settle(disk, "/a", OLD);
        disk.crash_after(1);
        assert!(disk.rename(path("/a"), path("/b")).is_err());
        disk.kill();
        disk.sync_folder(path("/")).unwrap();
    };
    assert_eq!(outcomes(history, names), set(["/a=o ", "/b=o "]));
}

#[test]
fn a_read_only_disk_changes_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut file = settle(&disk, "/a", OLD);
    disk.set_read_only(true);
    assert_eq!(kind(file.write_at(0, NEW)), Some(ErrorKind::ReadOnlyFilesystem));
    assert_eq!(code(file.set_len(0)), Some(EROFS));
    assert_eq!(code(file.sync()), Some(EROFS));
    assert_eq!(code(disk.open(path("/b"), Open::CreateNew)), Some(EROFS));
    assert_eq!(code(disk.open(path("/a"), Open::Existing)), Some(EROFS));
    assert_eq!(code(disk.rename(path("/a"), path("/b"))), Some(EROFS));
    assert_eq!(code(disk.remove(path("/a"))), Some(EROFS));
    assert_eq!(code(disk.create_folder(path("/f"))), Some(EROFS));
    assert_eq!(code(disk.sync_folder(path("/"))), Some(EROFS));
    assert_eq!(read(&*disk.open(path("/a"), Open::ReadOnly).unwrap()), OLD);
    disk.set_read_only(false);
    file.write_at(0, NEW).unwrap();
    disk.fail_writes(true);
    assert_eq!(code(file.write_at(0, OLD)), Some(EIO));
    assert_eq!(read(&*file), NEW);
}

#[test]
fn names_follow_the_rules_of_a_file_system() {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(path("/rec")).unwrap();
    disk.create_folder(path("/rec")).unwrap();
    drop(create(&disk, "rec/a", OLD));
    let listed = disk.list(path("/rec")).unwrap();
    let listed: Vec<_> = listed.iter().map(|e| (e.name.as_str(), e.is_folder)).collect();
    assert_eq!(listed, [("a", false)]);
    assert!(disk.list(path("/")).unwrap()[0].is_folder);
    let open = |at, how| kind(disk.open(path(at), how));
    assert_eq!(open("/rec/a", Open::CreateNew), Some(ErrorKind::AlreadyExists));
    assert_eq!(open("/none/a", Open::CreateNew), Some(ErrorKind::NotFound));
    assert_eq!(open("/rec/a/b", Open::CreateNew), Some(ErrorKind::NotADirectory));
    assert_eq!(open("/rec/b", Open::Existing), Some(ErrorKind::NotFound));
    assert_eq!(open("/rec", Open::Existing), Some(ErrorKind::IsADirectory));
    assert_eq!(open("/rec/../a", Open::Existing), Some(ErrorKind::InvalidInput));
    assert_eq!(kind(disk.create_folder(path("/none/f"))), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.create_folder(path("/rec/a"))), Some(ErrorKind::AlreadyExists));
    assert_eq!(kind(disk.rename(path("/b"), path("/c"))), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.rename(path("/rec"), path("/rec/f"))), Some(ErrorKind::InvalidInput));
    assert_eq!(kind(disk.rename(path("/rec/a"), path("/rec"))), Some(ErrorKind::IsADirectory));
    assert_eq!(kind(disk.remove(path("/rec"))), Some(ErrorKind::IsADirectory));
    assert_eq!(kind(disk.sync_folder(path("/rec/a"))), Some(ErrorKind::NotADirectory));
    let mut file = disk.open(path("/rec/a"), Open::ReadOnly).unwrap();
    assert_eq!(kind(file.write_at(0, NEW)), Some(ErrorKind::PermissionDenied));
    disk.rename(path("/rec"), path("/kept")).unwrap();
    assert_eq!(names(&disk), "/kept/a=o ");
}

#[test]
fn one_seed_is_one_course_of_things() {
    let run = |seed| {
        let (disk, mut random) = (SimulatedDisk::new(seed), Random(seed));
        for _ in 0..30 {
            shuffle(&disk, &mut random);
            disk.power_cut();
        }
        (disk.snapshot(), disk.trace())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).1.len() <= MAX_TRACE_LINES);
    let disk = SimulatedDisk::new(1);
    drop(create(&disk, "/a", OLD));
    assert_eq!(disk.trace(), ["1 create /a: ok", "2 write 3 bytes at 0 of /a: ok"]);
}
