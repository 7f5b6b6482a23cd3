use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use super::*;

/// Counts both kinds of syncs.
#[derive(Debug, Default)]
struct Counts {
    all: AtomicUsize,
    one: AtomicUsize,
}

fn counted(counts: &Arc<Counts>, all: fn() -> io::Result<()>) -> Arc<Group> {
    let counts = Arc::clone(counts);
    let group = Group::new(move || {
        counts.all.fetch_add(1, Ordering::Relaxed);
        all()
    });
    Arc::new(group.unwrap())
}

fn one(counts: &Arc<Counts>, result: io::Result<()>) -> SyncOne {
    let counts = Arc::clone(counts);
    Box::new(move || {
        counts.one.fetch_add(1, Ordering::Relaxed);
        result
    })
}

/// Lets work wait in the group until it is told, so that what comes meanwhile is one batch.
fn occupied(group: &Arc<Group>) -> (mpsc::Sender<()>, impl Future<Output = ()>) {
    let (free, is_free) = mpsc::channel();
    let (begin, has_begun) = mpsc::channel();
    let group_of = Arc::clone(group);
    let occupying = tokio::spawn(async move {
        let work = move || {
            begin.send(()).unwrap();
            is_free.recv().unwrap();
            ((), None)
        };
        group_of.commit(work).await.1.unwrap();
    });
    has_begun.recv().unwrap();
    (free, async move { occupying.await.unwrap() })
}

/// As many commits as there are results, in one batch.
async fn commits(
    group: &Arc<Group>,
    counts: &Arc<Counts>,
    results: Vec<io::Result<()>>,
) -> Vec<(usize, io::Result<()>)> {
    let (free, over) = occupied(group);
    let begun = results.into_iter().enumerate().map(|(number, result)| {
        let (group, sync) = (Arc::clone(group), one(counts, result));
        tokio::spawn(async move { group.commit(move || (number, Some(sync))).await })
    });
    let begun: Vec<_> = begun.collect();
    while group.shared.lock().waiting.len() < begun.len() {
        tokio::task::yield_now().await;
    }
    free.send(()).unwrap();
    over.await;
    join_all(begun).await.into_iter().map(Result::unwrap).collect()
}

/// Until its thread has said which way is next.
async fn idle(group: &Group) {
    while group.shared.lock().is_busy {
        tokio::task::yield_now().await;
    }
}

fn broken() -> io::Error {
    io::ErrorKind::Other.into()
}

fn numbers(counts: &Counts) -> (usize, usize) {
    (counts.all.load(Ordering::Relaxed), counts.one.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_one_sync_and_each_gets_its_own_result() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    let ok = || (0..20).map(|_| Ok(())).collect();
    let done = commits(&group, &counts, ok()).await;
    assert!(done.iter().enumerate().all(|(at, (number, synced))| at == *number && synced.is_ok()));
    // One of them is asked all the same.
    assert_eq!(numbers(&counts), (1, 1));
    commits(&group, &counts, ok()).await;
    assert_eq!(numbers(&counts), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_blocks_is_synced_with_the_others() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    // Nobody else is there.
    let (group_of, sync) = (Arc::clone(&group), one(&counts, Ok(())));
    tokio::task::spawn_blocking(move || group_of.sync(sync)).await.unwrap().unwrap();
    assert_eq!(numbers(&counts), (0, 1));
    let (free, over) = occupied(&group);
    let blocked = (0..4).map(|_| {
        let (group, sync) = (Arc::clone(&group), one(&counts, Ok(())));
        tokio::task::spawn_blocking(move || group.sync(sync))
    });
    let blocked: Vec<_> = blocked.collect();
    while group.shared.lock().waiting.len() < blocked.len() {
        tokio::task::yield_now().await;
    }
    free.send(()).unwrap();
    over.await;
    for synced in join_all(blocked).await {
        synced.unwrap().unwrap();
    }
    assert_eq!(numbers(&counts), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_are_synced_each_by_itself() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    let done = commits(&group, &counts, vec![Ok(()), Err(broken())]).await;
    assert!(done[0].1.is_ok() && done[1].1.is_err());
    assert_eq!(numbers(&counts), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_file_system_is_that_of_the_file_that_tells_it() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Err(broken()));
    let results = (0..9).map(|number| if number == 4 { Err(broken()) } else { Ok(()) });
    let done = commits(&group, &counts, results.collect()).await;
    let failed: Vec<usize> = done.iter().filter(|one| one.1.is_err()).map(|one| one.0).collect();
    assert_eq!((failed, numbers(&counts)), (vec![4], (1, 9)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_was_told_to_others_is_told_to_its_own_file_later() {
    let counts = Arc::new(Counts::default());
    // The kernel tells an error of the file system once.
    static IS_TOLD: AtomicUsize = AtomicUsize::new(0);
    let group = counted(&counts, || match IS_TOLD.fetch_add(1, Ordering::Relaxed) {
        0 => Err(broken()),
        _ => Ok(()),
    });
    let others = commits(&group, &counts, (0..5).map(|_| Ok(())).collect()).await;
    assert!(others.iter().all(|(_, synced)| synced.is_ok()));
    idle(&group).await;
    let results = (0..5).map(|number| if number == 2 { Err(broken()) } else { Ok(()) });
    let done = commits(&group, &counts, results.collect()).await;
    assert!(done[2].1.is_err() && done.iter().filter(|one| one.1.is_err()).count() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_system_that_has_given_up_is_found_out_by_a_file() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    let done = commits(&group, &counts, (0..5).map(|_| Err(broken())).collect()).await;
    assert!(done.iter().all(|(_, synced)| synced.is_err()));
    idle(&group).await;
    assert_eq!(group.shared.lock().way, Way::Apart);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_panics_panics_alone() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    let (group_of, sync) = (Arc::clone(&group), one(&counts, Ok(())));
    let panicking = tokio::spawn(async move {
        let work = move || match Some(sync) {
            Some(_) => panic!("on purpose"),
            None => ((), None),
        };
        group_of.commit(work).await
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert!(group.commit(|| ((), None)).await.1.is_ok());
}

#[test]
fn behind_a_slow_one_the_way_that_takes_less_is_gone() {
    let (now, slow, quick, again) = (Instant::now(), SLOW * 2, SLOW / 2, TRIED_AGAIN);
    let together = Way::default();
    assert_eq!(together.after(10, quick, now), together);
    let tried = together.after(10, slow, now);
    assert!(tried.is_apart());
    let chosen = |is_apart| Way::Chosen { is_apart, until: now + again, again: again * 2 };
    assert_eq!(tried.after(20, slow, now), chosen(true));
    assert_eq!(tried.after(5, slow, now), chosen(false));
    // Chosen, it is not asked again for a while, however long it takes.
    assert_eq!(chosen(true).at(now).after(10, slow, now), chosen(true));
    // Slow once more, for longer the second time; and soon again when it was quick.
    let later = chosen(true).at(now + again);
    assert_eq!(later, Way::Together { again: again * 2 });
    assert_eq!(later.after(10, quick, now), together);
    let tried = later.after(10, slow, now);
    let until = now + again * 2;
    assert_eq!(tried.after(20, slow, now), Way::Chosen { is_apart: true, until, again: again * 4 });
    assert!(Way::Apart.at(now).after(10, quick, now).is_apart());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_chosen_is_done() {
    let counts = Arc::new(Counts::default());
    let group = counted(&counts, || Ok(()));
    let ok = || (0..SIDE_BY_SIDE * 2).map(|_| Ok(())).collect();
    let (until, again) = (Instant::now() + TRIED_AGAIN, TRIED_AGAIN);
    group.shared.lock().way = Way::Chosen { is_apart: true, until, again };
    assert!(commits(&group, &counts, ok()).await.iter().all(|(_, synced)| synced.is_ok()));
    assert_eq!(numbers(&counts), (0, SIDE_BY_SIDE * 2));
    idle(&group).await;
    group.shared.lock().way = Way::Chosen { is_apart: false, until, again };
    commits(&group, &counts, ok()).await;
    assert_eq!(numbers(&counts), (1, SIDE_BY_SIDE * 2 + 1));
}
