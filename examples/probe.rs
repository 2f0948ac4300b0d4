use sessionscope::event::merge::Merged;
use sessionscope::parse::*;
fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let opening = open(&bytes[..bytes.len().min(4096)], bytes.len() as u64);
        let mut templates = Templates::default();
        let at = opening.first_chunk_offset as usize;
        let t = std::time::Instant::now();
        let block = parse_batch(0, 0, at as u64, bytes.get(at..).unwrap_or(&[]), &mut templates);
        let dt = t.elapsed();
        let enc = block.encode();
        let dec = block::Block::decode(&enc).unwrap();
        let mut m = Merged::default();
        let t = std::time::Instant::now();
        m.append(&dec.records);
        println!(
            "{} {} records {} events {} {:?} problems {} enc {} in {:?} = {:.0} MB/s; merge {:?}",
            path,
            opening.is_log,
            block.records.len(),
            block.records.events.len(),
            block.chunks,
            block.problems.len(),
            enc.len(),
            dt,
            bytes.len() as f64 / 1e6 / dt.as_secs_f64(),
            t.elapsed()
        );
        for p in block.problems.iter().take(3) {
            println!("   {p:?}");
        }
    }
}
