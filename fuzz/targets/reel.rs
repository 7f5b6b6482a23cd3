//! See `container_fuzz::reel`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::reel(data));
