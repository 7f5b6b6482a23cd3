//! See `container_fuzz::demux`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container_fuzz::demux(data));
