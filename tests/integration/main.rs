//! The real binary from the outside: its command line, its sockets, its files.

mod support;

mod growing;
mod hostile;
mod raw;
mod resume;
mod starting;
mod stopping;
mod v1;
