//! Whether a hook's destination will do, said when the hook is added rather than when its first bundle fails.

use std::path::Path;

use http::StatusCode;

use super::answer::Refused;
use super::operator::Operator;
use super::route::Caller;
use crate::connections::{Secret, State};
use crate::deliver::{Destination, FileGuard, ForbiddenFile, Guard, PULL};

/// A destination that is taken.
pub(super) struct Checked {
    /// As it is kept; none: its bundles wait to be fetched.
    pub text: Option<String>,
    /// What signs deliveries there: one secret where the sink signs, otherwise none.
    pub secrets: Vec<Secret>,
    /// What may keep bundles from arriving there.
    pub warning: Option<String>,
}

/// Takes a destination if there is a sink for it that finds it whatever the working directory is, and if a server that
/// runs may deliver to it.
/// `caller`: who wants it. `hook`: the id of the hook that it is for, if that is there already.
pub(super) async fn check(operator: &Operator, caller: Caller, text: Option<&str>, hook: Option<&str>) -> Result<Checked, Refused> {
    let Some(text) = text.filter(|text| *text != PULL) else {
        return Ok(Checked { text: None, secrets: Vec::new(), warning: None });
    };
    let destination = Writable::to(operator, caller).read(text)?;
    if matches!(&destination, Destination::File(_)) {
        check_writers(operator, &destination, hook)?;
    }
    let warning = match destination.host() {
        Some(host) => check_host(operator, host).await?,
        None => None,
    };
    let signed = matches!(&destination, Destination::Http(_));
    Ok(Checked { text: Some(destination.to_string()), secrets: signed.then(Secret::random).into_iter().collect(), warning })
}

impl Checked {
    /// The secret to show, this once.
    pub(super) fn secret(&self) -> Option<String> {
        self.secrets.first().map(|secret| secret.text.clone())
    }
}

/// What somebody may have written to.
pub(super) struct Writable {
    pub(super) files: FileGuard,
    pub(super) caller: Caller,
}

impl Writable {
    /// What is writable to whoever asks.
    pub(super) fn to(operator: &Operator, caller: Caller) -> Self {
        Self { files: operator.files.clone(), caller }
    }

    /// Reads a destination. Of files it is judged where they are; whether a server is let through is judged at each delivery.
    pub(super) fn read(&self, text: &str) -> Result<Destination, Refused> {
        let destination = Destination::parse(text).map_err(|error| Refused::bad(error.to_string()))?;
        match &destination {
            Destination::File(file) if file.path().is_relative() => {
                Err(Refused::bad(format!("the path in `{text}` is relative, and a server has its own working directory")))
            }
            Destination::File(file) => self.check(file.path()).map(|()| destination),
            _ => Ok(destination),
        }
    }

    fn check(&self, file: &Path) -> Result<(), Refused> {
        let judged = match self.caller {
            Caller::Local => self.files.check(file),
            Caller::Token(_) | Caller::Stranger => self.files.check_from_afar(file),
        };
        judged.map_err(|forbidden| {
            let status = match &forbidden {
                ForbiddenFile::Afar(_) => StatusCode::FORBIDDEN,
                ForbiddenFile::Data(_) | ForbiddenFile::Services(_) => StatusCode::BAD_REQUEST,
            };
            Refused::new(status, forbidden.to_string()).with_help(forbidden.help())
        })
    }
}

/// One file cannot be rotated by two rules.
fn check_writers(operator: &Operator, wanted: &Destination, hook: Option<&str>) -> Result<(), Refused> {
    let all = operator.connections.hooks();
    for hook in all.iter().filter(|other| other.state != State::Removed && hook != Some(&other.id)) {
        let other = hook.destination.as_deref().and_then(|text| Destination::parse(text).ok());
        if let Some(other) = other.filter(|other| other.contradicts(wanted)) {
            return Err(Refused::bad(format!("the hook `{}` writes to the same file in another way", hook.id))
                .with_help(format!("its destination is `{other}`; write it in the same way")));
        }
    }
    Ok(())
}

async fn check_host(operator: &Operator, host: &str) -> Result<Option<String>, Refused> {
    // Without a server nobody knows what the next one will be told to let through.
    let Some(guard) = &operator.destinations else {
        let forbidden = Guard::default().check_host(host).await.err();
        return Ok(forbidden.map(|forbidden| format!("{forbidden}; start the server with `--allow-destinations {}`", forbidden.host())));
    };
    let refused = |name: &str| format!("start the server with `--allow-destinations {name}`, or set HOOKWRIGHT_ALLOW_DESTINATIONS");
    guard.check_host(host).await.map_err(|forbidden| Refused::bad(forbidden.to_string()).with_help(refused(forbidden.host())))?;
    Ok(None)
}
