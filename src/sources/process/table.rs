//! The attached cameras as a table for people. Pure.

use super::AttachedCamera;

/// The lines of the table, or what there is to say without any camera.
pub(crate) fn table(cameras: &[AttachedCamera]) -> Vec<String> {
    if cameras.is_empty() {
        return vec!["No camera is plugged into this computer.".to_owned()];
    }
    let row = |camera: &AttachedCamera| {
        let formats = match camera.formats[..] {
            [] => "it does not say".to_owned(),
            _ => camera.formats.join(", "),
        };
        [camera.number.to_string(), camera.id.clone(), camera.name.clone(), formats]
    };
    let head = ["NUMBER", "DEVICE", "NAME", "DELIVERS"].map(str::to_owned);
    let rows: Vec<_> = [head].into_iter().chain(cameras.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    let line = |[number, id, name, formats]: &[String; 4]| {
        let [first, second, third] = widths;
        format!("{number:first$}  {id:second$}  {name:third$}  {formats}")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let camera = |number, name: &str, formats: &[&str]| AttachedCamera {
            number,
            id: format!("/dev/video{number}"),
            name: name.to_owned(),
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
        };
        let cameras = [
            camera(0, "Käfer", &["mjpeg 1280x720", "yuyv422 640x480"]),
            camera(10, "USB Camera", &[]),
        ];
        let expected = [
            "NUMBER  DEVICE        NAME        DELIVERS",
            "0       /dev/video0   Käfer       mjpeg 1280x720, yuyv422 640x480",
            "10      /dev/video10  USB Camera  it does not say",
        ];
        assert_eq!(table(&cameras), expected);
        assert!(table(&[])[0].contains("No camera"));
    }
}
