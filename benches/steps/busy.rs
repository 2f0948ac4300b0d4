//! Busy computers as blocks made in memory, as parse workers make them: five events for each session.

use sessionscope::event::columns::{LAYOUTS, MAX_CELLS, SpecIdx, StrId, filled};
use sessionscope::event::records::{Records, Signature, Signatures, Span};
use sessionscope::event::{Field, Type};
use sessionscope::parse::block::{Block, Chunks};
use sessionscope::time::{SECOND, Timestamp};

const N_MACHINES: u32 = 4;

/// Starts of each machine, however many sessions it has: what grows faster than a boot's sessions then shows.
const N_BOOTS: u32 = 10;

/// Of a batch of 2 MiB, about.
const RECORDS_PER_BLOCK: usize = 4096;

/// How long sessions last, in logons of others: some are short, some last an hour.
const LASTS: [u32; 8] = [1, 3, 7, 20, 50, 100, 400, 900];

/// Hands on the blocks of a case with this many sessions, and gives the number of its events.
pub fn blocks(n_sessions: u32, mut take: impl FnMut(Block)) -> u64 {
    let mut n_events = 0;
    for machine in 0..N_MACHINES {
        let mut log = Log::new(machine);
        for _ in 0..N_BOOTS {
            log.boot(n_sessions / N_MACHINES / N_BOOTS, &mut take);
        }
        n_events += log.n_events;
        log.send(&mut take);
    }
    n_events
}

/// A machine's Security log while it is written.
struct Log {
    machine: u32,
    record: u64,
    time: i64,
    n_sessions: u32,
    n_events: u64,
    records: Records,
    signatures: Signatures,
    names: [StrId; 3],
}

impl Log {
    fn new(machine: u32) -> Self {
        let time = Timestamp::parse("2024-01-08T00:00:00Z").map_or(0, Timestamp::ticks);
        let mut log = Log {
            machine,
            record: 0,
            time,
            n_sessions: 0,
            n_events: 0,
            records: Records::default(),
            signatures: Signatures::default(),
            names: [StrId::NONE; 3],
        };
        log.begin();
        log
    }

    fn begin(&mut self) {
        self.records = Records::default();
        self.signatures = Signatures::default();
        let computer = format!("SRV{:02}.corp.example", self.machine);
        let names = ["Microsoft-Windows-Security-Auditing", "Security", &computer];
        self.names = names.map(|name| self.records.strings.intern(name));
        let chunk = (self.record / 64) as u32;
        self.records.spans.push(Span { first_row: 0, source: self.machine, chunk });
    }

    fn send(&mut self, take: &mut impl FnMut(Block)) {
        let mut records = std::mem::take(&mut self.records);
        records.signatures = std::mem::take(&mut self.signatures).all;
        let chunks = Chunks { n_read: (records.len() / 64) as u32, ..Chunks::default() };
        take(Block { source: self.machine, chunks, records, problems: Vec::new() });
        self.begin();
    }

    fn boot(&mut self, n_sessions: u32, take: &mut impl FnMut(Block)) {
        self.write(4608, &[]);
        let longest = LASTS[LASTS.len() - 1];
        // Sessions that are due to be used or ended, by the logon after which they are.
        let mut due: Vec<Vec<(u32, bool)>> = vec![Vec::new(); longest as usize + 1];
        for n in 0..n_sessions + longest {
            let now = std::mem::take(&mut due[(n % (longest + 1)) as usize]);
            for (session, is_end) in now {
                if is_end { self.end(session) } else { self.lock(session) }
            }
            if n < n_sessions {
                let lasts = LASTS[(self.n_sessions.wrapping_mul(0x9e37_79b9) >> 29) as usize];
                due[((n + lasts.div_ceil(2)) % (longest + 1)) as usize].push((self.n_sessions, false));
                due[((n + lasts) % (longest + 1)) as usize].push((self.n_sessions, true));
                self.logon(self.n_sessions);
                self.n_sessions += 1;
            }
            if self.records.len() >= RECORDS_PER_BLOCK {
                self.send(take);
            }
        }
    }

    fn logon(&mut self, session: u32) {
        let (luid, user) = (luid(session), user(session));
        let (sid, name) = (sid(user), format!("user{user:04}"));
        let address = format!("10.20.{}.{}", session / 7 % 16, 1 + session % 250);
        // Most sessions of a busy server are network logons; a person's is remote.
        let logon_type = if session.is_multiple_of(5) { 10 } else { 3 };
        self.write(
            4624,
            &[
                (Field::SubjectSid, Value::Text("S-1-5-18")),
                (Field::TargetSid, Value::Text(&sid)),
                (Field::TargetUser, Value::Text(&name)),
                (Field::TargetDomain, Value::Text("CORP")),
                (Field::TargetLogonId, Value::Wide(luid)),
                (Field::LogonType, Value::Number(logon_type)),
                (Field::LogonProcess, Value::Text("Kerberos")),
                (Field::AuthPackage, Value::Text("Kerberos")),
                (Field::Address, Value::Text(&address)),
                (Field::Port, Value::Number(49_152 + session % 16_000)),
                (Field::Elevated, Value::Text("%%1842")),
            ],
        );
        self.write(
            4672,
            &[(Field::SubjectSid, Value::Text(&sid)), (Field::SubjectLogonId, Value::Wide(luid))],
        );
    }

    fn lock(&mut self, session: u32) {
        for id in [4800, 4801] {
            self.write(id, &target(&sid(user(session)), session));
        }
    }

    fn end(&mut self, session: u32) {
        self.write(4634, &target(&sid(user(session)), session));
    }

    fn write(&mut self, id: u16, values: &[(Field, Value<'_>)]) {
        self.record += 1;
        self.time += SECOND / 8;
        self.n_events += 1;
        let [provider, channel, computer] = self.names;
        let signature = Signature {
            provider,
            channel,
            computer,
            event_id: id.into(),
            outcome: 1,
            ..Signature::default()
        };
        let records = &mut self.records;
        records.id.push(self.record);
        records.time.push(Timestamp::from_ticks(self.time));
        records.signature.push(self.signatures.intern(signature));
        let spec = spec(id).expect("the event is in the table");
        records.events.push_untyped();
        let mut cells = [0; MAX_CELLS];
        for (field, value) in values {
            put(records, spec, &mut cells, *field, *value);
        }
        records.events.set_last(spec, filled(&cells), &cells);
    }
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    Number(u32),
    Wide(u64),
}

fn put(records: &mut Records, spec: SpecIdx, cells: &mut [u32], field: Field, value: Value<'_>) {
    let Some(slot) = LAYOUTS[usize::from(spec)].slot(field) else { return };
    match value {
        Value::Text(text) => cells[slot] = records.strings.intern(text).0,
        Value::Number(number) => cells[slot] = number + 1,
        Value::Wide(wide) => {
            debug_assert!(matches!(field.ty(), Type::Luid | Type::Time));
            cells[slot] = wide as u32;
            cells[slot + 1] = (wide >> 32) as u32;
        }
    }
}

fn target(sid: &str, session: u32) -> [(Field, Value<'_>); 2] {
    [(Field::TargetSid, Value::Text(sid)), (Field::TargetLogonId, Value::Wide(luid(session)))]
}

fn spec(id: u16) -> Option<SpecIdx> {
    let is = |layout: &sessionscope::event::columns::Layout| {
        layout.origin.channel.eq_ignore_ascii_case("Security") && layout.spec.id == id
    };
    LAYOUTS.iter().position(is).map(|n| n as SpecIdx)
}

/// LogonIds only grow within a boot; here they grow on.
fn luid(session: u32) -> u64 {
    0x1_0000 + u64::from(session) * 0x2c1
}

fn user(session: u32) -> u32 {
    session.wrapping_mul(0x85eb_ca6b) % 1500
}

fn sid(user: u32) -> String {
    format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1100 + user)
}
