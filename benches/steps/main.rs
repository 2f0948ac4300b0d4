//! The steps of the library, timed one by one on one thread. `cargo xtask bench` runs this and reports what it prints:
//! one line `name<TAB>number` for each measure.

mod busy;
mod clock;
mod million;
mod profile;

use std::process::ExitCode;

fn main() -> ExitCode {
    // What the library does side by side is done in this thread as well: it is the one whose time is taken.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("nothing ran before this");
    // `cargo bench` adds an argument of its own.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["profile", path] => profile::profile(path),
        ["correlate", n_sessions] => million::correlate(n_sessions.parse().unwrap_or(0)),
        ["ask", n_sessions] => million::ask(n_sessions.parse().unwrap_or(0)),
        ["blocks", n_sessions, path] => million::write_blocks(n_sessions.parse().unwrap_or(0), path),
        _ => {
            eprintln!("usage: profile FILE | correlate N_SESSIONS | ask N_SESSIONS | blocks N_SESSIONS FILE")
        }
    }
    ExitCode::SUCCESS
}

fn print(name: &str, value: f64) {
    println!("{name}\t{value:.6}");
}
