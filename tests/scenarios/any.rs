//! Events in no order that Windows would write: whatever they are, the invariants hold, and the order of reading makes
//! no difference.

use crate::common::Random;
use evtx_fixture::scenario::Scenario;
use std::fmt::Write;

/// Few LogonIds and few people, so that events meet each other often.
const LOGON_IDS: [&str; 5] = ["0x3000", "0x3100", "0x4000", "0x5000", "0x3e7"];
const USERS: [&str; 3] = ["alice", "bob", "SYSTEM"];
const COMPUTERS: [&str; 5] = ["PC1", "PC1", "PC1", "PC1", "PC2"];
const TYPES: [&str; 8] = ["2", "3", "5", "7", "9", "10", "11", "0"];

/// A scenario of so many rows.
pub fn scenario(random: &mut Random, n_rows: usize) -> Scenario {
    let mut rows = String::new();
    let mut secs = 8 * 3600;
    for _ in 0..n_rows {
        secs = time(random, secs);
        let (hours, minutes, seconds) = (secs / 3600, secs / 60 % 60, secs % 60);
        let computer = pick(random, &COMPUTERS);
        for row in row(random).lines() {
            let _ = writeln!(rows, "    {hours:02}:{minutes:02}:{seconds:02}  {computer} {row}");
        }
    }
    Scenario::parse_all(&rows).expect("each row is one").remove(0)
}

/// Most rows follow each other closely, a few come later. Never earlier: of a clock that runs back without a word
/// nothing holds.
fn time(random: &mut Random, secs: usize) -> usize {
    let pause = if random.below(10) == 0 { 1200 } else { 4 };
    (secs + random.below(pause)).min(86_399)
}

fn pick<'a>(random: &mut Random, all: &[&'a str]) -> &'a str {
    all[random.below(all.len())]
}

fn row(random: &mut Random) -> String {
    let (logon, user) = (pick(random, &LOGON_IDS), pick(random, &USERS));
    let (other, kind) = (pick(random, &LOGON_IDS), pick(random, &TYPES));
    // Gaps, and ids that come again.
    let place = match random.below(25) {
        0 => format!(" record={}", 1 + random.below(60)),
        _ => String::new(),
    };
    let text = match random.below(26) {
        // Halves of their own, made together: what else a link can lead to is known to be wrong (known_wrong.md).
        0..6 if logon == "0x3e7" => format!("4624 logon={logon} type=5 user=SYSTEM"),
        0..3 => {
            let rest = format!("type={kind} user={user} ip=10.0.0.7");
            let elevated = format!("4624 logon={logon}8 linked={logon} elevated=yes {rest}");
            format!("{elevated}\n4624 logon={logon} linked={logon}8 {rest}")
        }
        3..6 => format!("4624 logon={logon} type={kind} user={user} host=PC7 ip=10.0.0.7"),
        6 => format!("4624 logon={logon} type={kind} user={user} subject={other} v=2"),
        7 => format!("4624 logon={logon} type={kind} user={user} v=1"),
        8..11 => format!("4634 logon={logon} type={kind} user={user}"),
        11 | 12 => format!("4647 logon={logon} user={user}"),
        13 => format!("4672 logon={logon} user={user}"),
        14 => {
            format!("{} logon={logon} user={user} session=2", pick(random, &["4800", "4801", "4802", "4803"]))
        }
        15 => format!("{} logon={logon} user={user} session=RDP-Tcp#1", pick(random, &["4778", "4779"])),
        16 => format!("4688 logon={logon} user={user}"),
        17 => pick(random, &["4608", "4902", "4826"]).to_owned(),
        18 => pick(random, &["EventLog/1100", "EventLog/1101", "EventLog/6005", "EventLog/6006"]).to_owned(),
        19 => pick(random, &["Kernel-General/12", "Kernel-General/13", "EventLog/6008", "Kernel-Power/41"])
            .to_owned(),
        20 => format!("4616 logon={logon} PreviousTime=09:00:00 NewTime={:02}:00:00", random.below(24)),
        21 => format!("4719 AuditPolicyChanges={}", pick(random, &["%%8448", "%%8449"])),
        22 => format!(
            "LSM/{} user={user} session={}",
            pick(random, &["21", "23", "24", "25"]),
            1 + random.below(2)
        ),
        23 => format!("EventLog/1102 logon={logon} user={user}"),
        24 => "EventLog/1108 EventID=4616 PublisherID=Microsoft-Windows-Security-Auditing".to_owned(),
        _ => format!("4648 logon={logon} user={user} target=bob host=dc1"),
    };
    text + &place
}
