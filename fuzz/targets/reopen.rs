//! See `container_fuzz::reopen`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::reopen(data));
