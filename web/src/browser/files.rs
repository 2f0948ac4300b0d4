//! Files and folders that were dropped or picked, as a flat list of files with their paths.

use crate::text::order::path_key;
use js_sys::{Array, Function, Promise, Reflect};
use std::collections::VecDeque;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, DataTransferItem, DomException, File, FileList, FileSystemDirectoryEntry,
    FileSystemDirectoryHandle, FileSystemEntry, FileSystemFileEntry, FileSystemFileHandle, FileSystemHandle,
    FileSystemHandleKind,
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
    let mut files: Vec<Dropped> = (0..list.length()).filter_map(|i| list.get(i)).map(named).collect();
    files.sort_by_cached_key(|file| path_key(&file.path));
    files
}

/// What was dropped. It has to be taken before the drop's handler returns, and can be walked later.
pub fn dropped(transfer: &DataTransfer) -> Vec<Entry> {
    let items = transfer.items();
    let files = (0..items.length()).filter_map(|i| items.get(i)).filter(|item| item.kind() == "file");
    files.filter_map(|item| entry_of(&item)).collect()
}

/// Whether something that is dragged is files at all.
pub fn has_files(transfer: &DataTransfer) -> bool {
    transfer.types().includes(&"Files".into(), 0)
}

/// A dropped thing that may be a folder.
pub enum Entry {
    File(File),
    Folder(Folder),
    /// A folder's handle, once the promise is kept.
    Promised(Promise),
}

/// A folder, as the browser lets it be read.
pub enum Folder {
    Entry(FileSystemDirectoryEntry),
    /// With its path as dropped.
    Handle(String, FileSystemDirectoryHandle),
}

impl Folder {
    fn path(&self) -> String {
        match self {
            Folder::Entry(entry) => path_of(entry),
            Folder::Handle(path, _) => path.clone(),
        }
    }
}

fn entry_of(item: &DataTransferItem) -> Option<Entry> {
    let entry = item.webkit_get_as_entry().ok().flatten();
    let Some(folder) = entry.filter(FileSystemEntry::is_directory) else {
        return item.get_as_file().ok().flatten().map(Entry::File);
    };
    // Chromium lists no entries on a page that was opened from a file, but handles. Others have no handles.
    Some(match handle_of(item) {
        Some(handle) => Entry::Promised(handle),
        None => Entry::Folder(Folder::Entry(folder.unchecked_into())),
    })
}

fn handle_of(item: &DataTransferItem) -> Option<Promise> {
    let get = Reflect::get(item, &"getAsFileSystemHandle".into()).ok()?;
    get.dyn_ref::<Function>()?.call0(item).ok()?.dyn_into().ok()
}

/// Walks the entries, telling of the files in parts so that a large folder begins to be read while it is walked: those
/// of each folder by name, then its folders by name.
pub async fn walk(entries: Vec<Entry>, tell: impl Fn(Vec<Dropped>)) {
    let mut folders = VecDeque::new();
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Entry::File(file) => files.push(named(file)),
            Entry::Folder(folder) => folders.push_back(folder),
            Entry::Promised(handle) => match JsFuture::from(handle).await {
                Ok(handle) => {
                    let handle: FileSystemDirectoryHandle = handle.unchecked_into();
                    folders.push_back(Folder::Handle(handle.name(), handle));
                }
                Err(error) => files.push(not_listed("a dropped folder".into(), &error)),
            },
        }
    }
    tell(files);
    while let Some(folder) = folders.pop_front() {
        let (mut files, mut within) = (Vec::new(), Vec::new());
        let path = folder.path();
        let listed = match &folder {
            Folder::Entry(entry) => list_entry(entry, &mut within, &mut files).await,
            Folder::Handle(path, handle) => list_handle(path, handle, &mut within, &mut files).await,
        };
        files.extend(listed.err().map(|error| not_listed(path, &error)));
        files.sort_by_cached_key(|file| path_key(&file.path));
        tell(files);
        within.sort_by_cached_key(|folder| path_key(&folder.path()));
        within.into_iter().rev().for_each(|folder| folders.push_front(folder));
    }
}

fn not_listed(path: String, error: &JsValue) -> Dropped {
    Dropped { path, file: Err(format!("the folder cannot be listed: {}", reason(error))) }
}

/// The files directly in a folder; and its folders.
async fn list_entry(
    folder: &FileSystemDirectoryEntry,
    folders: &mut Vec<Folder>,
    files: &mut Vec<Dropped>,
) -> Result<(), JsValue> {
    let reader = folder.create_reader();
    loop {
        let part =
            called_back(|ok, failed| reader.read_entries_with_callback_and_callback(ok, failed)).await?;
        let part: Array = part.dyn_into()?;
        // A browser hands out a folder in parts; an empty one is the end.
        if part.length() == 0 {
            return Ok(());
        }
        for entry in part.iter() {
            let entry: FileSystemEntry = entry.unchecked_into();
            if entry.is_directory() {
                folders.push(Folder::Entry(entry.unchecked_into()));
            } else {
                files.push(file_of_entry(entry.unchecked_into()).await);
            }
        }
    }
}

async fn file_of_entry(entry: FileSystemFileEntry) -> Dropped {
    let file = called_back(|ok, failed| {
        entry.file_with_callback_and_callback(ok, failed);
        Ok(())
    });
    Dropped { path: path_of(&entry), file: file_or_reason(file.await) }
}

async fn list_handle(
    path: &str,
    folder: &FileSystemDirectoryHandle,
    folders: &mut Vec<Folder>,
    files: &mut Vec<Dropped>,
) -> Result<(), JsValue> {
    let mut promised = Vec::new();
    let listed = list_promised(path, folder, folders, &mut promised).await;
    for (path, file) in promised {
        files.push(Dropped { path, file: file_or_reason(file.await) });
    }
    listed
}

/// The files directly in a folder, all of which the browser looks for at a time.
async fn list_promised(
    path: &str,
    folder: &FileSystemDirectoryHandle,
    folders: &mut Vec<Folder>,
    files: &mut Vec<(String, JsFuture)>,
) -> Result<(), JsValue> {
    let handles = folder.values();
    loop {
        let next = JsFuture::from(handles.next()?).await?;
        let handle: FileSystemHandle = match Reflect::get(&next, &"done".into())?.as_bool() {
            Some(true) => return Ok(()),
            _ => Reflect::get(&next, &"value".into())?.unchecked_into(),
        };
        let path = format!("{path}/{}", handle.name());
        if handle.kind() == FileSystemHandleKind::Directory {
            folders.push(Folder::Handle(path, handle.unchecked_into()));
        } else {
            files.push((path, handle.unchecked_into::<FileSystemFileHandle>().get_file().into()));
        }
    }
}

fn file_or_reason(file: Result<JsValue, JsValue>) -> Result<File, String> {
    file.map(JsCast::unchecked_into).map_err(|error| format!("it cannot be read: {}", reason(&error)))
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

/// The browser's reason, as a clause.
pub(super) fn reason(error: &JsValue) -> String {
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
