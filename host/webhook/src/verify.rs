//! `verification`: the service's question whether anyone listens, answered and never delivered.

use hookwright_iml::json::Node;
use hookwright_iml::{Error, Template};

use crate::condition::Condition;
use crate::reader::Reader;
use crate::reply::Reply;
use crate::respond::Respond;
use crate::scope::Scope;

/// When a request is a verification, and its answer.
pub(crate) struct Verification {
    /// Without one every request is a verification, as Make documents it.
    condition: Option<Condition>,
    respond: Option<Respond>,
}

impl Verification {
    pub(crate) fn read(reader: &mut Reader<'_>, key: Node<'_>, node: Node<'_>) -> Option<Self> {
        let members = reader.members(node, "verification", &["condition", "respond"])?;
        let condition = members.get("condition");
        if condition.is_none() {
            reader.warning(
                key.span(),
                "`verification` without `condition` takes every request for a verification: nothing is ever delivered",
                "add \"condition\": \"{{...}}\" that is true for the service's handshake only",
            );
        }
        let condition = condition.map(|inner| Condition::read(reader, inner, "verification.condition"));
        let respond = members.get("respond").map(|inner| Respond::read(reader, inner, "verification.respond"));
        Some(Self { condition: settled(condition)?, respond: settled(respond)? })
    }

    /// The answer, if the request is a verification.
    pub(crate) fn reply<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Option<Reply>, Error> {
        let holds = self.condition.as_ref().map_or(Ok(true), |condition| condition.holds(scope))?;
        if !holds {
            return Ok(None);
        }
        self.respond.as_ref().map_or(Ok(Reply::default()), |respond| respond.reply(scope)).map(Some)
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        let condition = self.condition.iter().flat_map(Condition::templates);
        condition.chain(self.respond.iter().flat_map(Respond::templates))
    }
}

/// Absent stays absent; present but unusable makes the whole directive unusable.
fn settled<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}
