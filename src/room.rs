//! Room in columns that grow part by part.

/// At the first growth of a log of gigabytes a few of its chunks are known, at the second some hundred.
const MOST_TIMES: usize = 64;

/// A column that is full grows to what it will be in the end, and a quarter more: what comes may be denser. Doubled as
/// usual, it would be copied to the very end, and where memory cannot be moved (WebAssembly) each copy leaves a hole.
/// Room that is never written to costs addresses, not memory. It grows by no more than [`MOST_TIMES`], for the first of
/// a log says little about its last. With the `n_more` that come now there will be `n_times_as_much` of what there is.
pub fn make_room<T>(column: &mut Vec<T>, n_more: usize, n_times_as_much: f64) {
    let n_needed = column.len() + n_more;
    if n_needed > column.capacity() {
        let n_wanted = (n_needed as f64 * n_times_as_much * 1.25) as usize;
        let n_wanted = n_wanted.clamp(n_needed + n_needed / 4, MOST_TIMES.saturating_mul(n_needed));
        // Without so much memory there may still be enough for what comes now.
        let _ = column.try_reserve_exact(n_wanted - column.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_for_what_is_to_come_and_not_for_what_is_unlikely() {
        let capacity = |n_times_as_much| {
            let mut column: Vec<u8> = Vec::new();
            make_room(&mut column, 100, n_times_as_much);
            column.capacity()
        };
        assert_eq!([0.0, 1.0, 10.0, 1e9, f64::NAN].map(capacity), [125, 125, 1250, 6400, 125]);
    }
}
