//! The logs that are measured: generated once, kept, and the same on every computer.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use evtx_fixture::generate::{Profile, generate};

use super::folder;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Log {
    MemberServer,
    DomainController,
    Workstation,
}

const SEED: u64 = 1;

/// A log holds at most 65,535 chunks of 64 KiB: just under 4 GiB.
const MOST_BYTES: u64 = 65_000 * CHUNK_BYTES as u64;

const HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65_536;

/// Windows has about as many logs, and a third of them are empty.
pub const N_FILES: usize = 400;
const N_EMPTY: usize = N_FILES / 3;

impl Log {
    pub const ALL: [Log; 3] = [Log::MemberServer, Log::DomainController, Log::Workstation];

    pub fn name(self) -> &'static str {
        match self {
            Log::MemberServer => "member server",
            Log::DomainController => "domain controller",
            Log::Workstation => "workstation",
        }
    }

    fn profile(self) -> Profile {
        match self {
            Log::MemberServer => Profile::MemberServer,
            Log::DomainController => Profile::DomainController,
            Log::Workstation => Profile::Workstation,
        }
    }

    /// The log with this many bytes.
    pub fn file(self, size: u64) -> Result<PathBuf> {
        let path = folder().join(format!("{}-{}M.evtx", self.name().replace(' ', "-"), size >> 20));
        if !path.exists() {
            println!("writing {} ...", path.file_name().unwrap_or_default().display());
            fs::create_dir_all(folder())?;
            // A run that is stopped leaves no half a log under the name of a whole one.
            let partial = path.with_extension("partial");
            let out = BufWriter::with_capacity(1 << 20, File::create(&partial)?);
            generate(self.profile(), SEED, size.min(MOST_BYTES), out)
                .context("the log cannot be written")?
                .flush()?;
            fs::rename(partial, &path)?;
        }
        Ok(path)
    }
}

/// A folder as Windows has it: the member server's log cut into archived logs, and empty logs among them.
pub fn many_files(size: u64) -> Result<PathBuf> {
    let path = folder().join(format!("folder-{}M", size >> 20));
    if path.exists() {
        return Ok(path);
    }
    println!("writing a folder of {N_FILES} logs ...");
    let log = fs::read(Log::MemberServer.file(size)?)?;
    let (header, chunks) = log.split_at(HEADER_BYTES);
    let n_full = N_FILES - N_EMPTY;
    let bytes_of_each = (chunks.len() / CHUNK_BYTES).div_ceil(n_full) * CHUNK_BYTES;
    let partial = path.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial)?;
    for (n, piece) in chunks.chunks(bytes_of_each).enumerate() {
        // The header's count of chunks is the whole log's: nobody may trust it anyway.
        fs::write(partial.join(format!("Archive-Security-{n:03}.evtx")), [header, piece].concat())?;
    }
    for n in 0..N_EMPTY {
        fs::write(partial.join(format!("Empty-{n:03}.evtx")), evtx_fixture::empty_log())?;
    }
    fs::rename(partial, &path)?;
    Ok(path)
}
