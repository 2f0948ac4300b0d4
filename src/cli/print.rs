//! Answers as text on standard output.

use super::table::{self, Lines};
use super::{Failure, Outcome, load};
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator,
};
use sessionscope::case::ledger::SourceRow;
use sessionscope::case::{Case, Format};
use sessionscope::event::Field;
use sessionscope::export::lent::{Lent, Text};
use sessionscope::export::record::push_duration;
use sessionscope::export::words::{counted, what};
use sessionscope::export::{codes, visible};
use sessionscope::parse::{CHUNK_BYTES, record_view};
use sessionscope::query::who::WhoRecord;
use sessionscope::query::{Query, Row};
use sessionscope::session::Class;
use sessionscope::time::Timestamp;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Sessions that a core writes in a row, and rows that are written side by side: enough to keep all cores busy, few
/// enough to keep memory flat.
const IN_ROW: u32 = 100;
pub const ROWS_AT_ONCE: u32 = 32;

/// Prints sessions in a file format.
pub fn export(out: &mut impl Write, case: &mut Case, format: Format, all: bool) -> Outcome {
    let n = case.choose(query(all).as_ref());
    out.write_all(&case.export_header(format).unwrap_or_default())?;
    let case = &*case;
    let mut rows = vec![Vec::new(); n.div_ceil(IN_ROW).min(ROWS_AT_ONCE) as usize];
    for first in (0..n).step_by((IN_ROW * ROWS_AT_ONCE) as usize) {
        rows.par_iter_mut().enumerate().for_each(|(n, row)| {
            row.clear();
            case.export_chosen(format, first + n as u32 * IN_ROW, IN_ROW, row);
        });
        rows.iter().try_for_each(|row| out.write_all(row))?;
    }
    Ok(())
}

/// Everything, or what the page shows at first: no noise.
fn query(all: bool) -> Option<Query> {
    (!all).then(Query::default)
}

/// Prints sessions as a table of the page's own rows, bursts and series as one line each if `is_grouped`.
pub fn sessions(out: &mut impl Write, case: &mut Case, all: bool, is_grouped: bool) -> Outcome {
    let noise = Class::ALL.iter().filter(|class| all && class.is_noise());
    let shown_noise = noise.map(|class| class.word().to_owned()).collect();
    case.show(&Query { is_grouped, shown_noise, ..Query::default() });
    let case = &*case;
    let shown = case.shown::<Lent<'_>>(0, 0);
    let part = |first: u32| {
        let (mut lines, mut n_bursts, mut n_in_bursts) = (Lines::with_capacity(IN_ROW as usize), 0, 0);
        for row in case.shown(first, IN_ROW).rows {
            add_line(&mut lines, &row);
            if let Some(burst) = &row.group {
                n_bursts += 1;
                n_in_bursts += burst.n_shown;
            }
        }
        // All are kept until the widest cell is known.
        lines.shrink_to_fit();
        (lines, (n_bursts, n_in_bursts))
    };
    let firsts: Vec<u32> = (0..shown.n_rows).step_by(IN_ROW as usize).collect();
    let (parts, bursts): (Vec<Lines<8>>, Vec<(u32, u32)>) = firsts.into_par_iter().map(part).unzip();
    let header = ["START", "END", "HOW IT ENDED", "DURATION", "USER", "MACHINE", "TYPE", "FROM"];
    table::print(out, header, &parts)?;
    let hidden = shown.n_total - shown.n_sessions;
    let noise = if hidden > 0 { format!(", {hidden} of noise not shown (--all)") } else { String::new() };
    let n_in_bursts: u32 = bursts.iter().map(|(_, n)| n).sum();
    let series = if all { " or series" } else { "" };
    let bursts = match bursts.iter().map(|(n, _)| n).sum::<u32>() {
        0 => String::new(),
        n => format!(", {n_in_bursts} of them in {}{series} (--no-bursts)", counted(n, "burst")),
    };
    let n_sessions = counted(shown.n_sessions, "session");
    let n_machines = counted(case.summary().n_machines, "machine");
    writeln!(out, "{n_sessions} on {n_machines}{bursts}{noise}")?;
    Ok(())
}

fn add_line(lines: &mut Lines<8>, row: &Row<Lent<'_>>) {
    lines.add_cell(|out| push_moment(out, &row.start, &row.start_earliest, &row.start_latest));
    lines.add_cell(|out| push_moment(out, &row.end, &row.end_earliest, &row.end_latest));
    lines.add_cell(|out| match &row.group {
        Some(burst) if burst.is_series => {
            push_all(out, &["series of ", &burst.n_sessions.to_string(), " logons"])
        }
        Some(burst) => push_all(out, &["burst of ", &burst.n_sessions.to_string(), " sessions"]),
        None => push_all(out, &[&row.end_how.text(), " (", &row.end_confidence.text(), ")"]),
    });
    lines.add_cell(|out| push_duration(out, row.duration_s, row.duration_min_s, row.duration_max_s));
    lines.add_cell(|out| push_user(out, &row.domain, &row.user, &row.sid));
    lines.add_cell(|out| row.machine.push_to(out));
    lines.add_cell(|out| push_kind(out, row.logon_type, &row.logon_type_name, &row.class));
    lines.add_cell(|out| push_joined(out, [&row.origin_address, &row.origin_host]));
}

fn push_all(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

/// The texts that are there.
fn push_joined<'a, T: Text<'a>>(out: &mut String, texts: [&Option<T>; 2]) {
    for (n, text) in texts.into_iter().flatten().enumerate() {
        out.push_str(if n == 0 { "" } else { " " });
        text.push_to(out);
    }
}

fn push_user<'a, T: Text<'a>>(out: &mut String, domain: &Option<T>, user: &Option<T>, sid: &Option<T>) {
    match (domain, user) {
        (Some(domain), Some(user)) => push_all(out, &[&domain.text(), "\\", &user.text()]),
        (_, user) => match user.as_ref().or(sid.as_ref()) {
            Some(name) => name.push_to(out),
            None => out.push('?'),
        },
    }
}

fn push_kind<'a, T: Text<'a>>(out: &mut String, logon_type: Option<u32>, name: &Option<T>, class: &T) {
    let Some(number) = logon_type else { return class.push_to(out) };
    out.push_str(&number.to_string());
    if let Some(name) = name {
        push_all(out, &[" ", &name.text()]);
    }
}

/// A time to the second, or the bounds it lies between.
pub fn moment<'a, T: Text<'a>>(at: &Option<T>, earliest: &Option<T>, latest: &Option<T>) -> String {
    let mut out = String::new();
    push_moment(&mut out, at, earliest, latest);
    out
}

fn push_moment<'a, T: Text<'a>>(out: &mut String, at: &Option<T>, earliest: &Option<T>, latest: &Option<T>) {
    let (before, one, between, other) = match (at, earliest, latest) {
        (Some(at), None, None) => ("", Some(at), "", None),
        // An estimate within bounds must not look like a recorded moment.
        (Some(at), _, _) => ("~ ", Some(at), "", None),
        (None, Some(earliest), Some(latest)) => ("", Some(earliest), " .. ", Some(latest)),
        (None, Some(earliest), None) => ("after ", Some(earliest), "", None),
        (None, None, Some(latest)) => ("before ", Some(latest), "", None),
        (None, None, None) => ("?", None, "", None),
    };
    for (before, at) in [(before, one), (between, other)] {
        out.push_str(before);
        at.into_iter().for_each(|at| push_second(out, at));
    }
}

/// `2020-09-19T03:21:48.8915630Z` as `2020-09-19 03:21:48`.
fn push_second<'a, T: Text<'a>>(out: &mut String, at: &T) {
    let start = out.len();
    at.push_to(out);
    let is_time = out[start..].is_ascii() && out.as_bytes().get(start + 10) == Some(&b'T');
    if is_time && out.len() - start > 19 {
        out.truncate(start + 19);
        out.replace_range(start + 10..start + 11, " ");
    }
}

/// Prints the ledger for people.
pub fn ledger(out: &mut impl Write, case: &Case) -> Outcome {
    for source in case.ledger() {
        writeln!(out, "{}", visible(&source.path))?;
        for text in source_lines(&source) {
            writeln!(out, "  {}", visible(&text))?;
        }
    }
    Ok(())
}

fn source_lines(source: &SourceRow) -> Vec<String> {
    let mut lines = vec![format!("{}, {} bytes", source.state, source.bytes)];
    if source.n_chunks > 0 {
        lines.push(format!(
            "chunks: {} read, {} failed, {} unused, {} with a wrong checksum, of {}",
            source.n_chunks_read,
            source.n_chunks_failed,
            source.n_chunks_unused,
            source.n_chunks_bad_checksum,
            source.n_chunks
        ));
        lines.push(format!(
            "records: {} read, {} failed, {} also in another file",
            source.n_records, source.n_records_failed, source.n_duplicates
        ));
    }
    if let (Some(first), Some(last)) = (source.first_record, source.last_record) {
        lines.push(format!("record ids: {first} to {last}"));
    }
    if let (Some(first), Some(last)) = (&source.first_time, &source.last_time) {
        lines.push(format!("times: {first} to {last}"));
    }
    let named = [("channels", &source.channels), ("computers", &source.computers)];
    lines.extend(
        named
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", "))),
    );
    lines.extend(source.problems.iter().map(|problem| match problem.offset {
        Some(offset) => format!("problem at byte {offset}: {}", problem.text),
        None => format!("problem: {}", problem.text),
    }));
    let n_unlisted = source.n_problems - source.problems.len() as u64;
    if n_unlisted > 0 {
        lines.push(format!("and {}", counted(n_unlisted, "more problem")));
    }
    lines
}

/// Prints who was on at a moment, for people.
pub fn who(out: &mut impl Write, case: &Case, at: Timestamp, all: bool) -> Outcome {
    let (sessions, machines) = case.who(at, all);
    let mut lines = Lines::default();
    // Sessions come by machine, in the order of machines.
    let mut rest = &sessions[..];
    for machine in &machines {
        let own = rest.iter().take_while(|session| session.machine == machine.machine).count();
        rest[..own].iter().for_each(|session| add_who(&mut lines, session));
        rest = &rest[own..];
        if machine.n_surely + machine.n_possibly == 0 {
            lines.add([&machine.machine, "nobody", "", "", "", "", ""]);
        }
    }
    table::print(out, ["MACHINE", "USER", "CERTAINTY", "TYPE", "STATE", "FROM", "WHY"], &[lines])?;
    for machine in machines.iter().filter(|machine| !machine.is_covered) {
        let (first, last) =
            (moment(&machine.first_record, &None, &None), moment(&machine.last_record, &None, &None));
        writeln!(out, "{}: its records, {first} to {last}, do not reach {at}", visible(&machine.machine))?;
    }
    writeln!(
        out,
        "{} surely on and {} possibly at {at}",
        machines.iter().map(|machine| machine.n_surely).sum::<u32>(),
        machines.iter().map(|machine| machine.n_possibly).sum::<u32>()
    )?;
    Ok(())
}

fn add_who(lines: &mut Lines<7>, session: &WhoRecord) {
    lines.add_cell(|out| out.push_str(&session.machine));
    lines.add_cell(|out| push_user(out, &session.domain, &session.user, &session.sid));
    lines.add_cell(|out| out.push_str(&session.certainty));
    lines.add_cell(|out| push_kind(out, session.logon_type, &session.logon_type_name, &session.class));
    lines.add_cell(|out| out.push_str(&session.states.join(", ")));
    lines.add_cell(|out| push_joined(out, [&session.origin_address, &session.origin_host]));
    lines.add_cell(|out| out.push_str(&session.why));
}

/// Prints records for programs, one a line.
pub fn lines_of(out: &mut impl Write, records: &[impl serde::Serialize]) -> Outcome {
    for record in records {
        let line = serde_json::to_string(record).map_err(std::io::Error::from)?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Prints one record at every stage.
pub fn record(out: &mut impl Write, path: &Path, id: u64) -> Outcome {
    let case = load::load(&[path.to_owned()])?;
    load::require_a_log(&case)?;
    let records = case.records();
    let missing = || Failure::Nothing(format!("record {id} is not in {}", path.display()));
    let row = records.id.iter().position(|&other| other == id).ok_or_else(missing)? as u32;
    let chunk = chunk(path, case.chunk_offset(row)).map_err(|error| Failure::Nothing(error.to_string()))?;
    let view = record_view(&chunk, id).map_err(Failure::Nothing)?;
    writeln!(out, "{}", lines(&view.xml))?;
    writeln!(out, "\nFields")?;
    let event_id = records.signature(row).event_id;
    for (name, value) in &view.fields {
        let words = codes::words(event_id, name, value).map_or(String::new(), |words| format!(" ({words})"));
        writeln!(out, "  {}: {}{words}", visible(name), visible(value))?;
    }
    writeln!(out, "\nEvent")?;
    match records.event(row) {
        Some(event) => {
            writeln!(out, "  {}", what(records.events.layout(event).spec))?;
            for field in Field::ALL {
                if let Some(text) = records.field_text(event, *field) {
                    writeln!(out, "  {field:?}: {}", visible(&text))?;
                }
            }
        }
        None => writeln!(out, "  not one that sessions are made of")?,
    }
    writeln!(out, "\nSession")?;
    match case.session_of(row) {
        Some(session) => writeln!(
            out,
            "{}",
            lines(&serde_json::to_string_pretty(&session).map_err(std::io::Error::from)?)
        )?,
        None => writeln!(out, "  none")?,
    }
    Ok(())
}

/// Text of several lines, each made visible.
fn lines(text: &str) -> String {
    text.lines().map(|line| visible(line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn chunk(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut chunk = Vec::new();
    file.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::moment;
    use sessionscope::time::Timestamp;

    #[test]
    fn a_moment_is_cut_to_the_second_and_a_tick_count_is_whole() {
        let shown = |at: Timestamp| moment(&Some(at.to_string()), &None, &None);
        let at = Timestamp::parse("2020-09-19T03:21:48.8915630Z").expect("it is a time");
        assert_eq!(shown(at), "2020-09-19 03:21:48");
        let far = Timestamp::from_filetime(i64::MAX as u64);
        assert_eq!(shown(far), far.to_string());
        assert!(shown(far).starts_with("FILETIME "));
    }
}
