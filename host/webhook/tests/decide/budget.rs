//! What a budget ends, and at which stage.

use std::cell::{Cell, RefCell};

use hookwright_iml::{Budget, Interrupt};
use hookwright_webhook::{RequestBudget, Stage};

use super::harness::verdict_within;

/// A budget of so many questions for each stage, which says why it ends.
struct Questions {
    left: Cell<usize>,
    of: fn(Stage) -> usize,
    why: Interrupt,
    stages: RefCell<Vec<Stage>>,
}

impl Questions {
    fn new(before: usize, why: Interrupt, of: fn(Stage) -> usize) -> Self {
        Self { left: Cell::new(before), of, why, stages: RefCell::default() }
    }
}

impl Budget for Questions {
    fn check(&self) -> Result<(), Interrupt> {
        self.left.set(self.left.get().checked_sub(1).ok_or(self.why)?);
        Ok(())
    }
}

impl RequestBudget for Questions {
    fn begin(&self, stage: Stage) {
        self.stages.borrow_mut().push(stage);
        self.left.set((self.of)(stage));
    }
}

const PLENTY: usize = 1_000;

/// A condition that asks several times, an output that does, a reply that does.
const SPEC: &str = r#"{"condition": "{{upper(lower(body.a)) = 'A'}}", "output": "{{upper(lower(body.a))}}", "respond": {"status": 202, "body": "{{upper('hi')}}"}}"#;
/// The same with a condition for each recipient, of whom the first two have this uid.
const PERSONAL: &str = r#"{"uid": "{{body.u}}", "condition": "{{parameters.n < 3 & upper('a') = 'A'}}", "output": "{{upper(body.a)}}"}"#;

fn run(spec: &str, before: usize, why: Interrupt, of: fn(Stage) -> usize) -> (String, Vec<Stage>) {
    let budget = Questions::new(before, why, of);
    let verdict = verdict_within(spec, r#"{"a": "a", "u": "T1"}"#, None, &budget);
    (verdict, budget.stages.into_inner())
}

#[test]
fn what_ends_before_the_condition_has_held_is_the_senders_and_nothing_is_stored() {
    for why in [Interrupt::Time, Interrupt::Memory, Interrupt::Unavailable, Interrupt::Cancelled] {
        for spec in [SPEC, PERSONAL] {
            let (verdict, stages) = run(spec, 2, why, |_| PLENTY);
            assert_eq!((verdict, stages), (format!("ended: {why}"), Vec::new()), "{spec}");
        }
    }
}

#[test]
fn what_ends_after_the_condition_has_held_is_a_failed_event_with_its_reply() {
    let of = |stage| if stage == Stage::Event { 0 } else { PLENTY };
    let (verdict, stages) = run(SPEC, PLENTY, Interrupt::Time, of);
    assert!(verdict.starts_with("202") && verdict.contains("HI") && verdict.contains("processor time"), "{verdict}");
    assert_eq!(stages, [Stage::Event, Stage::Reply]);
}

#[test]
fn where_one_recipient_has_accepted_what_ends_the_question_to_the_next_fails_the_event_for_all() {
    let of = |stage| if stage == Stage::Event { 0 } else { PLENTY };
    let (verdict, _) = run(PERSONAL, PLENTY, Interrupt::Memory, of);
    assert!(verdict.starts_with("default") && verdict.contains("memory") && !verdict.contains("h1"), "{verdict}");
}

#[test]
fn a_reply_that_takes_too_much_leaves_the_event_failed_and_the_reply_the_default_one() {
    let of = |stage| if stage == Stage::Reply { 0 } else { PLENTY };
    let (verdict, _) = run(SPEC, PLENTY, Interrupt::Time, of);
    assert!(verdict.starts_with("default") && verdict.contains("processor time"), "{verdict}");
}

#[test]
fn nothing_is_stored_for_a_sender_who_has_hung_up() {
    for nothing_for in [Stage::Event, Stage::Reply] {
        let of = match nothing_for {
            Stage::Event => |stage| if stage == Stage::Event { 0 } else { PLENTY },
            Stage::Reply => |stage| if stage == Stage::Reply { 0 } else { PLENTY },
        };
        assert_eq!(run(SPEC, PLENTY, Interrupt::Cancelled, of).0, "ended: the sender has hung up");
    }
}
