//! The same files read by the same library outside the browser: what the page has to agree with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use sessionscope::case::{Case, Format};
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Templates, open, parse_batch};
use sessionscope::query::Query;

/// Chunks read at once; the page takes others, and it must not matter.
const BATCH_CHUNKS: usize = 7;

/// A case of these files: each with its path as dropped, and where it lies.
pub fn read_natively(files: &[(String, &Path)]) -> Result<Case> {
    let mut case = Case::new();
    let mut files = files.to_vec();
    // As the command line orders them.
    files.sort();
    for (name, path) in &files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let opening = open(&bytes[..bytes.len().min(HEADER_BYTES)], bytes.len() as u64);
        let source = case.add_source(name, bytes.len() as u64, opening.clone());
        let mut templates = Templates::default();
        if opening.is_log {
            let chunks = bytes.get(opening.first_chunk_offset as usize..).unwrap_or_default();
            for (n, batch) in chunks.chunks(BATCH_CHUNKS * CHUNK_BYTES).enumerate() {
                let first_chunk = (n * BATCH_CHUNKS) as u32;
                let block =
                    parse_batch(source, first_chunk, opening.first_chunk_offset, batch, &mut templates);
                case.add_block(&block).map_err(|error| anyhow!(error))?;
            }
        }
        case.end_source(source, None);
    }
    case.update();
    Ok(case)
}

/// Every session the query shows, or all of them, as the command line prints them.
pub fn export(case: &mut Case, format: Format, query: Option<&Query>) -> Vec<u8> {
    case.export(format, query, 0, u32::MAX).0
}
