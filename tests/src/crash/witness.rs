//! The receiver of the harness: it ill-treats deliveries as each hook has it, and notes what came, in which order.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Dice;
use crate::receiver::{self, Answer, Delivery};

/// How deliveries to one path are treated, most of the time for the first two attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// All are accepted at once.
    Accepted,
    /// Some are answered 500.
    Refused,
    /// Some are answered 429 with a Retry-After.
    PutOff,
    /// Some are never answered.
    Ignored,
    /// The connections of some are closed before or in the middle of the reply.
    CutShort,
    /// All of these, to a hook whose order counts.
    Mixed,
}

impl Treatment {
    /// Every one of them.
    pub const ALL: [Self; 6] = [Self::Accepted, Self::Refused, Self::PutOff, Self::Ignored, Self::CutShort, Self::Mixed];

    /// The path where it is met with.
    pub fn path(self) -> String {
        format!("/{self:?}").to_lowercase()
    }

    fn answer(self, dice: &mut Dice, released: &Arc<AtomicBool>) -> Answer {
        match self {
            Self::Accepted => Answer::Status(200),
            Self::Refused => Answer::Status(500),
            Self::PutOff => Answer::PutOff(1),
            Self::Ignored => Answer::Hang(Arc::clone(released)),
            Self::CutShort if dice.once_in(2) => Answer::Half,
            Self::CutShort => Answer::Close,
            Self::Mixed => Self::ALL[1 + dice.below(4) as usize].answer(dice, released),
        }
    }
}

/// One delivery that came.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// The number that the sender put into the webhook.
    pub(super) number: u64,
    /// Its `webhook-id`.
    pub(super) id: String,
    /// In which of the host's lives it came.
    pub(super) life: u32,
    /// Whether it was answered 200.
    pub(super) accepted: bool,
}

/// A receiver that notes everything.
#[derive(Clone)]
pub(super) struct Witness {
    address: SocketAddr,
    notes: Arc<Mutex<Notes>>,
    life: Arc<AtomicU32>,
    /// While it is true everything is accepted, and what hangs is let go.
    well: Arc<AtomicBool>,
}

struct Notes {
    dice: Dice,
    arrivals: HashMap<String, Vec<Arrival>>,
    refusals: HashMap<String, u32>,
}

impl Witness {
    pub(super) fn start(dice: Dice) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let notes = Notes { dice, arrivals: HashMap::new(), refusals: HashMap::new() };
        let witness =
            Self { address: listener.local_addr()?, notes: Arc::new(Mutex::new(notes)), life: Arc::default(), well: Arc::default() };
        receiver::answer_all(listener, {
            let witness = witness.clone();
            move |delivery| witness.note(&delivery)
        });
        Ok(witness)
    }

    pub(super) fn url(&self, treatment: Treatment) -> String {
        format!("http://{}{}", self.address, treatment.path())
    }

    pub(super) fn begin_life(&self, life: u32) {
        self.life.store(life, Ordering::SeqCst);
    }

    /// Accepts everything, or begins to treat deliveries ill again.
    pub(super) fn be_well(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }

    /// Looks at what has come to a path so far, in its order.
    pub(super) fn look<T>(&self, treatment: Treatment, look: impl FnOnce(&[Arrival]) -> T) -> T {
        look(self.lock().arrivals.get(&treatment.path()).map_or(&[], Vec::as_slice))
    }

    /// Begins a new page.
    pub(super) fn forget(&self) {
        let mut notes = self.lock();
        notes.arrivals.clear();
        notes.refusals.clear();
    }

    fn note(&self, delivery: &Delivery) -> Answer {
        let id = delivery.header("webhook-id").unwrap_or_default().to_owned();
        let number = delivery.json()["n"].as_u64().unwrap_or(u64::MAX);
        let treatment = Treatment::ALL.into_iter().find(|treatment| treatment.path() == delivery.path).unwrap_or(Treatment::Accepted);
        let mut notes = self.lock();
        let answer = if self.well.load(Ordering::SeqCst) { Answer::Status(200) } else { notes.answer(treatment, &id, &self.well) };
        let accepted = matches!(answer, Answer::Status(200));
        let arrival = Arrival { number, id, life: self.life.load(Ordering::SeqCst), accepted };
        notes.arrivals.entry(delivery.path.clone()).or_default().push(arrival);
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// A bundle is refused twice at most, so that none runs out of attempts.
    fn answer(&mut self, treatment: Treatment, id: &str, well: &Arc<AtomicBool>) -> Answer {
        let refusals = self.refusals.entry(id.to_owned()).or_default();
        if *refusals == 2 || self.dice.once_in(2) {
            return Answer::Status(200);
        }
        *refusals += 1;
        treatment.answer(&mut self.dice, well)
    }
}
