//! Sessions as CSV: one row each, the scalar fields of the session record (session-record.md, CSV).

use super::lent::Text;
use crate::session::record::Record;
use std::borrow::Cow;

/// The columns, in their order.
pub const HEADER: [&str; 47] = [
    "session",
    "computer",
    "machine",
    "boot",
    "class",
    "logon_type",
    "logon_type_name",
    "user",
    "domain",
    "sid",
    "outbound_user",
    "elevated",
    "parent",
    "burst",
    "ts_session",
    "logon_ids",
    "start",
    "start_how",
    "start_earliest",
    "start_latest",
    "end",
    "end_how",
    "end_confidence",
    "end_earliest",
    "end_latest",
    "destroyed_at",
    "end_why",
    "last_seen",
    "duration_s",
    "duration_min_s",
    "duration_max_s",
    "connected_s",
    "active_s",
    "active_how",
    "flags",
    "n_logons",
    "origin_address",
    "origin_port",
    "origin_host",
    "n_intervals",
    "n_evidence",
    "n_activity",
    "n_hops_in",
    "n_hops_out",
    "end_cause",
    "ts_session_how",
    "series",
];

/// Appends the header line.
pub fn write_header(out: &mut Vec<u8>) {
    write_row(out, HEADER.iter().map(|&name| Cow::Borrowed(name)));
}

/// Appends one session.
pub fn write_record<'a, T: Text<'a>>(out: &mut Vec<u8>, record: &Record<T>) {
    let origin = record.origins.first();
    let cells = [
        record.session.text(),
        record.computer.text(),
        record.machine.text(),
        number(Some(record.boot)),
        record.class.text(),
        number(record.logon_type),
        optional(&record.logon_type_name),
        optional(&record.user),
        optional(&record.domain),
        optional(&record.sid),
        optional(&record.outbound_user),
        number(record.elevated),
        optional(&record.parent),
        optional(&record.burst),
        number(record.ts_session),
        Cow::Owned(joined(&record.logon_ids)),
        optional(&record.start),
        record.start_how.text(),
        optional(&record.start_earliest),
        optional(&record.start_latest),
        optional(&record.end),
        record.end_how.text(),
        record.end_confidence.text(),
        optional(&record.end_earliest),
        optional(&record.end_latest),
        optional(&record.destroyed_at),
        record.end_why.text(),
        optional(&record.last_seen),
        number(record.duration_s),
        number(record.duration_min_s),
        number(record.duration_max_s),
        number(record.connected_s),
        number(record.active_s),
        record.active_how.text(),
        Cow::Owned(joined(&record.flags)),
        number(Some(record.n_logons)),
        origin.map_or(Cow::Borrowed(""), |origin| optional(&origin.address)),
        number(origin.and_then(|origin| origin.port)),
        origin.map_or(Cow::Borrowed(""), |origin| optional(&origin.host)),
        number(Some(record.intervals.len())),
        number(Some(record.evidence.len())),
        number(Some(record.activity.n())),
        number(Some(record.n_hops_in)),
        number(Some(record.n_hops_out)),
        optional(&record.end_cause),
        optional(&record.ts_session_how),
        optional(&record.series),
    ];
    write_row(out, cells.into_iter());
}

fn optional<'a, T: Text<'a>>(text: &Option<T>) -> Cow<'_, str> {
    text.as_ref().map_or(Cow::Borrowed(""), |text| text.text())
}

fn joined<'a, T: Text<'a>>(texts: &[T]) -> String {
    texts.iter().map(Text::text).collect::<Vec<_>>().join(";")
}

fn number<T: std::fmt::Display>(number: Option<T>) -> Cow<'static, str> {
    number.map_or(Cow::Borrowed(""), |number| Cow::Owned(number.to_string()))
}

fn write_row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = Cow<'a, str>>) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells.map(|cell| safe(&cell).into_owned()));
    let _ = writer.flush();
}

/// A cell that a spreadsheet would take for a formula gets a leading `'`.
fn safe(cell: &str) -> Cow<'_, str> {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let mut out = Vec::new();
        let cells = ["=1+1", "-2", "@x", "\tx", "a,\"b\"", "plain"];
        write_row(&mut out, cells.into_iter().map(Cow::Borrowed));
        assert_eq!(String::from_utf8(out).unwrap(), "'=1+1,'-2,'@x,'\tx,\"a,\"\"b\"\"\",plain\r\n");
    }
}
