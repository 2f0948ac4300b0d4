//! Room in columns that grow part by part.

/// A column that is full grows to what it will be in the end, and a little more: what comes may be denser. Doubled as
/// usual, it would take twice its room and be copied to the very end; from one size to the next it grows by no more
/// than four times, for the first of a log says little about its last. With the `n_more` that come now there will be
/// `n_times_as_much` of what there is.
pub fn make_room<T>(column: &mut Vec<T>, n_more: usize, n_times_as_much: f64) {
    let n_needed = column.len() + n_more;
    if n_needed > column.capacity() {
        let n_wanted = (n_needed as f64 * n_times_as_much * 1.02) as usize;
        let n_wanted = n_wanted.clamp(n_needed + n_needed / 4, 4 * n_needed);
        // Without so much memory there may still be enough for what comes now.
        let _ = column.try_reserve_exact(n_wanted - column.len());
    }
}
