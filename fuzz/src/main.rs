//! The fuzzer: libFuzzer around the target that `SEARCHLENS_FUZZ` names.

#![no_main]

use std::sync::OnceLock;

use searchlens_formats::files::is_decoding;
use searchlens_fuzz::{TARGETS, Target};

fn chosen() -> Target {
    let names = || TARGETS.map(|target| target.name).join(", ");
    let name =
        std::env::var("SEARCHLENS_FUZZ").unwrap_or_else(|_| panic!("set SEARCHLENS_FUZZ to one of: {}", names()));
    // libFuzzer's hook ends the process at every panic, but those of the Parquet decoder are caught and mean a bad file.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_decoding() {
            hook(panic);
        }
    }));
    let found = TARGETS.into_iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("SEARCHLENS_FUZZ is `{name}`; known: {}", names()))
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<Target> = OnceLock::new();
    (TARGET.get_or_init(chosen).run)(data);
});
