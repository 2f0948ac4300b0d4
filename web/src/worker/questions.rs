//! Questions to the case, one at a time of each kind: while an answer is on its way only the newest wish is kept, so
//! that scrolling fast asks for what is visible and not for all that was.

use super::protocol::QuestionNo;

/// What is wanted, and what was asked last.
#[derive(Debug)]
pub struct Slot<A> {
    wanted: Option<A>,
    asked: Option<(QuestionNo, A)>,
}

impl<A> Default for Slot<A> {
    fn default() -> Self {
        Self { wanted: None, asked: None }
    }
}

impl<A: Clone> Slot<A> {
    /// Wants this, and nothing that was wanted before.
    pub fn want(&mut self, ask: A) {
        self.wanted = Some(ask);
    }

    /// The question to post now, if there is one and none is on its way.
    pub fn next(&mut self, number: QuestionNo) -> Option<A> {
        if self.asked.is_some() {
            return None;
        }
        let ask = self.wanted.take()?;
        self.asked = Some((number, ask.clone()));
        Some(ask)
    }

    /// The question this is the answer to; `None` for an answer nobody waits for.
    pub fn answered(&mut self, number: QuestionNo) -> Option<A> {
        self.asked.take_if(|(asked, _)| *asked == number).map(|(_, ask)| ask)
    }

    /// Nobody will answer: what was asked is wanted again, unless there is a newer wish.
    pub fn lost(&mut self) {
        if let Some((_, ask)) = self.asked.take() {
            self.wanted.get_or_insert(ask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_wish_is_asked() {
        let mut slot = Slot::default();
        slot.want("a");
        assert_eq!(slot.next(1), Some("a"));
        slot.want("b");
        slot.want("c");
        assert_eq!(slot.next(2), None, "one is on its way");
        assert_eq!(slot.answered(1), Some("a"));
        assert_eq!(slot.next(3), Some("c"));
    }

    #[test]
    fn a_stale_answer_is_nobodys() {
        let mut slot = Slot::default();
        slot.want("a");
        slot.next(1);
        slot.lost();
        assert_eq!(slot.next(2), Some("a"), "asked again of the new worker");
        assert_eq!(slot.answered(1), None);
        assert_eq!(slot.answered(2), Some("a"));
    }
}
