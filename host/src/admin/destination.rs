//! Whether a hook's destination will do, said when the hook is added rather than when its first bundle fails.

use super::answer::Refused;
use super::operator::Operator;
use crate::connections::{Secret, State};
use crate::deliver::{Destination, Guard, PULL};

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
/// `hook`: the id of the hook that it is for, if that is there already.
pub(super) async fn check(operator: &Operator, text: Option<&str>, hook: Option<&str>) -> Result<Checked, Refused> {
    let Some(text) = text.filter(|text| *text != PULL) else {
        return Ok(Checked { text: None, secrets: Vec::new(), warning: None });
    };
    let destination = Destination::parse(text).map_err(|error| Refused::bad(error.to_string()))?;
    if let Destination::File(file) = &destination {
        if file.path().is_relative() {
            return Err(Refused::bad(format!("the path in `{text}` is relative, and a server has its own working directory")));
        }
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
