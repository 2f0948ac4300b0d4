//! Work that can be done side by side: natively on all cores, in the browser in a row, for its case worker is one thread.

use std::ops::Range;

/// Records that are worked on side by side: enough for cores to even out what is long and short, few enough to keep
/// memory flat.
#[cfg(not(target_arch = "wasm32"))]
pub const MAX_RECORDS: usize = 1 << 16;
#[cfg(target_arch = "wasm32")]
pub const MAX_RECORDS: usize = 1;

/// Whether anything is done side by side at all: otherwise what is made need not be put together from parts.
#[cfg(not(target_arch = "wasm32"))]
pub fn is_on() -> bool {
    rayon::current_num_threads() > 1
}
#[cfg(target_arch = "wasm32")]
pub fn is_on() -> bool {
    false
}

/// What `work` makes of every number below `n`, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn map<T: Send>(n: usize, work: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    (0..n).into_par_iter().map(work).collect()
}

/// Hands on what `work` makes of every number of these rows, in their order: in a row, each before the next is made.
#[cfg(target_arch = "wasm32")]
pub fn each<T>(rows: impl Iterator<Item = Range<usize>>, work: impl Fn(usize) -> T, take: impl FnMut(T)) {
    rows.flatten().map(work).for_each(take);
}

/// Hands on what `work` makes of every number of these rows, in their order. A row is worked on side by side, while
/// what became of the row before is taken.
#[cfg(not(target_arch = "wasm32"))]
pub fn each<T: Send>(
    rows: impl Iterator<Item = Range<usize>>,
    work: impl Fn(usize) -> T + Send + Sync,
    mut take: impl FnMut(T) + Send,
) {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    let mut made: Vec<T> = Vec::new();
    for row in rows {
        let taking = || made.into_iter().for_each(&mut take);
        made = rayon::join(taking, || row.into_par_iter().map(&work).collect()).1;
    }
    made.into_iter().for_each(take);
}

/// What `work` makes of every number below `n`, in their order.
#[cfg(target_arch = "wasm32")]
pub fn map<T>(n: usize, work: impl Fn(usize) -> T) -> Vec<T> {
    (0..n).map(work).collect()
}
