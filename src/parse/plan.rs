//! Plans: how the fields of an event are read from the values of a template.
//!
//! A template is looked through once for the fields that the event's [`Spec`] keeps; then each record is read by going
//! over the plan.

use super::block::BlockBuilder;
use super::cells::RunKey;
use super::instance::{MAX_RUN, Values};
use super::same::same;
use super::template::{Binding, Slot, SystemSlots, find};
use crate::event::columns::{LAYOUTS, SpecIdx, StrId};
use crate::event::table::{Keep, LOGON_PORTS, Spec};
use crate::event::{Field, LogonId, Type};

/// How an event of a spec is read from the values of a template.
#[derive(Default)]
pub struct Plan {
    spec: Option<SpecIdx>,
    /// By which records are kept at all ([`is_kept`]).
    telling: Vec<Slot>,
    /// The fields that the template has.
    steps: Vec<Step>,
}

/// What is kept of an event: a value, or several at once.
enum Step {
    Texts(Texts),
    /// Of a type that is a number and nothing else.
    Number {
        slot: Slot,
        ty: Type,
        cell: usize,
    },
    Value {
        place: Place,
        ty: Type,
        cell: usize,
    },
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Place {
    Data(Slot),
    /// Parts of the System element.
    UserId,
    ActivityId,
}

impl Plan {
    /// Makes the plan for a template with these data fields, if it is for another spec. Fields that are the same in each
    /// record are none that Windows writes.
    pub fn prepare(&mut self, spec: SpecIdx, data: &[Binding]) -> Option<()> {
        if self.spec == Some(spec) {
            return Some(());
        }
        let layout = &LAYOUTS[usize::from(spec)];
        let slot = |name: &str| find(data, name);
        self.spec = None;
        self.telling = telling(layout.spec).map(|n| slot(layout.spec.fields[n].0)).collect();
        self.steps.clear();
        for &(name, field) in layout.spec.fields {
            let place = match name {
                "@UserID" => Place::UserId,
                "@ActivityID" => Place::ActivityId,
                _ => match slot(name) {
                    Slot::Absent => continue,
                    Slot::Literal(_) => return None,
                    slot => Place::Data(slot),
                },
            };
            let Some(cell) = layout.slot(field) else { continue };
            self.add(field, place, cell);
        }
        self.spec = Some(spec);
        Some(())
    }

    pub fn read(
        &mut self,
        spec: SpecIdx,
        system: &SystemSlots,
        values: &Values<'_>,
        data: &Values<'_>,
        block: &mut BlockBuilder,
    ) {
        let keep = LAYOUTS[usize::from(spec)].spec.keep;
        if !is_kept(keep, self.telling.iter().map(|&slot| data.number(slot))) {
            return;
        }
        block.push_event(spec);
        for step in &mut self.steps {
            match step {
                Step::Texts(texts) => texts.read(data, block),
                Step::Number { slot, ty, cell } => match data.unsigned(*slot) {
                    Some(number) => block.put_number(*cell, *ty, number),
                    None => block.put(*cell, *ty, data.slot(*slot)),
                },
                Step::Value { place, ty, cell } => {
                    let raw = match *place {
                        Place::Data(slot) => data.slot(slot),
                        Place::UserId => values.slot(system.user_id),
                        Place::ActivityId => values.slot(system.activity_id),
                    };
                    block.put(*cell, *ty, raw);
                }
            }
        }
    }

    /// What held in another chunk or block only.
    pub fn forget(&mut self) {
        for step in &mut self.steps {
            if let Step::Texts(texts) = step {
                texts.last = None;
            }
        }
    }

    fn add(&mut self, field: Field, place: Place, cell: usize) {
        let ty = field.ty();
        let step = match place {
            Place::Data(Slot::Value(n)) if Texts::can_have(ty) => {
                let next = Texts::new(field, n, cell);
                if let Some(Step::Texts(last)) = self.steps.last_mut()
                    && last.join(&next)
                {
                    return;
                }
                Step::Texts(next)
            }
            Place::Data(slot) if matches!(ty, Type::Luid | Type::Number | Type::Port) => {
                Step::Number { slot, ty, cell }
            }
            _ => Step::Value { place, ty, cell },
        };
        self.steps.push(step);
    }
}

/// Texts that stand in a row and go together: the SID, the name and the domain of an account are looked for at once.
/// Many records in a row have the same ones, and comparing bytes is cheaper still than finding them.
struct Texts {
    party: Option<Party>,
    /// The values' numbers: this one, and those that follow.
    first: u16,
    n: usize,
    types: [Type; MAX_RUN],
    cells: [usize; MAX_RUN],
    /// What was read last in this chunk: its key, where it begins, and its numbers.
    last: Option<(RunKey, u32, [StrId; MAX_RUN])>,
}

impl Texts {
    /// Nearly each GUID is another: to look for one costs as much as to write it.
    fn can_have(ty: Type) -> bool {
        ty.is_text() && ty != Type::Guid
    }

    fn new(field: Field, first: u16, cell: usize) -> Self {
        let (types, cells) = ([field.ty(); MAX_RUN], [cell; MAX_RUN]);
        Texts { party: party(field), first, n: 1, types, cells, last: None }
    }

    /// Takes up the next ones if they follow and are of the same account.
    fn join(&mut self, next: &Texts) -> bool {
        let joins = self.party.is_some()
            && self.party == next.party
            && usize::from(self.first) + self.n == usize::from(next.first)
            && self.n < MAX_RUN;
        if joins {
            (self.types[self.n], self.cells[self.n]) = (next.types[0], next.cells[0]);
            self.n += 1;
        }
        joins
    }

    fn read(&mut self, data: &Values<'_>, block: &mut BlockBuilder) {
        let Some(run) = data.run(self.first, self.n) else { return };
        let mut key = run.forms();
        for (part, &ty) in key.iter_mut().zip(&self.types) {
            *part |= (ty as u32) << 24;
        }
        let n_bytes = run.bytes.len() as u32;
        let ids = match self.last {
            Some((last, start, ids))
                if last == key && same(data.bytes(start, start + n_bytes), run.bytes) =>
            {
                ids
            }
            _ => {
                let ids = block.cells.texts(&self.types[..self.n], key, run);
                self.last = Some((key, run.start, ids));
                ids
            }
        };
        for (&cell, id) in self.cells.iter().zip(ids).take(self.n) {
            block.put_text(cell, id);
        }
    }
}

/// Whose SID, name or domain a field is.
#[derive(Clone, Copy, PartialEq)]
enum Party {
    Subject,
    Target,
}

fn party(field: Field) -> Option<Party> {
    match field {
        Field::SubjectSid | Field::SubjectUser | Field::SubjectDomain => Some(Party::Subject),
        Field::TargetSid | Field::TargetUser | Field::TargetDomain => Some(Party::Target),
        _ => None,
    }
}

/// Places of the spec's fields that say whether a record is kept.
pub fn telling(spec: &Spec) -> impl Iterator<Item = usize> {
    let wanted: &[Field] = match spec.keep {
        Keep::All => &[],
        Keep::Cited => &[Field::SubjectLogonId, Field::TargetLogonId],
        Keep::LogonPorts => &[Field::Port, Field::DestPort],
    };
    let fields = spec.fields.iter().enumerate();
    fields.filter(|(_, (_, field))| wanted.contains(field)).map(|(n, _)| n)
}

/// Whether a record with these values in the fields that say so is kept.
pub fn is_kept(keep: Keep, mut telling: impl Iterator<Item = Option<u64>>) -> bool {
    let mut any = |tells: fn(u64) -> bool| telling.any(|number| number.is_some_and(tells));
    match keep {
        Keep::All => true,
        Keep::Cited => any(|luid| LogonId::new(luid).is_some_and(|luid| !luid.is_fixed())),
        Keep::LogonPorts => any(|port| LOGON_PORTS.contains(&port)),
    }
}
