//! Writes the files of `data-samples` anew.
//!
//! `cargo run -p synth --example regenerate [DIR]`

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::args_os()
        .nth(1)
        .map_or_else(|| root.join("data-samples"), PathBuf::from);
    let table = std::fs::read_to_string(root.join("policies/tables/divisions.csv"))?;
    let divisions = domain::region::Divisions::parse(&table).map_err(std::io::Error::other)?;
    std::fs::create_dir_all(&target)?;
    for (name, bytes) in synth::samples(&divisions) {
        std::fs::write(target.join(&name), &bytes)?;
        println!("{name}: {} bytes", bytes.len());
    }
    Ok(())
}
