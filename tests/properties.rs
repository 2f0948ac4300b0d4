//! Properties of the whole program, on simulated machines whose truth is known.

mod simulate;

use simulate::loss::Loss;
use simulate::{Dice, Plan, World, check, exact, life, read};
use std::collections::BTreeMap;

fn plan(seed: u64) -> Plan {
    let mut dice = Dice(seed ^ 0x5eed);
    Plan {
        seed,
        n_boots: 1 + dice.below(4),
        n_acts: 2 + dice.below(30),
        with_remote: dice.percent(60),
        with_clock: dice.percent(25),
        with_trouble: dice.percent(40),
    }
}

fn show(world: &World, left: &[bool]) -> String {
    let line = |(row, left): (&simulate::Row, &bool)| {
        format!(
            "{} {:?} {} {} boot {} {} cites {:x?}",
            if *left { ' ' } else { 'x' },
            row.log,
            row.id(),
            row.event.time,
            row.boot,
            row.event.id,
            row.cites
        )
    };
    world.rows.iter().zip(left).map(line).collect::<Vec<_>>().join("\n")
}

/// `SEEDS=1000 cargo test --test properties explore -- --ignored --nocapture`: counts what goes wrong, by kind.
#[test]
#[ignore = "a tool to look for bugs with"]
fn explore() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (n, first) = (number("SEEDS").unwrap_or(300), number("FIRST").unwrap_or(0));
    let wanted = std::env::var("WHAT").unwrap_or_default();
    let mut kinds: BTreeMap<String, (usize, usize, String)> = BTreeMap::new();
    let mut add = |what: String, size: usize, text: String| {
        let entry = kinds.entry(what).or_insert((0, usize::MAX, String::new()));
        entry.0 += 1;
        if size < entry.1 {
            (entry.1, entry.2) = (size, text);
        }
    };
    let mut n_rows = 0;
    for seed in first..first + n {
        let mut plan = plan(seed);
        plan.with_clock &= std::env::var("CLOCK").is_ok();
        let world = life::simulate(plan);
        n_rows += world.rows.len();
        let all = vec![true; world.rows.len()];
        let records = read::records(&read::files(&world, &all));
        for (what, text) in exact::differences(&world, &records) {
            let details = if what == wanted { show(&world, &all) } else { String::new() };
            add(format!("1 {what}"), world.rows.len(), format!("seed {seed}: {text}\n{details}"));
        }
        let mut dice = Dice(seed ^ 0x1055);
        for n in 0..6 {
            let loss = Loss::random(&mut dice);
            let left = loss.left(&world, &mut dice);
            let records = read::records(&read::files(&world, &left));
            for wrong in check::check(&world, &left, &records) {
                let details = if wrong.what == wanted { show(&world, &left) } else { String::new() };
                let text = format!("seed {seed}, loss {n} {loss}: {}\n{details}", wrong.text);
                if std::env::var("EACH").is_ok_and(|what| wrong.what == what) {
                    println!("EACH {}", text.lines().take(2).collect::<Vec<_>>().join(" "));
                }
                add(format!("2 {}", wrong.what), left.iter().filter(|left| **left).count(), text);
            }
        }
    }
    println!("{n} worlds, {n_rows} rows");
    for (what, (count, size, text)) in kinds {
        println!("--- {what}: {count}, smallest with {size} rows:\n{text}");
    }
}
