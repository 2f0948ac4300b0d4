//! The command line: open files, run the steps, print.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    cli::main()
}

/// The page's crate builds this one for the browser, where there is no command line.
#[cfg(target_arch = "wasm32")]
fn main() {}
