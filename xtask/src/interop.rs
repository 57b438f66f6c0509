//! `cargo xtask interop`: files that Searchlens writes are read by the programs they are for, and the other way round.
//!
//! Not part of `cargo xtask test`: it needs Python 3 and a network, and takes some minutes the first time. What comes out
//! of it lies in `tests/golden/files`, where ordinary tests read it; what it printed is in `docs/files.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::test::{cargo, root};

/// The packages that files are held against, each at one version.
const PACKAGES: [&str; 9] = [
    "maze-dataset==1.4.2",
    "muutils==0.8.12",
    "zanj==0.5.2",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "duckdb==2.0.0",
    "datasets==5.2.0",
];

/// Makes the virtual environment if it is not there, builds the binary, and runs `interop.py` with both.
pub(crate) fn run() -> anyhow::Result<()> {
    let target = target_folder();
    let folder = target.join("interop");
    let python = folder.join("venv/bin/python");
    let listed = PACKAGES.join("\n");
    let stamp = folder.join("packages");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(&listed) {
        eprintln!("interop: making a virtual environment in {}", folder.display());
        std::fs::create_dir_all(&folder)?;
        call(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        call(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
        std::fs::write(&stamp, listed)?;
    }
    cargo(&["build", "--package", "searchlens"])?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/interop.py");
    let golden = root().join("tests/golden/files");
    std::fs::create_dir_all(&golden)?;
    let work = folder.join("work");
    std::fs::create_dir_all(&work)?;
    call(Command::new(&python).arg(script).arg(target.join("debug/searchlens")).arg(work).arg(golden))
}

/// Where cargo builds: beside this program, two folders up.
fn target_folder() -> PathBuf {
    let own = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.parent()?.to_owned()));
    own.unwrap_or_else(|| root().join("target"))
}

fn call(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{:?} does not start", command.get_program()))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
