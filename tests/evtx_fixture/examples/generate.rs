//! Writes a big log and says how fast: `generate member-server|domain-controller|workstation MIB FILE`.

use std::fs::File;
use std::time::Instant;

use evtx_fixture::generate::{Profile, generate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [profile, mib, path] = &args[..] else {
        return Err("usage: generate member-server|domain-controller|workstation MIB FILE".into());
    };
    let profile = match profile.as_str() {
        "member-server" => Profile::MemberServer,
        "domain-controller" => Profile::DomainController,
        "workstation" => Profile::Workstation,
        other => return Err(format!("{other:?} is no profile").into()),
    };
    let mib: u64 = mib.parse()?;
    let start = Instant::now();
    generate(profile, 1, mib << 20, File::create(path)?)?;
    let secs = start.elapsed().as_secs_f64();
    println!("{mib} MiB in {secs:.1} s, {:.0} MB/s", mib as f64 * 1.048_576 / secs);
    Ok(())
}
