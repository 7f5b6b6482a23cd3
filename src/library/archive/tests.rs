use std::process::Command;

use proptest::prelude::*;

use super::*;

fn archive(contents: &[(&str, Vec<u8>)]) -> Archive {
    let entry = |(name, bytes): &(&str, Vec<u8>)| {
        let entry = Entry {
            name: (*name).to_owned(),
            bytes: bytes.len() as u64,
            at_us: 1_795_188_709_000_000,
        };
        (entry, Content::Made(bytes.clone().into()))
    };
    let entries = contents.iter().map(entry).collect();
    Archive::new(entries, SystemTime::UNIX_EPOCH, Zone::Named(chrono_tz::UTC))
}

fn all(archive: &Archive, max_bytes: usize) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let piece = archive.read(read.len() as u64, max_bytes).unwrap();
        if piece.is_empty() {
            return read;
        }
        assert!(piece.len() <= max_bytes);
        read.extend_from_slice(&piece);
    }
}

/// What Python's zipfile says of it: names, sizes and times, and that all checksums hold.
fn judged(bytes: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("archive-{}.zip", uuid::Uuid::new_v4()));
    fs::write(&path, bytes).unwrap();
    let script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
        for i in z.infolist(): print(i.filename,i.file_size,*i.date_time)";
    let judged = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    fs::remove_file(&path).unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    String::from_utf8(judged.stdout).unwrap()
}

#[test]
fn another_program_reads_it() {
    let contents = [("index.csv", b"a,b\n".to_vec()), ("Küche 1.mp4", vec![7; 70_000])];
    let bytes = all(&archive(&contents), 1 << 20);
    let wanted = "index.csv 4 2026 11 20 15 31 48\nKüche 1.mp4 70000 2026 11 20 15 31 48\n";
    assert_eq!(judged(&bytes), wanted);
    judged(&all(&archive(&[]), 100));
}

#[test]
fn more_entries_than_the_old_field_counts_are_listed() {
    let names: Vec<String> = (0..66_000).map(|n| format!("{n}.txt")).collect();
    let contents: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (name.as_str(), b"x".to_vec())).collect();
    assert_eq!(judged(&all(&archive(&contents), 1 << 20)).lines().count(), 66_000);
}

#[test]
fn what_is_too_large_for_the_old_fields_stands_in_the_new_ones() {
    // Five gigabytes of nothing on the disk.
    let path = std::env::temp_dir().join(format!("large-{}", uuid::Uuid::new_v4()));
    let large = 5_u64 << 30;
    fs::File::create(&path).unwrap().set_len(large).unwrap();
    let (content, bytes) = Content::file(path.clone()).unwrap();
    let entry = |name: &str, bytes| Entry { name: name.to_owned(), bytes, at_us: 0 };
    let behind = Content::Made(Bytes::from_static(b"behind"));
    let entries = vec![(entry("large.mp4", bytes), content), (entry("behind.txt", 6), behind)];
    let archive = Archive::new(entries, SystemTime::UNIX_EPOCH, Zone::Named(chrono_tz::UTC));
    // What a sum over all of it would come to is of no interest here.
    archive.checksums[0].set(0);
    let header = archive.read(0, 64).unwrap();
    assert_eq!(&header[18..26], [0xFF; 8]);
    let extra = &header[30 + "large.mp4".len()..];
    assert_eq!(extra[..4], [1, 0, 16, 0]);
    assert_eq!(extra[4..12], large.to_le_bytes());
    // Python reads the list at the end, and by its offsets what stands behind the large one.
    let zip = std::env::temp_dir().join(format!("large-{}.zip", uuid::Uuid::new_v4()));
    let file = fs::File::create(&zip).unwrap();
    file.set_len(archive.bytes()).unwrap();
    let header_bytes = header.len() as u64;
    let mut at = 0;
    while at < archive.bytes() {
        if at == header_bytes {
            at += large;
            continue;
        }
        let piece = archive.read(at, 4096).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &piece, at).unwrap();
        at += piece.len() as u64;
    }
    let script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\n\
        print([i.file_size for i in z.infolist()], z.read('behind.txt'))";
    let judged = Command::new("python3").args(["-c", script]).arg(&zip).output().unwrap();
    fs::remove_file(&zip).unwrap();
    fs::remove_file(&path).unwrap();
    let told = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert_eq!(told, format!("[{large}, 6] b'behind'\n"), "{:?}", judged.stderr);
}

proptest! {
    #[test]
    fn any_part_of_it_is_that_part(
        lengths in proptest::collection::vec(0_usize..300, 0..5),
        from in 0_u64..1500,
        max_bytes in 1_usize..400,
    ) {
        let contents: Vec<(&str, Vec<u8>)> =
            lengths.iter().enumerate().map(|(n, &length)| ("x", vec![n as u8; length])).collect();
        let archive = archive(&contents);
        let whole = all(&archive, 1 << 20);
        prop_assert_eq!(whole.len() as u64, archive.bytes());
        prop_assert_eq!(&all(&archive, max_bytes), &whole);
        let piece = archive.read(from, max_bytes).unwrap();
        let from = (from as usize).min(whole.len());
        prop_assert_eq!(&piece[..], &whole[from..from + piece.len()]);
        prop_assert_eq!(piece.is_empty(), from == whole.len());
    }
}
