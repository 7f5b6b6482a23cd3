//! What is spoken in a track, in the words of a media header (ISO 14496-12 clause 8.4.2.3): three
//! letters of ISO 639-2, and a tag of BCP 47 where those do not say all of it.

use crate::presentation::Language;

/// The language `und`, packed.
pub(super) const UNDETERMINED: u16 = 0x55C4;

/// Where ISO 639-2 has two codes, Matroska has the bibliographic one and MP4 the other.
const BIBLIOGRAPHIC: &str = "albsqi armhye baqeus burmya chizho czeces dutnld frefra geokat \
     gerdeu greell iceisl macmkd maomri maymsa perfas rumron sloslk tibbod welcym";

/// The two letters of ISO 639-1, which BCP 47 prefers, and the three of ISO 639-2; at the end those
/// of former days.
const SHORT: &str = "aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym \
     azaze babak bebel bgbul bhbih bibis bmbam bnben bobod brbre bsbos cacat ceche chcha cocos \
     crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe elell eneng eoepo esspa etest \
     eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg gngrn guguj gvglv hahau \
     heheb hihin hohmo hrhrv hthat huhun hyhye hzher iaina idind ieile igibo iiiii ikipk ioido \
     isisl itita iuiku jajpn jvjav kakat kgkon kikik kjkua kkkaz klkal kmkhm knkan kokor krkau \
     kskas kukur kvkom kwcor kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg \
     mhmah mimri mkmkd mlmal mnmon mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld \
     nnnno nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor \
     quque rmroh rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag sisin skslk slslv smsmo \
     snsna sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam tetel tgtgk ththa titir tktuk \
     tltgl tntsn toton trtur tstso tttat twtwi tytah uguig ukukr ururd uzuzb veven vivie vovol \
     wawln wowol xhxho yiyid yoyor zazha zhzho zuzul \
     iwheb inind jiyid jwjav moron shhbs";

/// The code of a track, and its tag where that one says more.
pub(super) fn of(language: &Language) -> (u16, Option<String>) {
    let of_tag = language.tag.as_deref().and_then(code);
    let code = of_tag.or_else(|| language.code.as_deref().and_then(code));
    let says_more = |tag: &&String| of_tag.is_none() || tag.contains('-');
    (code.unwrap_or(UNDETERMINED), language.tag.as_ref().filter(says_more).cloned())
}

/// The three letters that stand for a tag, as far as three letters do.
fn code(tag: &str) -> Option<u16> {
    let primary = tag.split('-').next()?.to_ascii_lowercase();
    let in_table = |table: &'static str| {
        table.split(' ').find_map(|entry| entry.strip_prefix(&*primary).filter(|to| to.len() == 3))
    };
    let known = match primary.len() {
        2 => in_table(SHORT),
        _ => in_table(BIBLIOGRAPHIC),
    };
    packed(known.unwrap_or(&primary))
}

fn packed(code: &str) -> Option<u16> {
    let [first, second, third] = *code.as_bytes() else { return None };
    let letter = |letter: u8| letter.is_ascii_lowercase().then(|| u16::from(letter - 0x60));
    Some(letter(first)? << 10 | letter(second)? << 5 | letter(third)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_three_letters_do_not_say_is_said_beside() {
        for (tag, beside, letters, said) in [
            (Some("fr"), Some("ger"), "fra", None),
            (Some("fr-CA"), None, "fra", Some("fr-CA")),
            (None, Some("ger"), "deu", None),
            (Some("iw"), None, "heb", None),
            (Some("x-klingon"), Some("tlh"), "tlh", Some("x-klingon")),
            (Some("abcd"), None, "und", Some("abcd")),
            (Some("q1"), Some("q2"), "und", Some("q1")),
            (None, None, "und", None),
        ] {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let (code, more) = of(&Language { tag: owned(tag), code: owned(beside) });
            assert_eq!((Some(code), more.as_deref()), (packed(letters), said), "{tag:?}");
        }
    }

    #[test]
    fn every_entry_has_its_letters() {
        let is_of = |entry: &str, len| entry.len() == len && packed(&entry[len - 3..]).is_some();
        assert!(SHORT.split(' ').all(|entry| is_of(entry, 5)));
        assert!(BIBLIOGRAPHIC.split(' ').all(|entry| is_of(entry, 6)));
        assert_eq!(packed("und"), Some(UNDETERMINED));
        assert_eq!((packed("e"), packed("EN1")), (None, None));
    }
}
