//! Meta: pages, Messenger, Instagram and WhatsApp nest what they report two arrays deep, several users in one request.

use hookwright_sdk::{Collection, Value, function, plugin};

/// What a notification reports, each with the id of whose it is: one item for every element of `entry[].changes[]`,
/// `entry[].messaging[]` and `entry[].standby[]`.
///
/// An item is `{object, uid, account, time, field, value}`. `field` is what changed, or the name of the array that a
/// message stood in; `account` is the entry's own id. `uid` is the entry's id (of a page, an Instagram account, a user),
/// and for WhatsApp the id of the phone number where the change names one. Entries that only list `changed_fields`, as
/// where an app asked for no values, give an item without `value` for each.
/// (developers.facebook.com/docs/graph-api/webhooks/getting-started, /docs/messenger-platform/reference/webhook-events,
/// /docs/whatsapp/cloud-api/webhooks/payload-examples)
#[function]
fn meta_items(notification: &Value) -> Vec<Value> {
    let object = notification.get("object");
    notification.get("entry").elements().iter().flat_map(|entry| Entry { object, entry }.items()).collect()
}

/// What happened to one user.
struct Entry<'v> {
    /// What kind of user: `page`, `instagram`, ...
    object: &'v Value,
    entry: &'v Value,
}

impl<'v> Entry<'v> {
    fn items(&self) -> Vec<Value> {
        let changes = self.array("changes").iter().map(|change| self.item(self.owner(change), change.get("field"), change.get("value")));
        let names = self.array("changed_fields").iter().map(|field| self.item(self.account(), field, &Value::Missing));
        changes.chain(names).chain(self.messages("messaging")).chain(self.messages("standby")).collect()
    }

    fn messages(&self, name: &str) -> impl Iterator<Item = Value> {
        self.array(name).iter().map(move |message| self.item(self.account(), &name.into(), message))
    }

    fn item(&self, uid: &Value, field: &Value, value: &Value) -> Value {
        let (account, time) = (self.account(), self.entry.get("time"));
        let members = [("object", self.object), ("uid", uid), ("account", account), ("time", time), ("field", field), ("value", value)];
        let there = members.into_iter().filter(|(_, value)| **value != Value::Missing);
        Value::from(there.map(|(name, value)| (name, value.clone())).collect::<Collection>())
    }

    /// A WhatsApp business account has several phone numbers, and each is somebody else's connection.
    fn owner(&self, change: &'v Value) -> &'v Value {
        match change.get("value").get("metadata").get("phone_number_id") {
            nothing if nothing.is_nothing() => self.account(),
            number => number,
        }
    }

    fn account(&self) -> &'v Value {
        self.entry.get("id")
    }

    fn array(&self, name: &str) -> &'v [Value] {
        self.entry.get(name).elements()
    }
}

plugin! { functions: [meta_items] }

#[cfg(test)]
mod tests {
    use hookwright_sdk::Value;
    use hookwright_sdk::testing::Service;
    use serde_json::json;

    use super::{PLUGIN, meta_items};

    fn items(notification: serde_json::Value) -> Vec<Value> {
        meta_items(&notification.into())
    }

    #[test]
    fn changes_of_several_pages_become_items_in_order() {
        let notification = json!({ "object": "page", "entry": [
            { "id": "1", "time": 7, "changes": [{ "field": "feed", "value": { "item": "post" } }, { "field": "name", "value": "New" }] },
            { "id": "2", "time": 8, "changes": [{ "field": "feed", "value": { "item": "like" } }] },
        ] });
        let expected = [
            json!({ "object": "page", "uid": "1", "account": "1", "time": 7, "field": "feed", "value": { "item": "post" } }),
            json!({ "object": "page", "uid": "1", "account": "1", "time": 7, "field": "name", "value": "New" }),
            json!({ "object": "page", "uid": "2", "account": "2", "time": 8, "field": "feed", "value": { "item": "like" } }),
        ];
        assert_eq!(items(notification), expected.map(Value::from));
    }

    #[test]
    fn messages_are_the_pages_they_were_sent_to() {
        let notification = json!({ "object": "page", "entry": [
            { "id": "1", "time": 7, "messaging": [{ "message": { "mid": "m1" } }], "standby": [{ "message": { "mid": "m2" } }] },
        ] });
        let found = items(notification);
        let shown: Vec<_> = found
            .iter()
            .map(|item| (item.get("uid").as_text(), item.get("field").as_text(), item.get("value").get("message").get("mid").as_text()))
            .collect();
        assert_eq!(shown, [(Some("1"), Some("messaging"), Some("m1")), (Some("1"), Some("standby"), Some("m2"))]);
    }

    #[test]
    fn whatsapp_is_told_apart_by_phone_number_where_there_is_one() {
        let messages = json!({ "field": "messages", "value": { "metadata": { "phone_number_id": "106" } } });
        let template = json!({ "field": "message_template_status_update", "value": { "event": "APPROVED" } });
        let found = items(json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102", "changes": [messages, template] }] }));
        let uids: Vec<_> = found.iter().map(|item| (item.get("uid").as_text(), item.get("account").as_text())).collect();
        assert_eq!(uids, [(Some("106"), Some("102")), (Some("102"), Some("102"))]);
    }

    #[test]
    fn names_of_fields_without_values_are_items_too() {
        let found = items(json!({ "object": "user", "entry": [{ "id": "9", "uid": "9", "time": 7, "changed_fields": ["photos"] }] }));
        assert_eq!(found, [json!({ "object": "user", "uid": "9", "account": "9", "time": 7, "field": "photos" }).into()]);
    }

    #[test]
    fn what_is_shaped_otherwise_gives_no_items_and_no_error() {
        for other in [json!(null), json!("text"), json!([]), json!({ "entry": "x" }), json!({ "entry": [1, {}, { "changes": {} }] })] {
            assert_eq!(items(other), []);
        }
    }

    #[test]
    fn the_example_service_answers_what_meta_sends() {
        Service::open("../../spec-examples/meta", &PLUGIN).check_samples();
    }
}
