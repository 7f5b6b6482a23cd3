//! The names that a certificate of the user's own is for.

use x509_parser::extensions::GeneralName;

/// Its DNS names, as they stand there: `*` may be the first label. None where it cannot be read.
pub(super) fn in_certificate(der: &[u8]) -> Vec<String> {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(der) else { return Vec::new() };
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_are_found_and_addresses_are_not() {
        let names = ["cam.example", "*.cams.example", "192.168.1.3"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        assert_eq!(in_certificate(made.cert.der()), ["cam.example", "*.cams.example"]);
        assert_eq!(in_certificate(b"no certificate"), [] as [String; 0]);
    }
}
