//! Questions to the case, one at a time of each kind: while an answer is on its way only the newest wish is kept, so
//! that scrolling fast asks for what is visible and not for all that was.

use crate::state::Action;
use crate::worker::protocol::{Answer, Ask, QuestionNo};
use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

/// What is wanted, and what was asked last.
struct Slot {
    kind: Discriminant<Ask>,
    wanted: Option<Ask>,
    asked: Option<(QuestionNo, Ask)>,
}

/// What the page wants to know.
#[derive(Default)]
pub struct Questions {
    slots: Vec<Slot>,
    last: QuestionNo,
}

impl Questions {
    /// A number that no other question has.
    pub fn number(&mut self) -> QuestionNo {
        self.last = self.last.wrapping_add(1).max(1);
        self.last
    }

    /// Wants this, and nothing of its kind that was wanted before.
    pub fn want(&mut self, ask: Ask) {
        let kind = discriminant(&ask);
        match self.slots.iter_mut().find(|slot| slot.kind == kind) {
            Some(slot) => slot.wanted = Some(ask),
            None => self.slots.push(Slot { kind, wanted: Some(ask), asked: None }),
        }
    }

    /// A question to post now: one that is wanted while none of its kind is on its way.
    pub fn next_ask(&mut self) -> Option<(QuestionNo, Ask)> {
        let number = self.number();
        let mut free = self.slots.iter_mut().filter(|slot| slot.asked.is_none());
        let (slot, ask) = free.find_map(|slot| slot.wanted.take().map(|ask| (slot, ask)))?;
        Some(slot.asked.insert((number, ask)).clone())
    }

    /// The question this is the answer to; `None` for an answer nobody waits for.
    pub fn answered(&mut self, number: QuestionNo) -> Option<Ask> {
        let asked = |slot: &mut Slot| slot.asked.take_if(|(asked, _)| *asked == number);
        self.slots.iter_mut().find_map(asked).map(|(_, ask)| ask)
    }

    /// Nobody will answer: what was asked is wanted again, unless there is a newer wish.
    pub fn lost(&mut self) {
        for slot in &mut self.slots {
            if let Some((_, ask)) = slot.asked.take() {
                slot.wanted.get_or_insert(ask);
            }
        }
    }
}

/// What an answer is to the page.
pub fn action(ask: Ask, answer: Answer) -> Option<Action> {
    Some(match (ask, answer) {
        (Ask::Rows(ask), Answer::Rows(rows)) => Action::RowsArrived { ask, rows: Rc::new(rows) },
        (Ask::Session(ask), Answer::Session(part)) => {
            Action::SessionArrived { ask, part: part.map(Rc::from) }
        }
        (Ask::Activity(ask), Answer::Activity(rows)) => {
            Action::ActivityArrived { ask, rows: rows.map(Rc::new) }
        }
        (Ask::Who(ask), Answer::Who(part)) => Action::WhoArrived { ask, part: Rc::new(part) },
        (Ask::Hosts(ask), Answer::Hosts(part)) => Action::HostsArrived { ask, part: Rc::new(part) },
        (Ask::Host(ask), Answer::Host(part)) => Action::HostArrived { ask, part: part.map(Rc::from) },
        (Ask::Ledger(ask), Answer::Ledger(part)) => Action::LedgerArrived { ask, part: Rc::new(part) },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::{HostsAsk, NOT_ASKED, RowsAsk};

    fn rows(first: u32) -> Ask {
        Ask::Rows(RowsAsk { first, ..RowsAsk::default() })
    }

    #[test]
    fn only_the_newest_wish_of_a_kind_is_asked() {
        let mut questions = Questions::default();
        questions.want(rows(1));
        let (number, ask) = questions.next_ask().unwrap();
        assert_eq!(ask, rows(1));
        questions.want(rows(2));
        questions.want(rows(3));
        assert_eq!(questions.next_ask(), None, "one is on its way");
        assert_eq!(questions.answered(number), Some(rows(1)));
        assert_eq!(questions.next_ask().map(|(_, ask)| ask), Some(rows(3)));
    }

    #[test]
    fn kinds_do_not_wait_for_each_other() {
        let (mut questions, hosts) = (Questions::default(), Ask::Hosts(HostsAsk::default()));
        questions.want(rows(1));
        questions.want(hosts.clone());
        let (of_rows, of_hosts) = (questions.next_ask().unwrap(), questions.next_ask().unwrap());
        assert_eq!((of_rows.1, of_hosts.1), (rows(1), hosts.clone()));
        assert_eq!(questions.answered(of_hosts.0), Some(hosts));
        assert_eq!(questions.answered(of_rows.0), Some(rows(1)));
    }

    #[test]
    fn a_stale_answer_is_nobodys() {
        let mut questions = Questions::default();
        questions.want(rows(1));
        let (stale, _) = questions.next_ask().unwrap();
        questions.lost();
        let (number, ask) = questions.next_ask().unwrap();
        assert_eq!(ask, rows(1), "asked again of the new worker");
        assert_eq!(questions.answered(stale), None);
        assert_eq!(questions.answered(number), Some(rows(1)));
    }

    #[test]
    fn rows_that_the_case_practises_with_are_nobodys() {
        let mut questions = Questions::default();
        questions.want(rows(1));
        let (number, _) = questions.next_ask().unwrap();
        assert_eq!(questions.answered(NOT_ASKED), None);
        assert_eq!(questions.answered(number), Some(rows(1)));
    }
}
