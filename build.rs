//! A new file in `web/` must reach the binary, which holds all of them.

fn main() {
    println!("cargo::rerun-if-changed=web");
}
