//! Logs that repeat one thing without end: time grows with their length, not with its square.

mod common;

use common::{Log, json_lines, load};
use evtx_fixture::scenario::Scenario;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Events of a short flood, and how many times longer the long one is.
const N_EVENTS: usize = 2_500;
const LONGER: usize = 8;

/// The long one may take this many times longer. With the square of its length it would take 64 times.
const MAX_RATIO: u32 = 28;

/// A machine that is busy with other things may be slow at the wrong moment this many times, never each time.
const N_TRIES: usize = 5;

/// Shorter times say more about the machine than about us.
const LEAST: Duration = Duration::from_millis(40);

/// Of one ticket.
const GUID: &str = "{11111111-2222-3333-4444-555555555555}";

/// The row of the `n`th event, at `n` seconds unless it says otherwise.
type Row = fn(usize) -> String;

const FLOODS: &[(&str, Row)] = &[
    ("processes of one session", |n| format!("{} PC1 4688 logon=0x3e9a user=alice", at(n))),
    ("locks and unlocks of one session", |n| {
        format!("{} PC1 {} logon=0x3e9a user=alice session=1", at(n), 4800 + n % 2)
    }),
    ("disconnects and reconnects of two sessions at one moment", |n| {
        let (event, luid, user) = [("4779", "0x3e9a", "alice"), ("4778", "0x4e9a", "bob")][n % 2];
        format!(
            "08:00 PC1 {event} logon={luid} user={user} session=RDP-Tcp#{} host=PC7 ip=10.0.0.7",
            n / 2 % 2
        )
    }),
    ("disconnects and reconnects that Terminal Services tell", |n| {
        format!("{} PC1 LSM/{} user=alice session=2 ip=10.0.0.7", at(n), 24 + n % 2)
    }),
    ("unlocks of one account at one moment", |n| {
        format!("08:00 PC1 4624 logon={:#x} type=7 user=alice", 0x1_0000 + n)
    }),
    ("unlocks that are destroyed, and the 4801 of each", |n| {
        let luid = 0x1_0000 + n / 4;
        match n % 4 {
            0 => format!("{} PC1 4624 logon={luid:#x} type=7 user=alice", at(n)),
            1 => format!("{} PC1 4634 logon={luid:#x} type=7 user=alice", at(n)),
            2 => format!("{} PC1 4800 logon=0x3e9a user=alice session=1", at(n)),
            _ => format!("{} PC1 4801 logon=0x3e9a user=alice session=1", at(n)),
        }
    }),
    ("desktops of one account", |n| {
        format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n)
    }),
    ("desktops of one account at one moment", |n| {
        format!("08:00 PC1 4624 logon={:#x} type=10 user=alice ip=10.0.0.7", 0x1_0000 + n)
    }),
    ("network and Remote Desktop logons of one account from one place", |n| {
        format!(
            "08:00:{:02} PC1 4624 logon={:#x} type={} user=alice ip=10.0.0.7",
            n % 50,
            0x1_0000 + n,
            [3, 10][n % 2]
        )
    }),
    ("old token pairs", |n| format!("08:00 PC1 4624 v=0 logon={:#x} type=2 user=alice", 0x1_0000 + n)),
    ("network logons and logoffs", |n| {
        format!("{} PC1 {} logon={:#x} type=3 user=alice", at(n), [4624, 4634][n % 2], 0x1_0000 + n / 2)
    }),
    ("logoffs without a logon", |n| {
        format!("{} PC1 4634 logon={:#x} type=3 user=alice", at(n), 0x1_0000 + n)
    }),
    ("one LogonId logged on again and again", |n| {
        format!("{} PC1 4624 logon=0x3e9a type=3 user=alice", at(60 * n))
    }),
    ("starts", |n| match n % 2 {
        0 => format!("{} PC1 4608", at(600 * n)),
        _ => format!("{} PC1 4624 logon=0x3e9a type=2 user=alice", at(600 * n)),
    }),
    ("starts of the kernel, and nothing else", |n| format!("{} PC1 Kernel-General/12", at(1200 * n))),
    ("clock steps and logons", |n| match n % 2 {
        0 => format!("{} PC1 4616 PreviousTime={} NewTime={}", at(60 * n), at(60 * n + 30), at(60 * n)),
        _ => format!("{} PC1 4624 logon={:#x} type=3 user=alice", at(60 * n), 0x1_0000 + n),
    }),
    ("clock steps that Security and System tell", |n| {
        let (event, second) = [("4616 PreviousTime", 0), ("Kernel-General/1 OldTime", 1)][n % 2];
        let from = 120 * (n / 2) + 30;
        format!("{} PC1 {event}={} NewTime={}", at(from + 30 + second), at(from), at(from + 30))
    }),
    ("clock steps that System alone tells, and logons", |n| match n % 2 {
        0 => format!("{} PC1 Kernel-General/1 OldTime={} NewTime={}", at(n), at(n + 3600), at(n + 7200)),
        _ => format!("{} PC1 4624 logon={:#x} type=3 user=alice", at(n), 0x1_0000 + n),
    }),
    ("clocks put right after a start, again and again", |n| match n {
        0 => "2001-01-01 PC1 4608".into(),
        _ => format!("{} PC1 4616 PreviousTime={} NewTime={}", at(10 * n), at(10 * n - 5), at(10 * n)),
    }),
    ("accounts with a policy of their own, and logons of others", |n| match n % 2 {
        0 => format!(
            "{} PC1 4912 TargetUserSid=S-1-5-21-1-2-3-{n} SubcategoryGuid={{0CCE9216-69AE-11D9-BED3-505054503030}} \
             SubcategoryId=%%12545 AuditPolicyChanges=%%8455",
            at(n)
        ),
        _ => format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n),
    }),
    ("audit turned off and on", |n| match n % 3 {
        0 => format!("{} PC1 4719 AuditPolicyChanges=%%8448", at(n)),
        1 => format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n),
        _ => format!("{} PC1 4719 AuditPolicyChanges=%%8449", at(n)),
    }),
    ("sleeps and desktops", |n| match n % 3 {
        0 => format!("{} PC1 Kernel-Power/42", at(n)),
        1 => format!("{} PC1 Kernel-Power/107", at(n)),
        _ => format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n),
    }),
    ("window managers and desktops", |n| match n % 3 {
        0 => format!(
            "{} PC1 4624 logon={:#x} type=2 user=DWM-{} logonprocess=Advapi",
            at(n),
            0x1_0000 + n,
            n / 3
        ),
        1 => format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n),
        _ => format!("{} PC1 4634 logon={:#x} type=2 user=DWM-{}", at(n), 0x1_0000 + n - 2, n / 3),
    }),
    ("sessions that Terminal Services know, beside those that Security knows", |n| match n % 3 {
        0 => format!("{} PC1 4624 logon={:#x} type=10 user=alice ip=10.0.0.7", at(n), 0x1_0000 + n),
        1 => format!("{} PC1 LSM/21 user=alice session={} ip=10.0.0.7", at(n), n / 3),
        _ => format!("{} PC1 LSM/23 user=alice session={}", at(n), n / 3),
    }),
    ("runas within runas", |n| {
        format!(
            "{} PC1 4624 logon={:#x} type=9 user=alice subject={:#x}",
            at(n),
            0x1_0000 + n,
            0x1_0000 + n - 1
        )
    }),
    ("prompts beside desktops", |n| match n % 2 {
        0 => format!("{} PC1 4624 logon={:#x} type=2 user=alice", at(n), 0x1_0000 + n),
        _ => format!("{} PC1 4624 logon={:#x} type=2 user=bob logonprocess=CredPro", at(n), 0x1_0000 + n),
    }),
    ("explicit credentials and logons on the computer they are for", |n| match n % 2 {
        0 => format!("{} PC1 4648 logon=0x3e9a user=alice target=bob TargetServerName=PC2", at(n / 100)),
        _ => {
            format!("{} PC2 4624 logon={:#x} type=3 user=bob ip=10.0.0.1 host=PC1", at(n / 100), 0x1_0000 + n)
        }
    }),
    ("logons with one ticket, on the computer it is for", |n| match n % 3 {
        0 => format!("{} PC1 4648 logon=0x3e9a user=alice target=bob host=PC2 TargetLogonGuid={GUID}", at(n)),
        1 => format!("{} DC1 4769 TargetUserName=bob ip=10.0.0.1 LogonGuid={GUID}", at(n)),
        _ => format!("{} PC2 4624 logon={:#x} type=3 user=bob ip=10.0.0.1 guid={GUID}", at(n), 0x1_0000 + n),
    }),
    ("logons from one computer and port, and what supports them", |n| match n % 4 {
        0 => format!("{} PC1 4624 logon={:#x} type=2 user=bob", at(n / 100), 0x1_0000 + n),
        1 => format!("{} DC1 4776 user=bob host=PC1", at(n / 100)),
        2 => format!(
            "{} PC1 5156 Direction=%%14593 SourceAddress=10.0.0.1 SourcePort=5000 DestPort=445",
            at(n / 100)
        ),
        _ => {
            let luid = 0x1_0000 + n;
            format!("{} PC2 4624 logon={luid:#x} type=3 user=bob ip=10.0.0.1 port=5000 host=PC1", at(n / 100))
        }
    }),
    ("NTLM to ever other computers", |n| match n % 2 {
        0 => format!("{} PC1 4624 logon={:#x} type=3 user=alice", at(n), 0x1_0000 + n % 100),
        _ => format!("{} PC1 NTLM/8001 logon={:#x} TargetName=cifs/SRV{n}", at(n), 0x1_0000 + n % 100),
    }),
    ("Remote Desktop to one computer and another", |n| {
        format!("{} PC1 RDPClient/{} user=alice Value=10.0.0.{}", at(n), [1024, 1102][n % 2], n % 250)
    }),
    ("shares of one session", |n| {
        format!("{} PC1 5145 logon=0x3e9a user=alice ShareName=\\\\*\\S{n} RelativeTargetName=x", at(n))
    }),
    ("connections by sshd", |n| match n % 2 {
        0 => format!("{} PC1 OpenSSH/4 user=bob ip=10.0.0.9", at(n / 100)),
        _ => {
            format!("{} PC1 4624 logon={:#x} type=8 user=bob process=C:\\sshd.exe", at(n / 100), 0x1_0000 + n)
        }
    }),
    ("connections to Remote Desktop", |n| match n % 3 {
        0 => format!("{} PC1 RdpCoreTS/131 ip=10.0.0.7", at(n / 100)),
        1 => format!("{} PC1 RCM/1149 user=alice ip=10.0.0.7", at(n / 100)),
        _ => format!("{} PC1 4624 logon={:#x} type=10 user=alice ip=10.0.0.7", at(n / 100), 0x1_0000 + n),
    }),
    ("gaps everywhere", |n| {
        format!("{} PC1 4624 logon={:#x} type=2 user=alice record={}", at(n), 0x1_0000 + n, 3 * n + 1)
    }),
    ("one record again and again", |_| "08:00 PC1 4624 logon=0x3e9a type=2 user=alice record=1".to_owned()),
    ("one record id at ever other moments", |n| {
        format!("{} PC1 4624 logon=0x3e9a type=2 user=alice record=1", at(n))
    }),
    ("computers in one log", |n| {
        format!("{} PC{n} 4624 logon=0x3e9a type=2 user=alice file=Forwarded.evtx", at(n))
    }),
    ("a name that changes back and forth", |n| {
        format!(
            "{} {} 4624 logon={:#x} type=2 user=alice file=Security.evtx record={}",
            at(n),
            ["A", "B"][n % 2],
            0x1_0000 + n,
            n + 1
        )
    }),
    ("accounts", |n| format!("{} PC1 4624 logon={:#x} type=2 user=user{n}", at(n), 0x1_0000 + n)),
];

fn at(secs: usize) -> String {
    let (days, secs) = (secs / 86_400, secs % 86_400);
    // 28 days in each month, so that no date is wrong.
    let (year, month, day) = (2001 + days / 336, 1 + days / 28 % 12, 1 + days % 28);
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

fn flood(row: Row, n_events: usize) -> Vec<Log> {
    let mut text = "# Flood\n\n    date: 2001-01-01\n".to_owned();
    for n in 0..n_events {
        let _ = writeln!(text, "    {}", row(n));
    }
    Scenario::parse_all(&text).expect("its rows are right").remove(0).files()
}

/// How long reading, correlating and telling take.
fn time(logs: &[Log]) -> Duration {
    let start = Instant::now();
    let mut case = load(logs);
    std::hint::black_box(json_lines(&mut case).len());
    start.elapsed()
}

/// Compares the shortest of some tries. Short and long take turns, so that both see the machine idle and busy.
fn assert_linear(what: &str, logs: impl Fn(usize) -> Vec<Log>) -> Option<String> {
    let (short, long) = (logs(N_EVENTS), logs(N_EVENTS * LONGER));
    let (mut least, mut taken) = (Duration::MAX, Duration::MAX);
    for _ in 0..N_TRIES {
        least = least.min(time(&short));
        taken = taken.min(time(&long));
        // A margin, for the short one may have been slow this time.
        if taken <= least.max(LEAST) * MAX_RATIO / 2 {
            break;
        }
    }
    let least = least.max(LEAST);
    println!("{what}: {least:.0?}, {taken:.0?}");
    (taken > least * MAX_RATIO)
        .then(|| format!("{what}: {least:.0?} for {N_EVENTS}, {taken:.0?} for {LONGER} times as many\n"))
}

/// One test at a time: they are no load for each other.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn time_grows_with_the_length_of_a_flood() {
    let _alone = ALONE.lock();
    let wrong: String = FLOODS
        .iter()
        .filter_map(|&(what, row)| assert_linear(what, |n_events| flood(row, n_events)))
        .collect();
    assert!(wrong.is_empty(), "{wrong}");
}

/// A folder of files of one computer's log, each of so many records: archives, where each file goes on where the one
/// before ends; copies of one another; and filtered exports, each of which fills the gaps of the others.
#[test]
fn time_grows_with_the_number_of_files() {
    const PER_FILE: usize = 20;
    let _alone = ALONE.lock();
    let files = |n_events: usize, id: fn(usize) -> usize, second: fn(usize) -> usize| {
        let row = |n: usize| {
            let file = format!("Archive-{:05}.evtx", n / PER_FILE);
            let (at, id) = (at(second(n)), id(n));
            format!(
                "    {at} PC1 4624 logon={:#x} type=2 user=alice file={file} record={id}\n",
                0x1_0000 + id
            )
        };
        let text: String = (0..n_events).map(row).collect();
        Scenario::parse_all(&format!("# Files\n\n{text}")).expect("its rows are right").remove(0).files()
    };
    let wrong = [
        assert_linear("archives of one log", |n| files(n, |n| n + 1, |n| n)),
        assert_linear("copies of one log", |n| files(n, |n| n % PER_FILE + 1, |n| n % PER_FILE)),
        assert_linear("exports that fill the gaps of each other", |n| {
            files(n, |n| n / PER_FILE + n % PER_FILE * 9999, |n| n)
        }),
    ];
    let wrong: String = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong}");
}
