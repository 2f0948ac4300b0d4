//! Moments that several logs tell of (domain.md rule 33). A clock that was set shows one time more than once; where one
//! log is known to have told of it, the other did.

use super::accounts::without_domain;
use super::terminal::{Says, notification};
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// The records of one moment in several logs are this close together (rule 33).
pub const SAME_MOMENT: i64 = 5 * SECOND;

/// So many records of one moment are looked at: more are no sign of anything.
const MAX_SAME: usize = 64;

/// What more than one log tells of. A logon or a logoff is told by the number of its Terminal Services session, by the
/// account's SID, or by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Logon(u32),
    Logoff(u32),
    LogonOf(StrId),
    LogoffOf(StrId),
    LogonBy(Name),
    LogoffBy(Name),
    DisconnectBy(Name),
    ReconnectBy(Name),
    ClockSet,
    EventLogStopped,
}

/// The name of an account without its domain, however written: two names of one hash are taken for one.
type Name = u64;

impl Moment {
    fn of(records: &Records, row: RowIdx) -> [Option<Moment>; 2] {
        let Some(event) = records.event(row) else { return [None, None] };
        let events = &records.events;
        let number = || events.number(event, Field::TsSession);
        let sid = || Some(events.text(event, Field::TargetSid)).filter(|sid| !sid.is_none());
        let name = |field| name(records.text(events.text(event, field)));
        match events.kind(event) {
            Kind::WinlogonLogon => [number().map(Moment::Logon), sid().map(Moment::LogonOf)],
            Kind::WinlogonLogoff => [number().map(Moment::Logoff), sid().map(Moment::LogoffOf)],
            // Its shell starts with the logon, within a second or two.
            Kind::TsLogon | Kind::TsShell => {
                [number().map(Moment::Logon), name(Field::Account).map(Moment::LogonBy)]
            }
            Kind::TsLogoff => [number().map(Moment::Logoff), name(Field::Account).map(Moment::LogoffBy)],
            Kind::ProfileLogon => [number().map(Moment::Logon), None],
            Kind::ProfileLogoff => [number().map(Moment::Logoff), None],
            Kind::PolicyAtLogon => [name(Field::Account).map(Moment::LogonBy), None],
            // Winlogon tells its subscribers in the name of the account.
            Kind::WinlogonNotifies => {
                let sid = Some(events.text(event, Field::UserId)).filter(|sid| !sid.is_none());
                [sid.zip(events.number(event, Field::Notification)).and_then(notified), None]
            }
            Kind::TsDisconnected => [name(Field::Account).map(Moment::DisconnectBy), None],
            Kind::TsReconnected => [name(Field::Account).map(Moment::ReconnectBy), None],
            // A 4627 is written beside each 4624, which need not be audited.
            Kind::Logon | Kind::GroupsListed
                if matches!(events.number(event, Field::LogonType), Some(2 | 10..=12)) =>
            {
                [name(Field::TargetUser).map(Moment::LogonBy), sid().map(Moment::LogonOf)]
            }
            Kind::UserLogoff => [name(Field::TargetUser).map(Moment::LogoffBy), sid().map(Moment::LogoffOf)],
            Kind::Disconnected => [name(Field::TargetUser).map(Moment::DisconnectBy), None],
            Kind::Reconnected => [name(Field::TargetUser).map(Moment::ReconnectBy), None],
            Kind::ClockSet => [Some(Moment::ClockSet), None],
            Kind::EventLogStopped | Kind::EventLogStoppedClean => [Some(Moment::EventLogStopped), None],
            _ => [None, None],
        }
    }
}

/// What Winlogon's notifications of an account's logon and logoff tell.
fn notified((sid, number): (StrId, u32)) -> Option<Moment> {
    match notification(number)? {
        Says::Opened => Some(Moment::LogonOf(sid)),
        Says::Closed => Some(Moment::LogoffOf(sid)),
        Says::Changed(_) => None,
    }
}

fn name(text: &str) -> Option<Name> {
    let name = without_domain(text);
    let mut hasher = FxHasher::default();
    name.chars().flat_map(char::to_lowercase).for_each(|letter| hasher.write_u32(u32::from(letter)));
    (!name.is_empty()).then(|| hasher.finish())
}

/// The moments that logs tell of, each at a place.
pub struct Moments {
    all: Vec<(Moment, Timestamp, usize)>,
}

impl Moments {
    pub fn of(records: &Records, placed: impl Iterator<Item = (RowIdx, usize)>) -> Self {
        let moments = |(row, place): (RowIdx, usize)| {
            let own = Moment::of(records, row).into_iter().flatten();
            own.map(move |moment| (moment, records.time[row as usize], place))
        };
        let mut all: Vec<_> = placed.flat_map(moments).collect();
        all.sort_unstable();
        Moments { all }
    }

    /// The records of another log that tell of the same, by where they stand in `rows`, and their places: both ascending.
    pub fn places(&self, records: &Records, rows: &[RowIdx]) -> Vec<(usize, usize)> {
        let mut known: Vec<(usize, usize)> = Vec::new();
        let rows = if self.all.is_empty() { &[] } else { rows };
        for (n, &row) in rows.iter().enumerate() {
            let own = Moment::of(records, row).into_iter().flatten();
            let place = own.filter_map(|own| self.place(own, records.time[row as usize])).next();
            let is_later = |place: &usize| known.last().is_none_or(|(_, last)| last <= place);
            known.extend(place.filter(is_later).map(|place| (n, place)));
        }
        known
    }

    /// The one place at which this log tells of a moment.
    fn place(&self, own: Moment, at: Timestamp) -> Option<usize> {
        let from = (own, at.plus(-SAME_MOMENT));
        let first = self.all.partition_point(|&(moment, time, _)| (moment, time) < from);
        let is_same =
            |&&(moment, time, _): &&(Moment, Timestamp, usize)| moment == own && time <= at.plus(SAME_MOMENT);
        let n_same = self.all[first..].iter().take(MAX_SAME).take_while(is_same).count();
        let mut places = self.all[first..first + n_same].iter().map(|&(_, _, place)| place);
        let place = places.next()?;
        (n_same < MAX_SAME && places.all(|other| other == place)).then_some(place)
    }
}
