//! The crash harness: the host under load is struck dead again and again, and nothing that it has acknowledged may be
//! missing at a receiver that refuses, puts off, ignores and cuts short.
//!
//! A campaign is one data directory and many lives of the host on it. In each life a sender for each hook sends numbered
//! webhooks until the blow falls: after a number of acknowledgements thrown by dice, or while the host is still starting.
//! Now and then the receiver gets well, and all that was acknowledged has to arrive.

mod dice;
mod halfway;
mod power_cut;
mod tally;
mod witness;

use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{io, thread};

use serde_json::{Value, json};

use crate::client::Request;
use crate::host::{Host, Installation};
use crate::wait;

pub use dice::Dice;
pub use halfway::Halfway;
pub use power_cut::PowerCut;
pub use tally::Tally;
pub use witness::Treatment;

use tally::Sent;
use witness::Witness;

/// Lives after which all that was acknowledged has to arrive.
const CHAPTER: u32 = 100;
/// Enough attempts that no bundle runs out of them, soon enough that lives of some milliseconds see several.
const RETRY: &str = "20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms";

/// What ends a life besides the process being killed.
pub trait Blow {
    /// Called once everything is prepared.
    ///
    /// # Errors
    /// When it cannot be done; the campaign ends.
    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Called just before the process is killed.
    ///
    /// # Errors
    /// When it cannot be done; the campaign ends.
    fn strike(&mut self, disk: &DiskState) -> io::Result<()>;
    /// Called when the process is gone, before the next one is started.
    ///
    /// # Errors
    /// When it cannot be done; the campaign ends.
    fn recover(&mut self) -> io::Result<()>;
}

/// How the host's disk is, as its senders have to know: an acknowledgement that arrives while the disk is dying may be of
/// a sync that was on its way then and says, wrongly, that it has worked (the simulation's fault: a disk that loses its
/// power takes the machine with it). One for a webhook that was sent to a host whose disk is dead is the host's fault.
#[derive(Debug, Default)]
pub struct DiskState(AtomicU8);

impl DiskState {
    const DYING: u8 = 1;
    const DEAD: u8 = 2;

    /// From now on no acknowledgement counts.
    pub fn dies(&self) {
        self.0.store(Self::DYING, Ordering::SeqCst);
    }

    /// From now on there must be none.
    pub fn is_gone(&self) {
        self.0.store(Self::DEAD, Ordering::SeqCst);
    }

    fn is_well(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn is_dead(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::DEAD
    }
}

/// SIGKILL and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Kill;

impl Blow for Kill {
    fn strike(&mut self, _disk: &DiskState) -> io::Result<()> {
        Ok(())
    }

    fn recover(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Many lives on one data directory.
pub struct Campaign<B> {
    installation: Installation,
    blow: B,
    dice: Dice,
    witness: Witness,
    senders: Vec<Sender>,
    life: u32,
    /// How long the last start took; blows to a starting host fall within it.
    start: Duration,
}

/// Who sends to one hook.
struct Sender {
    treatment: Treatment,
    path: String,
    sent: Sent,
}

impl<B: Blow> Campaign<B> {
    /// Prepares the hooks.
    ///
    /// # Errors
    /// When there is no port for the receiver.
    pub fn new(installation: Installation, blow: B, seed: u64) -> io::Result<Self> {
        let mut dice = Dice::new(seed);
        let witness = Witness::start(Dice::new(dice.throw()))?;
        installation.spec("load", "{}");
        let sender = |treatment| Sender { treatment, path: hook(&installation, &witness, treatment), sent: Sent::default() };
        let senders = Treatment::ALL.into_iter().map(sender).collect();
        let mut blow = blow;
        blow.begin()?;
        Ok(Self { installation, blow, dice, witness, senders, life: 0, start: Duration::ZERO })
    }

    /// Lives and dies so many times, and tells after each chapter what has been shown so far.
    ///
    /// # Errors
    /// When a blow cannot be struck.
    ///
    /// # Panics
    /// When the host does not start, or does not answer.
    pub fn run(mut self, blows: u32, mut progress: impl FnMut(u32, &Tally)) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let until = self.life + blows;
        while self.life < until {
            self.live_and_die()?;
            if self.life.is_multiple_of(CHAPTER) || self.life == until {
                tally += self.settle()?;
                progress(self.life, &tally);
            }
        }
        Ok(tally)
    }

    fn live_and_die(&mut self) -> io::Result<()> {
        self.life += 1;
        self.witness.begin_life(self.life);
        if self.life > 1 && self.dice.once_in(10) { self.die_while_starting() } else { self.die_under_load() }
    }

    fn die_while_starting(&mut self) -> io::Result<()> {
        let mut starting = self.installation.serve_command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        thread::sleep(self.start.mul_f64(self.dice.below(1000) as f64 / 1000.0));
        self.blow.strike(&DiskState::default())?;
        starting.kill()?;
        starting.wait()?;
        self.blow.recover()
    }

    fn die_under_load(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let host = self.installation.serve();
        self.start = begun.elapsed();
        let (acknowledged, acknowledgements) = mpsc::channel();
        let (quota, moment) = (1 + self.dice.below(24), Duration::from_micros(self.dice.below(2000)));
        let (life, blow, disk) = (self.life, &mut self.blow, DiskState::default());
        thread::scope(|scope| {
            for sender in &mut self.senders {
                let (host, disk, acknowledged) = (&host, &disk, acknowledged.clone());
                scope.spawn(move || sender.send_until_refused(host, disk, life, &acknowledged));
            }
            drop(acknowledged);
            (0..quota).for_each(|_| acknowledgements.recv_timeout(wait::DEADLINE).expect("the host acknowledges"));
            // The blow is to fall anywhere in the host's work, not always just behind an acknowledgement.
            thread::sleep(moment);
            let struck = blow.strike(&disk);
            host.kill_now();
            struck
        })?;
        host.ended();
        self.blow.recover()
    }

    /// Lets the receiver get well and waits until all that was acknowledged has arrived; then begins anew.
    fn settle(&mut self) -> io::Result<Tally> {
        self.life += 1;
        self.witness.begin_life(self.life);
        self.witness.be_well(true);
        let host = self.installation.serve();
        wait::before_deadline(|| self.senders.iter().all(|sender| sender.nothing_is_missing(&self.witness)).then_some(()));
        host.stop();
        let mut tally = Tally::default();
        for sender in &mut self.senders {
            tally += self.witness.look(sender.treatment, |arrivals| Tally::of(sender.treatment, &sender.sent, arrivals));
            sender.sent = Sent { first: sender.sent.next, next: sender.sent.next, ..Sent::default() };
        }
        self.witness.forget();
        self.witness.be_well(false);
        self.life -= 1;
        Ok(tally)
    }
}

impl Sender {
    fn send_until_refused(&mut self, host: &Host, disk: &DiskState, life: u32, acknowledged: &mpsc::Sender<()>) {
        loop {
            let number = self.sent.next;
            self.sent.next += 1;
            let request = Request::json(&self.path, json!({ "n": number }).to_string());
            let was_dead = disk.is_dead();
            let Ok(reply) = request.send(host.address()) else { return };
            match (reply.status, disk.is_well()) {
                (200, true) => drop(self.sent.acknowledged.insert(number, life)),
                (200, false) => self.sent.unfounded += u64::from(was_dead),
                (503, false) => assert!(reply.header("retry-after").is_some(), "503 without Retry-After"),
                (status, _) => panic!("a webhook was answered {status}: {}", reply.text()),
            }
            // Nobody counts any more once the blow is falling.
            let _ = acknowledged.send(());
        }
    }

    fn nothing_is_missing(&self, witness: &Witness) -> bool {
        witness.look(self.treatment, |arrivals| Tally::of(self.treatment, &self.sent, arrivals).lost == 0)
    }
}

/// Adds the hook whose deliveries are treated so, and gives the path that senders use.
fn hook(installation: &Installation, witness: &Witness, treatment: Treatment) -> String {
    let url = witness.url(treatment);
    let mut arguments = vec!["hooks", "add", "load", "--to", &url, "--retry", RETRY, "--json"];
    if treatment == Treatment::Mixed {
        arguments.push("--ordered");
    }
    let added: Value = serde_json::from_str(&installation.run(&arguments)).expect("the command prints JSON");
    added["hook"]["paths"][0].as_str().expect("a dedicated hook has a path").to_owned()
}
