//! The engine from the outside: streams in, files out.

mod captures;
mod support;
