//! What of a resource an answer holds, by the conditions and ranges of its request (RFC 9110,
//! sections 13 and 14). Pure.

use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use axum::http::header::RANGE;
use axum::http::{HeaderMap, Method};
use headers::{
    ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince,
};
use http_range_header::{EndPosition, StartPosition, SyntacticallyCorrectRange};

/// No player asks for more at once; whoever does gets the whole (section 14.2 leaves that to the
/// server).
const MAX_RANGES: usize = 16;

/// What the head of each part of an answer takes, about.
const PART_HEAD_BYTES: u64 = 200;

/// What is known of a resource without reading it.
#[derive(Debug, Clone)]
pub(in crate::http) struct About {
    pub(in crate::http) bytes: u64,
    /// A strong one: the same for the same bytes alone.
    pub(in crate::http) etag: ETag,
    pub(in crate::http) modified: SystemTime,
    /// Whether nothing else can have been there in the same second: a time counts whole seconds
    /// (section 8.8.2.2).
    pub(in crate::http) is_settled: bool,
}

/// Dates count whole seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

impl About {
    /// Of so many bytes that a tag tells from all others, as of `now`.
    ///
    /// # Errors
    /// When no header can hold the tag.
    pub(super) fn new(
        bytes: u64,
        tag: &str,
        modified: SystemTime,
        now: SystemTime,
    ) -> io::Result<Self> {
        let etag = format!("\"{tag}\"").parse::<ETag>().map_err(io::Error::other)?;
        // Nothing is from the future (section 8.8.2.1), and dates begin in 1970.
        let modified = modified.max(SystemTime::UNIX_EPOCH).min(now);
        let is_settled = now.duration_since(modified).is_ok_and(|age| age >= SETTLED_AFTER);
        Ok(Self { bytes, etag, modified, is_settled })
    }
}

/// What the answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    One(Range<u64>),
    /// At least two, each with a byte in it, in the order in which they were asked for.
    Several(Vec<Range<u64>>),
    /// The client has it already.
    NotModified,
    /// It is not what the client takes it for.
    Changed,
    /// There is nothing at any of these places.
    Nothing,
}

/// What is wanted of it. What cannot be understood of a range is as if it had not been said.
pub(super) fn wanted(method: &Method, headers: &HeaderMap, about: &About) -> Wanted {
    if let Some(without_range) = condition(headers, about) {
        return without_range;
    }
    // Of a HEAD a range says nothing (section 14.2).
    if *method != Method::GET || is_other_one(headers, about) {
        return Wanted::All;
    }
    let Some(asked) = ranges(headers) else { return Wanted::All };
    let there: Vec<_> = asked.iter().filter_map(|asked| within(asked, about.bytes)).collect();
    match &there[..] {
        [] => Wanted::Nothing,
        [one] => Wanted::One(one.clone()),
        several => {
            let length = |range: &Range<u64>| range.end - range.start + PART_HEAD_BYTES;
            let all = several.iter().map(length).fold(0, u64::saturating_add);
            match several.len() <= MAX_RANGES && all < about.bytes {
                true => Wanted::Several(there),
                // Ranges that overlap, or nearly everything.
                false => Wanted::All,
            }
        }
    }
}

/// Section 13.2.2, as far as ranges have no part in it.
fn condition(headers: &HeaderMap, about: &About) -> Option<Wanted> {
    if let Some(if_match) = headers.typed_get::<IfMatch>() {
        if !if_match.precondition_passes(&about.etag) {
            return Some(Wanted::Changed);
        }
    } else if let Some(since) = headers.typed_get::<IfUnmodifiedSince>()
        && !since.precondition_passes(about.modified)
    {
        return Some(Wanted::Changed);
    }
    let is_known = match headers.typed_get::<IfNoneMatch>() {
        Some(if_none_match) => !if_none_match.precondition_passes(&about.etag),
        None => {
            let since = headers.typed_get::<IfModifiedSince>();
            since.is_some_and(|since| !since.is_modified(about.modified))
        }
    };
    is_known.then_some(Wanted::NotModified)
}

/// Whether the client has a part of something else, which must not be put together with this.
fn is_other_one(headers: &HeaderMap, about: &About) -> bool {
    if !headers.contains_key(axum::http::header::IF_RANGE) {
        return false;
    }
    let Some(if_range) = headers.typed_get::<IfRange>() else { return true };
    // A date is that of the file or of another one (section 13.1.5), and not only a later one.
    let own = IfRange::date(about.modified);
    let is_date_of_it = about.is_settled && if_range == own;
    !is_date_of_it && if_range.is_modified(Some(&about.etag), None)
}

fn ranges(headers: &HeaderMap) -> Option<Vec<SyntacticallyCorrectRange>> {
    let text = headers.get(RANGE)?.to_str().ok()?.trim();
    // The unit's name is written in any way (section 14.1).
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty elements of a list count for nothing (section 5.6.1).
    let set: Vec<&str> = set.split(',').map(str::trim).filter(|range| !range.is_empty()).collect();
    let parsed = http_range_header::parse_range_header(&format!("bytes={}", set.join(","))).ok()?;
    let is_backwards = |range: &SyntacticallyCorrectRange| match (range.start, range.end) {
        (StartPosition::Index(first), EndPosition::Index(last)) => last < first,
        _ => false,
    };
    // One that ends before it begins makes the whole set invalid (section 14.1.1).
    (!parsed.ranges.iter().any(is_backwards)).then_some(parsed.ranges)
}

/// The part of a range that is there.
fn within(asked: &SyntacticallyCorrectRange, bytes: u64) -> Option<Range<u64>> {
    let first = match asked.start {
        StartPosition::Index(first) => first,
        // All of it where it is shorter (section 14.1.2).
        StartPosition::FromLast(count) => bytes.saturating_sub(count),
    };
    let end = match asked.end {
        EndPosition::Index(last) => last.saturating_add(1).min(bytes),
        EndPosition::LastByte => bytes,
    };
    (first < end).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderName;
    use proptest::prelude::*;

    use super::*;

    const BYTES: u64 = 10_000;

    fn about() -> About {
        About {
            bytes: BYTES,
            etag: "\"a\"".parse().unwrap(),
            modified: SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_000_500),
            is_settled: true,
        }
    }

    fn of(fields: &[(&str, &str)]) -> Wanted {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        wanted(&Method::GET, &headers, &about())
    }

    #[test]
    fn a_range_is_what_is_there_of_it() {
        for (asked, range) in [
            ("bytes=0-499", 0..500),
            ("bytes=500-999", 500..1000),
            ("bytes=9500-", 9500..BYTES),
            ("bytes=-500", 9500..BYTES),
            ("bytes=-99999", 0..BYTES),
            ("bytes=9999-20000", 9999..BYTES),
            ("bytes=0-18446744073709551615", 0..BYTES),
            ("Bytes=0-0", 0..1),
            ("bytes= 5-9 ,", 5..10),
            // Of those that are asked for one is there.
            ("bytes=20000-,0-9", 0..10),
        ] {
            assert_eq!(of(&[("range", asked)]), Wanted::One(range), "{asked}");
        }
        for asked in ["bytes=10000-", "bytes=20000-30000", "bytes=20000-,30000-"] {
            assert_eq!(of(&[("range", asked)]), Wanted::Nothing, "{asked}");
        }
        let several = Wanted::Several(vec![0..10, 9990..BYTES, 50..51]);
        assert_eq!(of(&[("range", "bytes=0-9, -10,50-50")]), several);
    }

    #[test]
    fn what_is_no_range_or_too_much_of_it_is_the_whole() {
        for asked in [
            "bytes=9-5",
            "bytes=abc",
            "bytes=-",
            "bytes=",
            "bytes=5",
            "lines=1-5",
            "bytes 0-5",
            "bytes=0-5,x",
            "bytes=0-99999999999999999999999",
            // Thrice the same, and nearly all of it.
            "bytes=0-,0-,0-",
            "bytes=0-4999,5001-",
        ] {
            assert_eq!(of(&[("range", asked)]), Wanted::All, "{asked}");
        }
        let many: Vec<String> = (0..17).map(|at| format!("{at}-{at}")).collect();
        assert_eq!(of(&[("range", &format!("bytes={}", many.join(",")))]), Wanted::All);
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, "bytes=0-9".parse().unwrap());
        assert_eq!(wanted(&Method::HEAD, &headers, &about()), Wanted::All);
    }

    #[test]
    fn a_part_is_given_only_of_what_the_client_has_parts_of() {
        let range = ("range", "bytes=0-9");
        let part = Wanted::One(0..10);
        let modified = "Fri, 15 Jan 2027 08:00:00 GMT";
        for (if_range, expected) in [
            ("\"a\"", part.clone()),
            ("\"b\"", Wanted::All),
            ("W/\"a\"", Wanted::All),
            (modified, part),
            ("Fri, 15 Jan 2027 07:59:59 GMT", Wanted::All),
            ("Fri, 15 Jan 2027 08:00:01 GMT", Wanted::All),
            ("nonsense", Wanted::All),
        ] {
            assert_eq!(of(&[range, ("if-range", if_range)]), expected, "{if_range}");
        }
        // Another one may have been there in the same second.
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, "bytes=0-9".parse().unwrap());
        headers.insert("if-range", modified.parse().unwrap());
        let about = About { is_settled: false, ..about() };
        assert_eq!(wanted(&Method::GET, &headers, &about), Wanted::All);
    }

    #[test]
    fn conditions_come_first_and_in_their_order() {
        let range = ("range", "bytes=0-9");
        let before = "Fri, 15 Jan 2027 07:59:59 GMT";
        let at = "Fri, 15 Jan 2027 08:00:00 GMT";
        assert_eq!(of(&[("if-none-match", "\"a\""), range]), Wanted::NotModified);
        assert_eq!(of(&[("if-none-match", "W/\"a\"")]), Wanted::NotModified);
        assert_eq!(of(&[("if-none-match", "\"b\", \"a\"")]), Wanted::NotModified);
        assert_eq!(of(&[("if-none-match", "*")]), Wanted::NotModified);
        // It says more than the time does.
        assert_eq!(of(&[("if-none-match", "\"b\""), ("if-modified-since", at)]), Wanted::All);
        assert_eq!(of(&[("if-modified-since", at)]), Wanted::NotModified);
        assert_eq!(of(&[("if-modified-since", before)]), Wanted::All);
        assert_eq!(of(&[("if-match", "\"b\""), range]), Wanted::Changed);
        assert_eq!(of(&[("if-match", "\"a\""), range]), Wanted::One(0..10));
        assert_eq!(of(&[("if-match", "*")]), Wanted::All);
        assert_eq!(of(&[("if-unmodified-since", before), range]), Wanted::Changed);
        assert_eq!(of(&[("if-match", "\"a\""), ("if-unmodified-since", before)]), Wanted::All);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_lies_inside(text in "(bytes|Bytes)?=?[-0-9, =]{0,40}", bytes in 0_u64..200) {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, text.parse().unwrap());
            let about = About { bytes, ..about() };
            let lies_inside = |range: &Range<u64>| range.start < range.end && range.end <= bytes;
            match wanted(&Method::GET, &headers, &about) {
                Wanted::One(range) => prop_assert!(lies_inside(&range)),
                Wanted::Several(ranges) => {
                    prop_assert!(ranges.len() > 1 && ranges.iter().all(lies_inside));
                }
                Wanted::All | Wanted::Nothing => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
