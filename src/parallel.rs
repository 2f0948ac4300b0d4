//! Work that can be done side by side: natively on all cores, in the browser in a row, for its case worker is one thread.

/// Records that are worked on side by side: enough for cores to even out what is long and short, few enough to keep
/// memory flat.
#[cfg(not(target_arch = "wasm32"))]
pub const MAX_RECORDS: usize = 1 << 16;
#[cfg(target_arch = "wasm32")]
pub const MAX_RECORDS: usize = 1;

/// What `work` makes of every number below `n`, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn map<T: Send>(n: usize, work: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    (0..n).into_par_iter().map(work).collect()
}

/// Hands on what `work` makes of every number below `n`, in their order: in a row, each before the next is made.
#[cfg(target_arch = "wasm32")]
pub fn each<T>(n: usize, work: impl Fn(usize) -> T, take: impl FnMut(T)) {
    (0..n).map(work).for_each(take);
}

/// Hands on what `work` makes of every number below `n`, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn each<T: Send>(n: usize, work: impl Fn(usize) -> T + Send + Sync, take: impl FnMut(T)) {
    map(n, work).into_iter().for_each(take);
}

/// What `work` makes of every number below `n`, in their order.
#[cfg(target_arch = "wasm32")]
pub fn map<T>(n: usize, work: impl Fn(usize) -> T) -> Vec<T> {
    (0..n).map(work).collect()
}
