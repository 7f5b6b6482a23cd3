//! The command lines of `localcamera user`, `token` and `device`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::auth::Role;

/// People, programs or devices that are let in.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) state: PathBuf,
    pub(crate) json: bool,
    pub(crate) command: AccessCommand,
}

/// What to do with whom.
#[derive(Debug)]
pub(crate) enum AccessCommand {
    User(UserCommand),
    Token(TokenCommand),
    Device(DeviceCommand),
}

/// Where the server keeps who is let in, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The server's state folder [default: as when serving]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,

    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// `localcamera user`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Print the people, and the browsers that were let in
    List,
    /// Add a person; `user password` or `user link` lets them in
    Add {
        name: String,
        /// What they may do
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// Streams and devices that a viewer sees [default: all]
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Change what a person may do
    Change {
        /// Name or id
        name: String,
        /// Another name
        #[arg(long, value_name = "NAME")]
        rename: Option<String>,
        /// Another role
        #[arg(long)]
        role: Option<Role>,
        /// Streams and devices that a viewer sees
        #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "all")]
        only: Vec<String>,
        /// A viewer sees everything
        #[arg(long)]
        all: bool,
    },
    /// Remove a person; the browsers that signed in as them are out at once
    Remove {
        /// Name or id
        name: String,
    },
    /// Set a person's password: asked for on a terminal, else a line of standard input
    Password {
        /// Name or id
        name: String,
        /// Take the password away
        #[arg(long)]
        none: bool,
    },
    /// Print a link that lets one browser in, once: as an admin, or as the person named
    Link {
        /// Name or id
        name: Option<String>,
        /// How long it can be used
        #[arg(long, value_name = "N", default_value_t = 10)]
        minutes: u32,
    },
}

/// `localcamera token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Print the programs that are let in
    List,
    /// Make a token for a program, and print it
    Add {
        name: String,
        /// What it may do
        #[arg(long)]
        role: Role,
        /// How long it is good for [default: until it is revoked]
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        /// Streams and devices that a viewer sees [default: all]
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        only: Vec<String>,
    },
    /// End a token; what uses it is cut off at once
    Revoke {
        /// Name or id
        token: String,
    },
}

/// `localcamera device`
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Print the cameras that were let in
    List,
    /// Print a code that lets cameras in
    Pair {
        /// For how many devices
        #[arg(long, value_name = "N", default_value_t = 1)]
        uses: u32,
        /// How long it can be used; six digits are made for up to 60
        #[arg(long, value_name = "N", default_value_t = 10)]
        minutes: u32,
    },
    /// Send a device away at once
    Revoke {
        /// Name, id, or id of the device
        device: String,
    },
}
