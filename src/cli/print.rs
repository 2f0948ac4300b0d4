//! Answers as text on standard output.

use super::{Failure, Outcome, load};
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator,
    ParallelIterator,
};
use sessionscope::case::ledger::SourceRow;
use sessionscope::case::{Case, Format};
use sessionscope::event::Field;
use sessionscope::export::lent::{Lent, Text};
use sessionscope::export::record::duration_text;
use sessionscope::export::words::what;
use sessionscope::export::{codes, visible};
use sessionscope::parse::{CHUNK_BYTES, record_view};
use sessionscope::query::who::WhoRecord;
use sessionscope::query::{Query, Row};
use sessionscope::session::Class;
use sessionscope::time::Timestamp;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Sessions that a core writes in a row, and rows that are written side by side: enough to keep all cores busy, few
/// enough to keep memory flat.
const IN_ROW: u32 = 100;
const ROWS_AT_ONCE: u32 = 32;

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
        let (mut lines, mut n_bursts, mut n_in_bursts) = (Packed::default(), 0, 0);
        for row in case.shown(first, IN_ROW).rows {
            lines.add(line(&row).each_ref().map(String::as_str));
            if let Some(burst) = &row.group {
                n_bursts += 1;
                n_in_bursts += burst.n_shown;
            }
        }
        // All are kept until the widest cell is known: without the room that a growing text has to spare.
        lines.text.shrink_to_fit();
        (lines, (n_bursts, n_in_bursts))
    };
    let firsts: Vec<u32> = (0..shown.n_rows).step_by(IN_ROW as usize).collect();
    let (parts, bursts): (Vec<Packed<8>>, Vec<(u32, u32)>) = firsts.into_par_iter().map(part).unzip();
    let header = ["START", "END", "HOW IT ENDED", "DURATION", "USER", "MACHINE", "TYPE", "FROM"];
    print_packed(out, header, &parts)?;
    let hidden = shown.n_total - shown.n_sessions;
    let noise = if hidden > 0 { format!(", {hidden} of noise not shown (--all)") } else { String::new() };
    let n_in_bursts: u32 = bursts.iter().map(|(_, n)| n).sum();
    let series = if all { " or series" } else { "" };
    let bursts = match bursts.iter().map(|(n, _)| n).sum() {
        0 => String::new(),
        n => format!(", {n_in_bursts} of them in {n} bursts{series} (--no-bursts)"),
    };
    writeln!(out, "{} sessions on {} machines{bursts}{noise}", shown.n_sessions, case.summary().n_machines)?;
    Ok(())
}

fn line(row: &Row<Lent<'_>>) -> [String; 8] {
    let how = match &row.group {
        Some(burst) if burst.is_series => format!("series of {} logons", burst.n_sessions),
        Some(burst) => format!("burst of {} sessions", burst.n_sessions),
        None => [&row.end_how.text(), " (", &row.end_confidence.text(), ")"].concat(),
    };
    [
        moment(&row.start, &row.start_earliest, &row.start_latest),
        moment(&row.end, &row.end_earliest, &row.end_latest),
        how,
        duration_text(row.duration_s, row.duration_min_s, row.duration_max_s),
        user(&row.domain, &row.user, &row.sid),
        row.machine.text().into_owned(),
        kind(row.logon_type, &row.logon_type_name, &row.class),
        joined([&row.origin_address, &row.origin_host]),
    ]
    .map(shown)
}

/// The texts that are there.
fn joined<'a, T: Text<'a>>(texts: [&Option<T>; 2]) -> String {
    match texts.map(|text| text.as_ref().map(Text::text)) {
        [Some(one), Some(other)] => [&one, " ", &other].concat(),
        [one, other] => one.or(other).unwrap_or_default().into_owned(),
    }
}

fn shown(cell: String) -> String {
    match visible(&cell) {
        Cow::Borrowed(_) => cell,
        Cow::Owned(shown) => shown,
    }
}

fn user<'a, T: Text<'a>>(domain: &Option<T>, user: &Option<T>, sid: &Option<T>) -> String {
    match (domain, user) {
        (Some(domain), Some(user)) => [&domain.text(), "\\", &user.text()].concat(),
        (_, user) => user.as_ref().or(sid.as_ref()).map_or(Cow::Borrowed("?"), Text::text).into_owned(),
    }
}

fn kind<'a, T: Text<'a>>(logon_type: Option<u32>, name: &Option<T>, class: &T) -> String {
    match (logon_type, name) {
        (Some(number), Some(name)) => format!("{number} {}", name.text()),
        (Some(number), None) => number.to_string(),
        (None, _) => class.text().into_owned(),
    }
}

/// A time to the second, or the bounds it lies between.
pub fn moment<'a, T: Text<'a>>(at: &Option<T>, earliest: &Option<T>, latest: &Option<T>) -> String {
    let short = |at: &T| {
        let at = at.text();
        match (at.get(..10), at.get(11..19)) {
            (Some(date), Some(time)) => [date, " ", time].concat(),
            _ => at.into_owned(),
        }
    };
    match (at, earliest, latest) {
        (Some(at), None, None) => short(at),
        // An estimate within bounds must not look like a recorded moment.
        (Some(at), _, _) => format!("~ {}", short(at)),
        (None, Some(earliest), Some(latest)) => format!("{} .. {}", short(earliest), short(latest)),
        (None, Some(earliest), None) => format!("after {}", short(earliest)),
        (None, None, Some(latest)) => format!("before {}", short(latest)),
        (None, None, None) => "?".to_owned(),
    }
}

/// The most characters of a cell that are shown: all lines are as wide as the widest, and no name of a host or an account
/// is longer than this.
const MAX_CELL: usize = 256;

fn cut(cell: &str) -> Cow<'_, str> {
    if cell.len() <= MAX_CELL {
        return cell.into();
    }
    match cell.char_indices().nth(MAX_CELL) {
        None => cell.into(),
        Some(_) => cell.chars().take(MAX_CELL - 1).chain(['…']).collect::<String>().into(),
    }
}

pub fn print_table<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    lines: &[[String; N]],
) -> Outcome {
    let mut packed = Packed::default();
    lines.iter().for_each(|line| packed.add(line.each_ref().map(String::as_str)));
    print_packed(out, header, &[packed])
}

/// Lines of a table in one text, for there may be a million: each cell with a tab after it, which visible text has none of.
struct Packed<const N: usize> {
    text: String,
    widths: [usize; N],
}

impl<const N: usize> Default for Packed<N> {
    fn default() -> Self {
        Packed { text: String::new(), widths: [0; N] }
    }
}

impl<const N: usize> Packed<N> {
    fn add(&mut self, cells: [&str; N]) {
        for (cell, width) in cells.into_iter().zip(&mut self.widths) {
            let cell = cut(cell);
            *width = (*width).max(cell.chars().count());
            self.text.push_str(&cell);
            self.text.push('\t');
        }
    }

    fn lines(&self) -> impl Iterator<Item = [&str; N]> {
        let mut cells = self.text.split_terminator('\t');
        std::iter::from_fn(move || {
            let mut line = [""; N];
            line[0] = cells.next()?;
            line[1..].iter_mut().zip(&mut cells).for_each(|(cell, text)| *cell = text);
            Some(line)
        })
    }

    /// The lines as text, in columns this wide.
    fn print(&self, widths: [usize; N]) -> String {
        let (blank, mut text) = (" ".repeat(MAX_CELL + 2), String::new());
        for cells in self.lines() {
            for (cell, width) in cells.into_iter().zip(widths) {
                text.push_str(cell);
                text.push_str(&blank[cell.chars().count()..width + 2]);
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

fn print_packed<const N: usize>(out: &mut impl Write, header: [&str; N], parts: &[Packed<N>]) -> Outcome {
    let mut head = Packed::default();
    head.add(header);
    let wider = |one: [usize; N], part: &Packed<N>| std::array::from_fn(|n| one[n].max(part.widths[n]));
    let widths = parts.iter().fold(head.widths, wider);
    out.write_all(head.print(widths).as_bytes())?;
    for parts in parts.chunks(ROWS_AT_ONCE as usize) {
        let texts: Vec<String> = parts.par_iter().map(|part| part.print(widths)).collect();
        texts.iter().try_for_each(|text| out.write_all(text.as_bytes()))?;
    }
    Ok(())
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
        lines.push(format!("and {n_unlisted} more problems"));
    }
    lines
}

/// Prints who was on at a moment, for people.
pub fn who(out: &mut impl Write, case: &Case, at: Timestamp, all: bool) -> Outcome {
    let (sessions, machines) = case.who(at, all);
    let mut lines = Vec::new();
    // Sessions come by machine, in the order of machines.
    let mut rest = &sessions[..];
    for machine in &machines {
        let own = rest.iter().take_while(|session| session.machine == machine.machine).count();
        lines.extend(rest[..own].iter().map(who_line));
        rest = &rest[own..];
        if machine.n_surely + machine.n_possibly == 0 {
            let cells = [&machine.machine, "nobody", "", "", "", "", ""];
            lines.push(cells.map(|cell| visible(cell).into_owned()));
        }
    }
    print_table(out, ["MACHINE", "USER", "CERTAINTY", "TYPE", "STATE", "FROM", "WHY"], &lines)?;
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

fn who_line(session: &WhoRecord) -> [String; 7] {
    [
        session.machine.clone(),
        user(&session.domain, &session.user, &session.sid),
        session.certainty.clone(),
        kind(session.logon_type, &session.logon_type_name, &session.class),
        session.states.join(", "),
        joined([&session.origin_address, &session.origin_host]),
        session.why.clone(),
    ]
    .map(|cell| visible(&cell).into_owned())
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
