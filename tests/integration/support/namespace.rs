use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network of its own, with one interface, `lan0`.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Two networks whose interfaces are joined by a cable. `None` where that is not allowed.
    pub(crate) fn pair() -> Option<(Self, Self)> {
        let pair = Self::make().and_then(|one| Some((one, Self::make()?)));
        let pair = pair.filter(|(one, other)| {
            let cable = ["link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns"];
            one.ip(&[&cable[..], &[&other.name]].concat())
                && [one, other].iter().all(|end| end.ip(&["link", "set", "lan0", "up"]))
        });
        if pair.is_none() {
            // Not by a macro, whose words are kept back of tests that pass.
            let words = "SKIPPED, not shown here: network namespaces take root and iproute2\n";
            std::io::stderr().write_all(words.as_bytes()).unwrap();
        }
        pair
    }

    fn make() -> Option<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("localcamera-{}-{number}", std::process::id());
        let made = ip(&["netns", "add", &name]).then_some(Self { name })?;
        made.ip(&["link", "set", "lo", "up"]).then_some(made)
    }

    fn ip(&self, args: &[&str]) -> bool {
        ip(&[&["-n", &self.name], args].concat())
    }

    /// Gives the interface an address, as `192.0.2.1/24`.
    pub(crate) fn add(&self, address: &str) {
        assert!(self.ip(&["addr", "add", address, "dev", "lan0"]));
    }

    /// Takes its only address away, and gives it another.
    pub(crate) fn change(&self, address: &str) {
        assert!(self.ip(&["addr", "flush", "dev", "lan0", "scope", "global"]));
        self.add(address);
    }

    /// A program that sees this network alone.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "delete", &self.name]);
    }
}

fn ip(args: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
