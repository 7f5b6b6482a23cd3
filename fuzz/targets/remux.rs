//! See `container_fuzz::remux`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::remux(data));
