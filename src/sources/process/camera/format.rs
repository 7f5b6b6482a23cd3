//! What a camera delivers, and which of it is taken. Pure.

use super::super::encoding::Wanted;

/// What cameras do at their best without an extraordinary cable, computer or disk.
const USUAL_SIZE: (u32, u32) = (1280, 720);

/// Sizes that a camera has, of one kind of pictures.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Format {
    pub(super) delivers: Delivers,
    /// As ffmpeg calls it.
    pub(super) name: String,
    pub(super) sizes: Vec<Size>,
}

/// How pictures come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Delivers {
    H264,
    Jpegs,
    Plain,
}

/// A size, or all between two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) from: (u32, u32),
    pub(super) to: (u32, u32),
    /// At most, where the camera says so.
    pub(super) frames_per_second: Option<f64>,
}

impl Delivers {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "h264" => Self::H264,
            "mjpeg" => Self::Jpegs,
            _ => Self::Plain,
        }
    }
}

impl Size {
    #[cfg(test)]
    pub(super) fn exactly(size: (u32, u32)) -> Self {
        Self { from: size, to: size, frames_per_second: None }
    }

    fn holds(&self, (width, height): (u32, u32)) -> bool {
        (self.from.0..=self.to.0).contains(&width) && (self.from.1..=self.to.1).contains(&height)
    }
}

impl Format {
    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |size: &Size| {
            let ((width, height), rate) = (size.to, size.frames_per_second);
            let rate = rate.map(|rate| format!(" {}", rate.round())).unwrap_or_default();
            let up_to = if size.from == size.to { "" } else { "up to " };
            format!("{} {up_to}{width}x{height}{rate}", self.name)
        };
        let mut lines: Vec<_> = self.sizes.iter().map(line).collect();
        lines.dedup();
        lines
    }

    fn does(&self, wanted: &Wanted, size: (u32, u32)) -> bool {
        let asked = wanted.frames_per_second.unwrap_or(0.0);
        let is_fast = |size: &Size| size.frames_per_second.is_none_or(|most| asked <= most + 0.5);
        self.sizes.iter().any(|of| of.holds(size) && is_fast(of))
    }
}

/// What is taken of it: what needs no encoding first, then what needs no converting for who looks
/// at JPEGs, and plain pictures last, which fill a USB cable at a few frames per second. The size
/// is the one asked for, or the usual one, or the largest below that.
pub(super) fn choose<'a>(
    formats: &'a [Format],
    wanted: &Wanted,
) -> Option<(&'a Format, Option<(u32, u32)>)> {
    let by_delivery = |delivers| formats.iter().filter(move |f| f.delivers == delivers);
    let order = [Delivers::H264, Delivers::Jpegs, Delivers::Plain];
    let ordered: Vec<&Format> = order.into_iter().flat_map(by_delivery).collect();
    let first = *ordered.first()?;
    if let Some(size) = wanted.size {
        // The driver takes the nearest where none has it.
        let format = ordered.iter().find(|format| format.does(wanted, size));
        return Some((format.unwrap_or(&first), Some(size)));
    }
    if first.does(wanted, USUAL_SIZE) {
        return Some((first, Some(USUAL_SIZE)));
    }
    let area = |size: &(u32, u32)| u64::from(size.0) * u64::from(size.1);
    let sizes = first.sizes.iter().map(|size| size.to);
    let below = sizes.clone().filter(|size| area(size) <= area(&USUAL_SIZE)).max_by_key(area);
    Some((first, below.or_else(|| sizes.min_by_key(area))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str, sizes: &[(u32, u32)]) -> Format {
        let sizes = sizes.iter().map(|&size| Size::exactly(size)).collect();
        Format { delivers: Delivers::of(name), name: name.to_owned(), sizes }
    }

    fn chosen(formats: &[Format], size: Option<(u32, u32)>) -> (&str, Option<(u32, u32)>) {
        let wanted = Wanted { size, ..Wanted::default() };
        let (format, size) = choose(formats, &wanted).unwrap();
        (&format.name, size)
    }

    #[test]
    fn what_needs_no_encoding_is_taken_first() {
        let plain = format("yuyv422", &[(1280, 720), (640, 480), (2592, 1944)]);
        let jpegs = format("mjpeg", &[(1920, 1080), (800, 600), (640, 480)]);
        let h264 = format("h264", &[(1920, 1080)]);
        let all = [plain.clone(), jpegs.clone(), h264];
        assert_eq!(chosen(&all, None), ("h264", Some((1920, 1080))));
        assert_eq!(chosen(&all, Some((640, 480))), ("mjpeg", Some((640, 480))));
        assert_eq!(chosen(&all, Some((2592, 1944))), ("yuyv422", Some((2592, 1944))));
        assert_eq!(chosen(&all, Some((1, 1))), ("h264", Some((1, 1))));
        assert_eq!(chosen(&[plain, jpegs], None), ("mjpeg", Some((800, 600))));
        assert!(choose(&[], &Wanted::default()).is_none());
    }

    #[test]
    fn a_rate_that_a_format_has_not_leads_to_another() {
        let mut plain = format("yuyv422", &[(640, 480)]);
        plain.sizes[0].frames_per_second = Some(15.0);
        let mut jpegs = format("mjpeg", &[(640, 480)]);
        jpegs.sizes[0].frames_per_second = Some(10.0);
        let wanted =
            Wanted { size: Some((640, 480)), frames_per_second: Some(15.0), ..Wanted::default() };
        assert_eq!(choose(&[jpegs, plain], &wanted).unwrap().0.name, "yuyv422");
    }

    #[test]
    fn ranges_of_sizes_hold_what_is_in_them() {
        let any = Size { from: (32, 32), to: (2592, 1944), frames_per_second: None };
        let pi = Format { delivers: Delivers::H264, name: "h264".to_owned(), sizes: vec![any] };
        assert_eq!(pi.lines(), ["h264 up to 2592x1944"]);
        assert_eq!(chosen(&[pi], None), ("h264", Some((1280, 720))));
    }
}
