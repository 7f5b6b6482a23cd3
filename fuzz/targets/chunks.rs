//! See `container_fuzz::chunks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::chunks(data));
