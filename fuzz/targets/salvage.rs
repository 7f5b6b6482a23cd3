//! See `container_fuzz::salvage`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::salvage(data));
