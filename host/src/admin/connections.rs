//! What can be asked about connections.

use http::StatusCode;

use super::answer::{Answer, Asked, Refused};
use super::operator::{MOST_CANDIDATES, Operator, did_you_mean};
use super::wire::{ConnectionAdded, ConnectionView, NewConnection, Removed, masked};
use super::{destination, hooks};
use crate::connections::{Change, Connection, Hook, State, new_id};

/// `GET /connections[?show=data]`
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let shown = asked.shows("data")?;
    let views: Vec<_> = operator.connections.connections().iter().map(|connection| view(connection, shown)).collect();
    Ok(Answer::ok(views))
}

/// `GET /connections/{id}[?show=data]`
pub(super) async fn show(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    Ok(Answer::ok(view(&*find(operator, asked.id)?, asked.shows("data")?)))
}

/// `POST /connections`
pub(super) async fn add(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let NewConnection { service, uid, name, data, to, manner } = asked.json()?;
    hooks::check_name("service", &service)?;
    let to = destination::check(operator, asked.caller, to.as_deref(), None).await?;
    if uid.is_empty() {
        return Err(Refused::bad("the uid is empty").with_help("it is how the service names its user, in every webhook it sends"));
    }
    let warning = match operator.service(&service) {
        Err(unknown) => Some(unknown),
        Ok(Some(known)) if known.webhooks.iter().all(|webhook| webhook.path.is_none()) => {
            Some(format!("{service} has no shared webhook: add its hooks with `hookwright hooks add {service}`"))
        }
        Ok(_) => None,
    };
    let connection = Connection { id: new_id(), service, uid, name, data: data.into() };
    let secret = to.secret();
    let hook = Hook {
        id: new_id(),
        service: connection.service.clone(),
        webhook: None,
        connection: Some(connection.id.clone()),
        token: None,
        parameters: serde_json::Map::new(),
        destination: to.text,
        manner: manner.manner(to.secrets)?,
        failing_since_ms: None,
        state: State::Enabled,
    };
    operator.connections.apply(Change::PutConnection(connection.clone())).await?;
    operator.connections.apply(Change::PutHook(hook.clone())).await?;
    let (connection, hook) = (view(&connection, false), hooks::view(operator, &hook, &hooks::Shown::new_hook()));
    Ok(Answer::new(StatusCode::CREATED, ConnectionAdded { connection, hook, secret, warning: warning.or(to.warning) }))
}

/// `DELETE /connections/{id}`: its hooks go with it.
pub(super) async fn remove(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let connection = find(operator, asked.id)?;
    let hooks = operator.connections.hooks().into_iter().filter(|hook| hook.connection.as_deref() == Some(&connection.id));
    let hooks: Vec<_> = hooks.map(|hook| hook.id.clone()).collect();
    operator.connections.apply(Change::RemoveConnection(connection.id.clone())).await?;
    hooks.iter().for_each(|hook| operator.archive.hook_changed(hook));
    Ok(Answer::ok(Removed { removed: connection.id.clone() }))
}

/// A connection by its id.
pub(super) fn find(operator: &Operator, id: &str) -> Result<std::sync::Arc<Connection>, Refused> {
    if let Some(found) = operator.connections.connection(id) {
        return Ok(found);
    }
    let all = if operator.connections.counts().0 > MOST_CANDIDATES { Vec::new() } else { operator.connections.connections() };
    let ids = all.iter().map(|connection| connection.id.as_str());
    Err(Refused::unknown(format!("there is no connection `{id}`{}", did_you_mean(id, ids)))
        .with_help("`hookwright connections list` lists them"))
}

fn view(connection: &Connection, show_data: bool) -> ConnectionView {
    let Connection { id, service, uid, name, data } = connection.clone();
    let data = data.members();
    let data = if show_data { data } else { masked(&data) };
    ConnectionView { id, service, uid, name, data }
}
