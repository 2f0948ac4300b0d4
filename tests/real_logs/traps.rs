//! The traps of domain.md D, on the records that show them.

use crate::common::load;
use crate::{corpus, invariants};
use sessionscope::machine::record::CoverageRecord;
use sessionscope::session::record::{LogonRecord, Record};

const S7: &str = "long_single/security.evtx";
const S08: &str = "long_single/Security_with_size_t.evtx";
const PL: &str = "corrupt/System2.evtx";
const HIJACK: &str = "small/ID4688,4778,4779 RDP hijack direct.evtx";
const REFUSED: &str = "small/ID4625-failed login with denied access due to account restriction.evtx";
const DENIED: &str = "small/ID4825-Denied RDP connection with valid credentials.evtx";
const SSH: &str = "small/ID4-OpenSSH brutforce with valid users.evtx";
const CONNECTIONS: &str =
    "szechuan_dc_2012r2/Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational.evtx";

/// What files hold; none where there are no real logs.
struct Log {
    sessions: Vec<Record>,
    machines: Vec<String>,
    n_duplicates: u64,
    n_boots: usize,
    /// What each machine audited.
    coverage: Vec<CoverageRecord>,
}

fn read(files: &[&str]) -> Option<Log> {
    let folder = corpus::folder()?;
    let logs: Vec<_> = files.iter().map(|file| corpus::read(&folder, file)).collect();
    let mut case = load(&logs);
    let sessions = invariants::check(&mut case);
    let machines = case.correlated().machines.iter();
    Some(Log {
        sessions,
        machines: machines.clone().map(|machine| machine.name.clone()).collect(),
        n_duplicates: case.ledger().iter().map(|row| row.n_duplicates).sum(),
        n_boots: machines.flat_map(|machine| &machine.boots).filter(|boot| boot.has_start).count(),
        coverage: case.coverage(),
    })
}

impl Log {
    /// The session of the 4624 in a record.
    #[track_caller]
    fn of(&self, record: u64) -> &Record {
        let has = |session: &&Record| session.logons.iter().any(|logon| logon.record == record);
        self.sessions
            .iter()
            .find(has)
            .unwrap_or_else(|| panic!("no session has the logon in record {record}"))
    }

    #[track_caller]
    fn logon(&self, record: u64) -> &LogonRecord {
        self.of(record).logons.iter().find(|logon| logon.record == record).expect("it is one of them")
    }

    /// The session that a LogonId without a 4624 names.
    #[track_caller]
    fn named(&self, name: &str) -> &Record {
        let found = self.sessions.iter().find(|session| session.session == name);
        found.unwrap_or_else(|| panic!("there is no session {name}"))
    }
}

#[track_caller]
fn assert_end(session: &Record, how: &str, at: &str, confidence: &str) {
    let found = (session.end_how.as_str(), session.end.as_deref(), session.end_confidence.as_str());
    assert_eq!(found, (how, Some(at), confidence), "{}", session.session);
}

#[track_caller]
fn assert_bounds(session: &Record, earliest: Option<&str>, latest: Option<&str>) {
    let found = (session.end_earliest.as_deref(), session.end_latest.as_deref());
    assert_eq!(found, (earliest, latest), "{}", session.session);
}

#[track_caller]
fn assert_roles(log: &Log, session: &Record, roles: &[(u64, &str)]) {
    for &(record, role) in roles {
        assert!(session.logons.iter().any(|logon| logon.record == record), "{record} is another session's");
        assert_eq!(log.logon(record).role, role, "record {record}");
    }
}

#[test]
fn traps_1_and_2_logoffs_after_the_1100() {
    let Some(log) = read(&[S7]) else { return };
    for (logon, end) in [(266, "2016-07-08T23:05:19.2691537Z"), (289, "2016-07-08T23:05:58.0656449Z")] {
        assert_end(log.of(logon), "user_logoff", end, "high");
    }
    assert_eq!(log.of(266).logons[1].logoff_4647, Some(274));
    assert_eq!(log.of(289).logons[1].logoff_4647, Some(301));
    let Some(log) = read(&[S08]) else { return };
    assert_end(log.of(592), "user_logoff", "2015-09-12T18:10:56.3445000Z", "high");
    // Trap 47: so does the anonymous logon that lasts from boot to shutdown.
    for (logon, end) in [(589, "2015-09-12T18:10:56.9221250Z"), (25, "2015-08-24T06:52:55.1086250Z")] {
        assert_end(log.of(logon), "logoff", end, "high");
        assert_eq!(log.of(logon).class, "anonymous");
    }
}

const W10: [&str; 3] = [
    "rathbun_w10/Security.evtx",
    "rathbun_w10/System.evtx",
    "rathbun_w10/Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational.evtx",
];

#[test]
fn trap_3_a_boot_before_its_4608() {
    let Some(folder) = corpus::folder() else { return };
    let case = load(&[corpus::read(&folder, W10[0])]);
    let hosts = case.hosts();
    let started = |n: usize| &hosts[0].boots[n].started_by[0];
    // The 4608 are 15 and 177; Registry was started in 1 and 164.
    assert_eq!([started(0), started(1)].map(|by| (by.record, by.event)), [(1, 4688), (164, 4688)]);
}

#[test]
fn traps_4_and_11_power_losses() {
    let Some(log) = read(&[S7]) else { return };
    // The 1101 in 2198 is of the boot that begins with the 4608 in 2199.
    assert_end(log.of(2193), "unclean_stop", "2017-03-21T17:24:21.4115894Z", "low");
    assert_bounds(log.of(2193), Some("2017-03-21T17:23:59.9615517Z"), Some("2017-04-14T01:16:23.9906503Z"));
    // Without a 1101: the clock step in 1450 is the last record.
    assert_end(log.of(1437), "unclean_stop", "2016-07-18T00:06:55.9670017Z", "low");
    assert_eq!(log.of(1437).end_latest.as_deref(), Some("2016-07-23T20:37:12.7756233Z"));
    let Some(log) = read(&[S08]) else { return };
    assert_eq!(log.of(436).end_how, "unclean_stop");
    assert_eq!(log.of(436).duration_s, None);
}

#[test]
fn traps_5_to_8_token_pairs() {
    let Some(log) = read(&[S7]) else { return };
    let pair = log.of(128);
    assert_roles(&log, pair, &[(128, "elevated"), (129, "primary")]);
    assert_eq!(
        (pair.logon_ids.as_slice(), pair.n_logons),
        (["0x2610b", "0x26159"].map(String::from).as_slice(), 2)
    );
    // All 4647 are of the half that the desktop cites; of most, the other half has no logoff at all.
    let logons = || log.sessions.iter().flat_map(|session| &session.logons);
    assert!(logons().filter(|logon| logon.logoff_4647.is_some()).all(|logon| logon.role == "primary"));
    assert_eq!(logons().filter(|logon| logon.logoff_4647.is_some()).count(), 36);
    assert_eq!(log.logon(266).logoff_4634, None);
    // One half of a prompt is gone after 2 ms (815), the other has no logoff: its desktop signed out a minute later, and
    // that it was on until the shutdown nobody knows.
    let prompt = log.of(812);
    assert_roles(&log, prompt, &[(812, "elevated"), (813, "primary")]);
    assert_eq!((log.logon(813).logoff_4634, prompt.end_how.as_str()), (Some(815), "clean_shutdown"));
    assert_eq!((prompt.end_confidence.as_str(), prompt.duration_s), ("low", None));
    assert_end(log.of(817), "logoff", "2016-07-16T00:18:43.8176140Z", "high");
    // Both were made at the desk of the session that 807 began (rule 30).
    let desk = Some(log.of(807).session.as_str());
    assert_eq!([812, 817].map(|logon| log.of(logon).parent.as_deref()), [desk; 2]);
    // A 4647, and the 4634 of both halves four seconds later.
    let last = log.of(2248);
    assert_end(last, "user_logoff", "2017-04-14T01:20:20.1230577Z", "high");
    assert_eq!(last.destroyed_at.as_deref(), Some("2017-04-14T01:20:24.5534654Z"));
    assert_eq!((log.logon(2248).logoff_4634, log.logon(2249).logoff_4634), (Some(2255), Some(2254)));
}

#[test]
fn traps_9_and_10_one_of_two_logoffs() {
    let Some(log) = read(&[S7]) else { return };
    assert_end(log.of(807), "user_logoff", "2016-07-16T00:18:43.7240138Z", "high");
    assert_eq!(log.of(807).destroyed_at, None);
    // The machine ran on, and its user came back six seconds later: something holds the token.
    assert!(log.of(807).flags.contains(&"alive_after_logoff".to_owned()));
    let leaked = |session: &&Record| session.flags.contains(&"alive_after_logoff".to_owned());
    assert_eq!(log.sessions.iter().filter(leaked).count(), 1);
    let cause = |record| log.of(record).end_cause.as_deref();
    // 266: the 1100 came first; 817: a prompt's logon, gone with the session it was made in.
    assert_eq!([266, 807, 817].map(cause), [Some("shutdown"), Some("user"), Some("system")]);
    assert_roles(&log, log.of(1280), &[(1288, "unlock"), (1289, "unlock")]);
    let Some(log) = read(&[S08]) else { return };
    assert_end(log.of(64), "logoff", "2015-08-24T06:57:39.4531250Z", "high");
}

#[test]
fn trap_12_a_logoff_lost_while_it_was_written() {
    let Some(log) = read(&[S08]) else { return };
    assert_end(log.of(113), "logoff_event_lost", "2015-08-24T07:14:19.2186250Z", "medium");
    assert_eq!(log.of(113).end_earliest.as_deref(), Some("2015-08-24T07:04:11.1718750Z"));
}

#[test]
fn traps_13_to_16_interactive_logons_that_are_no_desktop() {
    let Some(log) = read(&[S7]) else { return };
    let desktop = log.of(2091);
    assert_roles(&log, desktop, &[(2092, "primary"), (2108, "unlock"), (2109, "unlock")]);
    assert_end(desktop, "user_logoff", "2016-07-29T23:47:48.9271567Z", "high");
    assert_eq!([log.of(755), log.of(812)].map(|session| session.class.as_str()), ["secondary"; 2]);
    let Some(log) = read(&[S08]) else { return };
    let way_back = log.of(436).logons.iter().find(|logon| logon.role == "reconnect");
    assert_eq!(way_back.map(|logon| (logon.record, logon.logoff_4634)), Some((481, Some(483))));
    // Trap 36: their workstation is the computer itself.
    assert!(log.of(436).origins.iter().all(|origin| origin.host.is_none()));
}

#[test]
fn trap_17_window_managers_bring_their_number() {
    // Security alone: UMFD-2 logged on in 1141, DWM-2 in 1143, their user in 1149; UMFD-1 was gone by then.
    let Some(log) = read(&W10[..1]) else { return };
    let user = log.of(1149);
    assert_eq!((user.class.as_str(), user.ts_session), ("desktop", Some(2)));
    assert_eq!([1141, 1143].map(|logon| log.of(logon).class.as_str()), ["window_manager"; 2]);
}

#[test]
fn traps_18_and_19_logon_ids_and_boots() {
    let Some(log) = read(&[S7]) else { return };
    assert_eq!(log.n_boots, 40);
    let system = log.named("WIN-03DLIIOFRRA#1/0x3e7");
    assert!(system.n_logons >= 6, "{} logons", system.n_logons);
    let mut names: Vec<&str> = log.sessions.iter().map(|session| session.session.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), log.sessions.len());
    assert!(names.iter().all(|name| !name.contains('.')), "no LogonId came twice in one boot");
}

#[test]
fn traps_22_and_23_cited_before_the_log_began() {
    // A cleared log begins with the 1102, which cites the LogonId that cleared it.
    let Some(log) = read(&["donpapi_dup/ID5145-4624-DonPAPI full extraction.evtx"]) else { return };
    let cleared = log.named("fs03vuln#0/0x767a7ed");
    assert_eq!((cleared.start.as_deref(), cleared.start_how.as_str()), (None, "before_log_start"));
    assert_eq!(cleared.start_latest.as_deref(), Some("2021-12-12T07:15:28.3525046Z"));
    assert_eq!(cleared.evidence.iter().map(|e| (e.record, e.event)).collect::<Vec<_>>(), [(1160026, 1102)]);
}

#[test]
fn traps_24_to_26_and_44_clocks() {
    let Some(log) = read(&[S7]) else { return };
    let moved = log.of(128);
    assert_eq!(
        (moved.duration_s, moved.flags.contains(&"clock_corrected".to_owned())),
        (Some(43.6008776), true)
    );
    let Some(log) = read(&[S08]) else { return };
    // The next boot (405) is earlier by its clock: it bounds nothing.
    assert_end(log.of(399), "unclean_stop", "2015-08-23T22:15:19.2017500Z", "low");
    assert_bounds(log.of(399), Some("2015-08-23T22:14:40.3423750Z"), None);
    assert_eq!(log.of(436).boot, log.of(399).boot + 1);
    // Nothing happened from 455 to 456: 9.8 days.
    let frozen = &log.of(436).intervals[0];
    assert_eq!(frozen.what, "suspended");
    assert_eq!((&frozen.from[..16], &frozen.to[..16]), ("2015-08-23T10:53", "2015-09-02T05:58"));
    // Each boot began ten hours ahead: what was audited when is told by the clock put right.
    for boot in log.coverage.iter().flat_map(|machine| &machine.boots) {
        assert!(boot.first <= boot.last, "boot {}: {:?} to {:?}", boot.boot, boot.first, boot.last);
    }
}

const DC: [&str; 5] = [
    "szechuan_dc_2012r2/Security.evtx",
    "szechuan_dc_2012r2/System.evtx",
    "szechuan_dc_2012r2/Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational.evtx",
    CONNECTIONS,
    "szechuan_dc_2012r2/Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx",
];

#[test]
fn trap_20_privileges_before_their_logon() {
    let Some(log) = read(&DC[..1]) else { return };
    let record = |session: &Record, role: &str| {
        session.evidence.iter().find(|evidence| evidence.role == role).map(|evidence| evidence.record)
    };
    let network = log.sessions.iter().filter(|session| session.logon_type == Some(3));
    let before = network.filter(|session| {
        let both = record(session, "privileges").zip(record(session, "start"));
        both.is_some_and(|(privileges, start)| privileges + 1 == start)
    });
    let before: Vec<&Record> = before.collect();
    assert!(before.len() > 2_000, "{}", before.len());
    assert!(before.iter().all(|session| session.flags.contains(&"privileged".to_owned())));
    // No 4672 made a session of its own.
    assert!(log.sessions.iter().all(|session| session.start_how != "gap"));
}

#[test]
fn traps_32_and_33_authenticated_before_the_desktop() {
    let Some(log) = read(&DC) else { return };
    for (nla, desktop) in [(7486, 7495), (7499, 7507), (7524, 7532), (8006, 8014)] {
        let session = log.of(desktop);
        assert_roles(&log, session, &[(nla, "nla"), (desktop, "primary")]);
        assert_eq!((session.class.as_str(), session.logon_type), ("desktop", Some(10)));
        let from: Vec<_> = session
            .origins
            .iter()
            .map(|origin| (origin.record, origin.address.as_deref(), origin.host.as_deref()))
            .collect();
        // Rule 41: the preamble has the client's name, the logon its address; it is one client.
        assert_eq!(from, [(desktop, Some("194.61.24.102"), Some("kali"))]);
        // The 4634 of the preamble ended nothing but itself.
        let end = session.evidence.iter().find(|evidence| evidence.role == "end");
        assert_ne!(end.map(|end| end.record), log.logon(nla).logoff_4634);
    }
}

#[test]
fn trap_39_a_ticket_is_no_session() {
    // One LogonGuid on 67 logons, from 1021 on.
    let Some(log) = read(&DC[..1]) else { return };
    let of_ticket = [1021, 1025, 1030, 1459].map(|logon| log.of(logon).session.as_str());
    let each: std::collections::BTreeSet<&str> = of_ticket.into_iter().collect();
    assert_eq!(each.len(), of_ticket.len());
}

#[test]
fn trap_45_ids_are_their_providers() {
    let Some(folder) = corpus::folder() else { return };
    // System's Kernel-General 12 and 13 beside others of these ids: each of the starts is one.
    let logs: Vec<_> = DC[..2].iter().map(|file| corpus::read(&folder, file)).collect();
    let case = load(&logs);
    let machine = &case.correlated().machines[0];
    let anchors = machine.boots.iter().flat_map(|boot| &boot.anchors);
    let provider = |row: u32| {
        let signature = case.records().signature(row);
        (signature.event_id == 12).then(|| case.records().text(signature.provider).to_owned())
    };
    let providers: Vec<String> = anchors.filter_map(|&row| provider(row)).collect();
    assert!(!providers.is_empty());
    assert!(providers.iter().all(|provider| provider == "Microsoft-Windows-Kernel-General"), "{providers:?}");
}

#[test]
fn trap_46_classic_records_have_their_ids_and_values() {
    let Some(folder) = corpus::folder() else { return };
    let logs: Vec<_> = DC[..2].iter().map(|file| corpus::read(&folder, file)).collect();
    let case = load(&logs);
    let hosts = case.hosts();
    // User32 1074 and EventLog 6013 are of classic sources: their ids have qualifiers, their values no names.
    let asked = hosts[0].boots.iter().filter_map(|boot| boot.shutdown.as_ref());
    assert!(asked.clone().count() >= 5, "{}", asked.count());
    assert!(hosts[0].boots.iter().filter_map(|boot| boot.shutdown.as_ref()).all(|s| s.process.is_some()));
    assert!(hosts[0].product.as_deref().is_some_and(|product| product.contains("Server 2012 R2")));
}

#[test]
fn trap_41_what_services_wrote_as_they_stopped() {
    let Some(folder) = corpus::folder() else { return };
    let logs: Vec<_> = DC[..2].iter().map(|file| corpus::read(&folder, file)).collect();
    let mut case = load(&logs);
    let sessions = invariants::check(&mut case);
    // System 832 to 839 and 1030 are of the runs that ended: nothing was turned back, and no end is lost for it.
    assert!(sessions.iter().all(|session| session.end_how != "lost_in_gap"));
    let started =
        |n: usize| case.hosts()[0].boots[n].started_by.iter().filter(|by| by.channel == "System").count();
    assert_eq!([started(6), started(8)], [3, 3]);
    // Nor is it where a driver's records (System 810 and 828) were stamped before the computer stood still.
    let Some(log) = read(&W10) else { return };
    assert!(log.sessions.iter().all(|session| session.end_how != "lost_in_gap"));
}

#[test]
fn trap_18_names_and_moments_by_the_clock_put_right() {
    let Some(folder) = corpus::folder() else { return };
    let case = load(&[corpus::read(&folder, S08)]);
    // Records 601 to 603 and 615 to 617 are stamped ten hours after the last.
    let hosts = case.hosts();
    let last = hosts[0].name_history.iter().map(|name| name.last.as_str()).max();
    assert_eq!(last, Some("2015-09-12T18:20:02.3451250Z"));
}

#[test]
fn trap_27_renamed_computers() {
    let Some(log) = read(&[S7]) else { return };
    assert_eq!(log.machines, ["WIN-03DLIIOFRRA"]);
    let Some(log) = read(&[PL]) else { return };
    assert_eq!(log.machines, ["Student-PC1"]);
    assert_end(log.of(174), "user_logoff", "2015-08-09T09:17:13.4993906Z", "high");
    // Trap 40: the domain controller that its 4648 name is no place that anybody came from.
    assert!(log.of(174).origins.iter().all(|origin| origin.address.as_deref() == Some("127.0.0.1")));
}

#[test]
fn trap_30_overlapping_exports() {
    let dup = "donpapi_dup/";
    let one = format!("{dup}ID4624-Anonymous login with domain specified (DonPapi).evtx");
    let other = format!("{dup}ID5145-4624-DonPAPI full extraction.evtx");
    let (Some(log), Some(alone)) = (read(&[&one, &other]), read(&[&other])) else { return };
    assert_eq!((log.n_duplicates, log.machines.len()), (15, 1));
    assert_eq!(log.sessions.len(), alone.sessions.len());
}

#[test]
fn traps_35_and_53_what_is_no_logon() {
    for (file, what) in [(CONNECTIONS, "1149 alone"), (REFUSED, "a refused 4625"), (SSH, "a failed password")]
    {
        let Some(log) = read(&[file]) else { return };
        assert_eq!(log.sessions.len(), 0, "{what} makes no session");
    }
}

#[test]
fn trap_41_the_kernel_stops_before_the_next_start() {
    let logs = ["Security", "System"].map(|name| format!("rathbun_w10/{name}.evtx"));
    let Some(log) = read(&logs.each_ref().map(String::as_str)) else { return };
    // System 214, written after the 6005 in 209: the StopTime of the boot before.
    let stopped = log.of(224);
    assert_end(stopped, "clean_shutdown", "2022-02-05T19:30:29.8731476Z", "high");
    assert_eq!(stopped.end_latest.as_deref(), Some("2022-02-05T19:30:30.8089628Z"));
}

#[test]
fn trap_50_a_session_taken_by_another_client() {
    let Some(log) = read(&[HIJACK]) else { return };
    let taken = log.named("fs01#0/0x6a423");
    assert_eq!(taken.user.as_deref(), Some("admmarsid"));
    assert!(taken.flags.contains(&"taken_over".to_owned()));
    let from: Vec<_> =
        taken.origins.iter().map(|origin| (origin.record, origin.address.as_deref())).collect();
    assert_eq!(from, [(1829819, Some("10.23.23.9"))]);
    let left = log.named("fs01#0/0x13b5e1e");
    assert!(!left.flags.contains(&"taken_over".to_owned()));
    let away = left.intervals.iter().find(|interval| interval.what == "disconnected").expect("it was left");
    assert_eq!(away.from, "2021-05-14T21:01:05.3700303Z");
}

#[test]
fn trap_52_a_logon_stamped_hours_before_its_boot() {
    // The clock was three hours ahead until System 164; 7001 in 176 tells of the logon after that.
    let Some(log) = read(&W10) else { return };
    let user = log.of(361);
    assert_eq!((user.boot, user.start.as_deref()), (2, Some("2022-02-05T19:18:55.2304973Z")));
    assert_end(user, "user_logoff", "2022-02-05T19:30:26.9460198Z", "high");
    assert_eq!((user.ts_session, user.duration_s), (Some(1), Some(691.7155225)));
    // Nothing of it is told twice: neither Winlogon nor Terminal Services have a session that Security has not.
    assert!(log.sessions.iter().all(|session| session.start_how != "other_log"));
}

#[test]
fn a_denied_connection_is_cited_and_nothing_more() {
    let Some(log) = read(&[DENIED]) else { return };
    let names: Vec<&str> = log.sessions.iter().map(|session| session.session.as_str()).collect();
    assert_eq!(names, ["fs02#0/0x3457272", "fs02#0/0x34696a9"]);
    assert!(log.sessions.iter().all(|session| session.class != "desktop" && session.start.is_none()));
}
