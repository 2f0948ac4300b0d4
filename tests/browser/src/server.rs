//! A web server of this machine: it serves the page, and stands for the outside that the page must not reach.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::{Header, Request, Response};

pub struct Server {
    inner: Arc<tiny_http::Server>,
    requests: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves these bytes at every address but `/favicon.ico`, and lets pages of every origin read them.
    pub fn serving(page: Vec<u8>) -> Result<Server> {
        let inner = tiny_http::Server::http("127.0.0.1:0").map_err(|error| anyhow!("no server: {error}"))?;
        let (inner, requests) = (Arc::new(inner), Arc::<Mutex<Vec<String>>>::default());
        let (incoming, seen) = (inner.clone(), requests.clone());
        let thread = thread::spawn(move || {
            for request in incoming.incoming_requests() {
                seen.lock().expect("no panics").push(format!("{} {}", request.method(), request.url()));
                let _ = answer(request, &page);
            }
        });
        Ok(Server { inner, requests, thread: Some(thread) })
    }

    /// Without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.server_addr())
    }

    /// What was asked for so far, as `GET /path`.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panics").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.inner.unblock();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(request: Request, page: &[u8]) -> std::io::Result<()> {
    if request.url() == "/favicon.ico" {
        return request.respond(Response::empty(404));
    }
    let headers = ["Content-Type: text/html; charset=utf-8", "Access-Control-Allow-Origin: *"];
    let response = headers.into_iter().fold(Response::from_data(page), |response, line| {
        response.with_header(line.parse::<Header>().expect("a header is a name, a colon and a value"))
    });
    request.respond(response)
}
