//! `cargo xtask serve`: the packed page over HTTP, for this machine only.

use std::fs;

use anyhow::{Result, anyhow};
use tiny_http::{Header, Request, Response, Server};

use crate::dist::dist;

pub const DEFAULT_PORT: u16 = 8000;

pub fn serve(port: u16) -> Result<()> {
    let path = dist()?;
    let page = fs::read(&path)?;
    let server = Server::http(("127.0.0.1", port))
        .map_err(|error| anyhow!("cannot serve on port {port}, another one is --port 0: {error}"))?;
    println!("\nserving  http://{}/", server.server_addr());
    println!("the same bytes as  {}", path.display());
    for request in server.incoming_requests() {
        // One who went away before the answer is no reason to stop.
        let _ = answer(request, &page);
    }
    Ok(())
}

fn answer(request: Request, page: &[u8]) -> std::io::Result<()> {
    match request.url() {
        "/" | "/sessionscope.html" => request.respond(
            Response::from_data(page)
                .with_header(header("Content-Type: text/html; charset=utf-8"))
                .with_header(header("Cache-Control: no-store")),
        ),
        _ => request.respond(Response::empty(404)),
    }
}

fn header(line: &str) -> Header {
    line.parse().expect("a header is a name, a colon and a value")
}
