//! The configuration profile by which iOS and iPadOS install the authority.

use base64::Engine;
use rustls::pki_types::CertificateDer;

/// A `ca.mobileconfig`: one root certificate payload (Apple, Configuration Profile Reference).
pub(crate) fn mobileconfig(authority: &CertificateDer<'_>) -> String {
    let content = base64::engine::general_purpose::STANDARD.encode(authority);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, authority);
    // The same authority is the same profile, so that installing twice leaves one.
    let uuid = |salt: u8| {
        let mut bytes = [salt; 16];
        bytes[..15].copy_from_slice(&digest.as_ref()[..15]);
        uuid::Uuid::from_bytes(bytes)
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>localcamera.ca.{certificate}</string>
      <key>PayloadUUID</key><string>{certificate}</string>
      <key>PayloadDisplayName</key><string>localcamera certificate authority</string>
      <key>PayloadCertificateFileName</key><string>localcamera.crt</string>
      <key>PayloadContent</key><data>{content}</data>
    </dict>
  </array>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>localcamera.{profile}</string>
  <key>PayloadUUID</key><string>{profile}</string>
  <key>PayloadDisplayName</key><string>localcamera</string>
  <key>PayloadDescription</key><string>Lets this device trust the localcamera server on your network.</string>
  <key>PayloadRemovalDisallowed</key><false/>
</dict>
</plist>
"#,
        certificate = uuid(1),
        profile = uuid(2),
    )
}

/// The SHA-256 fingerprint as certificate viewers show it.
pub(crate) fn fingerprint(authority: &CertificateDer<'_>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, authority);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
