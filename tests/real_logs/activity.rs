//! What ran in sessions of real logs, where they led, and who was on.

use super::common::load;
use super::{corpus, invariants};
use sessionscope::case::Case;
use sessionscope::session::record::Record;
use sessionscope::time::Timestamp;
use std::path::Path;

fn set(folder: &Path, name: &str) -> (Case, Vec<Record>) {
    let files = corpus::manifest(folder);
    let own = files.iter().map(corpus::name).filter(|file| file.starts_with(name));
    let mut case = load(&own.map(|file| corpus::read(folder, file)).collect::<Vec<_>>());
    let sessions = invariants::check(&mut case);
    (case, sessions)
}

/// Records with this event id, each once.
fn n_records(case: &Case, event_id: u32) -> usize {
    let rows = case.correlated().machines.iter().flat_map(|machine| &machine.lineages);
    let rows = rows.flat_map(|lineage| &lineage.rows);
    rows.filter(|&&row| case.records().signature(row).event_id == event_id).count()
}

#[test]
fn every_file_of_a_share_is_an_act_of_one_session() {
    let Some(folder) = corpus::folder() else { return };
    let (case, sessions) = set(&folder, "donpapi_dup/");
    let n_files: u32 = sessions.iter().map(|session| session.activity.files).sum();
    assert_eq!(n_files as usize, n_records(&case, 5145));
    let busiest = sessions.iter().max_by_key(|session| session.activity.files).unwrap();
    assert_eq!(
        (busiest.user.as_deref(), busiest.activity.by_share[0].share.as_str()),
        (Some("admmig"), "\\\\*\\C$")
    );
    let n_by_share: u32 = busiest.activity.by_share.iter().map(|share| share.n_files).sum();
    assert_eq!(n_by_share, busiest.activity.files);
}

#[test]
fn acts_are_listed_piece_by_piece() {
    let Some(folder) = corpus::folder() else { return };
    let (case, sessions) = set(&folder, "donpapi_dup/");
    let busiest = sessions.iter().max_by_key(|session| session.activity.n()).unwrap();
    let mut listed = Vec::new();
    for first in (0..busiest.activity.n()).step_by(100) {
        let piece = case.activity(&busiest.session, first, 100).unwrap();
        assert_eq!((piece.n_total, piece.first), (busiest.activity.n(), first));
        listed.extend(piece.rows);
    }
    assert_eq!(listed.len(), busiest.activity.n() as usize);
    assert!(listed.windows(2).all(|pair| pair[0].record < pair[1].record));
    let file = listed.iter().find(|row| row.event == 5145).unwrap();
    let names: Vec<&str> = file.details.iter().map(|detail| detail.name.as_str()).collect();
    assert_eq!((file.kind.as_str(), &names[..]), ("files", &["share", "path"][..]));
    assert!(case.activity("nobody#0/0x1", 0, 1).is_none());
}

/// 4648 in record 7698: the administrator's desktop on the domain controller, and credentials for a workstation. All
/// others of this log are the system's own, for this computer.
#[test]
fn credentials_for_another_computer_are_a_hop() {
    let Some(folder) = corpus::folder() else { return };
    let (_, sessions) = set(&folder, "szechuan_dc_2012r2/");
    let hops: Vec<_> =
        sessions.iter().flat_map(|session| session.hops.iter().map(move |hop| (session, hop))).collect();
    let [(session, hop)] = hops[..] else { panic!("{} hops: {hops:?}", hops.len()) };
    assert_eq!((session.class.as_str(), session.user.as_deref()), ("desktop", Some("Administrator")));
    assert_eq!((hop.direction.as_str(), hop.how.as_str()), ("out", "explicit_credentials"));
    assert_eq!((hop.host.as_deref(), hop.machine.as_deref()), (Some("DESKTOP-SDN1RPT"), None));
    assert_eq!((hop.n, hop.records[0].record), (2, 7698));
}

/// The intruder's Remote Desktop session, and the network session that opened it; after the last record nothing is sure.
#[test]
fn who_was_on_during_the_intrusion() {
    let Some(folder) = corpus::folder() else { return };
    let (case, _) = set(&folder, "szechuan_dc_2012r2/");
    let who = |text: &str| case.who(Timestamp::parse(text).unwrap(), false).0;
    let found = who("2020-09-19T03:30:00Z");
    let rdp: Vec<_> = found.iter().filter(|session| session.logon_type == Some(10)).collect();
    let [rdp] = rdp[..] else { panic!("{found:#?}") };
    assert_eq!((rdp.certainty.as_str(), rdp.user.as_deref()), ("surely", Some("Administrator")));
    assert_eq!((rdp.origin_address.as_deref(), rdp.is_covered), (Some("194.61.24.102"), true));
    let late = who("2020-09-19T12:00:00Z");
    assert!(
        !late.is_empty() && late.iter().all(|session| session.certainty == "possibly" && !session.is_covered)
    );
}
