//! Sorting many rows by numbers in time that grows with their number alone: digit by digit, the lowest first.

/// Wide enough for few passes, narrow enough for its counts to stay in the nearest cache.
const DIGIT_BITS: u32 = 11;

/// Sorts rows by their keys. What is equal keeps its order; rows without a key come last, whichever way the rest is
/// sorted.
pub fn sort(all: impl Iterator<Item = (Option<u64>, u32)>, descending: bool) -> Vec<u32> {
    let (mut rows, mut without) = (Vec::with_capacity(all.size_hint().0), Vec::new());
    let (mut least, mut most) = (u64::MAX, 0);
    for (key, row) in all {
        let Some(key) = key else {
            without.push(row);
            continue;
        };
        (least, most) = (key.min(least), key.max(most));
        rows.push((key, row));
    }
    // From 0 on: a narrow range has few digits.
    for (key, _) in &mut rows {
        *key = if descending { most - *key } else { *key - least };
    }
    let different = rows.iter().fold(0, |bits, &(key, _)| bits | key ^ rows[0].0);
    let mut sorted = vec![(0, 0); rows.len()];
    for shift in (0..u64::BITS).step_by(DIGIT_BITS as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT_BITS) - 1);
        // All rows have this digit alike.
        if digit(different) == 0 {
            continue;
        }
        let mut starts = [0usize; 1 << DIGIT_BITS];
        rows.iter().for_each(|&(key, _)| starts[digit(key)] += 1);
        let mut n_before = 0;
        for start in &mut starts {
            n_before += std::mem::replace(start, n_before);
        }
        for &row in &rows {
            let start = &mut starts[digit(row.0)];
            sorted[*start] = row;
            *start += 1;
        }
        std::mem::swap(&mut rows, &mut sorted);
    }
    rows.into_iter().map(|(_, row)| row).chain(without).collect()
}

#[cfg(test)]
mod tests {
    use super::sort;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    proptest! {
        #[test]
        fn as_any_stable_sort(
            keys in proptest::collection::vec(proptest::option::of(prop_oneof![0..9u64, any::<u64>()]), 0..200),
        ) {
            let rows: Vec<(Option<u64>, u32)> = keys.into_iter().zip(0..).collect();
            let mut up = rows.clone();
            up.sort_by_key(|&(key, _)| (key.is_none(), key));
            let mut down = rows.clone();
            down.sort_by_key(|&(key, _)| (key.is_none(), Reverse(key)));
            let numbers = |rows: Vec<(Option<u64>, u32)>| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
            prop_assert_eq!(sort(rows.iter().copied(), false), numbers(up));
            prop_assert_eq!(sort(rows.iter().copied(), true), numbers(down));
        }
    }
}
