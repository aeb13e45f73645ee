//! What can be asked about hooks.

use std::sync::Arc;

use http::StatusCode;

use super::answer::{Answer, Asked, Refused};
use super::manner::MannerView;
use super::operator::{KnownService, MOST_CANDIDATES, Operator, did_you_mean};
use super::wire::{Disabled, HookAdded, HookEnabled, HookView, MASK, NewHook, Removed, RotateSecret, SecretRotated, masked};
use super::{connections, destination};
use crate::connections::{Change, Hook, Secret, State, new_id, new_token};
use crate::deliver::{self, Destination};

/// What of a hook is shown that may be secret.
pub(super) struct Shown {
    urls: bool,
    parameters: bool,
}

impl Shown {
    fn asked(asked: &Asked<'_>) -> Result<Self, Refused> {
        Ok(Self { urls: asked.shows("urls")?, parameters: asked.shows("parameters")? })
    }

    /// Nothing of it.
    pub(super) fn nothing() -> Self {
        Self { urls: false, parameters: false }
    }

    /// The one time that a hook's URL is shown without being asked for.
    pub(super) fn new_hook() -> Self {
        Self { urls: true, parameters: false }
    }
}

/// `GET /hooks[?show=urls,parameters]`
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let shown = Shown::asked(&asked)?;
    let views: Vec<_> = present(operator).iter().map(|hook| view(operator, hook, &shown)).collect();
    Ok(Answer::ok(views))
}

/// `GET /hooks/{id}[?show=urls,parameters]`
pub(super) async fn show(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = find(operator, asked.id)?;
    Ok(Answer::ok(view(operator, &hook, &Shown::asked(&asked)?)))
}

/// `POST /hooks`
pub(super) async fn add(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let new: NewHook = asked.json()?;
    check_name("service", &new.service)?;
    new.webhook.as_deref().map_or(Ok(()), |webhook| check_name("webhook", webhook))?;
    let to = destination::check(operator, asked.caller, new.to.as_deref(), None).await?;
    check_connection(operator, &new)?;
    operator.refuse_example_secrets(&new.service)?;
    let (is_shared, warning) = match operator.service(&new.service) {
        Err(unknown) => (new.connection.is_some(), Some(unknown)),
        Ok(None) => (new.connection.is_some(), None),
        Ok(Some(service)) => is_shared(&service, &new)?,
    };
    let secret = to.secret();
    let hook = Hook {
        id: new_id(),
        service: new.service,
        webhook: new.webhook,
        connection: new.connection,
        token: (!is_shared).then(new_token),
        parameters: new.parameters,
        destination: to.text,
        manner: new.manner.manner(to.secrets)?,
        failing_since_ms: None,
        state: State::Enabled,
    };
    operator.connections.apply(Change::PutHook(hook.clone())).await?;
    let added = HookAdded { hook: view(operator, &hook, &Shown::new_hook()), secret, warning: warning.or(to.warning) };
    Ok(Answer::new(StatusCode::CREATED, added))
}

/// `POST /hooks/{id}/disable`
pub(super) async fn disable(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = find(operator, asked.id)?;
    operator.connections.apply(Change::DisableHook(hook.id.clone())).await?;
    Ok(Answer::ok(Disabled { disabled: hook.id.clone() }))
}

/// `POST /hooks/{id}/enable`
pub(super) async fn enable(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = find(operator, asked.id)?;
    operator.connections.apply(Change::EnableHook(hook.id.clone())).await?;
    operator.archive.hook_changed(&hook.id);
    // The hook is enabled, whatever keeps the journal from being asked.
    let dead_letters = operator.archive.journal().await.ok().map(|journal| journal.dead_letters_of(&hook.id));
    Ok(Answer::ok(HookEnabled { enabled: hook.id.clone(), dead_letters }))
}

/// `POST /hooks/{id}/rotate-secret`
pub(super) async fn rotate_secret(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = find(operator, asked.id)?;
    let RotateSecret { overlap_seconds } = asked.json()?;
    if !hook.destination.as_deref().is_some_and(|text| matches!(Destination::parse(text), Ok(Destination::Http(_)))) {
        return Err(Refused::bad(format!("the hook `{}` does not deliver over HTTP, and nothing else is signed", hook.id)));
    }
    let (new, now_ms) = (Secret::random(), deliver::now_ms());
    let until_ms = now_ms.saturating_add(overlap_seconds.saturating_mul(1_000));
    let secret = new.text.clone();
    operator.connections.apply(Change::RotateSecret { hook: hook.id.clone(), new, now_ms, until_ms }).await?;
    Ok(Answer::ok(SecretRotated { hook: hook.id.clone(), secret }))
}

/// `DELETE /hooks/{id}`
pub(super) async fn remove(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = find(operator, asked.id)?;
    operator.connections.apply(Change::RemoveHook(hook.id.clone())).await?;
    operator.archive.hook_changed(&hook.id);
    Ok(Answer::ok(Removed { removed: hook.id.clone() }))
}

/// Whether a name can be one: [a-z0-9-], as a directory's.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Refused> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.bytes().all(fits) {
        return Ok(());
    }
    Err(Refused::bad(format!("`{name}` is no name of a {what}: names are lower-case letters, digits and hyphens")))
}

fn check_connection(operator: &Operator, new: &NewHook) -> Result<(), Refused> {
    let Some(id) = &new.connection else { return Ok(()) };
    let connection = connections::find(operator, id)?;
    if connection.service == new.service {
        return Ok(());
    }
    Err(Refused::bad(format!("the connection `{id}` is one with {}, not with {}", connection.service, new.service)))
}

/// Whether a new hook is on a shared webhook, and what looks odd about it.
fn is_shared(service: &KnownService, new: &NewHook) -> Result<(bool, Option<String>), Refused> {
    let name = &service.name;
    let meant: Vec<_> = match &new.webhook {
        Some(wanted) => service.webhooks.iter().filter(|webhook| webhook.name == *wanted).collect(),
        None => service.webhooks.iter().filter(|webhook| webhook.path.is_some() == new.connection.is_some()).collect(),
    };
    let names = || service.webhooks.iter().map(|webhook| webhook.name.as_str());
    match (meant.as_slice(), &new.webhook) {
        ([], Some(wanted)) => {
            let warning = format!("{name} has no webhook `{wanted}` yet{}", did_you_mean(wanted, names()));
            Ok((new.connection.is_some(), Some(warning)))
        }
        ([], None) if new.connection.is_some() => Ok((false, None)),
        ([], None) => Err(needs_connection(name)),
        ([webhook], _) if webhook.path.is_some() && new.connection.is_none() => Err(needs_connection(&format!("{name}/{}", webhook.name))),
        ([webhook], _) => Ok((webhook.path.is_some(), None)),
        (_, _) if new.connection.is_some() => Ok((true, None)),
        (several, _) => {
            let names: Vec<_> = several.iter().map(|webhook| format!("{name}/{}", webhook.name)).collect();
            Err(Refused::bad(format!("{name} has several webhooks")).with_help(format!("say which: {}", names.join(", "))))
        }
    }
}

fn needs_connection(webhook: &str) -> Refused {
    let service = webhook.split('/').next().unwrap_or(webhook);
    Refused::bad(format!("{webhook} is shared: one URL for all users, so that a hook on it has to listen on a connection")).with_help(
        format!(
            "`hookwright connections add {service} --uid UID --to URL` adds one with its hook, `--connection ID` names one that is there"
        ),
    )
}

/// The hooks that were not removed.
fn present(operator: &Operator) -> Vec<Arc<Hook>> {
    let mut hooks = operator.connections.hooks();
    hooks.retain(|hook| hook.state != State::Removed);
    hooks
}

/// A hook by its id.
pub(super) fn find(operator: &Operator, id: &str) -> Result<Arc<Hook>, Refused> {
    if let Some(found) = operator.connections.hook(id).filter(|hook| hook.state != State::Removed) {
        return Ok(found);
    }
    let all = if operator.connections.counts().1 > MOST_CANDIDATES { Vec::new() } else { present(operator) };
    let ids = all.iter().map(|hook| hook.id.as_str());
    Err(Refused::unknown(format!("there is no hook `{id}`{}", did_you_mean(id, ids))).with_help("`hookwright hooks list` lists them"))
}

/// A hook as it is shown.
pub(super) fn view(operator: &Operator, hook: &Hook, shown: &Shown) -> HookView {
    let paths = paths(operator, hook, shown.urls);
    let base = operator.public_url.as_deref().map(|url| url.trim_end_matches('/'));
    let urls = base.map_or_else(Vec::new, |base| paths.iter().map(|path| format!("{base}{path}")).collect());
    HookView {
        id: hook.id.clone(),
        service: hook.service.clone(),
        webhook: hook.webhook.clone(),
        connection: hook.connection.clone(),
        parameters: if shown.parameters { hook.parameters.clone() } else { masked(&hook.parameters) },
        destination: hook.destination.as_deref().map(|text| if shown.urls { text.to_owned() } else { deliver::mask(text) }),
        manner: MannerView::from(&hook.manner),
        failing_since_ms: hook.failing_since_ms,
        state: if hook.state == State::Enabled { "enabled" } else { "disabled" }.to_owned(),
        paths,
        urls,
    }
}

/// Where the provider sends to: the token's path, or those of the shared webhooks that the hook listens to.
fn paths(operator: &Operator, hook: &Hook, show_token: bool) -> Vec<String> {
    if let Some(token) = &hook.token {
        return vec![format!("/h/{}", if show_token { token } else { MASK })];
    }
    let service = operator.service(&hook.service).ok().flatten();
    let webhooks = service.map(|service| service.webhooks).unwrap_or_default();
    let listens = |name: &str| hook.webhook.as_deref().is_none_or(|webhook| webhook == name);
    let known: Vec<_> = webhooks.into_iter().filter(|webhook| listens(&webhook.name)).filter_map(|webhook| webhook.path).collect();
    match &hook.webhook {
        _ if !known.is_empty() => known,
        Some(webhook) => vec![format!("/{}/{webhook}", hook.service)],
        None => vec![format!("/{}", hook.service)],
    }
}
