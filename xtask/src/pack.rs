//! Packing: skeleton, style, scripts and compressed program into one HTML text, and the policy that allows just these.

use std::io::Write;

use anyhow::{Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

/// What the page is made of, as the text of its files.
pub struct Parts<'a> {
    pub skeleton: &'a str,
    pub style: &'a str,
    pub glue: &'a str,
    pub boot: &'a str,
    pub worker: &'a str,
    pub version: &'a str,
    /// The program, compressed by [`gzip`].
    pub module: &'a [u8],
}

/// The page. The order and the names of the parts are the skeleton's.
pub fn pack(parts: &Parts) -> Result<String> {
    for (name, script) in [("glue", parts.glue), ("boot", parts.boot), ("worker", parts.worker)] {
        ensure_inline(name, script, &["</script", "<!--"])?;
    }
    ensure_inline("style", parts.style, &["</style"])?;
    let values = [
        ("policy", policy(&[parts.glue, parts.boot], parts.style)),
        ("version", parts.version.to_owned()),
        ("style", parts.style.to_owned()),
        ("glue", parts.glue.to_owned()),
        ("worker", parts.worker.to_owned()),
        ("module", STANDARD.encode(parts.module)),
        ("boot", parts.boot.to_owned()),
    ];
    fill(parts.skeleton, &values)
}

/// The same input always gives the same output: there is neither name nor time in the header.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page may run these scripts and this style, compile its program and start workers from it. It may load nothing,
/// and send nothing.
fn policy(scripts: &[&str], style: &str) -> String {
    let scripts: Vec<_> = scripts.iter().map(|script| hash(script)).collect();
    let directives = [
        "default-src 'none'".to_owned(),
        format!("script-src {} 'wasm-unsafe-eval' blob:", scripts.join(" ")),
        "worker-src blob:".to_owned(),
        format!("style-src {}", hash(style)),
        "img-src data:".to_owned(),
        "connect-src 'none'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
    ];
    directives.join("; ")
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// A browser would end the element early, or hash another text than we do.
fn ensure_inline(name: &str, text: &str, forbidden: &[&str]) -> Result<()> {
    let lower = text.to_ascii_lowercase();
    for part in forbidden {
        ensure!(!lower.contains(part), "{name} contains {part}, which cannot stand within HTML");
    }
    ensure!(!text.contains(['\r', '\0']), "{name} contains a carriage return or NUL, which browsers change");
    Ok(())
}

/// Replaces each `{{name}}`; what is filled in is not searched again.
fn fill(skeleton: &str, values: &[(&str, String)]) -> Result<String> {
    let mut filled = String::new();
    let mut rest = skeleton;
    let mut n_used = 0;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { bail!("the skeleton has {{{{ without }}}}") };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            bail!("the skeleton asks for {{{{{name}}}}}, which there is not");
        };
        filled.extend([before, value]);
        rest = after;
        n_used += 1;
    }
    ensure!(n_used == values.len(), "the skeleton uses {n_used} names of {}", values.len());
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKELETON: &str =
        "{{policy}}|{{version}}|{{style}}|{{glue}}|{{worker}}|{{module}}|<script>{{boot}}</script>";

    fn parts() -> Parts<'static> {
        Parts {
            skeleton: SKELETON,
            style: "p{}",
            glue: "let a",
            boot: "{{glue}}",
            worker: "w",
            version: "1",
            module: b"m",
        }
    }

    #[test]
    fn every_part_is_filled_in_once() {
        let page = pack(&parts()).unwrap();
        assert!(page.ends_with("|1|p{}|let a|w|bQ==|<script>{{glue}}</script>"), "{page}");
    }

    #[test]
    fn policy_allows_the_scripts_by_hash() {
        // printf 'let a' | openssl dgst -sha256 -binary | base64
        let expected = "script-src 'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE=' 'sha256-";
        let page = pack(&parts()).unwrap();
        assert!(page.starts_with("default-src 'none'; ") && page.contains(expected), "{page}");
    }

    #[test]
    fn script_that_would_end_its_element_is_refused() {
        let error = pack(&Parts { boot: "'</SCRIPT>'", ..parts() }).unwrap_err();
        assert_eq!(error.to_string(), "boot contains </script, which cannot stand within HTML");
    }

    #[test]
    fn skeleton_that_leaves_a_part_out_is_refused() {
        assert!(pack(&Parts { skeleton: "{{policy}}", ..parts() }).is_err());
        assert!(pack(&Parts { skeleton: "{{unknown}}", ..parts() }).is_err());
    }

    #[test]
    fn compressing_twice_gives_the_same_bytes() {
        assert_eq!(gzip(b"abc").unwrap(), gzip(b"abc").unwrap());
        assert_eq!(gzip(b"abc").unwrap()[4..8], [0; 4], "no time in the header");
    }
}
