//! Property 2: with any of the records gone, nothing that comes out contradicts the truth.

use super::read::ticks;
use super::{End, Log, Role, RowIdx, SECOND, Session, SessionIdx, Stop, World};
use evtx_fixture::windows::Identity;
use sessionscope::session::record::Record;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub struct Wrong {
    /// A word for what kind of wrong it is.
    pub what: &'static str,
    pub text: String,
}

pub struct Checker<'a> {
    world: &'a World,
    left: &'a [bool],
    rows: HashMap<(&'a str, u64), RowIdx>,
    corrected: Vec<i64>,
    wrong: Vec<Wrong>,
}

/// A session that came out, and what it really is.
struct Claim<'a> {
    record: &'a Record,
    session: SessionIdx,
    role: Role,
    /// Own LogonIds that it names.
    luids: BTreeSet<u64>,
}

/// A moment: as written, and by a clock that was right since boot.
#[derive(Clone, Copy)]
struct Moment {
    low: i64,
    high: i64,
}

pub fn check(world: &World, left: &[bool], records: &[Record]) -> Vec<Wrong> {
    let rows = world.rows.iter().enumerate();
    let mut checker = Checker {
        world,
        left,
        rows: rows
            .filter(|(_, row)| row.is_written)
            .map(|(n, row)| ((row.event.channel.as_ref(), row.id()), n))
            .collect(),
        corrected: (0..world.rows.len()).map(|row| world.corrected(row)).collect(),
        wrong: Vec::new(),
    };
    let claims: Vec<Claim<'_>> = records
        .iter()
        .filter(|record| record.class != "system")
        .filter_map(|record| checker.claim(record))
        .collect();
    for claim in &claims {
        checker.one(claim);
    }
    checker.no_splits(&claims);
    checker.none_missing(&claims);
    checker.wrong
}

pub fn luid(text: &str) -> Option<u64> {
    u64::from_str_radix(text.split('.').next()?.strip_prefix("0x")?, 16).ok()
}

impl<'a> Checker<'a> {
    fn fail(&mut self, what: &'static str, record: &Record, text: String) {
        let text = format!(
            "{} ({} {}): {text}\n    start {:?} {} {:?}..{:?}; end {:?} {} {} {:?}..{:?}; last seen {:?}; {}",
            record.session,
            record.class,
            record.user.as_deref().unwrap_or("-"),
            record.start,
            record.start_how,
            record.start_earliest,
            record.start_latest,
            record.end,
            record.end_how,
            record.end_confidence,
            record.end_earliest,
            record.end_latest,
            record.last_seen,
            record.end_why,
        );
        self.wrong.push(Wrong { what, text });
    }

    fn moment(&self, row: RowIdx) -> Moment {
        let (raw, corrected) = (self.world.rows[row].raw(), self.corrected[row]);
        Moment { low: raw.min(corrected), high: raw.max(corrected) }
    }

    fn evidence(&self, record: &'a Record, roles: &[&str]) -> Vec<RowIdx> {
        let own = record.evidence.iter().filter(|evidence| roles.contains(&evidence.role.as_str()));
        own.filter_map(|e| self.rows.get(&(e.channel.as_str(), e.record)).copied()).collect()
    }

    /// Which true session it is.
    fn claim(&mut self, record: &'a Record) -> Option<Claim<'a>> {
        let name = record.session.rsplit('/').next().unwrap_or_default();
        let first = self.evidence(record, &["start", "end", "lock", "unlock", "disconnect", "reconnect"]);
        let Some(&first) = first.first() else {
            self.fail("no evidence", record, String::new());
            return None;
        };
        let row = &self.world.rows[first];
        let Some(luid) = luid(name) else {
            let session = row.cites.first()?.1;
            return Some(Claim { record, session, role: Role::Primary, luids: BTreeSet::new() });
        };
        let Some((session, role)) = self.world.owner(row.boot, luid) else {
            self.fail("invented", record, format!("no such LogonId in boot {}", row.boot));
            return None;
        };
        let own = record.logons.iter().filter(|logon| matches!(logon.role.as_str(), "primary" | "elevated"));
        let mut luids: BTreeSet<u64> = own.filter_map(|logon| self::luid(&logon.logon_id)).collect();
        luids.insert(luid);
        let linked = record.logon_ids.iter().filter_map(|id| self::luid(id));
        let true_own: BTreeSet<u64> = self.world.sessions[session].own().map(|logon| logon.luid).collect();
        luids.extend(linked.filter(|luid| true_own.contains(luid)));
        Some(Claim { record, session, role, luids })
    }

    /// Whether the very same LogonId was given out again and nothing that is left tells both boots apart.
    fn is_unknowable(&self, claim: &Claim<'a>) -> bool {
        let boot = self.world.sessions[claim.session].boot;
        let is_reused = |row: &super::Row| {
            row.boot != boot && row.cites.iter().any(|(luid, _)| claim.luids.contains(luid))
        };
        let (rows, left) = (&self.world.rows, self.left);
        let again =
            (0..rows.len()).filter(|&row| left[row] && is_reused(&rows[row])).map(|row| rows[row].boot);
        again.into_iter().any(|other| {
            let between = boot.min(other) + 1..=boot.max(other);
            (0..rows.len())
                .all(|row| !(left[row] && rows[row].is_anchor && between.contains(&rows[row].boot)))
        })
    }

    fn one(&mut self, claim: &Claim<'a>) {
        if self.is_unknowable(claim) {
            return;
        }
        let session = &self.world.sessions[claim.session];
        self.identity(claim, session);
        self.mixture(claim, session);
        if !claim.role.is_own() {
            return;
        }
        self.not_over_the_next_boot(claim, session);
        if self.has_steps(session.boot) {
            return;
        }
        self.start(claim, session);
        self.activity(claim, session);
        self.end(claim, session);
        self.duration(claim, session);
        self.active(claim, session);
    }

    /// Whether the clock of a boot was moved, rebases apart: then bounds and moments cannot be compared.
    fn has_steps(&self, boot: usize) -> bool {
        self.world.rows.iter().any(|row| row.boot == boot && row.is_clock && row.rebase == 0)
    }

    /// Whether the machine slept and System, which tells that, is not whole: then a clock may seem to have been set.
    fn is_sleep_lost(&self, session: &Session) -> bool {
        let rows = self.world.rows.iter().zip(self.left);
        let own = || rows.clone().filter(|(row, _)| row.boot == session.boot && row.log == Log::System);
        own().any(|(row, _)| row.event.id == 42) && own().any(|(_, left)| !left)
    }

    fn identity(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let is_known = record.logons.iter().any(|logon| logon.role == "primary");
        if claim.role.is_own() && is_known && record.class != session.class {
            self.fail("class", record, format!("is {}", session.class));
        }
        let is_of_parts = matches!(record.class.as_str(), "reauth" | "network" | "unknown");
        if !claim.role.is_own() && !is_of_parts && !self.is_way_back_lost(claim) {
            self.fail("class of an unlock", record, format!("is {}", claim.role.word()));
        }
        let user = Identity::of(&session.user).name;
        if record.user.as_ref().is_some_and(|told| *told != user) {
            self.fail("user", record, format!("is {user}"));
        }
    }

    /// Whether a logon led back to a session, and nothing is left that tells it from a session of its own: neither its
    /// 4634 nor the reconnect that it led to.
    fn is_way_back_lost(&self, claim: &Claim<'a>) -> bool {
        let is_told = |row: &&super::Row| {
            row.event.id == 4634 && row.cites.iter().any(|(luid, _)| claim.luids.contains(luid))
        };
        let logon = self.world.sessions[claim.session].logons.iter();
        let first = logon.filter(|logon| claim.luids.contains(&logon.luid)).map(|logon| logon.row).min();
        let after = || self.world.rows.iter().enumerate().skip(first.unwrap_or(0));
        let is_back = |row: &super::Row| {
            matches!(row.event.id, 4778 | 25)
                && row.cites.iter().any(|&(_, session)| session == claim.session)
        };
        let back = after().find(|(_, row)| is_back(row)).map_or(0, |(_, row)| row.at);
        let mut left = after().filter(|(n, _)| self.left[*n]);
        claim.role == Role::Reconnect
            && !left.any(|(_, row)| is_told(&row) || is_back(row) && (row.at - back).abs() <= SECOND)
    }

    /// Nothing of one session is told of another.
    fn mixture(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let mut roles = vec!["start", "destroyed", "privileges", "lock", "unlock", "disconnect", "reconnect"];
        if matches!(record.end_how.as_str(), "user_logoff" | "logoff" | "logoff_from_other_log") {
            roles.push("end");
        }
        for row in self.evidence(record, &roles) {
            let other = &self.world.rows[row];
            if other.boot != session.boot || !other.cites.iter().any(|&(_, n)| n == claim.session) {
                let text =
                    format!("{} in {:?} record {} is not its own", other.event.id, other.log, other.id());
                let is_end = matches!(other.event.id, 4634 | 4647 | 23 | 7002);
                self.fail(if is_end { "another's end" } else { "mixture" }, record, text);
            }
        }
    }

    /// The first sign that is left of a later boot.
    fn next_start(&self, boot: usize) -> Option<RowIdx> {
        let is_sign = |&row: &RowIdx| self.left[row] && self.world.rows[row].is_anchor;
        (0..self.world.rows.len()).filter(|&row| self.world.rows[row].boot > boot).find(is_sign)
    }

    fn not_over_the_next_boot(&mut self, claim: &Claim<'a>, session: &Session) {
        let Some(next) = self.next_start(session.boot) else { return };
        let is_renamed =
            self.world.rows[next].event.computer != self.world.boots[session.boot].computer.as_str();
        if is_renamed {
            return;
        }
        let record = claim.record;
        if record.end_how == "open_at_log_end" {
            let row = &self.world.rows[next];
            let text = format!("boot {} follows ({} in {:?} {})", row.boot, row.event.id, row.log, row.id());
            self.fail("open over a start", record, text);
        }
        let start = self.moment(next).high;
        if ticks(&record.end).is_some_and(|end| end > start) && !self.has_steps(session.boot) {
            self.fail("ends after the next start", record, format!("which was at {start}"));
        }
    }

    fn start(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let Some(began) =
            session.own().filter(|logon| claim.luids.contains(&logon.luid)).map(|l| l.row).min()
        else {
            return;
        };
        let first = session.own().map(|logon| logon.row).min().unwrap_or(began);
        // A 4672 comes before its 4624.
        let cited = self.signs(claim).map(|row| self.moment(row).low).min();
        let low = self.moment(first).low.min(self.moment(began).low);
        let low = cited.map_or(low, |cited| low.min(cited));
        let high = self.moment(first).high.max(self.moment(began).high);
        if let Some(start) = ticks(&record.start)
            && !(low..=high).contains(&start)
        {
            self.fail("start", record, String::new());
        }
        if ticks(&record.start_earliest).is_some_and(|earliest| earliest > high) {
            self.fail("start bounds", record, format!("earliest is after it, {high}"));
        }
        if ticks(&record.start_latest).is_some_and(|latest| latest < low) {
            self.fail("start bounds", record, format!("latest is before it, {low}"));
        }
    }

    /// Rows left that cite one of the LogonIds it has, logoffs apart.
    fn signs(&self, claim: &Claim<'a>) -> impl Iterator<Item = RowIdx> {
        let is_sign = |row: &RowIdx| {
            let row = &self.world.rows[*row];
            !matches!(row.event.id, 4634 | 23 | 7002)
                && row.cites.iter().any(|&(luid, n)| n == claim.session && claim.luids.contains(&luid))
        };
        (0..self.world.rows.len()).filter(|&row| self.left[row]).filter(is_sign)
    }

    fn activity(&mut self, claim: &Claim<'a>, _: &Session) {
        let record = claim.record;
        if record.end_how == "user_logoff" {
            return;
        }
        let Some(last) = self.signs(claim).map(|row| self.moment(row).low).max() else { return };
        if ticks(&record.end).or(ticks(&record.end_latest)).is_some_and(|end| end < last) {
            self.fail("ends before its last activity", record, format!("at {last}"));
        }
    }

    /// When the LogonIds that it has were over, and when the whole session was.
    fn ends(&self, claim: &Claim<'a>, session: &Session) -> Vec<Moment> {
        let whole = match session.end {
            End::UserLogoff { row, .. } | End::Logoff { row } => self.moment(row),
            End::WithBoot => Moment { low: session.ended.1, high: session.ended.1 },
        };
        let half = (0..self.world.rows.len()).rev().find(|&row| {
            let row = &self.world.rows[row];
            row.event.id == 4634
                && row.cites.iter().any(|&(luid, n)| n == claim.session && claim.luids.contains(&luid))
        });
        let is_whole = session.own().all(|logon| claim.luids.contains(&logon.luid));
        // Of a session that has lost half of itself, the end of that half is the truth as well; and of one whose 4647
        // is lost, the 4634.
        let is_4647_lost = matches!(session.end, End::UserLogoff { row, .. } if !self.left[row]);
        let half = half.filter(|_| !is_whole || is_4647_lost).map(|row| self.moment(row));
        [Some(whole), half].into_iter().flatten().collect()
    }

    fn end(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let ends = self.ends(claim, session);
        let is_high = record.end_confidence == "high";
        let end = ticks(&record.end);
        let (earliest, latest) = (ticks(&record.end_earliest), ticks(&record.end_latest));
        let fits = |moment: &Moment| {
            earliest.is_none_or(|earliest| earliest <= moment.high)
                && latest.is_none_or(|latest| moment.low <= latest)
        };
        if !ends.iter().chain(&self.ended_by_first_clock(claim, session)).any(fits) {
            let ends: Vec<i64> = ends.iter().map(|moment| moment.low).collect();
            let what = if is_high { "high, and out of bounds" } else { "end bounds" };
            self.fail(what, record, format!("it ended {ends:?}"));
        }
        let is_exact = |moment: &Moment| end.is_some_and(|end| (moment.low..=moment.high).contains(&end));
        let is_joined = record.end_how == "logoff_from_other_log";
        let is_close = |moment: &Moment| end.is_some_and(|end| (end - moment.low).abs() <= 5 * SECOND);
        if is_high && record.end_how != "clean_shutdown" {
            let holds = ends.iter().any(|moment| is_exact(moment) || is_joined && is_close(moment));
            if !holds {
                self.fail("high, and wrong", record, format!("it ended {:?}", session.end));
            }
        }
        if is_high && record.end_how == "clean_shutdown" {
            self.clean(claim, session);
        }
        if record.end_how == "open_at_log_end" && self.world.boots[session.boot].stop == Stop::Running {
            return;
        }
        // A proven end must be used.
        if let End::UserLogoff { row, .. } = session.end
            && self.left[row]
            && claim.luids.contains(&session.primary())
            && record.end_how != "user_logoff"
        {
            self.fail("4647 unused", record, String::new());
        }
    }

    /// `high` for a shutdown only where no gap could hide a logoff.
    fn clean(&mut self, claim: &Claim<'a>, session: &Session) {
        if !matches!(self.world.boots[session.boot].stop, Stop::Clean { .. }) {
            self.fail("high for a shutdown that was none", claim.record, String::new());
            return;
        }
        let last = self.signs(claim).filter(|&row| self.world.rows[row].log == Log::Security).max();
        let Some(last) = last else { return };
        let is_security =
            |&row: &RowIdx| self.world.rows[row].log == Log::Security && self.world.rows[row].is_written;
        let mut after = (last + 1..self.world.rows.len()).filter(is_security);
        // The gap is seen up to the next record that is left.
        let mut missing = Vec::new();
        let mut is_hidden = false;
        for row in after.by_ref() {
            match (self.left[row], self.world.rows[row].boot > session.boot) {
                (false, _) => missing.push(row),
                (true, true) => break,
                (true, false) => is_hidden |= !missing.is_empty(),
            }
        }
        let has_next = (last + 1..self.world.rows.len()).any(|row| {
            self.left[row]
                && self.world.rows[row].boot > session.boot
                && self.world.rows[row].log == Log::Security
                && self.is_same_machine(claim, row)
        });
        let in_boot = missing.iter().any(|&row| self.world.rows[row].boot == session.boot);
        if is_hidden || has_next && in_boot {
            let ids: Vec<u64> = missing.iter().take(5).map(|&row| self.world.rows[row].id()).collect();
            self.fail("high over a gap", claim.record, format!("{ids:?} are missing"));
        }
    }

    /// Whether a record of a later boot was found to be of the session's machine: under a new name, nothing may be left
    /// that joins it.
    fn is_same_machine(&self, claim: &Claim<'a>, row: RowIdx) -> bool {
        let machine = claim.record.session.split('#').next();
        let later = &self.world.boots[self.world.rows[row].boot..];
        later.iter().any(|boot| Some(boot.computer.as_str()) == machine)
    }

    /// When a session ended by the clock with which its boot began, if no other is known: nothing that Security or System
    /// have left of the boot was written after that was put right, nor does the next start tell of the end. What
    /// Terminal Services wrote of others since then may as well be of a boot before. That the session ended after its
    /// last record and before the next start is then the order of events, which bounds it and proves no moment.
    fn ended_by_first_clock(&self, claim: &Claim<'a>, session: &Session) -> Option<Moment> {
        let rows = self.world.rows.iter().zip(self.left);
        let own = || rows.clone().filter(|(row, _)| row.boot == session.boot && row.event.id != 13);
        let clock = |row: &super::Row| row.raw() - row.at;
        let first = own().next().map(|(row, _)| clock(row))?;
        // Both halves of a pair are written with one time.
        let is_of_first = |(row, _): (&super::Row, &bool)| {
            let is_placed = matches!(row.log, Log::Security | Log::System)
                || row.cites.iter().any(|&(_, session)| session == claim.session);
            !is_placed || (clock(row) - first).abs() < SECOND
        };
        let tells_end = |(row, left): (&super::Row, &bool)| {
            *left
                && row.boot == session.boot + 1
                && row.log == Log::System
                && matches!(row.event.id, 13 | 6008)
        };
        let is_known = !rows.clone().any(tells_end) && own().filter(|(_, left)| **left).all(is_of_first);
        let end = session.ended.0 + first;
        is_known.then_some(Moment { low: end, high: end })
    }

    fn duration(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let is_whole = session.own().all(|logon| claim.luids.contains(&logon.luid));
        let is_clock_lost =
            (0..self.world.rows.len()).any(|row| self.world.rows[row].is_clock && !self.left[row]);
        let is_4647_lost = matches!(session.end, End::UserLogoff { row, .. } if !self.left[row]);
        if !is_whole || is_clock_lost || is_4647_lost || self.is_sleep_lost(session) {
            return;
        }
        let lasted = (session.ended.0 - session.began.0) as f64 / 1e7;
        let slack = if record.end_how == "logoff_from_other_log" { 5.0 } else { 1e-6 };
        if record.duration_min_s.is_some_and(|low| low > lasted + slack)
            || record.duration_max_s.is_some_and(|high| high < lasted - slack)
        {
            let text = format!("{:?}..{:?}, was {lasted}", record.duration_min_s, record.duration_max_s);
            self.fail("duration", record, text);
        }
    }

    /// Time in use: exact where it is called so, and never less than the truth.
    fn active(&mut self, claim: &Claim<'a>, session: &Session) {
        let record = claim.record;
        let is_whole = session.own().all(|logon| claim.luids.contains(&logon.luid));
        let is_clock_lost =
            (0..self.world.rows.len()).any(|row| self.world.rows[row].is_clock && !self.left[row]);
        let end = match session.end {
            End::UserLogoff { row, .. } | End::Logoff { row } => row,
            End::WithBoot => match self.world.boots[session.boot].stop {
                Stop::Clean { stopped } => stopped,
                _ => return,
            },
        };
        let is_same_end = ticks(&record.end).is_some_and(|end_told| end_told == self.corrected[end]);
        if !is_whole || is_clock_lost || !is_same_end || session.class != "desktop" {
            return;
        }
        let until = self.world.rows[end].at;
        let lasted = (until - session.began.0) as f64 / 1e7;
        for (told, what, states) in [
            (record.connected_s, "connected", &["disconnected"][..]),
            (record.active_s, "active", &["disconnected", "locked"][..]),
        ] {
            let own = session.intervals.iter().filter(|interval| states.contains(&interval.what));
            let own = own
                .map(|own| (self.world.rows[own.from].at, own.to.map_or(until, |to| self.world.rows[to].at)));
            let mut spans: Vec<(i64, i64)> =
                own.chain(session.sleeps.iter().map(|sleep| (sleep.from.0, sleep.to.0))).collect();
            spans.sort_unstable();
            let (mut sum, mut reached) = (0, i64::MIN);
            for (from, to) in spans {
                let (from, to) = (from.max(reached), to.min(until));
                sum += (to - from).max(0);
                reached = reached.max(to);
            }
            let truth = lasted - sum as f64 / 1e7;
            let is_exact = record.active_how == "exact";
            let Some(told) = told else { continue };
            // What other logs say of a moment is off by a little.
            if told < truth - 1e-3 || is_exact && told > truth + 1e-3 {
                self.fail(what, record, format!("{told} ({}), was {truth}", record.active_how));
            }
        }
    }

    /// What still has a record of its own in Security is told of.
    fn none_missing(&mut self, claims: &[Claim<'a>]) {
        let mut known: BTreeSet<(usize, u64)> = BTreeSet::new();
        for claim in claims {
            let boot = self.world.sessions[claim.session].boot;
            let logons = claim.record.logons.iter().map(|logon| &logon.logon_id);
            let ids = claim.record.logon_ids.iter().chain(logons);
            known.extend(
                ids.filter_map(|id| self::luid(id))
                    .chain(claim.luids.iter().copied())
                    .map(|luid| (boot, luid)),
            );
        }
        let boots: BTreeSet<usize> =
            claims.iter().map(|claim| self.world.sessions[claim.session].boot).collect();
        for row in (0..self.world.rows.len()).filter(|&row| self.left[row]) {
            let own = &self.world.rows[row];
            for &(luid, session) in &own.cites {
                let is_own = self.world.owner(own.boot, luid).is_some_and(|(_, role)| role.is_own());
                if luid == 0 || !is_own || known.contains(&(own.boot, luid)) {
                    continue;
                }
                let is_told_elsewhere = boots.iter().any(|&boot| known.contains(&(boot, luid)));
                if is_told_elsewhere {
                    continue;
                }
                known.insert((own.boot, luid));
                let session = &self.world.sessions[session];
                let text = format!(
                    "{} {} ({luid:#x}, boot {}) is missing: {} in {:?} {}",
                    session.class,
                    session.user,
                    own.boot,
                    own.event.id,
                    own.log,
                    own.id()
                );
                self.wrong.push(Wrong { what: "missing session", text });
            }
        }
    }

    /// No session becomes two.
    fn no_splits(&mut self, claims: &[Claim<'a>]) {
        let mut begun: BTreeMap<SessionIdx, &Record> = BTreeMap::new();
        let mut known: BTreeMap<(SessionIdx, u64), &Record> = BTreeMap::new();
        for claim in claims.iter().filter(|claim| claim.role.is_own()) {
            if claim.record.start_how == "logon"
                && let Some(other) = begun.insert(claim.session, claim.record)
            {
                self.fail("two starts", claim.record, format!("{} is the same", other.session));
            }
            for &luid in &claim.luids {
                if let Some(other) = known.insert((claim.session, luid), claim.record) {
                    self.fail("split", claim.record, format!("{} has LogonId {luid:#x} too", other.session));
                }
            }
        }
    }
}
