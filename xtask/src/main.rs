//! `cargo xtask`: everything one does with this repository that cargo alone does not.

mod bench;
mod dist;
mod pack;
mod program;
mod run;
mod serve;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};
use pico_args::Arguments;

const HELP: &str = "\
cargo xtask <command>

  dist                  build the page into one file: dist/sessionscope.html
  serve [--port PORT]   build it and serve the same bytes at http://127.0.0.1:PORT/ (8000; 0 takes a free port)
  test                  install what is missing, then run every check: format, lints, documents, tests, browser tests
  bench [--size SIZE] [--big] [--label LABEL] [PART...]
                        measure: native, linear, folder, profile, correlate, million, browser, browser-memory,
                        browser-folder, browser-million; with logs of SIZE (1G; 256M is quick), one of 4 GiB as
                        well, the report under a name that ends in LABEL
  record FILE ID        print what each step makes of one record
";

fn main() -> ExitCode {
    match dispatch(Arguments::from_env()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Arguments) -> Result<ExitCode> {
    match args.subcommand()?.as_deref() {
        Some("dist") => no_more(args).and_then(|()| dist::dist()).map(|_| ExitCode::SUCCESS),
        Some("serve") => serve(args),
        Some("test") => no_more(args).map(|()| test::test()),
        Some("bench") => bench(args),
        Some("record") => record(args),
        Some(other) => bail!("no such command: {other}\n\n{HELP}"),
        None => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve(mut args: Arguments) -> Result<ExitCode> {
    let port = args.opt_value_from_str("--port")?.unwrap_or(serve::DEFAULT_PORT);
    no_more(args)?;
    serve::serve(port)?;
    Ok(ExitCode::SUCCESS)
}

fn bench(mut args: Arguments) -> Result<ExitCode> {
    let size = args.opt_value_from_fn("--size", bench::bytes)?.unwrap_or(1 << 30);
    let is_big = args.contains("--big");
    let label: Option<String> = args.opt_value_from_str("--label")?;
    let parts = args.finish().iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let label = label.map_or_else(String::new, |label| format!("-{label}"));
    bench::bench(&bench::Options { size, is_big, parts, label })?;
    Ok(ExitCode::SUCCESS)
}

fn record(args: Arguments) -> Result<ExitCode> {
    let status = run::cargo(["run", "--quiet", "--", "record"]).args(args.finish()).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn no_more(args: Arguments) -> Result<()> {
    match args.finish().as_slice() {
        [] => Ok(()),
        [first, ..] => bail!("this command takes no {}\n\n{HELP}", first.display()),
    }
}
