//! What is asked for, and where the answer goes.

mod load;
mod machines;
mod moment;
mod print;
mod table;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use sessionscope::case::Case;
use sessionscope::time::Timestamp;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;

/// Reconstructs Windows logon sessions from event logs (EVTX): who was on a computer, from when to when, from where,
/// how it ended, and how sure that is.
#[derive(Parser)]
#[command(name = "sessionscope", version = version(), arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the sessions of logs
    Sessions {
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Noise as well: system, window manager, anonymous, computer accounts, services, local network logons
        #[arg(long)]
        all: bool,
        /// In the table, every session of a burst or series on a line of its own; the other formats always have them so
        #[arg(long)]
        no_bursts: bool,
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Print one record: its XML, fields, event, and the session it belongs to
    Record {
        #[arg(value_name = "FILE")]
        path: PathBuf,
        /// EventRecordID
        #[arg(value_name = "RECORD_ID")]
        record: u64,
    },
    /// Print the machines: their names, what they are, their logs, and how each of their boots began and ended
    Hosts {
        #[arg(long, value_enum, default_value_t = LineFormat::Table)]
        format: LineFormat,
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Print who was on which machine at a moment: surely, or possibly and why
    Who {
        /// RFC 3339 with its zone, such as 2020-09-19T03:21:48Z; without one with --zone
        #[arg(long, value_name = "TIME")]
        at: String,
        /// Zone of a TIME that names none: UTC, hours and minutes ahead of it such as +02:00, or a name such as
        /// Europe/Berlin
        #[arg(long, allow_hyphen_values = true)]
        zone: Option<String>,
        #[arg(long, value_enum, default_value_t = LineFormat::Table)]
        format: LineFormat,
        /// Noise as well: system, window manager, anonymous, computer accounts, services, local network logons
        #[arg(long)]
        all: bool,
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Print what the machines audited: each subcategory in each boot, how that is known, and Microsoft's baselines
    Coverage {
        #[arg(long, value_enum, default_value_t = LineFormat::Table)]
        format: LineFormat,
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Print the ledger: what was read of each file, and what could not be
    Files {
        #[arg(long, value_enum, default_value_t = LineFormat::Table)]
        format: LineFormat,
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Jsonl,
    Csv,
}

#[derive(Clone, Copy, ValueEnum)]
enum LineFormat {
    Table,
    Jsonl,
}

/// Version and commit; asked for once, kept for the life of the program.
fn version() -> &'static str {
    static VERSION: std::sync::LazyLock<String> = std::sync::LazyLock::new(sessionscope::version);
    &VERSION
}

/// What a command ends with: a text that is wanted by whoever reads standard output, or why there is none.
type Outcome = Result<(), Failure>;

/// Why a command failed.
enum Failure {
    /// No file could be opened as a log, or the record is not there.
    Nothing(String),
    /// Standard output is gone: whoever read it has read enough.
    Closed,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Nothing(format!("cannot write: {error}")),
        }
    }
}

pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let outcome = match args.command {
        Command::Sessions { format, all, no_bursts, paths } => {
            sessions(&mut out, format, all, !no_bursts, &paths)
        }
        Command::Record { path, record } => print::record(&mut out, &path, record),
        Command::Hosts { format, paths } => hosts(&mut out, format, &paths),
        Command::Who { at, zone, format, all, paths } => {
            let at = moment::moment(&at, zone.as_deref());
            let at = at.unwrap_or_else(|why| Args::command().error(ErrorKind::ValueValidation, why).exit());
            who(&mut out, at, format, all, &paths)
        }
        Command::Coverage { format, paths } => coverage(&mut out, format, &paths),
        Command::Files { format, paths } => files(&mut out, format, &paths),
    };
    match outcome.and_then(|()| Ok(out.flush()?)) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Nothing(text)) => {
            eprintln!("sessionscope: {}", sessionscope::export::visible(&text));
            ExitCode::from(1)
        }
    }
}

/// Loads a case that is never dropped: the system takes the memory of a program that ends back faster, and at once.
fn load(paths: &[PathBuf]) -> Result<ManuallyDrop<Case>, Failure> {
    load::load(paths).map(ManuallyDrop::new)
}

fn sessions(out: &mut impl Write, format: Format, all: bool, is_grouped: bool, paths: &[PathBuf]) -> Outcome {
    let mut case = load(paths)?;
    load::warn(&case);
    match format {
        Format::Table => print::sessions(out, &mut case, all, is_grouped)?,
        Format::Jsonl => print::export(out, &mut case, sessionscope::case::Format::JsonLines, all)?,
        Format::Csv => print::export(out, &mut case, sessionscope::case::Format::Csv, all)?,
    }
    load::require_a_log(&case)
}

fn hosts(out: &mut impl Write, format: LineFormat, paths: &[PathBuf]) -> Outcome {
    let case = load(paths)?;
    load::warn(&case);
    match format {
        LineFormat::Table => machines::hosts(out, &case)?,
        LineFormat::Jsonl => print::lines_of(out, &case.hosts())?,
    }
    load::require_a_log(&case)
}

fn who(out: &mut impl Write, at: Timestamp, format: LineFormat, all: bool, paths: &[PathBuf]) -> Outcome {
    let case = load(paths)?;
    load::warn(&case);
    match format {
        LineFormat::Table => print::who(out, &case, at, all)?,
        LineFormat::Jsonl => print::lines_of(out, &case.who(at, all).0)?,
    }
    load::require_a_log(&case)
}

fn coverage(out: &mut impl Write, format: LineFormat, paths: &[PathBuf]) -> Outcome {
    let case = load(paths)?;
    load::warn(&case);
    match format {
        LineFormat::Table => machines::coverage(out, &case)?,
        LineFormat::Jsonl => print::lines_of(out, &case.coverage())?,
    }
    load::require_a_log(&case)
}

fn files(out: &mut impl Write, format: LineFormat, paths: &[PathBuf]) -> Outcome {
    let case = load(paths)?;
    match format {
        LineFormat::Table => print::ledger(out, &case)?,
        LineFormat::Jsonl => print::lines_of(out, &case.ledger())?,
    }
    load::require_a_log(&case)
}
