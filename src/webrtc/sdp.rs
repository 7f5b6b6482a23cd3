//! What the answer says of its streams.

/// Puts all tracks into the first one's stream: browsers keep sound and picture together only
/// within a stream, and the library gives each track one of its own.
pub(super) fn in_one_stream(sdp: &str) -> String {
    let streams = || sdp.lines().filter_map(|line| line.strip_prefix("a=msid:"));
    let ids = || streams().filter_map(|msid| msid.split(' ').next()).filter(|id| *id != "-");
    let Some(first) = ids().next() else { return sdp.to_owned() };
    let others = ids().filter(|id| *id != first);
    others.fold(sdp.to_owned(), |sdp, other| {
        sdp.replace(&format!("msid:{other} "), &format!("msid:{first} "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_joins_the_pictures_stream() {
        let sdp = "v=0\r\nm=video 9 X 96\r\na=msid:one v\r\na=ssrc:1 msid:one v\r\n\
                   m=audio 9 X 111\r\na=msid:two a\r\na=ssrc:2 cname:two\r\na=ssrc:2 msid:two a\r\n";
        let joined = in_one_stream(sdp);
        assert_eq!(joined.matches("msid:one ").count(), 4, "{joined}");
        assert!(joined.contains("cname:two\r\n") && !joined.contains("msid:two"), "{joined}");
        assert_eq!(in_one_stream("v=0\r\nm=video 9 X 96\r\n"), "v=0\r\nm=video 9 X 96\r\n");
    }
}
