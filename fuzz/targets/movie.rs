//! See `container_fuzz::movie`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::movie(data));
