//! Machines and what they audited, as text for people.

use super::Outcome;
use super::print::moment;
use super::table::print_cells;
use sessionscope::case::Case;
use sessionscope::export::visible;
use sessionscope::export::words::{counted, record_name, span};
use sessionscope::machine::record::{
    AuditRecord, BootCoverageRecord, BootRecord, CoverageRecord, HostRecord, LogRecord,
};
use std::io::Write;

/// Prints machines, their logs and their boots.
pub fn hosts(out: &mut impl Write, case: &Case) -> Outcome {
    for (n, host) in case.hosts().iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}, {}", visible(&host.machine), counted(host.n_sessions, "session"))?;
        for line in facts(host) {
            writeln!(out, "  {}", visible(&line))?;
        }
        writeln!(out)?;
        let logs: Vec<_> = host.logs.iter().map(log_line).collect();
        print_cells(out, ["LOG", "RECORDS", "IDS", "FROM", "TO", "MISSING", "CLEARED"], &logs)?;
        writeln!(out)?;
        let head = ["BOOT", "START", "KNOWN BY", "END", "HOW", "UPTIME", "ASKED FOR BY", "LOGOFFS AUDITED"];
        print_cells(out, head, &host.boots.iter().map(boot_line).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn facts(host: &HostRecord) -> Vec<String> {
    let mut lines = vec![format!("kind: {} ({})", host.kind.replace('_', " "), host.kind_why)];
    if host.product.is_some() || host.build.is_some() {
        let build = host.build.as_ref().map(|build| format!("build {build}"));
        let parts: Vec<String> = [host.product.clone(), build].into_iter().flatten().collect();
        lines.push(format!("Windows: {}", parts.join(", ")));
    }
    if let (Some(domain), Some(is_joined)) = (&host.domain, host.is_domain_joined) {
        lines.push(format!("{}: {domain}", if is_joined { "domain" } else { "workgroup" }));
    }
    lines.extend(host.time_zone.as_ref().map(|zone| format!("time zone: {zone}")));
    let name = |name: &sessionscope::machine::record::NameRecord| {
        format!("name: {} ({} to {})", name.name, short(&name.first), short(&name.last))
    };
    lines.extend(host.name_history.iter().map(name));
    lines
}

fn log_line(log: &LogRecord) -> [String; 7] {
    let cleared: Vec<String> = log.clears.iter().map(|clear| short(&clear.at)).collect();
    let missing = match log.n_missing {
        0 => "none".to_owned(),
        n => format!("{n} in {} ({})", counted(log.n_gaps, "place"), log.density),
    };
    [
        log.channel.clone(),
        log.n_records.to_string(),
        format!("{} to {}", log.first_record, log.last_record),
        short(&log.first_time),
        short(&log.last_time),
        missing,
        cleared.join(", "),
    ]
}

fn boot_line(boot: &BootRecord) -> [String; 8] {
    let shutdown = boot.shutdown.as_ref().map(|shutdown| {
        let parts = [&shutdown.user, &shutdown.process, &shutdown.action, &shutdown.reason];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    });
    // A recorded end needs no bounds.
    let bounds = (boot.last_record.clone(), boot.end_latest.clone());
    let (earliest, latest) = if boot.end.is_none() { bounds } else { (None, None) };
    let against = boot.against.as_ref();
    let against = against.map(|by| record_name(by.event, &by.channel, by.record));
    let end_how = match against {
        Some(by) => format!("{}, but {by} says that it was good", boot.end_how),
        None => boot.end_how.clone(),
    };
    let at_least = if boot.end.is_none() { ">= " } else { "" };
    [
        boot.boot.to_string(),
        moment(&boot.start, &None, &None),
        boot.start_why.clone(),
        moment(&boot.end, &earliest, &latest),
        end_how,
        boot.uptime_s.map(|secs| format!("{at_least}{}", span(secs))).unwrap_or_default(),
        shutdown.unwrap_or_default(),
        boot.logoff_audit.clone(),
    ]
}

/// Prints what machines audited.
pub fn coverage(out: &mut impl Write, case: &Case) -> Outcome {
    for (n, machine) in case.coverage().iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{} ({})", visible(&machine.machine), machine.kind.replace('_', " "))?;
        for boot in &machine.boots {
            print_boot(out, boot)?;
        }
        print_baseline(out, machine)?;
    }
    Ok(())
}

fn print_boot(out: &mut impl Write, boot: &BootCoverageRecord) -> Outcome {
    writeln!(
        out,
        "\nboot {}: {}, command lines of processes: {}",
        boot.boot,
        moment(&None, &boot.first, &boot.last),
        boot.command_lines
    )?;
    let lines: Vec<_> = boot.audits.iter().map(audit_line).collect();
    print_cells(out, ["SUBCATEGORY", "SUCCESS", "FAILURE", "SINCE", "HOW IT IS KNOWN"], &lines)
}

fn audit_line(audit: &AuditRecord) -> [String; 5] {
    let failure = audit.failure.as_ref().map_or("none", |failure| &failure.state);
    let since = audit.success.since.as_ref().map(|at| short(at));
    [
        audit.subcategory.clone(),
        audit.success.state.clone(),
        failure.to_owned(),
        since.unwrap_or_default(),
        audit.success.why.clone(),
    ]
}

fn print_baseline(out: &mut impl Write, machine: &CoverageRecord) -> Outcome {
    writeln!(out, "\nbeside Microsoft's baselines (success/failure)")?;
    let head = ["SUBCATEGORY", "OBSERVED", "GENERAL", "", "STRONGER", ""];
    let mut lines = Vec::new();
    for line in &machine.baseline {
        let own = |by: &sessionscope::machine::record::BaselineByKind| match machine.kind.as_str() {
            "domain_controller" => by.domain_controller.clone(),
            "member_server" => by.member_server.clone(),
            "workstation" => by.workstation.clone(),
            _ if by.domain_controller == by.member_server && by.member_server == by.workstation => {
                by.workstation.clone()
            }
            _ => format!(
                "DC {}, server {}, workstation {}",
                by.domain_controller, by.member_server, by.workstation
            ),
        };
        lines.push([
            line.subcategory.clone(),
            format!("{}/{}", line.success, line.failure),
            own(&line.general),
            line.general_verdict.clone(),
            own(&line.stronger),
            line.stronger_verdict.clone(),
        ]);
    }
    print_cells(out, head, &lines)?;
    for line in &machine.baseline {
        if let Some(note) = line.note.as_ref().filter(|_| line.subcategory == "Logoff") {
            writeln!(out, "Logoff: {note}")?;
        }
    }
    let costs = machine.boots.last().into_iter().flat_map(|boot| &boot.audits);
    let is_off =
        |audit: &&AuditRecord| matches!(audit.success.state.as_str(), "off (changed)" | "probably off");
    for audit in costs.filter(is_off) {
        if let Some(cost) = &audit.cost {
            writeln!(out, "without {}: {cost}", audit.subcategory)?;
        }
    }
    Ok(())
}

/// A time to the second.
fn short(at: &str) -> String {
    at.get(..19).unwrap_or(at).replace('T', " ")
}
