//! Names in the order in which people look for them: small letters as great ones, numbers by their value.

/// What a path is sorted by. Files of a folder come before those of the folders in it.
pub fn path_key(path: &str) -> impl Ord + use<> {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
    let folders = folder.into_iter().flat_map(|folder| folder.split('/'));
    let mut key: Vec<(bool, Vec<Run>)> = folders.map(|name| (true, runs(name))).collect();
    key.push((false, runs(name)));
    key
}

/// Part of a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Run {
    /// How many digits, leading zeros apart, and which.
    Number(usize, Vec<u8>),
    Text(Vec<u8>),
}

fn runs(name: &str) -> Vec<Run> {
    let runs = name.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    let run = |run: &[u8]| match run.first() {
        Some(first) if first.is_ascii_digit() => {
            let n_zeros = run.iter().take_while(|&&digit| digit == b'0').count();
            Run::Number(run.len() - n_zeros, run[n_zeros..].to_vec())
        }
        _ => Run::Text(run.to_ascii_lowercase()),
    };
    runs.map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::path_key;

    #[test]
    fn files_come_before_folders_and_numbers_by_value() {
        let sorted = ["a/z.evtx", "a/B/1.evtx", "a/c/x.evtx", "dc2/a.evtx", "DC10/a.evtx", "dc011/a.evtx"];
        let mut paths = sorted;
        paths.reverse();
        paths.sort_by_cached_key(|path| path_key(path));
        assert_eq!(paths, sorted);
    }

    #[test]
    fn numbers_may_have_more_digits_than_any_number() {
        let long = "9".repeat(400);
        assert!(path_key("10") < path_key(&long));
        assert!(path_key("") < path_key("0"));
    }
}
