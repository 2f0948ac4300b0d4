//! The whole page: holds the state and the engine, and joins them.

use super::drawer::DrawerView;
use super::files_table::FilesTable;
use super::help::Help;
use super::hosts_table::HostsTable;
use super::invitation::Invitation;
use super::noise_panel::NoisePanel;
use super::notice::NoticeLine;
use super::reading::ReadingStrip;
use super::sessions_table::SessionsTable;
use super::status_bar::StatusBar;
use super::top_bar::TopBar;
use super::who_table::WhoTable;
use crate::browser::files::{self, Dropped};
use crate::browser::window;
use crate::state::fragment::Fragment;
use crate::state::progress::Reading;
use crate::state::{Action, Drawer, Page, View};
use crate::worker::page_side::Engine;
use crate::worker::protocol::Ask;
use gloo::events::{EventListener, EventListenerOptions};
use sessionscope::case::{Format, Place};
use sessionscope::query::Query;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, Element, Event, HtmlElement, KeyboardEvent};
use yew::prelude::*;

#[component]
pub fn App() -> Html {
    let page = use_reducer(|| {
        // Where the panel is above the table it would leave little of it.
        let query = Query { is_grouped: true, ..Query::default() };
        let mut page = Page { query, is_panel_closed: window::is_narrow(), ..Page::default() };
        page.apply(Action::AddressChanged(Fragment::read(&window::fragment())));
        page
    });
    let act = use_callback((), {
        let dispatcher = page.dispatcher();
        move |action: Action, ()| dispatcher.dispatch(action)
    });
    let engine = (*use_memo((), |()| Engine::new(act.clone()))).clone();
    use_effect_with((), {
        let engine = engine.clone();
        move |()| engine.warm_up()
    });
    use_questions(&page, &engine);
    use_address(&page, &act);
    use_drops(&engine, &act);
    use_keys(&page, &act);
    view(&page, &act, &engine)
}

fn view(page: &Page, act: &Callback<Action>, engine: &Rc<Engine>) -> Html {
    let add = callback(engine, |engine, files: Vec<Dropped>| engine.add_files(files));
    let cancel = callback(engine, |engine, ()| engine.cancel());
    let is_loaded = page.is_loaded();
    html! {
        <div id="page" class={classes!("page", page.is_dragged_over.then_some("page-dragged-over"))}
            data-state={reading_name(page)} data-version={page.summary.version.to_string()}>
            <TopBar page={Rc::new(page.clone())} act={act.clone()} export={export(page, engine)} />
            if let Some(notice) = &page.notice {
                <NoticeLine notice={notice.clone()} act={act.clone()} />
            }
            if is_loaded {
                { work(page, act, &add, engine) }
            } else {
                <Invitation add={add} />
            }
            <ReadingStrip progress={page.progress.clone()} is_settled={page.is_settled()} cancel={cancel} />
            <StatusBar page={Rc::new(page.clone())} act={act.clone()} />
            if page.is_help_open {
                <Help act={act.clone()} />
            }
            if page.is_dragged_over {
                <div class="drop-veil" aria-hidden="true"><p>{ "Drop to add to the case" }</p></div>
            }
        </div>
    }
}

fn work(page: &Page, act: &Callback<Action>, add: &Callback<Vec<Dropped>>, engine: &Rc<Engine>) -> Html {
    let has_drawer = page.drawer.is_some();
    let is_host = matches!(page.drawer, Some(Drawer::Host(_)));
    html! {
        <div class={classes!("work", has_drawer.then_some("work-with-drawer"), is_host.then_some("work-with-host"),
            page.is_panel_closed.then_some("work-without-panel"))}>
            <NoisePanel noise={(page.view == View::Sessions).then(|| page.rows.noise.clone())} is_grouped={page.query.is_grouped}
                is_closed={page.is_panel_closed} add={add}
                act={act.clone()} />
            <main class="main" aria-label={page.view.name()}>
                { table(page, act) }
            </main>
            if let Some(drawer) = &page.drawer {
                <DrawerView drawer={drawer.clone()} before={page.drawers_before.last().map(|(_, drawer)| drawer.clone())} zone={page.zone}
                    act={act.clone()} is_provisional={!page.summary.is_complete} show={show_record(engine, act)} />
            }
        </div>
    }
}

fn table(page: &Page, act: &Callback<Action>) -> Html {
    match page.view {
        View::Sessions => html! {
            <SessionsTable rows={page.rows.clone()} grid={page.sessions} sort={page.query.sort.clone()}
                        selected={page.selected.clone()} open_bursts={page.query.open_bursts.clone()} zone={page.zone}
                        is_reading={page.progress.state == Reading::UnderWay} act={act.clone()} />
        },
        View::Who => html! {
            <WhoTable asked={page.who_asked.clone()} part={page.who_found.clone()} grid={page.who} zone={page.zone}
                act={act.clone()} />
        },
        View::Hosts => html! {
            <HostsTable part={page.machines.clone()} grid={page.hosts} zone={page.zone} act={act.clone()} />
        },
        View::Files => html! {
            <FilesTable ledger={page.ledger.clone()} grid={page.files} zone={page.zone} act={act.clone()} />
        },
    }
}

/// For tests and styles: whether reading is under way.
fn reading_name(page: &Page) -> &'static str {
    match page.progress.state {
        Reading::Idle => "idle",
        Reading::UnderWay => "reading",
        Reading::Cancelled => "cancelled",
        Reading::Done if page.summary.is_complete => "done",
        Reading::Done => "settling",
    }
}

fn callback<T: 'static>(engine: &Rc<Engine>, run: impl Fn(&Rc<Engine>, T) + 'static) -> Callback<T> {
    let engine = engine.clone();
    Callback::from(move |value| run(&engine, value))
}

/// `true`: what is shown; `false`: everything.
fn export(page: &Page, engine: &Rc<Engine>) -> Callback<(Format, bool)> {
    let query = page.query.clone();
    callback(engine, move |engine, (format, is_shown): (Format, bool)| {
        engine.export(format, is_shown.then(|| query.clone()));
    })
}

fn show_record(engine: &Rc<Engine>, act: &Callback<Action>) -> Callback<(String, u32, Option<Place>)> {
    let act = act.clone();
    callback(engine, move |engine, (session, index, place)| {
        act.emit(Action::RecordToggled(index));
        if let Some(place) = place {
            engine.show_record(session, index, place);
        }
    })
}

/// Asks the case for what is visible, whenever that or the case changes.
#[hook]
fn use_questions(page: &Page, engine: &Rc<Engine>) {
    let version = page.summary.version;
    use_question(Some(Ask::Rows(page.wanted_rows())), version, engine);
    use_question(page.wanted_session().map(Ask::Session), version, engine);
    use_question(page.wanted_activity().map(Ask::Activity), version, engine);
    use_question(page.wanted_who().map(Ask::Who), version, engine);
    use_question(page.wanted_hosts().map(Ask::Hosts), version, engine);
    use_question(page.wanted_host().map(Ask::Host), version, engine);
    use_question(page.wanted_ledger().map(Ask::Ledger), page.n_summaries, engine);
}

#[hook]
fn use_question(ask: Option<Ask>, version: u32, engine: &Rc<Engine>) {
    let engine = engine.clone();
    use_effect_with((ask, version), move |(ask, _)| ask.iter().for_each(|ask| engine.want(ask.clone())));
}

/// Keeps the address and the state the same, whichever changes.
#[hook]
fn use_address(page: &Page, act: &Callback<Action>) {
    use_effect_with(page.fragment(), |fragment| {
        window::set_on_root("data-theme", fragment.theme.name());
        // The first look at the page is no step to come Back to.
        if Fragment::read(&window::fragment()) != *fragment {
            window::go_to(&fragment.write());
        }
    });
    use_effect_with((), {
        let act = act.clone();
        move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    act.emit(Action::AddressChanged(Fragment::read(&window::fragment())));
                })
            });
            move || drop(listener)
        }
    });
}

/// Takes files and folders that are dropped anywhere.
#[hook]
fn use_drops(engine: &Rc<Engine>, act: &Callback<Action>) {
    use_effect_with((), {
        let (engine, act) = (engine.clone(), act.clone());
        move |()| {
            let listeners = ["dragenter", "dragover", "dragleave", "drop"].map(|name| {
                let (engine, act) = (engine.clone(), act.clone());
                listen(name, move |event| drag(event.unchecked_ref(), &engine, &act))
            });
            move || drop(listeners)
        }
    });
}

fn listen(name: &'static str, run: impl Fn(&Event) + 'static) -> Option<EventListener> {
    let options = EventListenerOptions::enable_prevent_default();
    let window = web_sys::window()?;
    Some(EventListener::new_with_options(&window, name, options, run))
}

fn drag(event: &DragEvent, engine: &Rc<Engine>, act: &Callback<Action>) {
    let Some(transfer) = event.data_transfer() else { return };
    if !files::has_files(&transfer) {
        return;
    }
    // Without this the browser would open the file in place of the page.
    event.prevent_default();
    match event.type_().as_str() {
        "dragenter" => act.emit(Action::FilesDragged),
        "dragover" => transfer.set_drop_effect("copy"),
        "dragleave" if event.related_target().is_none() => act.emit(Action::DragLeft),
        "drop" => {
            act.emit(Action::FilesDropped);
            let entries = files::dropped(&transfer);
            let engine = engine.clone();
            spawn_local(async move {
                window::next_task().await;
                files::walk(entries, |files| engine.add_files(files)).await;
            });
        }
        _ => {}
    }
}

/// Keys that work everywhere.
#[hook]
fn use_keys(page: &Page, act: &Callback<Action>) {
    let open = Open { drawer: page.drawer.is_some(), menu: page.is_export_open, help: page.is_help_open };
    use_effect_with(open, {
        let act = act.clone();
        move |open| {
            let open = *open;
            let closes = act.clone();
            let keys = listen("keydown", move |event| press(event.unchecked_ref(), open, &act));
            let clicks = listen("mousedown", move |event| {
                if open.menu && !is_in_menu(event) {
                    closes.emit(Action::ExportMenuToggled);
                }
            });
            move || drop((keys, clicks))
        }
    });
}

/// The table that is shown has one of these ids.
const TABLES: [&str; 4] = ["sessions", "who", "hosts", "files"];

/// What Esc closes, the topmost first.
#[derive(Clone, Copy, PartialEq)]
struct Open {
    drawer: bool,
    menu: bool,
    help: bool,
}

fn press(event: &KeyboardEvent, open: Open, act: &Callback<Action>) {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    match event.key().as_str() {
        "Escape" if open.help => act.emit(Action::HelpToggled),
        "Escape" if open.menu => {
            act.emit(Action::ExportMenuToggled);
            window::focus("export");
        }
        "Escape" if is_writing(event) => window::focus_first(&TABLES),
        "Escape" if open.drawer => {
            act.emit(Action::DrawerClosed);
            window::focus_first(&TABLES);
        }
        "/" if !is_writing(event) => {
            event.prevent_default();
            window::focus("filter");
        }
        "?" if !is_writing(event) => act.emit(Action::HelpToggled),
        _ => {}
    }
}

fn is_in_menu(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(".menu").ok().flatten().is_some())
}

/// Whether the key goes into a text field.
fn is_writing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        matches!(target.id().as_str(), "filter" | "moment") && target.is_instance_of::<HtmlElement>()
    })
}
