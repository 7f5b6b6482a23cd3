use proptest::prelude::*;

use super::*;

fn file(device: u32, end_us: i64, bytes: u64) -> Footage {
    Footage { device, start_us: end_us - 10, end_us, bytes, is_safe: false }
}

fn places(plan: &Plan) -> Vec<usize> {
    plan.files.iter().map(|file| file.at).collect()
}

#[test]
fn nothing_is_deleted_unless_somebody_chose_it() {
    let footage = [file(1, 0, u64::MAX), file(2, i64::MIN + 10, u64::MAX)];
    assert_eq!(plan(&Rules::default(), &footage, i64::MAX), Plan::default());
}

#[test]
fn each_rule_deletes_the_oldest_and_no_more_than_it_must() {
    let footage = [file(1, 30, 10), file(1, 10, 10), file(2, 20, 10), file(2, 40, 10)];
    let of = |rules: Rules| places(&plan(&rules, &footage, 50));
    let none = Rules::default;
    assert_eq!(of(Rules { max_age_us: Some(25), ..none() }), [1, 2]);
    assert_eq!(of(Rules { max_age_us: Some(30), ..none() }), [1]);
    assert_eq!(of(Rules { max_age_us: Some(40), ..none() }), [] as [usize; 0]);
    assert_eq!(of(Rules { max_total_bytes: Some(25), ..none() }), [1, 2]);
    assert_eq!(of(Rules { max_total_bytes: Some(40), ..none() }), [] as [usize; 0]);
    assert_eq!(of(Rules { max_device_bytes: Some(10), ..none() }), [1, 2]);
    assert_eq!(of(Rules { wanted_bytes: 1, ..none() }), [1]);
    // What one rule deletes counts for the others.
    assert_eq!(of(Rules { max_age_us: Some(35), wanted_bytes: 10, ..none() }), [1]);
    let all = plan(&Rules { max_total_bytes: Some(0), ..none() }, &footage, 50);
    assert_eq!((all.bytes, all.until_us, all.missing_bytes), (40, Some(40), 0));
}

#[test]
fn the_first_rule_that_asks_is_told() {
    let footage = [file(1, 10, 10), file(1, 20, 10), file(2, 30, 10), file(2, 40, 10)];
    let rules = Rules {
        max_age_us: Some(35),
        max_device_bytes: Some(10),
        max_total_bytes: Some(15),
        wanted_bytes: 31,
    };
    let plan = plan(&rules, &footage, 50);
    let told: Vec<_> = plan.files.iter().map(|file| (file.at, file.rule.word())).collect();
    assert_eq!(told, [(0, "max_age"), (1, "max_total"), (2, "max_device"), (3, "free_space")]);
}

#[test]
fn what_is_safe_stays_and_what_that_keeps_from_fitting_is_told() {
    let safe = Footage { is_safe: true, ..file(1, 10, 100) };
    let footage = [safe, file(1, 20, 10), file(1, 30, 10)];
    let rules = Rules { max_total_bytes: Some(105), ..Rules::default() };
    assert_eq!(places(&plan(&rules, &footage, 50)), [1, 2]);
    let rules = Rules { max_total_bytes: Some(50), ..Rules::default() };
    let plan = plan(&rules, &footage, 50);
    assert_eq!((places(&plan), plan.missing_bytes), (vec![1, 2], 50));
}

fn footage() -> impl Strategy<Value = Vec<Footage>> {
    let any_file = (0_u32..4, -50_i64..200, 0_u64..30, any::<bool>());
    let any_file = any_file.prop_map(|(device, end_us, bytes, is_safe)| Footage {
        is_safe,
        ..file(device, end_us, bytes)
    });
    proptest::collection::vec(any_file, 0..40)
}

fn rules() -> impl Strategy<Value = Rules> {
    use proptest::option::of;
    let rules = (of(0_i64..200), of(0_u64..300), of(0_u64..100), 0_u64..300);
    rules.prop_map(|(max_age_us, max_total_bytes, max_device_bytes, wanted_bytes)| Rules {
        max_age_us,
        max_total_bytes,
        max_device_bytes,
        wanted_bytes,
    })
}

/// Whether every rule is content with what is left, for the files of `may_go` not to go.
fn hold(rules: &Rules, footage: &[Footage], is_gone: &dyn Fn(usize) -> bool, now_us: i64) -> bool {
    let bytes = |wanted: &dyn Fn(usize) -> bool| -> u64 {
        (0..footage.len()).filter(|&at| wanted(at)).map(|at| footage[at].bytes).sum()
    };
    let left = |at: usize| !is_gone(at);
    let is_young = |max_age_us: i64| {
        let mut all = (0..footage.len()).filter(|&at| left(at) && !footage[at].is_safe);
        all.all(|at| footage[at].end_us >= now_us - max_age_us)
    };
    let device_fits = |max: u64| {
        (0..4).all(|device| bytes(&|at| left(at) && footage[at].device == device) <= max)
    };
    rules.max_age_us.is_none_or(is_young)
        && rules.max_total_bytes.is_none_or(|max| bytes(&left) <= max)
        && rules.max_device_bytes.is_none_or(device_fits)
        && bytes(&|at| is_gone(at)) >= rules.wanted_bytes
}

proptest! {
    #[test]
    fn it_never_deletes_what_is_safe_or_newer_than_what_it_leaves(
        rules in rules(),
        footage in footage(),
    ) {
        let now_us = 150;
        let plan = plan(&rules, &footage, now_us);
        let is_gone = |at: usize| plan.files.iter().any(|file| file.at == at);
        let bytes = |wanted: &dyn Fn(usize) -> bool| -> u64 {
            (0..footage.len()).filter(|&at| wanted(at)).map(|at| footage[at].bytes).sum()
        };
        prop_assert_eq!(plan.bytes, bytes(&is_gone));
        prop_assert!(plan.files.is_sorted_by_key(|file| footage[file.at].end_us));
        for gone in places(&plan) {
            prop_assert!(!footage[gone].is_safe);
            for left in (0..footage.len()).filter(|&at| !is_gone(at) && !footage[at].is_safe) {
                let is_same = footage[left].device == footage[gone].device;
                prop_assert!(!is_same || footage[left].end_us >= footage[gone].end_us);
            }
        }
        // Each rule holds, or everything that may go has gone.
        let may_go = |at: usize| !is_gone(at) && !footage[at].is_safe;
        if let Some(max_bytes) = rules.max_total_bytes {
            prop_assert!(bytes(&|at| !is_gone(at)) <= max_bytes || bytes(&may_go) == 0);
        }
        if let Some(max_age_us) = rules.max_age_us {
            for (at, file) in footage.iter().enumerate() {
                prop_assert!(is_gone(at) || file.is_safe || file.end_us >= now_us - max_age_us);
            }
        }
        prop_assert!(plan.bytes >= rules.wanted_bytes || bytes(&may_go) == 0);
        if let Some(max_bytes) = rules.max_device_bytes {
            for device in 0..4 {
                let of = |at: usize| footage[at].device == device && !is_gone(at);
                let may_go = bytes(&|at| of(at) && !footage[at].is_safe);
                prop_assert!(bytes(&of) <= max_bytes || may_go == 0);
            }
        }
    }

    /// With one file less of any device, the newest of it that goes, some rule would not hold.
    #[test]
    fn it_never_deletes_more_than_one_rule_asks(rule in 0_usize..4, all in rules(), footage in footage()) {
        let now_us = 150;
        let none = Rules::default();
        let rules = match rule {
            0 => Rules { max_age_us: all.max_age_us, ..none },
            1 => Rules { max_total_bytes: all.max_total_bytes, ..none },
            2 => Rules { max_device_bytes: all.max_device_bytes, ..none },
            _ => Rules { wanted_bytes: all.wanted_bytes, ..none },
        };
        let plan = plan(&rules, &footage, now_us);
        for device in 0..4 {
            let own = plan.files.iter().rev().find(|file| footage[file.at].device == device);
            // Of those that are as old, the total takes another one's.
            let Some(spared) = own.filter(|own| {
                rule == 0 || rule == 2 || Some(**own) == plan.files.last().copied()
            }) else { continue };
            let is_gone = |at: usize| {
                at != spared.at && plan.files.iter().any(|file| file.at == at)
            };
            let is_vain = footage[spared.at].bytes == 0 && rule != 0;
            prop_assert!(is_vain || !hold(&rules, &footage, &is_gone, now_us));
        }
    }
}
