//! Slack: events, slash commands and interactive requests each name their workspace in another place.

use hookwright_sdk::{Request, Value, plugin, uid};

/// The workspace a request is about; for an app that a whole Enterprise Grid organisation installed, the organisation.
///
/// Events are JSON with `team_id`, slash commands a form with the field `team_id`, interactive
/// requests a form whose field `payload` is JSON with `team.id`.
#[uid]
fn events(request: &Request) -> Result<Option<String>, serde_json::Error> {
    match request.body().get("payload").as_text() {
        Some(payload) => Ok(interactive(&serde_json::from_str::<serde_json::Value>(payload)?.into())),
        None => Ok(event_or_command(request.body())),
    }
}

/// Where the organisation installed the app, what it was installed for is named in `authorizations`,
/// and `team_id` is the workspace the event happened in.
fn event_or_command(body: &Value) -> Option<String> {
    let authorization = body.get("authorizations").elements().first();
    let by_organisation = authorization.is_some_and(|it| it.get("is_enterprise_install") == &Value::Bool(true))
        || body.get("is_enterprise_install").as_text() == Some("true");
    let organisation = text(authorization.unwrap_or(&Value::Missing).get("enterprise_id")).or_else(|| text(body.get("enterprise_id")));
    let workspace = text(body.get("team_id"));
    if by_organisation { organisation.or(workspace) } else { workspace.or(organisation) }
}

/// `team` is null where the organisation installed the app.
fn interactive(payload: &Value) -> Option<String> {
    text(payload.get("team").get("id"))
        .or_else(|| text(payload.get("enterprise").get("id")))
        .or_else(|| text(payload.get("user").get("team_id")))
}

fn text(value: &Value) -> Option<String> {
    value.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
}

plugin! { uid: [events] }

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_sdk::testing::{Service, request};

    use super::{PLUGIN, events};

    fn json(body: &str) -> Option<String> {
        events(&request(&format!("POST /slack HTTP/1.1\ncontent-type: application/json\n\n{body}"))).unwrap()
    }

    fn form(body: &str) -> Result<Option<String>, serde_json::Error> {
        events(&request(&format!("POST /slack HTTP/1.1\ncontent-type: application/x-www-form-urlencoded\n\n{body}")))
    }

    #[test]
    fn an_event_names_its_workspace() {
        assert_eq!(json(r#"{"type":"event_callback","team_id":"T1","event":{"type":"message"}}"#).unwrap(), "T1");
    }

    #[test]
    fn a_slash_command_names_its_workspace_in_a_form_field() {
        assert_eq!(form("team_id=T1&command=%2Fdeploy&text=now").unwrap().unwrap(), "T1");
    }

    #[test]
    fn an_interactive_request_carries_json_in_a_form_field() {
        let payload = "payload=%7B%22type%22%3A%22block_actions%22%2C%22team%22%3A%7B%22id%22%3A%22T1%22%7D%7D";
        assert_eq!(form(payload).unwrap().unwrap(), "T1");
    }

    #[test]
    fn what_an_organisation_installed_belongs_to_the_organisation() {
        let event = r#"{"team_id":"T1","authorizations":[{"enterprise_id":"E1","team_id":null,"is_enterprise_install":true}]}"#;
        assert_eq!(json(event).unwrap(), "E1");
        assert_eq!(form("team_id=T1&enterprise_id=E1&is_enterprise_install=true").unwrap().unwrap(), "E1");
        let payload = "payload=%7B%22team%22%3Anull%2C%22enterprise%22%3A%7B%22id%22%3A%22E1%22%7D%7D";
        assert_eq!(form(payload).unwrap().unwrap(), "E1");
    }

    #[test]
    fn a_workspace_of_an_organisation_that_installed_the_app_itself_stays_itself() {
        let event = r#"{"team_id":"T1","enterprise_id":"E1","authorizations":[{"enterprise_id":"E1","team_id":"T1","is_enterprise_install":false}]}"#;
        assert_eq!(json(event).unwrap(), "T1");
        assert_eq!(form("team_id=T1&enterprise_id=E1&is_enterprise_install=false").unwrap().unwrap(), "T1");
    }

    #[test]
    fn a_request_about_nobody_has_no_uid() {
        assert_eq!(json(r#"{"type":"url_verification","challenge":"c"}"#), None);
        assert_eq!(json(r#"{"team_id":""}"#), None);
        assert_eq!(json("[]"), None);
    }

    #[test]
    fn a_payload_that_is_no_json_is_an_error() {
        assert!(form("payload=%7B").is_err());
    }

    #[test]
    fn the_example_service_answers_what_slack_sends() {
        Service::open("../../spec-examples/slack", &PLUGIN).check_samples();
    }
}
