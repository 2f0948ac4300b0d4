//! Files and folders that were dropped or picked, as a flat list of files with their paths.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, DomException, File, FileList, FileSystemDirectoryEntry, FileSystemEntry,
    FileSystemFileEntry,
};

/// A file as it was dropped.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// Its path as dropped: relative within a folder, with the folder's name.
    pub path: String,
    /// The file; without one, why it cannot be read.
    pub file: Result<File, String>,
}

/// The files of an `<input type=file>`.
pub fn picked(list: &FileList) -> Vec<Dropped> {
    (0..list.length()).filter_map(|i| list.get(i)).map(named).collect()
}

/// What was dropped. The entries have to be taken before the drop's handler returns, and can be walked later.
pub fn dropped(transfer: &DataTransfer) -> Vec<Entry> {
    let items = transfer.items();
    let entries: Vec<Entry> = (0..items.length())
        .filter_map(|i| items.get(i))
        .filter(|item| item.kind() == "file")
        .filter_map(|item| match item.webkit_get_as_entry() {
            Ok(Some(entry)) => Some(Entry::Entry(entry)),
            // A drop that a script made has files and no entries.
            _ => item.get_as_file().ok().flatten().map(Entry::File),
        })
        .collect();
    entries
}

/// Whether something that is dragged is files at all.
pub fn has_files(transfer: &DataTransfer) -> bool {
    transfer.types().includes(&"Files".into(), 0)
}

/// A dropped thing that may be a folder.
pub enum Entry {
    Entry(FileSystemEntry),
    File(File),
}

/// Walks the entries, telling of the files in parts so that a large folder begins to be read while it is walked.
pub async fn walk(entries: Vec<Entry>, tell: impl Fn(Vec<Dropped>)) {
    let mut folders: Vec<FileSystemDirectoryEntry> = Vec::new();
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Entry::File(file) => files.push(named(file)),
            Entry::Entry(entry) => sort_out(entry, &mut folders, &mut files).await,
        }
    }
    tell(files);
    while let Some(folder) = folders.pop() {
        tell(list(&folder, &mut folders).await);
    }
}

/// The files directly in a folder; its folders are added to those still to be walked.
async fn list(
    folder: &FileSystemDirectoryEntry,
    folders: &mut Vec<FileSystemDirectoryEntry>,
) -> Vec<Dropped> {
    let reader = folder.create_reader();
    let mut files = Vec::new();
    loop {
        let part = called_back(|ok, failed| reader.read_entries_with_callback_and_callback(ok, failed)).await;
        let part: Array = match part.map(JsCast::dyn_into) {
            Ok(Ok(part)) => part,
            Ok(Err(_)) => break,
            Err(error) => {
                let path = path_of(folder.as_ref());
                files.push(Dropped {
                    path,
                    file: Err(format!("the folder cannot be listed: {}", reason(&error))),
                });
                break;
            }
        };
        // A browser hands out a folder in parts; an empty one is the end.
        if part.length() == 0 {
            break;
        }
        for entry in part.iter() {
            sort_out(entry.unchecked_into(), folders, &mut files).await;
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

async fn sort_out(
    entry: FileSystemEntry,
    folders: &mut Vec<FileSystemDirectoryEntry>,
    files: &mut Vec<Dropped>,
) {
    if entry.is_directory() {
        folders.push(entry.unchecked_into());
        return;
    }
    let path = path_of(&entry);
    let entry: FileSystemFileEntry = entry.unchecked_into();
    let file = called_back(|ok, failed| {
        entry.file_with_callback_and_callback(ok, failed);
        Ok(())
    })
    .await;
    let file =
        file.map(JsCast::unchecked_into).map_err(|error| format!("it cannot be read: {}", reason(&error)));
    files.push(Dropped { path, file });
}

/// Calls a function that takes two callbacks, as a future.
async fn called_back(call: impl Fn(&Function, &Function) -> Result<(), JsValue>) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(error) = call(&resolve, &reject) {
            // Fails only if the promise was settled already.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    JsFuture::from(promise).await
}

fn path_of(entry: &FileSystemEntry) -> String {
    entry.full_path().trim_start_matches('/').to_owned()
}

fn named(file: File) -> Dropped {
    let relative = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
    let path = relative.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name());
    Dropped { path, file: Ok(file) }
}

/// Part of a file's bytes.
pub async fn read(file: &File, from: u64, to: u64) -> Result<js_sys::ArrayBuffer, String> {
    let read = async {
        let part = file.slice_with_f64_and_f64(from as f64, to as f64)?;
        JsFuture::from(part.array_buffer()).await
    };
    let buffer: js_sys::ArrayBuffer =
        read.await.map_err(|error| format!("it cannot be read: {}", reason(&error)))?.unchecked_into();
    if u64::from(buffer.byte_length()) != to - from {
        return Err("it changed while it was read: it is shorter than it was".into());
    }
    Ok(buffer)
}

/// The browser's reason, as a clause.
fn reason(error: &JsValue) -> String {
    let Some(error) = error.dyn_ref::<DomException>() else {
        return error.as_string().unwrap_or_else(|| "the browser gives no reason".into());
    };
    match error.name().as_str() {
        "NotFoundError" => "it is no longer there".into(),
        "NotReadableError" => "it changed, disappeared or may not be opened".into(),
        "SecurityError" | "NotAllowedError" => "the browser is not allowed to open it".into(),
        "EncodingError" => "its path is too long or has characters the browser refuses".into(),
        _ => error.message(),
    }
}
