//! Takes records away, as rolled-over, cleared, filtered and half-collected logs do.

use super::{Dice, LOGS, Log, World};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Nothing,
    /// Each record of Security with this chance in a hundred.
    Single(usize),
    /// So many runs of records of Security.
    Runs(usize),
    /// All of one event.
    Event(u16),
    Head,
    Tail,
    /// A whole log.
    File(Log),
    /// Two at once.
    RunsAndFile(usize, Log),
    /// Each log begins at its own depth.
    Heads,
}

/// What the logs have before anything is lost.
pub fn written(world: &World) -> Vec<bool> {
    world.rows.iter().map(|row| row.is_written).collect()
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Loss {
    pub fn random(dice: &mut Dice) -> Loss {
        let log = LOGS[dice.below(3)];
        match dice.below(11) {
            0 => Loss::Single(3),
            1 => Loss::Single(15),
            2 => Loss::Single(50),
            3 => Loss::Runs(1),
            4 => Loss::Runs(3),
            5 => Loss::Event(
                [4608, 4624, 4634, 4647, 4672, 4688, 4902, 1100, 1101, 4801, 4778][dice.below(11)],
            ),
            6 => Loss::Head,
            7 => Loss::Tail,
            8 => Loss::File(log),
            9 => Loss::Heads,
            _ => Loss::RunsAndFile(2, if log == Log::Security { Log::System } else { log }),
        }
    }

    /// For each row, whether it is left.
    pub fn left(self, world: &World, dice: &mut Dice) -> Vec<bool> {
        let rows = &world.rows;
        let security: Vec<usize> =
            (0..rows.len()).filter(|&row| rows[row].log == Log::Security && rows[row].is_written).collect();
        let mut left = written(world);
        let runs = |n: usize, left: &mut Vec<bool>, dice: &mut Dice| {
            for _ in 0..n {
                let from = dice.below(security.len());
                let most = [3, 10, 60][dice.below(3)];
                let length = 1 + dice.below(most);
                security[from..].iter().take(length).for_each(|&row| left[row] = false);
            }
        };
        let of_log = |log: Log| (0..rows.len()).filter(move |&row| rows[row].log == log);
        let file = |log: Log, left: &mut Vec<bool>| of_log(log).for_each(|row| left[row] = false);
        match self {
            Loss::Nothing => {}
            Loss::Single(percent) => security.iter().for_each(|&row| left[row] = !dice.percent(percent)),
            Loss::Runs(n) => runs(n, &mut left, dice),
            Loss::Event(id) => left.iter_mut().zip(rows).for_each(|(left, row)| *left &= row.event.id != id),
            Loss::Head => {
                let cut = dice.below(security.len());
                security[..cut].iter().for_each(|&row| left[row] = false);
            }
            Loss::Tail => {
                let cut = dice.below(security.len());
                security[cut..].iter().for_each(|&row| left[row] = false);
            }
            Loss::File(log) => file(log, &mut left),
            Loss::Heads => {
                for log in LOGS {
                    let cut = dice.below(of_log(log).count());
                    of_log(log).take(cut).for_each(|row| left[row] = false);
                }
            }
            Loss::RunsAndFile(n, log) => {
                runs(n, &mut left, dice);
                file(log, &mut left);
            }
        }
        left
    }
}
