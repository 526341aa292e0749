//! Certificates for a server of the tests: an authority, what it signed for `localhost`, and an authority of
//! somebody else.

use crate::Result;
use crate::workspace::output;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The key and certificate of the server, in the folder.
pub(super) const KEY: &str = "server.key";
pub(super) const CERTIFICATE: &str = "server.pem";

/// Makes them in a folder: `ca.pem`, `other.pem`, and those of the server.
pub(super) fn make(folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    for (name, subject) in [("ca", "/CN=An authority of tests"), ("other", "/CN=Another authority")] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        openssl(folder, &["req", "-x509", "-days", "2", "-subj", subject, "-out", &certificate], &key)?;
    }
    openssl(folder, &["req", "-subj", "/CN=localhost", "-out", "server.request"], KEY)?;
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n")?;
    let sign =
        "x509 -req -days 2 -in server.request -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out";
    let arguments = sign.split(' ').chain([CERTIFICATE]);
    output(Command::new("openssl").args(arguments).current_dir(folder)).map(drop)
}

/// A request or certificate with a new key.
fn openssl(folder: &Path, arguments: &[&str], key: &str) -> Result<()> {
    let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
    output(Command::new("openssl").args(arguments).args(new).current_dir(folder)).map(drop)
}
